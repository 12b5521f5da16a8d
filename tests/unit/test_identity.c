/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acl/identity.h"
#include "lib/basics.h"

#define A16 "aaaaaaaaaaaaaaaa"
#define A32 A16 A16
#define A48 A32 A16
#define A64 A32 A32

static bool user_ok(const char *text)
{
    return user_id_valid(text, strlen(text));
}

static bool group_ok(const char *text)
{
    return group_id_valid(text, strlen(text));
}

static void an_id_starts_with_a_letter_a_digit_or_an_underscore(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char text[] = {(char)c, 'x', '\0'};
        bool want = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", c) != NULL;
        if (user_ok(text) != want || group_ok(text) != want)
            fail_msg("first byte 0x%02x", (unsigned)c);
    }
}

static void an_id_goes_on_with_those_and_dot_at_and_hyphen(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char text[] = {'x', (char)c, '\0'};
        bool want = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-", c) != NULL;
        if (user_ok(text) != want || group_ok(text) != want)
            fail_msg("second byte 0x%02x", (unsigned)c);
    }
}

static void a_nul_byte_is_no_part_of_an_id(void **state)
{
    (void)state;
    assert_false(user_id_valid("a\0b", 3));
    assert_false(user_id_valid("\0", 1));
}

static void an_id_of_no_length_is_refused(void **state)
{
    (void)state;
    assert_false(user_id_valid("alice", 0));
    assert_false(user_id_valid(NULL, 0));
    assert_false(group_id_valid("", 0));
}

static void a_user_id_has_at_most_32_bytes(void **state)
{
    (void)state;
    assert_true(user_ok(A32));
    assert_false(user_ok(A32 "a"));
}

static void a_group_id_has_at_most_48_bytes(void **state)
{
    (void)state;
    assert_true(group_ok(A48));
    assert_false(group_ok(A48 "a"));
}

static void a_group_id_of_tencents_is_called_by_another_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"@TGS#2J4SZEAEL", "TGS-2J4SZEAEL"},
        {"@TGS#a", "TGS-a"},
        {"@TGS#" A48, "TGS-" A48},
        {"TGS-2J4SZEAEL", "TGS-2J4SZEAEL"},
        {"@TGS#_@TGS#cQVLVHIM62CJ", "TGS-_@TGS#cQVLVHIM62CJ"}, /* of a community: no valid one */
        {"@TGS#", "@TGS#"},
        {"@TGS", "@TGS"},
        {"@tgs#a", "@tgs#a"},
        {"x@TGS#a", "x@TGS#a"},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[80];
        strcpy(text, cases[i].text);
        group_id_translate(text);
        assert_string_equal(text, cases[i].want);
    }
}

