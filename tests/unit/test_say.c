/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "lib/say.h"
#include "lib/utf8.h"

static void assert_said(const char *text, const char *wanted)
{
    char line[100];
    snprintf(line, sizeof line, "%s", text);
    say_safely(line);
    assert_string_equal(line, wanted);
}

static void what_people_write_is_said_as_it_is(void **state)
{
    static const char *const texts[] = {"",
                                        "alice: 3 messages",
                                        "J\u00fcrgen",
                                        "\u6c34 \u00a0 \ud55c",
                                        "\u05e9\u05dc\u05d5\u05dd",
                                        "\U0001F44D\u200d\U0001F3FD",
                                        "\U0010FFFD",
                                        "\u200b\u2027\u202f\u2065\u206a\u061b\u061d"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_said(texts[i], texts[i]);
}

static void no_character_controls_the_terminal(void **state)
{
    (void)state;
    assert_said("a\nchat: forged\r\tb\x1b[2Jc\x7f", "a?chat: forged??b?[2Jc?");
    for (int c = 1; c < 0x20; c++)
        assert_said((char[]){'a', (char)c, 'b', '\0'}, "a?b");
    for (int c = 0x80; c < 0xa0; c++)
        assert_said((char[]){'a', '\xc2', (char)c, 'b', '\0'}, "a?b");
}

static void no_character_ends_the_line_or_turns_it_round(void **state)
{
    static const char *const texts[] = {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b",
                                        "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"};
    char text[16];
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        snprintf(text, sizeof text, "a%sb", texts[i]);
        assert_said(text, "a?b");
    }
}

static void each_byte_that_is_no_utf8_is_marked(void **state)
{
    (void)state;
    assert_said("a\xff\xfe\x80z", "a???z");
    assert_said("\xc0\xaf \xe0\x80\xaf", "?? ???"); /* overlong */
    assert_said("\xed\xa0\x80", "???");             /* a surrogate */
    assert_said("\xf4\x90\x80\x80", "????");        /* above U+10FFFF */
    assert_said("cut \xe6\xb0", "cut ??");
    assert_said("\xe6\xb0"
                "a",
                "??a");
}

static void whatever_comes_in_what_goes_out_is_utf8(void **state)
{
    uint32_t noise = 1;
    char text[200];
    (void)state;
    for (int round = 0; round < 10000; round++) {
        for (size_t i = 0; i < sizeof text - 1; i++) {
            noise = noise * 1664525 + 1013904223;
            text[i] = (char)(noise >> 24 | 1);
        }
        text[sizeof text - 1] = '\0';
        say_safely(text);
        assert_true(utf8_valid(text, strlen(text)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_write_is_said_as_it_is),
        cmocka_unit_test(no_character_controls_the_terminal),
        cmocka_unit_test(no_character_ends_the_line_or_turns_it_round),
        cmocka_unit_test(each_byte_that_is_no_utf8_is_marked),
        cmocka_unit_test(whatever_comes_in_what_goes_out_is_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
