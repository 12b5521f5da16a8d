/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is asked of a provider that the server never gives occasion for, and every answer's meaning. */
#include "push/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "lib/json.h"

static char url[] = "https://push.example.org", topic[] = "org.example.chat", sound[] = "default";
static char bearer[] = "signed";

static struct account apple(const struct app_config *config)
{
    return (struct account){.config = config, .provider = &provider_apns, .bearer = {.text = bearer}};
}

static void read_job(struct job *job, const char *collapse, const char *ext)
{
    char *text = NULL;
    assert_true(
        asprintf(&text,
                 "{\"job\":5,\"provider\":\"apns\",\"token\":\"t\",\"userID\":\"bob\",\"title\":\"T\","
                 "\"body\":\"B\",\"collapse\":\"%s\",\"ext\":\"%s\",\"message\":{\"id\":1}}",
                 collapse, ext) > 0);
    assert_null(job_parse(job, text, strlen(text)));
    free(text);
}

static struct http_request ask_apple(const char *collapse, const char *ext)
{
    const struct app_config config = {.kind = PROVIDER_APNS, .url = url, .topic = topic, .sound = sound};
    struct account account = apple(&config);
    struct http_request request = {0};
    struct job job;
    read_job(&job, collapse, ext);
    assert_true(provider_apns.request(&account, &job, 0, &request));
    job_clear(&job);
    return request;
}

static const char *find_header(const struct http_request *request, const char *name)
{
    const struct curl_slist *line = request->headers;
    while (line && strncmp(line->data, name, strlen(name)) != 0)
        line = line->next;
    return line ? line->data + strlen(name) : NULL;
}

static void assert_collapse_id(const char *collapse, const char *wanted)
{
    struct http_request request = ask_apple(collapse, "");
    const char *found = find_header(&request, "apns-collapse-id: ");
    assert_string_equal(found ? found : "none", wanted);
    http_request_clear(&request);
}

static void a_collapse_id_of_64_bytes_goes_as_it_is(void **state)
{
    (void)state;
    assert_collapse_id("group/0123456789012345678901234567890123456789012345678901234567",
                       "group/0123456789012345678901234567890123456789012345678901234567");
}

static void a_longer_collapse_id_goes_as_its_digest(void **state)
{
    (void)state;
    assert_collapse_id("group/01234567890123456789012345678901234567890123456789012345678",
                       "6fb5974ed62b2b1c55b4a3f2059997315e3233b6d77ebc81cc581f18a6649456");
}

static void a_collapse_id_that_no_header_can_have_goes_as_its_digest(void **state)
{
    (void)state;
    struct http_request request = ask_apple("user/a\\r\\nx: y", "");
    const char *found = find_header(&request, "apns-collapse-id: ");
    assert_non_null(found);
    assert_int_equal(strspn(found, "0123456789abcdef"), 64);
    http_request_clear(&request);
}

static void an_ext_that_is_too_long_is_left_out(void **state)
{
    (void)state;
    char ext[5001];
    memset(ext, 'x', 5000);
    ext[5000] = '\0';
    struct http_request request = ask_apple("user/alice", ext);
    cJSON *payload = json_read(request.body, request.body_len);
    assert_non_null(cJSON_GetObjectItem(payload, "aps"));
    assert_null(cJSON_GetObjectItem(payload, "ext"));
    cJSON_Delete(payload);
    http_request_clear(&request);
}

/* cJSON alone would make 1e+15 of it. */
static void an_id_is_passed_on_digit_by_digit(void **state)
{
    (void)state;
    static const char text[] =
        "{\"job\":5,\"provider\":\"apns\",\"token\":\"t\",\"userID\":\"bob\",\"badge\":3,"
        "\"message\":{\"id\":1000000000000000,\"sender\":\"alice\"}}";
    const struct app_config config = {.kind = PROVIDER_APNS, .url = url, .topic = topic, .sound = sound};
    struct account account = apple(&config);
    struct http_request request = {0};
    struct job job;
    assert_null(job_parse(&job, text, strlen(text)));
    assert_true(provider_apns.request(&account, &job, 0, &request));
    assert_non_null(strstr(request.body, "\"message\":{\"id\":1000000000000000,\"sender\":\"alice\"}"));
    job_clear(&job);
    http_request_clear(&request);
}

static enum verdict judged(const struct provider *provider, long status, const char *body)
{
    const struct http_answer answer = {.status = status, .body = body, .retry_after_seconds = -1};
    const struct job job = {.token_time = 1000};
    struct outcome outcome;
    provider->judge(&job, &answer, &outcome);
    return outcome.verdict;
}

static void every_status_has_a_verdict(void **state)
{
    (void)state;
    const struct provider *const all[] = {&provider_apns, &provider_fcm, &provider_webhook};
    for (size_t i = 0; i < COUNT(all); i++)
        for (long status = 0; status <= 999; status++) {
            enum verdict verdict = judged(all[i], status, "");
            assert_int_equal(verdict == VERDICT_DONE,
                             status == 200 || (i > 0 && status > 200 && status < 300));
            if (status >= 500 || status == 429)
                assert_int_equal(verdict, VERDICT_RETRY);
        }
}

