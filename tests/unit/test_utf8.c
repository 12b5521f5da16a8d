/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "lib/utf8.h"

struct bytes {
    const char *at;
    size_t len;
};
#define BYTES(literal) literal, sizeof literal - 1

static void utf8_is_checked_behind_the_fast_part(void **state)
{
    (void)state;
    static const struct bytes good[] = {{BYTES("")},
                                        {BYTES("12345678")},
                                        {BYTES("\0")},
                                        {BYTES("1234567\xc3\xa9")},
                                        {BYTES("\xf0\x9f\x98\x80")},
                                        {BYTES("123456789\xed\x9f\xbf\xee\x80\x80")}};
    static const struct bytes bad[] = {{BYTES("12345678\xff")},
                                       {BYTES("1234567\xc3")},
                                       {BYTES("\x80")},
                                       {BYTES("abc\xc3\x28"
                                              "defghij")},
                                       {BYTES("\xed\xbf\xbf")},
                                       {BYTES("\xf8\x88\x80\x80\x80")},
                                       {BYTES("\xfe")}};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(utf8_valid(good[i].at, good[i].len));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(utf8_valid(bad[i].at, bad[i].len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_checked_behind_the_fast_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
