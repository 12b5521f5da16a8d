/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Mosquitto's configuration file read as Mosquitto reads it, and the limits that are found there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/broker_conf.h"
#include "plugin/core/broker_limits.h"

struct conf_fixture {
    char folder[64], included[80];
    char path[96];
    char lines[1024]; /* what has been given: <name=value> */
    char fault[BROKER_CONF_FAULT_MAX];
};

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void write_included(const struct conf_fixture *f, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->included, name);
    write_text(path, text);
}

/* INCLUDE in `text` becomes an include_dir with the fixture's folder. */
static void write_main(const struct conf_fixture *f, const char *text)
{
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    const char *at = strstr(text, "INCLUDE");
    if (at)
        fprintf(file, "%.*sinclude_dir %s%s", (int)(at - text), text, f->included, at + strlen("INCLUDE"));
    else
        fputs(text, file);
    fclose(file);
}

static int set_up(void **state)
{
    struct conf_fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/test_broker_conf.XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->included, sizeof f->included, "%s/conf.d", f->folder);
    snprintf(f->path, sizeof f->path, "%s/mosquitto.conf", f->folder);
    return mkdir(f->included, 0700);
}

static int tear_down(void **state)
{
    char command[100];
    struct conf_fixture *f = *state;
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    free(f);
    return system(command);
}

static bool keep_line(void *context, const struct conf_place *place, const char *name, char *value)
{
    (void)place;
    struct conf_fixture *f = context;
    size_t len = strlen(f->lines);
    snprintf(f->lines + len, sizeof f->lines - len, "<%s=%s>", name, value);
    return strcmp(name, "stop") != 0;
}

static int read_conf(struct conf_fixture *f)
{
    return broker_conf_read(f->path, keep_line, f, f->fault);
}

static void lines_are_names_and_values_without_comments_and_blanks(void **state)
{
    struct conf_fixture *f = *state;
    write_main(f, "# a 1\n\n  a   1 2 \r\nb\n   \n#\nc \t3");
    assert_int_equal(read_conf(f), 0);
    assert_string_equal(f->lines, "<a=1 2><b=><c=3>");
}

static void a_tab_and_an_indented_comment_are_a_name_as_they_are_for_the_broker(void **state)
{
    struct conf_fixture *f = *state;
    write_main(f, "c\t3\n  # d 1\n");
    assert_int_equal(read_conf(f), 0);
    assert_string_equal(f->lines, "<c\t3=><#=d 1>");
}

static void a_folder_is_read_where_it_is_included_in_the_order_of_its_names(void **state)
{
    struct conf_fixture *f = *state;
    write_included(f, "b.conf", "b 1\n");
    write_included(f, "a.conf", "a 1\n");
    write_included(f, "Z.conf", "Z 1\n");
    write_included(f, "c.conf.old", "c 1\n");
    write_included(f, ".conf", "d 1\n");
    write_main(f, "first 1\nINCLUDE\nlast 1\n");
    assert_int_equal(read_conf(f), 0);
    assert_string_equal(f->lines, "<first=1><Z=1><a=1><b=1><last=1>");
}

static bool keep_place(void *context, const struct conf_place *place, const char *name, char *value)
{
    struct conf_fixture *f = context;
    size_t len = strlen(f->lines);
    (void)value;
    snprintf(f->lines + len, sizeof f->lines - len, "<%s %s:%d>", name, strrchr(place->file, '/') + 1,
             place->line);
    return true;
}

static void each_line_knows_its_file_and_number(void **state)
{
    struct conf_fixture *f = *state;
    write_included(f, "b.conf", "\nb 1\n");
    write_main(f, "# comment\na 1\nINCLUDE\nc 1\n");
    assert_int_equal(broker_conf_read(f->path, keep_place, f, f->fault), 0);
    assert_string_equal(f->lines, "<a mosquitto.conf:2><b b.conf:2><c mosquitto.conf:4>");
}

static void a_file_of_a_folder_includes_nothing(void **state)
{
    struct conf_fixture *f = *state;
    write_included(f, "a.conf", "include_dir /nowhere\na 1\n");
    write_main(f, "INCLUDE\n");
    assert_int_equal(read_conf(f), 0);
    assert_string_equal(f->lines, "<a=1>");
}

