/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* MsgKey and MsgRandom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/tencent/message_key.h"
#include "lib/json.h"

static void test_a_key_gives_its_seq_back(void **state)
{
    char key[MESSAGE_KEY_MAX];
    int64_t seq = 0;
    (void)state;
    message_key_print(key, 12, message_random(1700000000, 4294967295), 1700000000);
    assert_string_equal(key, "12_4294967295_1700000000");
    assert_true(message_key_read(key, &seq));
    assert_int_equal(seq, 12);
}

static void test_what_is_no_key_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "12",
                                      "12_3",
                                      "12_3_4_5",
                                      "a_b_c",
                                      "-1_2_3",
                                      "1_2_3x",
                                      "1__3",
                                      " 1_2_3",
                                      "9999999999999999999_0_0",
                                      "9007199254740992_0_0"};
    int64_t seq;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(message_key_read(bad[i], &seq));
}

static void test_the_same_random_a_second_later_is_another(void **state)
{
    (void)state;
    assert_int_not_equal(message_random(1700000000, 7), message_random(1700000001, 7));
    assert_int_equal(message_their_random(message_random(1700000001, 7)), 7);
}

static void test_a_random_is_one_of_the_broker_s(void **state)
{
    (void)state;
    for (int64_t second = 1700000000; second < 1700000000 + (1 << 21); second += 4093)
        assert_in_range(message_random(second, 4294967295), 1, SAFE_INTEGER_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_gives_its_seq_back),
        cmocka_unit_test(test_what_is_no_key_is_refused),
        cmocka_unit_test(test_the_same_random_a_second_later_is_another),
        cmocka_unit_test(test_a_random_is_one_of_the_broker_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
