/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin/people/bucket.h"
#include "plugin/session/leak.h"
#include "plugin/session/trail.h"

#define NOW    1700000000000
#define HOUR   3600000
#define WINDOW 80

static int take_all(struct bucket *bucket, int64_t now, int64_t rate, int64_t size, int64_t reserve)
{
    int taken = 0;
    while (taken < 100000 && bucket_take(bucket, now, rate, size, reserve))
        taken++;
    return taken;
}

static void test_a_new_bucket_is_full(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    assert_int_equal(take_all(&bucket, NOW, 10, 50, 0), 50);
}

static void test_rate_0_is_no_limit(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    assert_int_equal(take_all(&bucket, NOW, 0, 0, 0), 100000);
}

static void test_an_empty_bucket_gains_its_rate_each_second(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    (void)take_all(&bucket, NOW, 10, 50, 0);
    assert_int_equal(take_all(&bucket, NOW + 99, 10, 50, 0), 0);
    assert_int_equal(take_all(&bucket, NOW + 100, 10, 50, 0), 1);
    assert_int_equal(take_all(&bucket, NOW + 1100, 10, 50, 0), 10);
}

static void test_asking_often_loses_no_fraction(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    int taken = 0;
    (void)take_all(&bucket, NOW, 7, 50, 0);
    for (int ms = 1; ms <= 10000; ms++)
        taken += bucket_take(&bucket, NOW + ms, 7, 50, 0);
    assert_int_equal(taken, 70);
}

static void test_a_bucket_never_holds_more_than_its_size(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    (void)take_all(&bucket, NOW, 1000000, 50, 0);
    assert_int_equal(take_all(&bucket, NOW + INT64_C(1000000) * HOUR, 1000000, 50, 0), 50);
}

static void test_a_reserve_is_left_for_others(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    assert_int_equal(take_all(&bucket, NOW, 10, 50, 20), 30);
    assert_int_equal(take_all(&bucket, NOW, 10, 50, 0), 20);
}

static void test_a_clock_that_goes_back_gives_and_takes_nothing(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    (void)take_all(&bucket, NOW, 10, 50, 0);
    assert_int_equal(take_all(&bucket, NOW - HOUR, 10, 50, 0), 0);
    assert_int_equal(take_all(&bucket, NOW - HOUR + 1000, 10, 50, 0), 10);
}

static void test_what_was_put_into_a_leak_runs_out_at_its_rate(void **state)
{
    (void)state;
    struct leak leak = {0};
    assert_int_equal(leak_level(&leak, NOW, 45), 0);
    for (int i = 0; i < 400; i++)
        leak_add(&leak, NOW, 45, 1000);
    assert_int_equal(leak_level(&leak, NOW, 45), 400000);
    assert_int_equal(leak_level(&leak, NOW + 1000, 45), 355000);
    assert_int_equal(leak_level(&leak, NOW + HOUR, 45), 0);
}

static void test_adding_often_lets_no_more_run_out_of_a_leak(void **state)
{
    (void)state;
    struct leak leak = {0};
    for (int ms = 0; ms < 10000; ms++)
        leak_add(&leak, NOW + ms, 45, 1000);
    assert_in_range(leak_level(&leak, NOW + 10000, 45), 10000000 - 450000, 10000000 - 449000);
}

static void test_a_leak_that_is_lowered_is_never_raised(void **state)
{
    (void)state;
    struct leak leak = {0};
    leak_add(&leak, NOW, 45, 100000);
    leak_lower(&leak, NOW, 45, 200000);
    assert_int_equal(leak_level(&leak, NOW, 45), 100000);
    leak_lower(&leak, NOW + 1000, 45, 5000);
    assert_int_equal(leak_level(&leak, NOW + 1000, 45), 5000);
}

static void test_a_clock_that_goes_back_lets_nothing_run_out_of_a_leak(void **state)
{
    (void)state;
    struct leak leak = {0};
    leak_add(&leak, NOW, 45, 100000);
    assert_int_equal(leak_level(&leak, NOW - HOUR, 45), 100000);
}

