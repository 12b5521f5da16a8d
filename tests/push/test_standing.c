/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What answers say about ourselves. Time is an argument. */
#include "push/standing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct standing standing;

static struct outcome judge(int64_t now, enum verdict verdict)
{
    struct outcome outcome;
    outcome_set(&outcome, verdict, "an answer");
    standing_judge(&standing, now, &outcome);
    return outcome;
}

static bool allows(int64_t now, bool busy)
{
    struct outcome outcome;
    return standing_allows(&standing, now, busy, &outcome);
}

static int set_up(void **state)
{
    (void)state;
    standing_init(&standing, "apns:app");
    return 0;
}

static void a_fault_of_ours_is_tried_by_one_at_a_time(void **state)
{
    (void)state;
    assert_true(allows(1, true));
    assert_int_equal(judge(1000, VERDICT_OURS).verdict, VERDICT_WAIT);
    assert_false(allows(10999, false));
    assert_true(allows(11000, false));
    assert_false(allows(11000, true));
    judge(11500, VERDICT_OURS);
    assert_false(allows(21000, false));
    assert_int_equal(judge(22000, VERDICT_DONE).verdict, VERDICT_DONE);
    assert_true(allows(22000, true));
}

static void what_it_holds_back_waits_a_minute_and_is_said_together(void **state)
{
    (void)state;
    struct outcome outcome;
    judge(1000, VERDICT_OURS);
    assert_false(standing_allows(&standing, 2000, false, &outcome));
    assert_int_equal(outcome.verdict, VERDICT_WAIT);
    assert_int_equal(outcome.retry_after_seconds, 60);
    assert_true(outcome.said);
}

static void an_overload_says_nothing_about_us(void **state)
{
    (void)state;
    judge(1000, VERDICT_OURS);
    judge(11000, VERDICT_RETRY);
    assert_false(allows(11000, true));
}

static void a_token_is_doubted_until_another_was_taken(void **state)
{
    (void)state;
    assert_int_equal(judge(1, VERDICT_DOUBTED_TOKEN).verdict, VERDICT_DOUBTED_TOKEN);
    assert_int_equal(judge(2, VERDICT_DONE).verdict, VERDICT_DONE);
    assert_int_equal(judge(3, VERDICT_DOUBTED_TOKEN).verdict, VERDICT_INVALID_TOKEN);
}

static void a_token_that_was_one_proves_as_much_as_one_that_is(void **state)
{
    (void)state;
    judge(1, VERDICT_INVALID_TOKEN);
    assert_int_equal(judge(3, VERDICT_DOUBTED_TOKEN).verdict, VERDICT_INVALID_TOKEN);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fault_of_ours_is_tried_by_one_at_a_time),
        TEST(what_it_holds_back_waits_a_minute_and_is_said_together),
        TEST(an_overload_says_nothing_about_us),
        TEST(a_token_is_doubted_until_another_was_taken),
        TEST(a_token_that_was_one_proves_as_much_as_one_that_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
