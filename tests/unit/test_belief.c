/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When a clock is believed, over jumps, restarts and other starts of the machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/belief.h"
#include "tests/unit/store_fixture.h"

#define DAY     INT64_C(86400000)
#define MINUTE  INT64_C(60000)
#define NOW     INT64_C(1785542400000) /* 2026-08-01 00:00:00 UTC */
#define BOOT    (3 * DAY)
#define CHECKED 20260801

static const char this_start[] = "11111111-2222-3333-4444-555555555555", another[] = "another";

/* Believed since the first look, and looked at again a minute later. */
static struct belief settled(void)
{
    struct belief belief = {0};
    assert_int_equal(belief_look(&belief, NOW, BOOT, 0), BELIEF_SAME);
    assert_int_equal(belief_look(&belief, NOW + MINUTE, BOOT + MINUTE, 0), BELIEF_SAME);
    assert_false(belief.doubted);
    return belief;
}

static void the_first_clock_of_a_new_database_is_believed(void **state)
{
    (void)state;
    settled();
}

static void a_clock_that_is_corrected_slowly_stays_believed(void **state)
{
    (void)state;
    struct belief belief = settled();
    for (int64_t i = 1; i < 1000; i++) /* gains half a second a minute */
        assert_int_equal(belief_look(&belief, NOW + i * (MINUTE + 500), BOOT + i * MINUTE, 0), BELIEF_SAME);
    assert_false(belief.doubted);
}

static void a_jump_is_doubted_until_it_has_been_so_for_a_day(void **state)
{
    (void)state;
    struct belief belief = settled();
    const int64_t ahead = 8 * DAY;
    assert_int_equal(belief_look(&belief, NOW + ahead, BOOT, 0), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW + ahead + DAY - 1, BOOT + DAY - 1, 0), BELIEF_SAME);
    assert_true(belief.doubted);
    assert_int_equal(belief_expected(&belief, BOOT), NOW);
    assert_int_equal(belief_look(&belief, NOW + ahead + DAY, BOOT + DAY, 0), BELIEF_CHANGED);
    assert_false(belief.doubted);
}

static void a_jump_that_is_taken_back_is_forgotten(void **state)
{
    (void)state;
    struct belief belief = settled();
    assert_int_equal(belief_look(&belief, NOW - DAY, BOOT, 0), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW + MINUTE, BOOT + MINUTE, 0), BELIEF_RETURNED);
    assert_int_equal(belief_look(&belief, NOW + MINUTE, BOOT + MINUTE, 0), BELIEF_SAME);
}

static void another_jump_begins_the_day_anew(void **state)
{
    (void)state;
    struct belief belief = settled();
    assert_int_equal(belief_look(&belief, NOW + 8 * DAY, BOOT, 0), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW + 10 * DAY, BOOT + DAY / 2, 0), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW + 10 * DAY + DAY / 2 + 1, BOOT + DAY + 1, 0), BELIEF_SAME);
    assert_true(belief.doubted);
}

static void a_date_that_is_confirmed_is_believed_at_once_and_no_other(void **state)
{
    (void)state;
    struct belief belief = settled();
    assert_int_equal(belief_look(&belief, NOW + 3 * DAY, BOOT, CHECKED), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW - 2 * DAY, BOOT, CHECKED), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW - DAY, BOOT, 99999999), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW - DAY, BOOT, CHECKED), BELIEF_CHANGED);
    assert_int_equal(belief_look(&belief, NOW + 2 * DAY - 1, BOOT, CHECKED), BELIEF_CHANGED);
    assert_false(belief.doubted);
}

static void a_machine_that_slept_has_a_clock_that_is_right(void **state)
{
    (void)state;
    struct belief belief = settled();
    assert_int_equal(belief_look(&belief, NOW + 30 * DAY, BOOT + 30 * DAY, 0), BELIEF_SAME);
    assert_false(belief.doubted);
}

/* What is written and read again by the next life, perhaps after the machine was started anew. */
static struct belief next_life(struct fixture *f, const struct belief *belief, int64_t boot,
                               const char *boot_id)
{
    struct belief found;
    sqlite3 *db = look(f);
    assert_true(belief_save(belief, db, this_start, boot));
    assert_int_equal(belief_load(&found, db, boot_id, f->error, sizeof f->error), 0);
    sqlite3_close(db);
    return found;
}

