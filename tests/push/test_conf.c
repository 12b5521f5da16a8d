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
    {"name", CONF_TEXT, IN_SHOP(name), true, NULL, 0, 0},
    {"sign", CONF_TEXT, IN_SHOP(sign), false, "open", 0, 0},
    {"plan", CONF_FILE, IN_SHOP(plan), false, NULL, 0, 0},
    {"address", CONF_URL, IN_SHOP(address), false, NULL, 0, 0},
    {"orders", CONF_BASE_URL, IN_SHOP(orders), false, NULL, 0, 0},
    {"goods", CONF_WORDS, IN_SHOP(goods), false, NULL, 0, 0},
    {"doors", CONF_NUMBER, IN_SHOP(doors), false, "1", 0, 9},
    {"floors", CONF_NUMBER, IN_SHOP(floors), false, NULL, 1, 99},
    {NULL, CONF_TEXT, 0, false, NULL, 0, 0},
};

static int find(struct conf *conf, const char *section, struct conf_section *out)
{
    if (strcmp(section, "shop") != 0)
        return conf_refuse(conf, "[%s]: there is only [shop]", section);
    *out = (struct conf_section){shop_options, conf->context};
    return 0;
}

/* Reads a file that has this text; the object is to be cleared. */
static int read_text(struct conf *conf, struct shop *shop, const char *text)
{
    char path[] = "/tmp/test_conf.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
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

static void what_is_wrong_is_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"", "[shop] name: is missing"},
        {START "colour = red\n", "[shop] colour: there is no such option"},
        {START "name = Other\n", "[shop] name: given twice"},
        {START "doors = 1\ndoors = 1\n", "[shop] doors: given twice"},
        {START "sign =\n", "[shop] sign: has no value"},
        {START "goods = x\ngoods =\n", "[shop] goods: has no value"},
        {START "doors = 10\n", "[shop] doors: must be a whole number from 0 to 9"},
        {START "doors = -1\n", "[shop] doors: must be a whole number from 0 to 9"},
        {START "doors = 1x\n", "[shop] doors: must be a whole number from 0 to 9"},
        {START "doors = 99999999999999999999\n", "[shop] doors: must be a whole number from 0 to 9"},
        {START "plan = /nowhere\n", "[shop] plan: /nowhere cannot be read: No such file or directory"},
        {START "address = http://a.example\n", "[shop] address: must begin with https://"},
        {START "[bank]\nname = x\n", "[bank]: there is only [shop]"},
        {START "[bank]\nname = x\n[shop]\ncolour = red\n", "[bank]: there is only [shop]"},
    };
    struct conf conf;
    struct shop shop;
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(read_text(&conf, &shop, wrong[i].text), -1);
        assert_string_equal(conf.error, wrong[i].error);
        conf_clear(shop_options, &shop);
    }
}

static void a_line_that_is_none_is_refused_by_its_number(void **state)
{
    struct conf conf;
    struct shop shop;
    (void)state;
    assert_int_equal(read_text(&conf, &shop, START "what is this\n"), -1);
    assert_non_null(strstr(conf.error, "line 3: neither [section] nor name = value"));
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
        cmocka_unit_test(what_is_wrong_is_refused_with_a_sentence),
        cmocka_unit_test(a_line_that_is_none_is_refused_by_its_number),
        cmocka_unit_test(a_file_that_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
