/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin/core/turns.h"

#define MS 1000 /* us */

static void a_turn_is_in_each_bound_that_it_is_over(void **state)
{
    struct turns turns = {0};
    (void)state;
    turn_add(&turns, 1 * MS, 0);
    assert_int_equal(turns.over[0], 0);
    turn_add(&turns, 6 * MS, 0);
    assert_int_equal(turns.over[0], 1);
    assert_int_equal(turns.over[1], 1);
    assert_int_equal(turns.over[2], 0);
    turn_add(&turns, 101 * MS, 0);
    assert_int_equal(turns.over[3], 1);
    assert_int_equal(turns.over[0], 2);
    assert_int_equal(turns.all, 3);
}

static void the_longest_is_kept_and_all_are_added_up(void **state)
{
    struct turns turns = {0};
    (void)state;
    turn_add(&turns, 30 * MS, 0);
    turn_add(&turns, 2 * MS, 0);
    assert_int_equal((int)turns.longest, 30);
    assert_int_equal((int)turns.milliseconds, 32);
}

static void what_the_processor_did_before_anything_came_counts_too(void **state)
{
    struct turns turns = {0};
    (void)state;
    turn_add(&turns, 1 * MS, 25 * MS);
    assert_int_equal(turns.over[2], 1);
    assert_int_equal((int)turns.longest, 25);
}

static void a_turn_begins_with_what_comes_first(void **state)
{
    struct turns turns = {0};
    (void)state;
    turn_begin(&turns);
    const int64_t began = turns.began;
    assert_true(began > 0);
    while (clock_steady_us() == began)
        ;
    turn_begin(&turns);
    assert_int_equal(turns.began, began);
    turn_end(&turns);
    assert_int_equal(turns.all, 0); /* the first is only where the next one's time begins */
    turn_begin(&turns);
    turn_end(&turns);
    assert_int_equal(turns.all, 1);
    assert_int_equal(turns.began, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_is_in_each_bound_that_it_is_over),
        cmocka_unit_test(the_longest_is_kept_and_all_are_added_up),
        cmocka_unit_test(what_the_processor_did_before_anything_came_counts_too),
        cmocka_unit_test(a_turn_begins_with_what_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