static void a_jump_while_the_broker_is_away_is_seen(void **state)
{
    struct belief before = settled(), belief = next_life(*state, &before, BOOT, this_start);
    assert_int_equal(belief_look(&belief, NOW + DAY / 2, BOOT + MINUTE, 0), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW + 9 * DAY, BOOT + 9 * DAY, 0), BELIEF_RETURNED);
}

static void a_restart_of_the_broker_does_not_begin_the_day_anew(void **state)
{
    struct belief before = settled();
    assert_int_equal(belief_look(&before, NOW + 8 * DAY, BOOT, 0), BELIEF_SHAKEN);
    struct belief belief = next_life(*state, &before, BOOT, this_start);
    assert_int_equal(belief_look(&belief, NOW + 9 * DAY - 1, BOOT + DAY - 1, 0), BELIEF_SAME);
    assert_true(belief.doubted);
    assert_int_equal(belief_look(&belief, NOW + 9 * DAY, BOOT + DAY, 0), BELIEF_CHANGED);
}

static void a_machine_that_was_down_for_less_than_a_day_is_believed(void **state)
{
    struct belief before = settled(), belief = next_life(*state, &before, BOOT, another);
    assert_int_equal(belief_look(&belief, NOW + DAY, MINUTE, 0), BELIEF_SAME);
    assert_false(belief.doubted);
}

static void a_machine_that_starts_in_1970_or_long_after_is_not_believed_for_a_day(void **state)
{
    struct belief before = settled(), belief = next_life(*state, &before, BOOT, another);
    assert_int_equal(belief_look(&belief, MINUTE, MINUTE, 0), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW + DAY + 2 * MINUTE, MINUTE, 0), BELIEF_SHAKEN);
    struct belief later = next_life(*state, &belief, 2 * MINUTE, this_start);
    assert_int_equal(belief_look(&later, NOW + 2 * DAY + MINUTE, DAY, 0), BELIEF_SAME);
    assert_true(later.doubted);
    assert_int_equal(belief_look(&later, NOW + 2 * DAY + 2 * MINUTE, DAY + MINUTE, 0), BELIEF_CHANGED);
}

static void a_first_start_in_1970_believes_the_right_time_a_day_after_it_came(void **state)
{
    struct belief belief = {0};
    (void)state;
    assert_int_equal(belief_look(&belief, MINUTE, MINUTE, 0), BELIEF_SAME);
    assert_int_equal(belief_look(&belief, NOW, 2 * MINUTE, 0), BELIEF_SHAKEN);
    assert_int_equal(belief_look(&belief, NOW + DAY, 2 * MINUTE + DAY, 0), BELIEF_CHANGED);
}

static int set_up_database(void **state)
{
    if (set_up(state) != 0)
        return -1;
    open_store(*state);
    close_store(*state);
    return 0;
}

#define TEST(name)       cmocka_unit_test(name)
#define TEST_LIVES(name) cmocka_unit_test_setup_teardown(name, set_up_database, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_clock_of_a_new_database_is_believed),
        TEST(a_clock_that_is_corrected_slowly_stays_believed),
        TEST(a_jump_is_doubted_until_it_has_been_so_for_a_day),
        TEST(a_jump_that_is_taken_back_is_forgotten),
        TEST(another_jump_begins_the_day_anew),
        TEST(a_date_that_is_confirmed_is_believed_at_once_and_no_other),
        TEST(a_machine_that_slept_has_a_clock_that_is_right),
        TEST(a_first_start_in_1970_believes_the_right_time_a_day_after_it_came),
        TEST_LIVES(a_jump_while_the_broker_is_away_is_seen),
        TEST_LIVES(a_restart_of_the_broker_does_not_begin_the_day_anew),
        TEST_LIVES(a_machine_that_was_down_for_less_than_a_day_is_believed),
        TEST_LIVES(a_machine_that_starts_in_1970_or_long_after_is_not_believed_for_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
