/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "plugin/session/expiry.h"

#define MANY 100000

static struct expiry expiry;
static struct expiry_entry entries[MANY];
static uint64_t noise;

static int start(void **state)
{
    (void)state;
    noise = 88172645463325252U;
    for (size_t i = 0; i < MANY; i++)
        entries[i] = (struct expiry_entry){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    expiry_clear(&expiry);
    return 0;
}

static int64_t random_below(uint64_t limit)
{
    noise ^= noise << 13;
    noise ^= noise >> 7;
    noise ^= noise << 17;
    return (int64_t)(noise % limit);
}

static void add(size_t i, int64_t at)
{
    assert_true(expiry_add(&expiry, &entries[i], at));
}

static int64_t take(void)
{
    struct expiry_entry *first = expiry_first(&expiry);
    assert_non_null(first);
    expiry_remove(&expiry, first);
    return first->at;
}

static void an_empty_heap_has_nothing_due(void **state)
{
    (void)state;
    assert_null(expiry_first(&expiry));
}

static void a_hundred_thousand_come_out_in_the_order_of_their_times(void **state)
{
    (void)state;
    int64_t last = -1;
    for (size_t i = 0; i < MANY; i++)
        add(i, random_below(5000));
    for (size_t i = 0; i < MANY; i++) {
        int64_t at = take();
        assert_true(at >= last);
        last = at;
    }
    assert_null(expiry_first(&expiry));
}

static void an_entry_that_is_moved_comes_out_at_its_new_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++)
        add(i, (int64_t)i);
    expiry_move(&expiry, &entries[0], 1000);
    expiry_move(&expiry, &entries[99], -5);
    assert_ptr_equal(expiry_first(&expiry), &entries[99]);
    int64_t last = 0;
    while (expiry_first(&expiry))
        last = take();
    assert_int_equal(last, 1000);
}

static void what_is_removed_does_not_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++)
        add(i, (int64_t)i);
    for (size_t i = 0; i < 100; i += 2)
        expiry_remove(&expiry, &entries[i]);
    for (size_t i = 1; i < 100; i += 2)
        assert_int_equal(take(), i);
    assert_null(expiry_first(&expiry));
}

static void an_entry_that_is_not_in_it_is_left_alone(void **state)
{
    (void)state;
    add(0, 7);
    expiry_remove(&expiry, &entries[1]);
    expiry_move(&expiry, &entries[1], 1);
    assert_ptr_equal(expiry_first(&expiry), &entries[0]);
    assert_int_equal(expiry.count, 1);
}

static void an_entry_can_come_back(void **state)
{
    (void)state;
    for (int turn = 0; turn < 3; turn++) {
        add(0, turn);
        assert_int_equal(take(), turn);
    }
}

static size_t lowest_of(size_t count)
{
    size_t lowest = count;
    for (size_t i = 0; i < count; i++)
        if (entries[i].index != 0 && (lowest == count || entries[i].at < entries[lowest].at))
            lowest = i;
    return lowest;
}

/* Beside a list that is searched from end to end. */
static void coming_moving_and_going_in_any_order_keep_the_first_one_first(void **state)
{
    (void)state;
    const size_t count = 60;
    for (int step = 0; step < 20000; step++) {
        struct expiry_entry *entry = &entries[random_below(count)];
        int64_t at = random_below(40);
        if (entry->index == 0)
            add((size_t)(entry - entries), at);
        else if (random_below(3) == 0)
            expiry_remove(&expiry, entry);
        else
            expiry_move(&expiry, entry, at);
        size_t lowest = lowest_of(count);
        const struct expiry_entry *first = expiry_first(&expiry);
        if (lowest == count)
            assert_null(first);
        else
            assert_int_equal(first->at, entries[lowest].at);
    }
}

static void memory_is_given_back_after_a_wave(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        add(i, (int64_t)i);
    for (size_t i = 0; i < MANY; i++)
        expiry_remove(&expiry, &entries[i]);
    assert_true(expiry.room < 1000);
}

static double seconds(void)
{
    return (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9;
}

/* A linear search would take minutes. */
static void a_hundred_thousand_renewals_take_no_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        add(i, (int64_t)i);
    double before = seconds();
    for (size_t i = 0; i < MANY; i++)
        expiry_move(&expiry, &entries[i], random_below(MANY));
    assert_true(seconds() - before < 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_heap_has_nothing_due),
        TEST(a_hundred_thousand_come_out_in_the_order_of_their_times),
        TEST(an_entry_that_is_moved_comes_out_at_its_new_time),
        TEST(what_is_removed_does_not_come_out),
        TEST(an_entry_that_is_not_in_it_is_left_alone),
        TEST(an_entry_can_come_back),
        TEST(coming_moving_and_going_in_any_order_keep_the_first_one_first),
        TEST(memory_is_given_back_after_a_wave),
        TEST(a_hundred_thousand_renewals_take_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
