/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Apple Push Notification service: HTTP/2, provider tokens signed with a .p8 key. */
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/secret.h"
#include "lib/sha256.h"
#include "lib/text.h"
#include "push/jwt.h"
#include "push/provider.h"
#include "push/token_file.h"

#define PAYLOAD_MAX     4096
#define COLLAPSE_ID_MAX 64
/* Apple refuses a token after an hour, and a sender that makes one more often than every 20 minutes. */
#define TOKEN_SECONDS  2400
#define RENEW_EVERY_MS 1200000

static const struct rule rules[] = {
    {200, 200, NULL, VERDICT_DONE, -1},
    {300, 399, NULL, VERDICT_OURS, -1},
    {410, 410, NULL, VERDICT_INVALID_TOKEN, -1},
    {400, 400, "BadDeviceToken", VERDICT_DOUBTED_TOKEN, -1},
    {400, 400, "DeviceTokenNotForTopic", VERDICT_DOUBTED_TOKEN, -1},
    {400, 400, "BadTopic", VERDICT_OURS, -1},
    {400, 400, "MissingTopic", VERDICT_OURS, -1},
    {400, 400, "TopicDisallowed", VERDICT_OURS, -1},
    {403, 403, "ExpiredProviderToken", VERDICT_RENEW, -1},
    {403, 403, "InvalidProviderToken", VERDICT_RENEW, -1}, /* so is one from the future */
    {403, 405, NULL, VERDICT_OURS, -1},
    {429, 429, "TooManyProviderTokenUpdates", VERDICT_OURS, -1},
    {429, 429, NULL, VERDICT_RETRY, -1},
    {400, 499, NULL, VERDICT_DEAD, -1},
    {0, LONG_MAX, NULL, VERDICT_RETRY, -1},
};

static int open_account(struct account *account, char *error, size_t error_size)
{
    const char *path = account->config->key_file;
    char fault[SECRET_FAULT_MAX] = "has no private key of the curve P-256, which a .p8 of Apple has";
    char *pem = secret_read(path, fault);
    EVP_PKEY *key = pem ? jwt_key_read(pem) : NULL;
    const char *algorithm = key ? jwt_algorithm(key) : NULL;
    secret_free(pem);
    if (algorithm && strcmp(algorithm, "ES256") == 0) {
        account->keys = key;
        return 0;
    }
    EVP_PKEY_free(key);
    snprintf(error, error_size, "key_file: %s %s", path, fault);
    return -1;
}

static void close_account(struct account *account)
{
    EVP_PKEY_free(account->keys);
    account->keys = NULL;
}

static bool same_keys(const struct account *a, const struct account *b)
{
    return EVP_PKEY_eq(a->keys, b->keys) == 1 && strcmp(a->config->key_id, b->config->key_id) == 0 &&
           strcmp(a->config->team_id, b->config->team_id) == 0;
}

/* {"name":value,...} of two members; `second_number` when `second` is NULL. For cJSON_free. */
static char *print_pair(const char *name, const char *text, const char *second_name, const char *second,
                        int64_t second_number)
{
    cJSON *object = cJSON_CreateObject();
    bool added = object && cJSON_AddStringToObject(object, name, text) &&
                 (second ? cJSON_AddStringToObject(object, second_name, second) != NULL
                         : json_add_whole(object, second_name, second_number));
    char *printed = added ? cJSON_PrintUnformatted(object) : NULL;
    cJSON_Delete(object);
    return printed;
}

/* The one of an earlier life, or of another section with this key; not the one that is there no more. */
static bool take_kept(struct account *account, int64_t now)
{
    const struct app_config *config = account->config;
    struct bearer *bearer = &account->bearer;
    int64_t made = 0;
    char *token = config->token_file
                      ? token_file_read(config->token_file, config->key_id, config->team_id, &made)
                      : NULL;
    const struct bearer kept = {token, made, made + TOKEN_SECONDS, 0};
    if (made == bearer->made || !bearer_is_good(&kept, now)) {
        secret_free(token);
        return false;
    }
    bearer_set(bearer, token, made, made + TOKEN_SECONDS);
    return true;
}

static char *make_token(const struct account *account, int64_t now)
{
    const struct app_config *config = account->config;
    char *header = print_pair("alg", "ES256", "kid", config->key_id, 0);
    char *claims = print_pair("iss", config->team_id, "iat", NULL, now);
    char *token = header && claims ? jwt_make(account->keys, header, claims) : NULL;
    cJSON_free(header);
    cJSON_free(claims);
    return token;
}

static enum authorization authorize(struct account *account, int64_t now)
{
    const struct app_config *config = account->config;
    if (bearer_is_good(&account->bearer, now) || take_kept(account, now))
        return AUTHORIZED;
    char *token = make_token(account, now);
    if (!token)
        return NOT_AUTHORIZED;
    bearer_set(&account->bearer, token, now, now + TOKEN_SECONDS);
    if (config->token_file)
        token_file_write(config->token_file, config->key_id, config->team_id, now, token);
    return AUTHORIZED;
}

static bool add_alert(cJSON *aps, const struct job *job, struct text_cuts *cuts)
{
    cJSON *alert = cJSON_AddObjectToObject(aps, "alert");
    cuts->second = alert ? cJSON_AddStringToObject(alert, "title", job->title) : NULL;
    cuts->first = alert ? cJSON_AddStringToObject(alert, "body", job->body) : NULL;
    return cuts->first && cuts->second;
}

