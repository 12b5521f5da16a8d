/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which lines of mosquitto.conf are this plugin's. */
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

#include "plugin/core/config_lines.h"
#include "tests/unit/failing_memory.h"

struct lines_fixture {
    char folder[64], included[80], plugin[96], path[96];
    struct config_lines lines;
    char error[CONFIG_ERROR_MAX];
    char found[1024]; /* <name=value line> */
};

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* In `text` @ is the plugin's file, % the folder that may be included. */
static void write_main(const struct lines_fixture *f, const char *text)
{
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    for (; *text; text++)
        if (*text == '@' || *text == '%')
            fputs(*text == '@' ? f->plugin : f->included, file);
        else
            fputc(*text, file);
    fclose(file);
}

static int set_up(void **state)
{
    struct lines_fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/test_config_lines.XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->included, sizeof f->included, "%s/conf.d", f->folder);
    snprintf(f->plugin, sizeof f->plugin, "%s/chat.so", f->folder);
    snprintf(f->path, sizeof f->path, "%s/mosquitto.conf", f->folder);
    write_file(f->folder, "chat.so", "");
    return mkdir(f->included, 0700);
}

static int tear_down(void **state)
{
    char command[100];
    struct lines_fixture *f = *state;
    config_lines_clear(&f->lines);
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    free(f);
    return system(command);
}

static enum config_result read_lines(struct lines_fixture *f)
{
    char arguments[160];
    size_t len = 0;
    const int size = snprintf(arguments, sizeof arguments, "mosquitto%c-c%c%s", 0, 0, f->path) + 1;
    config_lines_clear(&f->lines);
    enum config_result result = config_lines_read_of(&f->lines, f->plugin, arguments, (size_t)size, f->error);
    f->found[0] = 0;
    for (size_t i = 0; i < f->lines.count; i++)
        len += (size_t)snprintf(f->found + len, sizeof f->found - len, "<%s=%s %d>", f->lines.pairs[i].name,
                                f->lines.pairs[i].value, f->lines.places[i].line);
    return result;
}

static void assert_lines(struct lines_fixture *f, const char *text, const char *found)
{
    write_main(f, text);
    if (read_lines(f) != CONFIG_READ)
        fail_msg("%s", f->error);
    assert_string_equal(f->found, found);
}

static void assert_wrong(struct lines_fixture *f, const char *text, const char *words)
{
    write_main(f, text);
    assert_int_equal(read_lines(f), CONFIG_WRONG);
    if (!strstr(f->error, words))
        fail_msg("expected \"%s\" in: %s", words, f->error);
    assert_null(f->lines.pairs);
}

static void options_are_those_below_the_line_that_loads_us(void **state)
{
    assert_lines(*state,
                 "plugin /other.so\nplugin_opt_a 1\n\nplugin @\n# plugin_opt_b 0\nplugin_opt_b  2 x \n"
                 "listener 1883\nauth_opt_c 3\nplugin /third.so\nplugin_opt_d 4\n",
                 "<b=2 x 6><c=3 8>");
}

static void a_global_plugin_is_one(void **state)
{
    assert_lines(*state, "global_plugin @\nplugin_opt_a 1\nplugin_load x /x.so\nplugin_opt_b 1\n", "<a=1 2>");
    assert_lines(*state, "plugin_load x /x.so\nplugin @\nplugin_opt_a 1\nplugin_use x\nplugin_opt_b 1\n",
                 "<a=1 3>");
}

static void the_same_file_by_another_name_is_us(void **state)
{
    struct lines_fixture *f = *state;
    char path[160], text[240];
    snprintf(path, sizeof path, "%s/link.so", f->folder);
    assert_int_equal(symlink(f->plugin, path), 0);
    snprintf(text, sizeof text, "plugin %s\nplugin_opt_a 1\n", path);
    assert_lines(f, text, "<a=1 2>");
}

static void the_path_is_enough_while_an_upgrade_replaces_the_file(void **state)
{
    struct lines_fixture *f = *state;
    assert_int_equal(unlink(f->plugin), 0);
    assert_lines(f, "plugin /other.so\nplugin_opt_b 1\nplugin @\nplugin_opt_a 1\n", "<a=1 4>");
}

