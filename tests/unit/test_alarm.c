/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/alarm.h"

#define PATIENCE 1000

static void what_was_never_bad_is_not_told(void **state)
{
    struct alarm alarm = {0};
    (void)state;
    for (int64_t now = 1; now < 5000; now += 100)
        assert_int_equal(alarm_look(&alarm, now % 200 == 1 ? ALARM_WELL : ALARM_BETWEEN, now, PATIENCE),
                         ALARM_NO_NEWS);
}

static void it_begins_once(void **state)
{
    struct alarm alarm = {0};
    (void)state;
    assert_int_equal(alarm_look(&alarm, ALARM_BAD, 1, PATIENCE), ALARM_BEGINS);
    assert_int_equal(alarm_look(&alarm, ALARM_BAD, 2, PATIENCE), ALARM_NO_NEWS);
    assert_int_equal(alarm_look(&alarm, ALARM_BETWEEN, 3, PATIENCE), ALARM_NO_NEWS);
    assert_int_equal(alarm_look(&alarm, ALARM_BAD, 4, PATIENCE), ALARM_NO_NEWS);
}

static void it_ends_once_when_it_has_been_well_for_a_while(void **state)
{
    struct alarm alarm = {0};
    (void)state;
    (void)alarm_look(&alarm, ALARM_BAD, 1, PATIENCE);
    assert_int_equal(alarm_look(&alarm, ALARM_WELL, 100, PATIENCE), ALARM_NO_NEWS);
    assert_int_equal(alarm_look(&alarm, ALARM_WELL, 1099, PATIENCE), ALARM_NO_NEWS);
    assert_int_equal(alarm_look(&alarm, ALARM_WELL, 1100, PATIENCE), ALARM_ENDS);
    assert_int_equal(alarm_look(&alarm, ALARM_WELL, 9999, PATIENCE), ALARM_NO_NEWS);
    assert_int_equal(alarm_look(&alarm, ALARM_BAD, 10000, PATIENCE), ALARM_BEGINS);
}

static void what_is_not_quite_well_in_between_begins_the_while_anew(void **state)
{
    struct alarm alarm = {0};
    (void)state;
    (void)alarm_look(&alarm, ALARM_BAD, 1, PATIENCE);
    (void)alarm_look(&alarm, ALARM_WELL, 100, PATIENCE);
    (void)alarm_look(&alarm, ALARM_BETWEEN, 1000, PATIENCE);
    assert_int_equal(alarm_look(&alarm, ALARM_WELL, 1200, PATIENCE), ALARM_NO_NEWS);
    assert_int_equal(alarm_look(&alarm, ALARM_WELL, 2200, PATIENCE), ALARM_ENDS);
}

static void without_patience_it_ends_at_once(void **state)
{
    struct alarm alarm = {0};
    (void)state;
    (void)alarm_look(&alarm, ALARM_BAD, 1, 0);
    assert_int_equal(alarm_look(&alarm, ALARM_BETWEEN, 2, 0), ALARM_NO_NEWS);
    assert_int_equal(alarm_look(&alarm, ALARM_WELL, 3, 0), ALARM_ENDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_never_bad_is_not_told),
        cmocka_unit_test(it_begins_once),
        cmocka_unit_test(it_ends_once_when_it_has_been_well_for_a_while),
        cmocka_unit_test(what_is_not_quite_well_in_between_begins_the_while_anew),
        cmocka_unit_test(without_patience_it_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
