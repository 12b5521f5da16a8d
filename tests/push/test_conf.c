/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A configuration file of somebody else's: a shop with one [shop] and any number of options. */
#include "lib/daemon/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/basics.h"

#define START "[shop]\nname = Corner\n"

struct shop {
    char *name, *sign, *plan, *address, *orders, *goods;
    int64_t doors, floors;
};

#define IN_SHOP(member) offsetof(struct shop, member)

static const struct conf_option shop_options[] = {
    {"name", CONF_TEXT, IN_SHOP(name), CONF_REQUIRED, NULL, 0, 0},
    {"sign", CONF_TEXT, IN_SHOP(sign), 0, "open", 0, 0},
    {"plan", CONF_FILE, IN_SHOP(plan), 0, NULL, 0, 0},
    {"address", CONF_URL, IN_SHOP(address), 0, NULL, 0, 0},
    {"orders", CONF_BASE_URL, IN_SHOP(orders), 0, NULL, 0, 0},
    {"goods", CONF_WORDS, IN_SHOP(goods), 0, NULL, 0, 0},
    {"doors", CONF_NUMBER, IN_SHOP(doors), CONF_AT_START, "1", 0, 9},
    {"floors", CONF_NUMBER, IN_SHOP(floors), 0, NULL, 1, 99},
    {NULL, CONF_TEXT, 0, 0, NULL, 0, 0},
};

static int find(struct conf *conf, const char *section, struct conf_section *out)
{
    if (strcmp(section, "shop") != 0)
        return conf_refuse(conf, "[%s]: there is only [shop]", section);
    *out = (struct conf_section){shop_options, conf->context};
    return 0;
}

static char path[sizeof "/tmp/test_conf.XXXXXX"]; /* of the file that was read last */

static void write_file(const char *text)
{
    strcpy(path, "/tmp/test_conf.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* Reads a file that has this text; the object is to be cleared. */
static int read_text(struct conf *conf, struct shop *shop, const char *text)
{
    write_file(text);
    *shop = (struct shop){0};
    *conf = (struct conf){.find = find, .context = shop};
    conf_init(shop_options, shop);
    int result = conf_read(conf, path) || conf_complete(conf, "shop", shop_options, shop) ? -1 : 0;
    unlink(path);
    return result;
}

static void what_is_given_is_read_and_the_rest_is_preset(void **state)
{
    struct conf conf;
    struct shop shop;
    (void)state;
    assert_int_equal(read_text(&conf, &shop,
                               "# a comment\n" START "doors = 0\nplan = /dev/null\n"
                               "address = https://a.example/\norders = https://b.example/x//\n"
                               "goods = bread\ngoods = milk\n"),
                     0);
    assert_string_equal(conf.error, "");
    assert_string_equal(shop.name, "Corner");
    assert_string_equal(shop.sign, "open");
    assert_string_equal(shop.plan, "/dev/null");
    assert_string_equal(shop.address, "https://a.example/");
    assert_string_equal(shop.orders, "https://b.example/x");
    assert_string_equal(shop.goods, "bread milk");
    assert_int_equal(shop.doors, 0);
    assert_int_equal(shop.floors, -1);
    conf_clear(shop_options, &shop);
    assert_null(shop.name);
}

static void what_is_wrong_is_refused_with_its_line_and_a_sentence(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *error;
    } wrong[] = {
        {START "colour = red\n", 3, "[shop] colour: there is no such option"},
        {START "name = Other\n", 3, "[shop] name: given twice"},
        {START "doors = 1\ndoors = 1\n", 4, "[shop] doors: given twice"},
        {START "sign =\n", 3, "[shop] sign: has no value"},
        {START "goods = x\ngoods =\n", 4, "[shop] goods: has no value"},
        {START "doors = 10\n", 3, "[shop] doors: must be a whole number from 0 to 9"},
        {START "doors = -1\n", 3, "[shop] doors: must be a whole number from 0 to 9"},
        {START "doors = 1x\n", 3, "[shop] doors: must be a whole number from 0 to 9"},
        {START "doors = 99999999999999999999\n", 3, "[shop] doors: must be a whole number from 0 to 9"},
        {START "plan = /nowhere\n", 3, "[shop] plan: /nowhere cannot be read: No such file or directory"},
        {START "address = http://a.example\n", 3, "[shop] address: must begin with https://"},
        {START "[bank]\nname = x\n", 4, "[bank]: there is only [shop]"},
        {START "[bank]\nname = x\n[shop]\ncolour = red\n", 4, "[bank]: there is only [shop]"},
    };
    struct conf conf;
    struct shop shop;
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char error[200];
        assert_int_equal(read_text(&conf, &shop, wrong[i].text), -1);
        snprintf(error, sizeof error, "%s:%u: %s", path, wrong[i].line, wrong[i].error);
        assert_string_equal(conf.error, error);
        conf_clear(shop_options, &shop);
    }
}