static void a_reason_counts_only_with_its_status(void **state)
{
    (void)state;
    assert_int_equal(judged(&provider_apns, 400, "{\"reason\":\"BadDeviceToken\"}"), VERDICT_DOUBTED_TOKEN);
    assert_int_equal(judged(&provider_apns, 500, "{\"reason\":\"BadDeviceToken\"}"), VERDICT_RETRY);
    assert_int_equal(judged(&provider_apns, 403, "{\"reason\":\"ExpiredProviderToken\"}"), VERDICT_RENEW);
}

static void answers_that_make_no_sense_are_judged_by_their_status(void **state)
{
    (void)state;
    const char *const bodies[] = {"",
                                  "{",
                                  "[]",
                                  "7",
                                  "{\"reason\":7}",
                                  "{\"error\":7}",
                                  "{\"error\":{\"details\":7}}",
                                  "{\"error\":{\"details\":[7,{\"@type\":1}]}}"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        assert_int_equal(judged(&provider_apns, 400, bodies[i]), VERDICT_DEAD);
        assert_int_equal(judged(&provider_fcm, 400, bodies[i]), VERDICT_DEAD);
        assert_int_equal(judged(&provider_fcm, 503, bodies[i]), VERDICT_RETRY);
    }
}

static void google_blames_the_token_in_two_ways(void **state)
{
    (void)state;
    assert_int_equal(
        judged(&provider_fcm, 400,
               "{\"error\":{\"message\":\"The registration token is not a valid FCM registration "
               "token\",\"status\":\"INVALID_ARGUMENT\"}}"),
        VERDICT_DOUBTED_TOKEN);
    assert_int_equal(
        judged(&provider_fcm, 400,
               "{\"error\":{\"message\":\"Invalid\",\"details\":[{\"fieldViolations\":[{\"field\":"
               "\"message.token\"}]}]}}"),
        VERDICT_DOUBTED_TOKEN);
    assert_int_equal(
        judged(&provider_fcm, 400,
               "{\"error\":{\"message\":\"Invalid\",\"details\":[{\"fieldViolations\":[{\"field\":"
               "\"message.data\"}]}]}}"),
        VERDICT_DEAD);
}

static void what_google_names_as_wrong_counts_more_than_its_text(void **state)
{
    (void)state;
    assert_int_equal(
        judged(&provider_fcm, 400,
               "{\"error\":{\"message\":\"Invalid value next to the registration token\",\"details\":"
               "[{\"fieldViolations\":[{\"field\":\"message.data\"}]}]}}"),
        VERDICT_DEAD);
}

/* The job's token was said at 1,000. */
static void apples_410_counts_only_from_after_the_token_was_said(void **state)
{
    (void)state;
    assert_int_equal(judged(&provider_apns, 410, "{\"reason\":\"Unregistered\",\"timestamp\":999}"),
                     VERDICT_RETRY);
    assert_int_equal(judged(&provider_apns, 410, "{\"reason\":\"Unregistered\",\"timestamp\":1001}"),
                     VERDICT_INVALID_TOKEN);
    assert_int_equal(judged(&provider_apns, 410, "{\"reason\":\"Unregistered\"}"), VERDICT_INVALID_TOKEN);
}

static void a_status_that_nobody_knows_is_tried_again(void **state)
{
    static const struct provider *const all[] = {&provider_apns, &provider_fcm, &provider_webhook};
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++)
        assert_int_equal(judged(all[i], 4429, ""), VERDICT_RETRY);
}

static void a_bearer_is_good_from_when_it_was_made_until_it_is_to_be_renewed(void **state)
{
    (void)state;
    struct bearer made = {.text = bearer, .made = 1000, .renew_at = 2000};
    assert_true(bearer_is_good(&made, 1000) && bearer_is_good(&made, 1999) && bearer_is_good(&made, 990));
    assert_false(bearer_is_good(&made, 2000) || bearer_is_good(&made, 900));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_collapse_id_of_64_bytes_goes_as_it_is),
        cmocka_unit_test(a_longer_collapse_id_goes_as_its_digest),
        cmocka_unit_test(a_collapse_id_that_no_header_can_have_goes_as_its_digest),
        cmocka_unit_test(an_ext_that_is_too_long_is_left_out),
        cmocka_unit_test(an_id_is_passed_on_digit_by_digit),
        cmocka_unit_test(every_status_has_a_verdict),
        cmocka_unit_test(a_reason_counts_only_with_its_status),
        cmocka_unit_test(answers_that_make_no_sense_are_judged_by_their_status),
        cmocka_unit_test(google_blames_the_token_in_two_ways),
        cmocka_unit_test(what_google_names_as_wrong_counts_more_than_its_text),
        cmocka_unit_test(apples_410_counts_only_from_after_the_token_was_said),
        cmocka_unit_test(a_status_that_nobody_knows_is_tried_again),
        cmocka_unit_test(a_bearer_is_good_from_when_it_was_made_until_it_is_to_be_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