static void what_cannot_be_read_is_named(void **state)
{
    struct conf_fixture *f = *state;
    assert_int_equal(read_conf(f), -1);
    assert_non_null(strstr(f->fault, "mosquitto.conf cannot be opened: No such file"));
    write_main(f, "include_dir /nowhere\n");
    assert_int_equal(read_conf(f), -1);
    assert_string_equal(f->fault, "/nowhere cannot be read: No such file or directory");
    strcpy(f->path, f->included);
    assert_int_equal(read_conf(f), -1);
    assert_non_null(strstr(f->fault, "conf.d cannot be read: Is a directory"));
}

static void who_takes_a_line_can_end_the_reading(void **state)
{
    struct conf_fixture *f = *state;
    write_included(f, "a.conf", "a 1\nstop\nb 1\n");
    write_included(f, "b.conf", "c 1\n");
    write_main(f, "INCLUDE\nd 1\n");
    assert_int_equal(read_conf(f), -1);
    assert_string_equal(f->lines, "<a=1><stop=>");
    assert_non_null(strstr(f->fault, "a.conf cannot be read: out of memory"));
}

/* Limits */

/* `words` are an argument each; @ is the configuration file. */
static struct broker_limits learn_as(struct conf_fixture *f, const char *words, int expected)
{
    struct broker_limits limits;
    char arguments[512], copy[256], *rest, *word;
    size_t len = 0;
    snprintf(copy, sizeof copy, "%s", words);
    for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        len += 1 + (size_t)snprintf(arguments + len, sizeof arguments - len, "%s",
                                    strcmp(word, "@") == 0 ? f->path : word);
    assert_int_equal(broker_limits_learn_from(&limits, arguments, len, f->fault), expected);
    return limits;
}

static struct broker_limits learn(struct conf_fixture *f, const char *words)
{
    return learn_as(f, words, 0);
}

static void assert_limits(struct broker_limits limits, int64_t inflight, int64_t messages, int64_t bytes)
{
    assert_int_equal(limits.max_inflight_messages, inflight);
    assert_int_equal(limits.max_queued_messages, messages);
    assert_int_equal(limits.max_queued_bytes, bytes);
}

static void limits_are_those_of_the_file_that_the_broker_was_started_with(void **state)
{
    struct conf_fixture *f = *state;
    write_included(f, "chat.conf", "max_queued_messages 300\nmax_queued_bytes 5000000000\n");
    write_main(f, "max_queued_messages 100\nINCLUDE\nmax_inflight_messages 7\n");
    assert_limits(learn(f, "mosquitto -v -c @"), 7, 300, 5000000000);
    assert_limits(learn(f, "mosquitto --config-file @ -d"), 7, 300, 5000000000);
}

static void limits_that_nobody_has_set_are_mosquittos(void **state)
{
    struct conf_fixture *f = *state;
    write_main(f, "listener 1883\nmax_queued_bytes -1\n#max_queued_messages 5\nmax_queued_messages_x 5\n");
    assert_limits(learn(f, "mosquitto -c @"), 20, 1000, 0);
    assert_limits(learn(f, "mosquitto -p 1883"), 20, 1000, 0);
    assert_limits(learn(f, "mosquitto -c"), 20, 1000, 0);
    assert_limits(learn(f, ""), 20, 1000, 0);
}

static void no_limit_is_0(void **state)
{
    struct conf_fixture *f = *state;
    write_main(f, "max_queued_messages 0\nmax_inflight_messages 0\n");
    assert_limits(learn(f, "mosquitto -c @"), 0, 0, 0);
}

static void limits_are_mosquittos_where_its_file_cannot_be_read(void **state)
{
    struct conf_fixture *f = *state;
    write_main(f, "max_queued_messages 5\ninclude_dir /nowhere\n");
    assert_limits(learn_as(f, "mosquitto -c @", -1), 20, 1000, 0);
    assert_limits(learn_as(f, "mosquitto -c /nowhere", -1), 20, 1000, 0);
    unlink(f->path);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_limits(learn_as(f, "mosquitto -c @", -1), 20, 1000, 0);
    assert_non_null(strstr(f->fault, "is not a regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_names_and_values_without_comments_and_blanks, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_folder_is_read_where_it_is_included_in_the_order_of_its_names,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tab_and_an_indented_comment_are_a_name_as_they_are_for_the_broker,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_line_knows_its_file_and_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_a_folder_includes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_takes_a_line_can_end_the_reading, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_are_those_of_the_file_that_the_broker_was_started_with, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(limits_that_nobody_has_set_are_mosquittos, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_limit_is_0, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_are_mosquittos_where_its_file_cannot_be_read, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
