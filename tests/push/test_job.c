/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WHOLE                                                                                                \
    "{\"job\":5,\"attempt\":2,\"provider\":\"apns\",\"businessID\":\"b\",\"token\":\"t\",\"userID\":"        \
    "\"bob\","                                                                                               \
    "\"clientID\":\"bob:ios\",\"title\":\"T\",\"body\":\"B\",\"ext\":\"E\",\"sound\":\"S\",\"badge\":3,"     \
    "\"collapse\":\"user/alice\",\"message\":{\"id\":917},\"time\":1,\"expire\":1700086400123}"

static void a_whole_job_is_read(void **state)
{
    (void)state;
    struct job job;
    assert_null(job_parse(&job, WHOLE, strlen(WHOLE)));
    char text[200];
    snprintf(text, sizeof text, "%lld %d %s %s %s %s %s %s %s %s %d %s %lld %lld", (long long)job.id,
             job.attempt, job.provider, job.business, job.token, job.user, job.title, job.body, job.ext,
             job.sound, job.badge, job.collapse, (long long)job.message, (long long)job.expire);
    assert_string_equal(text, "5 2 apns b t bob T B E S 3 user/alice 917 1700086400123");
    assert_string_equal(job.raw, WHOLE);
    job_clear(&job);
}

static void what_may_be_missing_is_empty_or_none(void **state)
{
    (void)state;
    const char *text = "{\"job\":5,\"provider\":\"apns\",\"token\":\"t\",\"userID\":\"bob\",\"message\":{}}";
    struct job job;
    assert_null(job_parse(&job, text, strlen(text)));
    assert_string_equal(job.business, "");
    assert_null(job.ext);
    assert_int_equal(job.badge, -1);
    job_clear(&job);
}

static void a_silent_job_is_about_no_message(void **state)
{
    (void)state;
    const char *text =
        "{\"job\":5,\"provider\":\"apns\",\"token\":\"t\",\"userID\":\"bob\",\"silent\":true,\"badge\":0}";
    struct job job;
    assert_null(job_parse(&job, text, strlen(text)));
    assert_true(job.silent);
    assert_int_equal(job.badge, 0);
    assert_null(job.about);
    job_clear(&job);
}

static void assert_fault(const char *text, const char *wanted)
{
    struct job job;
    const char *fault = job_parse(&job, text, strlen(text));
    assert_string_equal(fault ? fault : "none", wanted);
}

static void a_job_without_what_it_needs_is_refused(void **state)
{
    (void)state;
    assert_fault("", "JSON");
    assert_fault("[1]x", "JSON");
    assert_fault("[]", "job");
    assert_fault("{\"job\":\"5\"}", "job");
    assert_fault("{\"job\":-1}", "job");
    assert_fault("{\"job\":5}", "message");
    assert_fault("{\"job\":5,\"silent\":false,\"badge\":1}", "message");
    assert_fault("{\"job\":5,\"silent\":true}", "badge");
    assert_fault("{\"job\":5,\"message\":{}}", "provider");
    assert_fault("{\"job\":5,\"message\":{},\"provider\":\"apns\",\"token\":\"\"}", "token");
    assert_fault("{\"job\":5,\"message\":{},\"provider\":\"apns\",\"token\":\"t\",\"userID\":1}", "userID");
}

static void make_uuid(const char *text, char out[37])
{
    struct job job;
    assert_null(job_parse(&job, text, strlen(text)));
    job_uuid(&job, out);
    job_clear(&job);
}

static char *replaced(const char *old, const char *new)
{
    char *text = malloc(sizeof WHOLE + strlen(new));
    const char *at = strstr(WHOLE, old);
    assert_non_null(text);
    assert_non_null(at);
    sprintf(text, "%.*s%s%s", (int)(at - WHOLE), WHOLE, new, at + strlen(old));
    return text;
}

static void assert_uuid(const char *old, const char *new, bool same)
{
    char first[37], second[37];
    char *text = replaced(old, new);
    make_uuid(WHOLE, first);
    make_uuid(text, second);
    assert_int_equal(strcmp(first, second) == 0, same);
    free(text);
}

static void the_uuid_is_that_of_the_notification_not_of_the_attempt(void **state)
{
    (void)state;
    assert_uuid("\"attempt\":2", "\"attempt\":3", true);
    assert_uuid("\"job\":5", "\"job\":6", false);
    assert_uuid("\"id\":917", "\"id\":918", false);
    assert_uuid("\"token\":\"t\"", "\"token\":\"u\"", false);
}

static void a_uuid_has_the_usual_shape(void **state)
{
    (void)state;
    char uuid[37];
    make_uuid(WHOLE, uuid);
    assert_int_equal(strlen(uuid), 36);
    for (int i = 0; i < 36; i++)
        assert_true(i == 8 || i == 13 || i == 18 || i == 23 ? uuid[i] == '-'
                                                            : strchr("0123456789abcdef", uuid[i]) != NULL);
    assert_int_equal(uuid[14], '8');
    assert_int_equal(uuid[19], 'a');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_job_is_read),
        cmocka_unit_test(what_may_be_missing_is_empty_or_none),
        cmocka_unit_test(a_silent_job_is_about_no_message),
        cmocka_unit_test(a_job_without_what_it_needs_is_refused),
        cmocka_unit_test(the_uuid_is_that_of_the_notification_not_of_the_attempt),
        cmocka_unit_test(a_uuid_has_the_usual_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