static void note(struct trail *trail, int64_t now, int64_t position)
{
    trail_note(trail, now, WINDOW / 8, now - WINDOW, position);
}

static void test_a_trail_that_never_moved_gives_the_present_position(void **state)
{
    (void)state;
    const struct trail trail = {0};
    assert_int_equal(trail_at(&trail, NOW, 42), 42);
}

static void test_before_the_first_move_it_gives_where_it_began(void **state)
{
    (void)state;
    struct trail trail = {0};
    note(&trail, NOW, 1);
    note(&trail, NOW + 20, 2);
    assert_int_equal(trail_at(&trail, NOW - 1, 3), 1);
    assert_int_equal(trail_at(&trail, NOW + 19, 3), 1);
    assert_int_equal(trail_at(&trail, NOW + 20, 3), 2);
}

/* A position that rises by one every `step` from 0 at NOW. */
static void check_steps(int step, int until)
{
    struct trail trail = {0};
    for (int ms = 0, position = 0; ms <= until; ms += step, position++) {
        note(&trail, NOW + ms, position);
        int64_t then = NOW + ms - WINDOW;
        int64_t was = then < NOW ? 0 : (then - NOW) / step + 1;
        int64_t given = trail_at(&trail, then, position + 1);
        int64_t earliest = was - (WINDOW / 8 + step) / step - 1;
        if (given > was || given < earliest)
            fail_msg("step %d at %d: %d, was %d", step, ms, (int)given, (int)was);
    }
}

static void test_it_never_tells_a_later_position_and_not_one_much_earlier(void **state)
{
    (void)state;
    for (int step = 1; step < 30; step++)
        check_steps(step, 2000);
}

/* Messages 1, 2, 3 ... of which the last `doubtful` may be asked for: never a later position than that, nor one
 * more than three times as far back. */
static void test_a_trail_of_counts_reaches_back_as_far_as_it_has_to(void **state)
{
    (void)state;
    for (int64_t doubtful = 1; doubtful < 20000; doubtful = doubtful * 3 + 1) {
        struct trail trail = {0};
        for (int64_t count = 0; count < 30000; count++)
            trail_note(&trail, count, 8, count - doubtful, count);
        for (int64_t back = 1; back <= doubtful; back = back * 2 + 1) {
            int64_t given = trail_at(&trail, 30000 - back, 30000);
            assert_true(given <= 30000 - back);
            assert_true(given >= 30000 - back * 3 - 16);
        }
    }
}

static void test_a_clock_that_goes_back_keeps_the_older_position(void **state)
{
    (void)state;
    struct trail trail = {0};
    note(&trail, NOW, 1);
    note(&trail, NOW - HOUR, 2);
    assert_int_equal(trail_at(&trail, NOW, 3), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_bucket_is_full),
        cmocka_unit_test(test_rate_0_is_no_limit),
        cmocka_unit_test(test_an_empty_bucket_gains_its_rate_each_second),
        cmocka_unit_test(test_asking_often_loses_no_fraction),
        cmocka_unit_test(test_a_bucket_never_holds_more_than_its_size),
        cmocka_unit_test(test_a_reserve_is_left_for_others),
        cmocka_unit_test(test_a_clock_that_goes_back_gives_and_takes_nothing),
        cmocka_unit_test(test_what_was_put_into_a_leak_runs_out_at_its_rate),
        cmocka_unit_test(test_adding_often_lets_no_more_run_out_of_a_leak),
        cmocka_unit_test(test_a_leak_that_is_lowered_is_never_raised),
        cmocka_unit_test(test_a_clock_that_goes_back_lets_nothing_run_out_of_a_leak),
        cmocka_unit_test(test_a_trail_that_never_moved_gives_the_present_position),
        cmocka_unit_test(test_before_the_first_move_it_gives_where_it_began),
        cmocka_unit_test(test_it_never_tells_a_later_position_and_not_one_much_earlier),
        cmocka_unit_test(test_a_trail_of_counts_reaches_back_as_far_as_it_has_to),
        cmocka_unit_test(test_a_clock_that_goes_back_keeps_the_older_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
