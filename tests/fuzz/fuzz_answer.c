/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What others answer to us. The first byte of the input says who: a (APNs), f (FCM), w (a web hook for push), t (Google's
 * token), c (the operator's callback), b (the broker, to pushDone), and j is a push job of the broker's. The first line
 * is the HTTP status, the rest the body. What must hold: a verdict of the list, a reason in UTF-8; of each job that is
 * read, and not far too long, a request to Apple can be made, which is JSON and not too long. */
#include <limits.h>

#include "gate/hook/post.h"
#include "lib/json.h"
#include "lib/utf8.h"
#include "push/answers.h"
#include "push/provider.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS      INT64_C(1700000000000)
#define PAYLOAD_MAX 4096 /* bytes that APNs takes */
#define JOB                                                                                                  \
    "{\"job\":5,\"provider\":\"apns\",\"token\":\"t\",\"userID\":\"bob\",\"title\":\"T\",\"body\":\"B\","    \
    "\"tokenTime\":1700000000000,\"message\":{\"id\":1}}"

static char sound[] = "default", url[] = "https://push.example.org", topic[] = "org.example.chat",
            bearer[] = "signed";
static const struct app_config config = {.url = url, .topic = topic, .sound = sound};

static void is_fit_to_be_told(const struct outcome *outcome)
{
    HOLDS(outcome->verdict <= VERDICT_OURS && outcome->retry_after_seconds >= -1);
    HOLDS(memchr(outcome->reason, '\0', sizeof outcome->reason));
    HOLDS(utf8_valid(outcome->reason, strlen(outcome->reason)));
}

static void read_job(struct job *job)
{
    HOLDS(!job_parse(job, JOB, strlen(JOB)));
}

static void try_judge(const struct provider *provider, const struct http_answer *answer)
{
    struct outcome outcome = {0};
    struct job job;
    read_job(&job);
    provider->judge(&job, answer, &outcome);
    is_fit_to_be_told(&outcome);
    job_clear(&job);
}

static void try_token(const struct http_answer *answer)
{
    struct outcome outcome = {0};
    struct account account = {.config = &config, .provider = &provider_fcm};
    if (provider_fcm.fetched(&account, NOW_MS / 1000, answer, &outcome))
        HOLDS(account.bearer.text && account.bearer.text[0]);
    else
        is_fit_to_be_told(&outcome);
    bearer_clear(&account.bearer);
}

static void try_callback(const struct http_answer *answer)
{
    struct post_result result;
    post_read(answer, &result);
    HOLDS((result.outcome == HOOK_ANSWERED) == cJSON_IsObject(result.answer));
    HOLDS(result.answer || utf8_valid(result.why, strlen(result.why)));
    cJSON_Delete(result.answer);
}

static bool send_nothing(void *context, const char *payload, size_t len)
{
    (void)context;
    HOLDS(json_scan(payload, len, &(struct json_facts){0}));
    return true;
}

static void try_response(const char *text, size_t len)
{
    static const struct outcome done = {.verdict = VERDICT_DONE, .retry_after_seconds = -1};
    struct answers *answers = answers_open(send_nothing, NULL);
    struct job job;
    HOLDS(answers);
    read_job(&job);
    HOLDS(answers_add(answers, &job, &done));
    job_clear(&job);
    answers_tick(answers, 1000, true);
    answers_heard(answers, 2000, text, len);
    HOLDS(answers_count(answers) <= 1);
    answers_close(answers);
}

static void try_request(const struct job *job)
{
    struct account account = {.config = &config, .provider = &provider_apns, .bearer = {.text = bearer}};
    struct http_request request = {0};
    if (!provider_apns.request(&account, job, NOW_MS, &request)) {
        HOLDS(job->raw_len > PAYLOAD_MAX / 4); /* the broker's own are not so long that nothing helps */
        http_request_clear(&request);
        return;
    }
    HOLDS(request.url && request.body && json_scan(request.body, request.body_len, &(struct json_facts){0}));
    HOLDS(request.body_len <= PAYLOAD_MAX);
    for (const struct curl_slist *line = request.headers; line; line = line->next)
        for (const char *c = line->data; *c; c++)
            HOLDS((unsigned char)*c >= ' ');
    http_request_clear(&request);
}

static void try_job(const char *text, size_t len)
{
    struct job job;
    char uuid[37];
    const char *fault = job_parse(&job, text, len);
    HOLDS(!fault || fault[0]);
    if (!fault) {
        HOLDS(job.provider && job.business && job.token && job.user && job.client && job.title && job.body);
        job_uuid(&job, uuid);
        HOLDS(strlen(uuid) == 36);
        try_request(&job);
    }
    job_clear(&job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t who = fuzz_byte(&data, &size);
    if (who == 'j' || who == 'b') {
        char *text = fuzz_text(data, size);
        (who == 'j' ? try_job : try_response)(text, size);
        free(text);
        return 0;
    }
    char *status = fuzz_line(&data, &size), *body = fuzz_text(data, size);
    const struct http_answer answer = {
        .status = strtol(status, NULL, 10) & LONG_MAX, .body = body, .retry_after_seconds = -1};
    if (who == 't')
        try_token(&answer);
    else if (who == 'c')
        try_callback(&answer);
    else
        try_judge(who == 'a' ? &provider_apns : who == 'f' ? &provider_fcm : &provider_webhook, &answer);
    free(status);
    free(body);
    return 0;
}