static void a_file_that_is_included_has_sections_of_its_own(void **state)
{
    struct lines_fixture *f = *state;
    write_file(f->included, "a.conf", "plugin_opt_x 1\nplugin /other.so\nplugin_opt_y 1\n");
    write_file(f->included, "b.conf", "plugin_opt_z 1\n");
    assert_lines(f, "plugin @\nplugin_opt_a 1\ninclude_dir %\nplugin_opt_b 2\n", "<a=1 2><b=2 4>");
}

static void we_may_be_loaded_by_a_file_that_is_included(void **state)
{
    struct lines_fixture *f = *state;
    char text[160];
    snprintf(text, sizeof text, "plugin %s\nplugin_opt_a 1\n", f->plugin);
    write_file(f->included, "chat.conf", text);
    write_file(f->included, "other.conf", "plugin_opt_y 1\n");
    assert_lines(f, "include_dir %\nplugin_opt_b 2\n", "<a=1 2>");
    assert_non_null(strstr(f->lines.places[0].file, "conf.d/chat.conf"));
}

static void no_option_at_all_is_no_missing_file(void **state)
{
    struct lines_fixture *f = *state;
    assert_lines(f, "plugin @\n", "");
    assert_non_null(f->lines.pairs);
}

static void a_file_that_does_not_load_us_or_twice_is_wrong(void **state)
{
    assert_wrong(*state, "plugin /other.so\nplugin_opt_a 1\n", "mosquitto.conf has no line that loads /tmp/");
    assert_wrong(*state, "plugin @\nplugin_opt_a 1\nplugin @\n", "chat.so twice");
}

static void more_than_a_mebibyte_is_not_read(void **state)
{
    struct lines_fixture *f = *state;
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    fprintf(file, "plugin %s\n", f->plugin);
    for (int i = 0; i < 1048576 / 32; i++)
        fputs("plugin_opt_a 1234567890123456789\n", file);
    fclose(file);
    assert_int_equal(read_lines(f), CONFIG_WRONG);
    assert_non_null(strstr(f->error, "is too long to be read while the broker runs"));
}

static void a_file_that_cannot_be_read_is_told_from_a_wrong_one(void **state)
{
    struct lines_fixture *f = *state;
    assert_int_equal(read_lines(f), CONFIG_UNREADABLE);
    assert_non_null(strstr(f->error, "mosquitto.conf cannot be opened: No such file"));
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_int_equal(read_lines(f), CONFIG_UNREADABLE);
    assert_non_null(strstr(f->error, "is not a regular file"));
    assert_int_equal(config_lines_read_of(&f->lines, f->plugin, "mosquitto\0-v", 13, f->error),
                     CONFIG_UNREADABLE);
    assert_string_equal(f->error, "the broker's command line names no configuration file");
}

static bool try_to_read(void *context)
{
    return read_lines(context) == CONFIG_READ;
}

static bool has_no_lines(void *context)
{
    struct lines_fixture *f = context;
    return !f->lines.pairs && !f->lines.places && f->lines.count == 0;
}

static void without_memory_there_are_no_lines(void **state)
{
    struct lines_fixture *f = *state;
    write_main(f, "plugin @\nplugin_opt_a 1\nplugin_opt_b 2\n");
    assert_true(fail_each(try_to_read, has_no_lines, f) >= 8);
    assert_string_equal(f->found, "<a=1 2><b=2 3>");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(options_are_those_below_the_line_that_loads_us),
        TEST(a_global_plugin_is_one),
        TEST(the_same_file_by_another_name_is_us),
        TEST(the_path_is_enough_while_an_upgrade_replaces_the_file),
        TEST(a_file_that_is_included_has_sections_of_its_own),
        TEST(we_may_be_loaded_by_a_file_that_is_included),
        TEST(no_option_at_all_is_no_missing_file),
        TEST(a_file_that_does_not_load_us_or_twice_is_wrong),
        TEST(more_than_a_mebibyte_is_not_read),
        TEST(a_file_that_cannot_be_read_is_told_from_a_wrong_one),
        TEST(without_memory_there_are_no_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
