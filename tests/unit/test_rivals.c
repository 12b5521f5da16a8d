/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "plugin/session/rivals.h"

static void who_was_never_sent_away_need_not_wait(void **state)
{
    (void)state;
    struct rivals *rivals = NULL;
    assert_int_equal(rivals_wait(rivals, "a:ios:1", 1000), 0);
    rivals_add(&rivals, "a:ios:1", 1000);
    assert_int_equal(rivals_wait(rivals, "a:ios:2", 1000), 0);
    free(rivals);
}

static void from_the_second_time_on_the_wait_is_twice_as_long_each_time_up_to_a_minute(void **state)
{
    (void)state;
    static const int64_t waits[] = {0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct rivals *rivals = NULL;
    int64_t now = 1000;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        rivals_add(&rivals, "a:ios:1", now);
        assert_int_equal(rivals_wait(rivals, "a:ios:1", now), waits[i]);
        if (waits[i] > 0)
            assert_int_equal(rivals_wait(rivals, "a:ios:1", now + waits[i] - 1), 1);
        assert_int_equal(rivals_wait(rivals, "a:ios:1", now + waits[i]), 0);
        now += waits[i] + RIVAL_WAIT_MAX_MS; /* the other one came back in between */
    }
    rivals_add(&rivals, "a:ios:1", now + RIVAL_CALM_MS);
    assert_int_equal(rivals_wait(rivals, "a:ios:1", now + RIVAL_CALM_MS), 0);
    free(rivals);
}

static void of_too_many_the_one_longest_ago_is_forgotten(void **state)
{
    (void)state;
    struct rivals *rivals = NULL;
    char id[20];
    for (int i = 0; i < 34; i++) {
        snprintf(id, sizeof id, "a:ios:%d", i / 2);
        rivals_add(&rivals, id, 1000 + i / 2);
    }
    assert_int_equal(rivals_wait(rivals, "a:ios:0", 1017), 0);
    assert_int_equal(rivals_wait(rivals, "a:ios:1", 1017), 984);
    assert_int_equal(rivals_wait(rivals, "a:ios:16", 1017), 999);
    free(rivals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_never_sent_away_need_not_wait),
        cmocka_unit_test(from_the_second_time_on_the_wait_is_twice_as_long_each_time_up_to_a_minute),
        cmocka_unit_test(of_too_many_the_one_longest_ago_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