static void a_group_id_goes_back_to_the_shape_of_tencent(void **state)
{
    (void)state;
    static const struct {
        const char *id, *want;
    } cases[] = {
        {"TGS-2ABC", "@TGS#2ABC"}, {"g1", "g1"}, {"TGS", "TGS"}, {"TGS-", "TGS-"}, {"xTGS-1", "xTGS-1"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[GROUP_ID_MAX + 3];
        group_id_print_foreign(out, cases[i].id);
        assert_string_equal(out, cases[i].want);
    }
}

static void only_len_bytes_of_an_id_are_read(void **state)
{
    (void)state;
    const char text[5] = {'a', 'l', 'i', 'c', 'e'};
    assert_true(user_id_valid(text, sizeof text));
    assert_true(user_id_valid("al ice", 2));
}

static void every_platform_has_a_name_that_parses_back(void **state)
{
    (void)state;
    static const char *const names[] = {
        [PLATFORM_OTHER] = "other",     [PLATFORM_IOS] = "ios",         [PLATFORM_IPAD] = "ipad",
        [PLATFORM_ANDROID] = "android", [PLATFORM_WINDOWS] = "windows", [PLATFORM_MAC] = "mac",
        [PLATFORM_LINUX] = "linux",     [PLATFORM_WEB] = "web",         [PLATFORM_MINI] = "mini",
        [PLATFORM_IOT] = "iot",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_string_equal(platform_name((enum platform)i), names[i]);
        assert_int_equal(platform_parse(names[i], strlen(names[i])), i);
    }
}

static void an_unknown_platform_is_other(void **state)
{
    (void)state;
    assert_int_equal(platform_parse("symbian", 7), PLATFORM_OTHER);
    assert_int_equal(platform_parse("ios1", 4), PLATFORM_OTHER);
    assert_int_equal(platform_parse("io", 2), PLATFORM_OTHER);
    assert_int_equal(platform_parse(NULL, 0), PLATFORM_OTHER);
    assert_string_equal(platform_name((enum platform)99), "other");
}

static void a_platform_is_the_same_in_capitals(void **state)
{
    (void)state;
    assert_int_equal(platform_parse("IOS", 3), PLATFORM_IOS);
    assert_int_equal(platform_parse("iPad", 4), PLATFORM_IPAD);
    assert_int_equal(platform_parse("Android", 7), PLATFORM_ANDROID);
    assert_int_equal(platform_parse("i\x4fS", 3), PLATFORM_IOS);
    assert_int_equal(platform_parse("io[", 3), PLATFORM_OTHER);
}

static void a_platform_is_read_up_to_its_length(void **state)
{
    (void)state;
    assert_int_equal(platform_parse("ios:phone", 3), PLATFORM_IOS);
}

static const struct client_id_case {
    const char *client_id;
    const char *user;
    enum client_id_kind kind;
    enum platform platform;
} client_ids[] = {
    {"alice", "alice", CLIENT_ID_OWN, PLATFORM_OTHER},
    {"alice:ios", "alice", CLIENT_ID_OWN, PLATFORM_IOS},
    {"alice:web:tab-1", "alice", CLIENT_ID_OWN, PLATFORM_WEB},
    {"alice:toaster", "alice", CLIENT_ID_OWN, PLATFORM_OTHER},
    {"alice:toaster:kitchen", "alice", CLIENT_ID_OWN, PLATFORM_OTHER},
    {"alice:iOS:1", "alice", CLIENT_ID_OWN, PLATFORM_IOS},
    {"alice:.:-", "alice", CLIENT_ID_OWN, PLATFORM_OTHER},
    {"alice:android:A_z.0-9", "alice", CLIENT_ID_OWN, PLATFORM_ANDROID},
    {"a@b.c:mac:1", "a@b.c", CLIENT_ID_OWN, PLATFORM_MAC},
    {"alice:mini:" A64, "alice", CLIENT_ID_OWN, PLATFORM_MINI},
    {"alice:" A32 ":1", "alice", CLIENT_ID_OWN, PLATFORM_OTHER},
    {A32 ":linux:" A64, A32, CLIENT_ID_OWN, PLATFORM_LINUX},

    {"mqttjs_1a2b", "alice", CLIENT_ID_NAMED, PLATFORM_OTHER},
    {"bob", "alice", CLIENT_ID_NAMED, PLATFORM_OTHER},
    {"alice2", "alice", CLIENT_ID_NAMED, PLATFORM_OTHER},
    {"alic", "alice", CLIENT_ID_NAMED, PLATFORM_OTHER},
    {"Alice", "alice", CLIENT_ID_NAMED, PLATFORM_OTHER},
    {"auto-0A1B2C3D-0000-4000-8000-0123456789AB", "alice", CLIENT_ID_NAMED, PLATFORM_OTHER},
    {"mosq/with space \xc3\xa9", "alice", CLIENT_ID_NAMED, PLATFORM_OTHER},
    {"\xc2\xa0", "alice", CLIENT_ID_NAMED, PLATFORM_OTHER},
    {A64 A64 A32, "alice", CLIENT_ID_NAMED, PLATFORM_OTHER},

    {"", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {A64 A64 A32 "a", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"bob:ios", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"bob:ios:1", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice2:ios:1", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice22:ios", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alic:ios", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"Alice:ios", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {":alice", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {":", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice:", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice::1", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice:ios:", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice:ios:1:2", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice:ios:a@b", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice:ios:a b", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice:ios/x", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice:ios:\xc3\xa9", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice:mini:" A64 "a", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice:" A32 "a", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"tab\there", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"line\nbreak", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"del\x7f", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"c1\xc2\x80", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"c1\xc2\x9f", "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {":ios", "", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"a:b", "a:b", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {NULL, "alice", CLIENT_ID_FOREIGN, PLATFORM_OTHER},
    {"alice", NULL, CLIENT_ID_FOREIGN, PLATFORM_OTHER},
};

static void a_client_id_is_sorted_as_its_row_says(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < COUNT(client_ids); i++) {
        const struct client_id_case *row = &client_ids[i];
        enum platform platform = PLATFORM_IOT;
        enum client_id_kind kind = client_id_parse(row->client_id, row->user, &platform);
        if (kind != row->kind || platform != row->platform) {
            print_error("row %zu, \"%s\": kind %d, platform %s\n", i,
                        row->client_id ? row->client_id : "NULL", (int)kind, platform_name(platform));
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void an_id_that_ends_in_an_upper_case_uuid_is_assigned(void **state)
{
    (void)state;
    assert_true(client_id_assigned("auto-0A1B2C3D-0000-4000-8000-0123456789AB"));
    assert_true(client_id_assigned("0A1B2C3D-0000-4000-8000-0123456789AB"));
    assert_true(client_id_assigned("EFEFEFEF-ABCD-ABCD-ABCD-ABCDEFABCDEF"));
}

static void an_id_without_an_upper_case_uuid_is_not_assigned(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "alice",
        "auto-0a1b2c3d-0000-4000-8000-0123456789ab",
        "auto-0A1B2C3D-0000-4000-8000-0123456789Ab",
        "auto-GA1B2C3D-0000-4000-8000-0123456789AB",
        "A1B2C3D-0000-4000-8000-0123456789AB",
        "auto-0A1B2C3D00000-4000-8000-0123456789AB",
        "auto-0A1B2C3D-0000-4000-8000-0123456789AB-",
        "auto-0A1B2C3-D0000-4000-8000-0123456789AB",
    };
    for (size_t i = 0; i < COUNT(others); i++)
        if (client_id_assigned(others[i]))
            fail_msg("\"%s\" counts as assigned", others[i]);
    assert_false(client_id_assigned(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_starts_with_a_letter_a_digit_or_an_underscore),
        cmocka_unit_test(an_id_goes_on_with_those_and_dot_at_and_hyphen),
        cmocka_unit_test(a_nul_byte_is_no_part_of_an_id),
        cmocka_unit_test(an_id_of_no_length_is_refused),
        cmocka_unit_test(a_user_id_has_at_most_32_bytes),
        cmocka_unit_test(a_group_id_has_at_most_48_bytes),
        cmocka_unit_test(a_group_id_of_tencents_is_called_by_another_name),
        cmocka_unit_test(a_group_id_goes_back_to_the_shape_of_tencent),
        cmocka_unit_test(only_len_bytes_of_an_id_are_read),
        cmocka_unit_test(every_platform_has_a_name_that_parses_back),
        cmocka_unit_test(an_unknown_platform_is_other),
        cmocka_unit_test(a_platform_is_the_same_in_capitals),
        cmocka_unit_test(a_platform_is_read_up_to_its_length),
        cmocka_unit_test(a_client_id_is_sorted_as_its_row_says),
        cmocka_unit_test(an_id_that_ends_in_an_upper_case_uuid_is_assigned),
        cmocka_unit_test(an_id_without_an_upper_case_uuid_is_not_assigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
