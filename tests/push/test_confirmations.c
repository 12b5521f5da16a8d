/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the broker has been told and has not said yes to. Time is an argument. */
#include "push/answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK(number)   "{\"responses\":[{\"code\":0,\"correlationData\":\"" number "\"}]}"
#define BUSY(number) "{\"responses\":[{\"code\":10002,\"correlationData\":\"" number "\"}]}"

struct broker {
    int publishes;
    bool away;
    char last[500];
};

static bool publish(void *context, const char *payload, size_t len)
{
    struct broker *broker = context;
    if (broker->away)
        return false;
    broker->publishes++;
    snprintf(broker->last, sizeof broker->last, "%.*s", (int)len, payload);
    return true;
}

static void done(struct answers *answers, int64_t id)
{
    struct job job = {.id = id};
    struct outcome outcome;
    outcome_set(&outcome, VERDICT_DONE, "200");
    assert_true(answers_add(answers, &job, &outcome));
}

static void hear(struct answers *answers, int64_t now, const char *text)
{
    answers_heard(answers, now, text, strlen(text));
}

/* What says nothing of the job costs it no attempt. */
static void what_was_no_attempt_is_told_as_uncounted(void **state)
{
    (void)state;
    const enum verdict uncounted[] = {VERDICT_WAIT, VERDICT_DOUBTED_TOKEN};
    for (int i = 0; i < 2; i++) {
        struct broker broker = {0};
        struct answers *answers = answers_open(publish, &broker);
        struct job job = {.id = 5};
        struct outcome outcome;
        outcome_set(&outcome, uncounted[i], "403");
        outcome.retry_after_seconds = 60;
        assert_true(answers_add(answers, &job, &outcome));
        answers_tick(answers, 0, true);
        assert_non_null(strstr(broker.last, "\"uncounted\":true,\"retryAfterSeconds\":60"));
        answers_close(answers);
    }
}

static void what_is_confirmed_is_told_once(void **state)
{
    (void)state;
    struct broker broker = {0};
    struct answers *answers = answers_open(publish, &broker);
    done(answers, 5);
    answers_tick(answers, 0, true);
    assert_string_equal(broker.last,
                        "{\"commands\":[{\"command\":\"pushDone\",\"jobs\":[5],\"correlationData\":\"1\"}]}");
    hear(answers, 1, OK("1"));
    answers_tick(answers, 1000000, true);
    assert_int_equal(broker.publishes, 1);
    assert_int_equal(answers_count(answers), 0);
    answers_close(answers);
}

static void what_has_no_response_is_told_again_after_a_while(void **state)
{
    (void)state;
    struct broker broker = {0};
    struct answers *answers = answers_open(publish, &broker);
    done(answers, 5);
    answers_tick(answers, 0, true);
    answers_tick(answers, 19999, false);
    assert_int_equal(broker.publishes, 1);
    answers_tick(answers, 20000, false);
    assert_int_equal(broker.publishes, 2);
    assert_int_equal(answers_count(answers), 1);
    answers_close(answers);
}

static void what_a_busy_broker_has_not_taken_is_told_again_a_second_later(void **state)
{
    (void)state;
    struct broker broker = {0};
    struct answers *answers = answers_open(publish, &broker);
    done(answers, 5);
    answers_tick(answers, 0, true);
    hear(answers, 10, BUSY("1"));
    answers_tick(answers, 1009, false);
    assert_int_equal(broker.publishes, 1);
    answers_tick(answers, 1010, false);
    assert_int_equal(broker.publishes, 2);
    answers_close(answers);
}

static void a_refusal_without_a_mark_is_of_the_oldest_that_was_told(void **state)
{
    (void)state;
    struct broker broker = {0};
    struct answers *answers = answers_open(publish, &broker);
    for (int64_t id = 1; id <= 2; id++) {
        done(answers, id);
        answers_tick(answers, 0, true);
    }
    hear(answers, 1, "{\"responses\":[{\"code\":10004}]}");
    answers_reconnected(answers, 2);
    assert_int_equal(broker.publishes, 3);
    assert_non_null(strstr(broker.last, "[2]"));
    answers_close(answers);
}

static void nothing_is_lost_while_there_is_no_connection(void **state)
{
    (void)state;
    struct broker broker = {.away = true};
    struct answers *answers = answers_open(publish, &broker);
    done(answers, 5);
    answers_tick(answers, 0, true);
    hear(answers, 1, "{\"responses\":[{\"code\":10004}]}"); /* of something else: nothing was told */
    assert_int_equal(answers_count(answers), 1);
    broker.away = false;
    answers_reconnected(answers, 2);
    assert_int_equal(broker.publishes, 1);
    answers_close(answers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_no_attempt_is_told_as_uncounted),
        cmocka_unit_test(what_is_confirmed_is_told_once),
        cmocka_unit_test(what_has_no_response_is_told_again_after_a_while),
        cmocka_unit_test(what_a_busy_broker_has_not_taken_is_told_again_a_second_later),
        cmocka_unit_test(a_refusal_without_a_mark_is_of_the_oldest_that_was_told),
        cmocka_unit_test(nothing_is_lost_while_there_is_no_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
