/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What chatctl top makes of counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/gauges.h"

/* The gauge of that name, two seconds after `before`, which may be NULL. */
static struct gauge_value read(const char *name, const char *before, const char *now)
{
    struct gauge_value value = {.there = false};
    cJSON *then = before ? cJSON_Parse(before) : NULL, *today = cJSON_Parse(now);
    const struct gauge_pair pair = {.before = then, .now = today, .seconds = 2};
    for (size_t i = 0; i < gauge_count(); i++)
        if (strcmp(gauge_name(i), name) == 0)
            value = gauge_read(i, &pair);
    cJSON_Delete(then);
    cJSON_Delete(today);
    return value;
}

static void a_counter_that_the_broker_has_not_is_left_out(void **state)
{
    (void)state;
    assert_true(read("connections", NULL, "{\"connections\":3}").there);
    assert_false(read("connections", NULL, "{\"usersOnline\":3}").there);
    assert_false(read("ringPercent", NULL, "{\"ringBytes\":3}").there);
}

static void what_is_counted_is_told_for_a_second_of_all_kinds_together(void **state)
{
    (void)state;
    struct gauge_value value =
        read("messagesPerSecond", "{\"messagesC2C\":10}", "{\"messagesC2C\":13,\"messagesPublic\":4}");
    assert_string_equal(value.text, "3.5");
}

static void a_rate_is_not_known_at_the_first_look_nor_when_the_broker_counts_from_the_beginning(void **state)
{
    (void)state;
    assert_string_equal(read("storedPerSecond", NULL, "{\"messagesStored\":5}").text, "-");
    assert_false(read("storedPerSecond", "{\"messagesStored\":9}", "{\"messagesStored\":5}").known);
}

static void a_ring_of_which_more_than_half_is_used_is_alarming(void **state)
{
    (void)state;
    assert_false(read("ringPercent", NULL, "{\"ringBytes\":50,\"ringSize\":100}").alarming);
    struct gauge_value value = read("ringPercent", NULL, "{\"ringBytes\":51,\"ringSize\":100}");
    assert_true(value.alarming);
    assert_string_equal(value.text, "51 %");
}

static void dead_jobs_are_alarming_while_they_become_more(void **state)
{
    (void)state;
    assert_true(read("pushDead", "{\"pushDead\":3}", "{\"pushDead\":4}").alarming);
    assert_false(read("pushDead", "{\"pushDead\":4}", "{\"pushDead\":4}").alarming);
    assert_false(read("pushDead", NULL, "{\"pushDead\":4}").alarming);
}

static void a_stalled_writer_a_slow_commit_and_what_is_shed_are_alarming(void **state)
{
    (void)state;
    assert_true(read("stalled", NULL, "{\"stalled\":1}").alarming);
    assert_true(read("commitMilliseconds", NULL, "{\"commitMilliseconds\":1000.5}").alarming);
    assert_false(read("commitMilliseconds", NULL, "{\"commitMilliseconds\":900}").alarming);
    assert_true(read("shedPerSecond", "{\"shedRate\":1}", "{\"shedRate\":2}").alarming);
    assert_false(read("shedPerSecond", "{\"shedRate\":2}", "{\"shedRate\":2}").alarming);
}

static void bytes_have_the_unit_that_makes_them_short(void **state)
{
    (void)state;
    assert_string_equal(read("ringBytes", NULL, "{\"ringBytes\":999}").text, "999 B");
    assert_string_equal(read("ringBytes", NULL, "{\"ringBytes\":1234567}").text, "1.2 MB");
    assert_string_equal(read("logBytes", NULL, "{\"logBytes\":5e15}").text, "5000.0 TB");
}

static void names_are_there_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < gauge_count(); i++)
        for (size_t other = 0; other < i; other++) {
            assert_string_not_equal(gauge_name(i), gauge_name(other));
            assert_string_not_equal(gauge_label(i), gauge_label(other));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_that_the_broker_has_not_is_left_out),
        cmocka_unit_test(what_is_counted_is_told_for_a_second_of_all_kinds_together),
        cmocka_unit_test(a_rate_is_not_known_at_the_first_look_nor_when_the_broker_counts_from_the_beginning),
        cmocka_unit_test(a_ring_of_which_more_than_half_is_used_is_alarming),
        cmocka_unit_test(dead_jobs_are_alarming_while_they_become_more),
        cmocka_unit_test(a_stalled_writer_a_slow_commit_and_what_is_shed_are_alarming),
        cmocka_unit_test(bytes_have_the_unit_that_makes_them_short),
        cmocka_unit_test(names_are_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
