/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl/push_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/basics.h"

static void apples_tokens_are_hex_in_lower_case(void **state)
{
    (void)state;
    char out[TOKEN_MAX + 1];
    assert_null(push_token_spell("apns", "00AAbbCCff", out));
    assert_string_equal(out, "00aabbccff");
}

static void what_is_no_hex_is_no_token_of_apples(void **state)
{
    (void)state;
    char out[TOKEN_MAX + 1];
    const char *const wrong[] = {"abc", "zz", "<aa bb>", "aa\n", "0xaa"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_non_null(push_token_spell("apns", wrong[i], out));
}

static void others_are_kept_as_they_are(void **state)
{
    (void)state;
    char out[TOKEN_MAX + 1];
    assert_null(push_token_spell("fcm", "dA3:APA91b-_x", out));
    assert_string_equal(out, "dA3:APA91b-_x");
    assert_null(push_token_spell("webhook", "j\xC3\xBCrgen@example.org", out));
    assert_string_equal(out, "j\xC3\xBCrgen@example.org");
}

static void nobody_has_a_token_with_what_shows_nothing(void **state)
{
    (void)state;
    char out[TOKEN_MAX + 1];
    const char *const wrong[] = {" a",
                                 "a b",
                                 "a\tb",
                                 "a\r\n",
                                 "a\x7F",
                                 "a\xC2\x85",
                                 "a\xC2\xA0",
                                 "a\xE2\x80\x8B",
                                 ("\xEF\xBB\xBF"
                                  "a"),
                                 "a\xE3\x80\x80",
                                 "a\xE2\x80\xA8"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_non_null(push_token_spell(i % 2 ? "fcm" : "webhook", wrong[i], out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apples_tokens_are_hex_in_lower_case),
        cmocka_unit_test(what_is_no_hex_is_no_token_of_apples),
        cmocka_unit_test(others_are_kept_as_they_are),
        cmocka_unit_test(nobody_has_a_token_with_what_shows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