static bool add_aps(cJSON *payload, const struct app_config *config, const struct job *job,
                    struct text_cuts *cuts)
{
    cJSON *aps = cJSON_AddObjectToObject(payload, "aps");
    if (job->silent)
        return aps && json_add_whole(aps, "badge", job->badge);
    return aps && add_alert(aps, job, cuts) && (job->badge < 0 || json_add_whole(aps, "badge", job->badge)) &&
           cJSON_AddStringToObject(aps, "sound", job->sound ? job->sound : config->sound) &&
           cJSON_AddStringToObject(aps, "thread-id", job->collapse) &&
           json_add_whole(aps, "mutable-content", 1);
}

/* As the broker wrote it; cJSON would write some ids otherwise. */
static bool add_about(cJSON *payload, const struct job *job)
{
    cJSON *about = cJSON_Duplicate(job->about, true), *id = json_create_whole(job->message);
    if (id && !cJSON_ReplaceItemInObjectCaseSensitive(about, "id", id))
        cJSON_Delete(id); /* it has none */
    if (about && id && cJSON_AddItemToObject(payload, "message", about))
        return true;
    cJSON_Delete(about);
    return false;
}

/* What the app needs to open the right conversation. */
static bool add_message(cJSON *payload, const struct job *job)
{
    return (!job->ext || cJSON_AddStringToObject(payload, "ext", job->ext)) && add_about(payload, job);
}

static char *print_payload(const struct app_config *config, const struct job *job)
{
    cJSON *payload = cJSON_CreateObject();
    struct text_cuts cuts = {.parent = payload, .whole = "ext"};
    char *text = NULL;
    if (payload && add_aps(payload, config, job, &cuts) && (job->silent || add_message(payload, job)))
        text = text_print_within(payload, PAYLOAD_MAX, &cuts);
    cJSON_Delete(payload);
    return text;
}

/* As long as Apple takes them, other addresses go as a digest, which is as good. */
static void make_collapse_id(const struct job *job, char out[COLLAPSE_ID_MAX + 1])
{
    size_t len = strlen(job->collapse), plain = 0;
    while (job->collapse[plain] > ' ' && job->collapse[plain] < 0x7f)
        plain++;
    if (len > COLLAPSE_ID_MAX || plain < len)
        sha256_hex(job->collapse, len, out);
    else
        memcpy(out, job->collapse, len + 1);
}

/* Seconds since 1970; 0: now or never. Apple keeps one notification for a phone that is off: while something is unread
 * that may be the one that says so, and a badge must not take its place. */
static long long expiration(const struct job *job)
{
    bool kept = job->expire > 0 && !(job->silent && job->badge > 0);
    return kept ? (long long)(job->expire / 1000) : 0;
}

/* Only an alert changes the badge of an app that does not run, whatever it shows, and only priority 10 keeps its place
 * before the next one: docs/push.md. */
static bool add_headers(const struct account *account, const struct job *job, struct http_request *out)
{
    char id[37], collapse[COLLAPSE_ID_MAX + 1];
    job_uuid(job, id);
    make_collapse_id(job, collapse);
    return http_header(out, "Content-Type: application/json") &&
           http_header(out, "Authorization: bearer %s", account->bearer.text) &&
           http_header(out, "apns-topic: %s", account->config->topic) &&
           http_header(out, "apns-push-type: alert") && http_header(out, "apns-priority: 10") &&
           http_header(out, "apns-expiration: %lld", expiration(job)) &&
           (!*collapse || http_header(out, "apns-collapse-id: %s", collapse)) &&
           (!*id || http_header(out, "apns-id: %s", id));
}

static bool make_request(const struct account *account, const struct job *job, int64_t now_ms,
                         struct http_request *out)
{
    char *token = curl_easy_escape(NULL, job->token, 0);
    (void)now_ms;
    if (token && asprintf(&out->url, "%s/3/device/%s", account->config->url, token) < 0)
        out->url = NULL;
    curl_free(token);
    out->body = out->url ? print_payload(account->config, job) : NULL;
    if (!out->body)
        return false;
    out->body_len = strlen(out->body);
    return add_headers(account, job, out);
}

/* Since `timestamp` the token is none; a device that has said it later has it anew. */
static bool is_of_before(const struct job *job, const cJSON *body)
{
    const cJSON *since = cJSON_GetObjectItemCaseSensitive(body, "timestamp");
    return cJSON_IsNumber(since) && since->valuedouble < (double)job->token_time;
}

static void judge(const struct job *job, const struct http_answer *answer, struct outcome *outcome)
{
    cJSON *body = json_read(answer->body, strlen(answer->body));
    const char *reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "reason"));
    judge_by_rules(rules, answer, reason ? reason : "", outcome);
    if (answer->status == 410 && is_of_before(job, body)) {
        outcome_set(outcome, VERDICT_RETRY, "410 of a time before the device said its token");
        outcome->retry_after_seconds = answer->retry_after_seconds;
    }
    cJSON_Delete(body);
}

const struct provider provider_apns = {
    .name = "apns",
    .renew_every_ms = RENEW_EVERY_MS,
    .open = open_account,
    .close = close_account,
    .same_keys = same_keys,
    .authorize = authorize,
    .request = make_request,
    .judge = judge,
};
