/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off: cmocka.h needs the four headers above */
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/basics.h"
#include "lib/keys.h"

static char folder[] = "/tmp/test_keys.XXXXXX";
static char path[sizeof folder + 8];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/keys", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_keys(const void *data, size_t len, mode_t mode)
{
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_refused(const char *word)
{
    struct keys keys = {1, {"untouched"}};
    char error[512] = "";

    assert_int_equal(keys_load(&keys, path, error, sizeof error), -1);
    assert_int_equal(keys.count, 1);
    assert_string_equal(keys.key[0], "untouched");
    assert_non_null(strstr(error, path));
    if (!strstr(error, word))
        fail_msg("\"%s\" does not say \"%s\"", error, word);
}

static void assert_loads(const char *text, size_t count)
{
    struct keys keys = {0};
    char error[512] = "";

    write_keys(text, strlen(text), 0600);
    if (keys_load(&keys, path, error, sizeof error) != 0)
        fail_msg("%s", error);
    assert_int_equal(keys.count, count);
    assert_string_equal(keys.key[0], "first");
    if (count > 1)
        assert_string_equal(keys.key[1], "second one");
}

static void one_key_a_line_in_the_order_of_the_file(void **state)
{
    (void)state;
    assert_loads("first\nsecond one\n", 2);
}

static void the_last_line_needs_no_end(void **state)
{
    (void)state;
    assert_loads("first", 1);
}

static void white_space_around_a_key_does_not_count(void **state)
{
    (void)state;
    assert_loads("  first\t\r\n\r\n \t second one \r\n", 2);
}

static void empty_lines_and_comments_are_skipped(void **state)
{
    (void)state;
    assert_loads("# a\n\nfirst\n   \n  # b\nsecond one\n#c", 2);
}

static void a_file_open_to_the_group_is_accepted(void **state)
{
    struct keys keys;
    char error[512];

    (void)state;
    write_keys("first\n", 6, 0660);
    assert_int_equal(keys_load(&keys, path, error, sizeof error), 0);
}

static void any_permission_for_others_is_refused(void **state)
{
    static const mode_t modes[] = {0601, 0602, 0604, 0647, 0777};

    (void)state;
    for (size_t i = 0; i < COUNT(modes); i++) {
        write_keys("first\n", 6, modes[i]);
        assert_refused("others");
    }
}

static void a_missing_file_is_refused(void **state)
{
    (void)state;
    unlink(path);
    assert_refused("No such file");
}

static void an_unreadable_file_is_refused(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip(); /* root reads everything */
    write_keys("first\n", 6, 0200);
    assert_refused("Permission denied");
}

static void a_folder_is_refused(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused("regular");
    assert_int_equal(rmdir(path), 0);
}

static void a_fifo_is_refused_without_waiting(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(5);
    assert_refused("regular");
    alarm(0);
}

static void a_file_without_a_key_is_refused(void **state)
{
    (void)state;
    write_keys("", 0, 0600);
    assert_refused("no key");
    write_keys("# only this\n\n \n", 15, 0600);
    assert_refused("no key");
}

static void a_nul_byte_is_refused(void **state)
{
    (void)state;
    write_keys("first\nsec\0ond\n", 14, 0600);
    assert_refused("NUL");
}

static void write_key_of(size_t len)
{
    char text[KEY_BYTES_MAX + 2];

    memset(text, 'k', len);
    write_keys(text, len, 0600);
}

static void a_key_has_at_most_256_bytes(void **state)
{
    struct keys keys;
    char error[512];

    (void)state;
    write_key_of(KEY_BYTES_MAX);
    assert_int_equal(keys_load(&keys, path, error, sizeof error), 0);
    assert_int_equal(strlen(keys.key[0]), KEY_BYTES_MAX);
    write_key_of(KEY_BYTES_MAX + 1);
    assert_refused("longer than 256");
}

static void there_are_at_most_16_keys(void **state)
{
    struct keys keys;
    char error[512], text[2 * (KEYS_MAX + 1)];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? '\n' : 'k';
    write_keys(text, 2 * (size_t)KEYS_MAX, 0600);
    assert_int_equal(keys_load(&keys, path, error, sizeof error), 0);
    assert_int_equal(keys.count, KEYS_MAX);
    write_keys(text, sizeof text, 0600);
    assert_refused("more than 16");
}

static void a_file_has_at_most_64_kib(void **state)
{
    static char text[65537];
    struct keys keys;
    char error[512];

    (void)state;
    memset(text, '\n', sizeof text);
    text[0] = 'k';
    write_keys(text, 65536, 0600);
    assert_int_equal(keys_load(&keys, path, error, sizeof error), 0);
    write_keys(text, 65537, 0600);
    assert_refused("64 KiB");
}

static void an_error_never_shows_a_key(void **state)
{
    struct keys keys;
    char error[512];

    (void)state;
    write_keys("topsecret\nx\0\n", 13, 0600);
    assert_int_equal(keys_load(&keys, path, error, sizeof error), -1);
    assert_null(strstr(error, "topsecret"));
}

static void clearing_leaves_nothing_in_memory(void **state)
{
    struct keys keys = {2, {"one", "two"}}, nothing;

    (void)state;
    memset(&nothing, 0, sizeof nothing);
    keys_clear(&keys);
    assert_memory_equal(&keys, &nothing, sizeof keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_a_line_in_the_order_of_the_file),
        cmocka_unit_test(the_last_line_needs_no_end),
        cmocka_unit_test(white_space_around_a_key_does_not_count),
        cmocka_unit_test(empty_lines_and_comments_are_skipped),
        cmocka_unit_test(a_file_open_to_the_group_is_accepted),
        cmocka_unit_test(any_permission_for_others_is_refused),
        cmocka_unit_test(a_missing_file_is_refused),
        cmocka_unit_test(an_unreadable_file_is_refused),
        cmocka_unit_test(a_folder_is_refused),
        cmocka_unit_test(a_fifo_is_refused_without_waiting),
        cmocka_unit_test(a_file_without_a_key_is_refused),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(a_key_has_at_most_256_bytes),
        cmocka_unit_test(there_are_at_most_16_keys),
        cmocka_unit_test(a_file_has_at_most_64_kib),
        cmocka_unit_test(an_error_never_shows_a_key),
        cmocka_unit_test(clearing_leaves_nothing_in_memory),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