static void what_is_missing_is_named(void **state)
{
    struct conf conf;
    struct shop shop;
    (void)state;
    assert_int_equal(read_text(&conf, &shop, ""), -1);
    assert_string_equal(conf.error, "[shop] name: is missing");
    conf_clear(shop_options, &shop);
}

static void a_line_that_is_none_is_refused_by_its_number(void **state)
{
    static const char *const texts[] = {START "what is this\n", START "what is this\n[bank]\nname = x\n"};
    struct conf conf;
    struct shop shop;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(read_text(&conf, &shop, texts[i]), -1);
        assert_non_null(strstr(conf.error, ":3: neither [section] nor name = value"));
        conf_clear(shop_options, &shop);
    }
}

static void an_error_that_shows_later_gets_its_line(void **state)
{
    static const struct {
        const char *error, *located;
    } cases[] = {
        {"[shop] doors: too narrow", ":4: [shop] doors: too narrow"},
        {"[shop] plan: not given here", ": [shop] plan: not given here"},
        {"[shop] cannot open", ": [shop] cannot open"},
        {"out of memory", "out of memory"},
    };
    (void)state;
    write_file("# a comment\n" START "doors = 2\n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        char error[200];
        strcpy(error, cases[i].error);
        conf_locate(path, error, sizeof error);
        assert_string_equal(error + (error[0] == '/' ? strlen(path) : 0), cases[i].located);
    }
    unlink(path);
}

static void carry(const char *before_text, const char *after_text, struct shop *after, char *report,
                  size_t size)
{
    struct conf conf;
    struct shop before;
    FILE *out = fmemopen(report, size, "w");
    assert_non_null(out);
    assert_int_equal(read_text(&conf, &before, before_text), 0);
    assert_int_equal(read_text(&conf, after, after_text), 0);
    assert_int_equal(conf_carry("shop", shop_options, &before, after, out), 0);
    assert_int_equal(fclose(out), 0);
    conf_clear(shop_options, &before);
}

static void a_reload_names_what_has_changed_and_keeps_what_counts_at_a_start(void **state)
{
    char report[400] = "";
    struct shop shop;
    (void)state;
    carry(START "sign = secret\n", START "doors = 2\nfloors = 3\n", &shop, report, sizeof report);
    assert_string_equal(report, "reload: [shop] sign has changed\n"
                                "reload: [shop] doors has changed; it counts from the next start on\n"
                                "reload: [shop] floors has changed\n");
    assert_string_equal(shop.sign, "open");
    assert_int_equal(shop.doors, 1);
    assert_int_equal(shop.floors, 3);
    conf_clear(shop_options, &shop);
}

static void a_reload_of_the_same_says_nothing(void **state)
{
    char report[400] = "";
    struct shop shop;
    (void)state;
    carry(START "goods = a\n", START "goods = a\n", &shop, report, sizeof report);
    assert_string_equal(report, "");
    conf_clear(shop_options, &shop);
}

static void a_file_that_is_not_there_is_refused(void **state)
{
    struct conf conf = {.find = find};
    (void)state;
    assert_int_equal(conf_read(&conf, "/nowhere/shop.conf"), -1);
    assert_string_equal(conf.error, "/nowhere/shop.conf cannot be read: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_is_read_and_the_rest_is_preset),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line_and_a_sentence),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_line_that_is_none_is_refused_by_its_number),
        cmocka_unit_test(an_error_that_shows_later_gets_its_line),
        cmocka_unit_test(a_file_that_is_not_there_is_refused),
        cmocka_unit_test(a_reload_names_what_has_changed_and_keeps_what_counts_at_a_start),
        cmocka_unit_test(a_reload_of_the_same_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
