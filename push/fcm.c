/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Firebase Cloud Messaging, HTTP v1: a service account's signature is exchanged for an access token. */
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/secret.h"
#include "lib/text.h"
#include "push/jwt.h"
#include "push/provider.h"

#define PAYLOAD_MAX    4096
#define SCOPE          "https://www.googleapis.com/auth/firebase.messaging"
#define GRANT          "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
#define ASKED_SECONDS  3600
#define RENEW_BEFORE   120     /* seconds before its end */
#define TTL_MAX        2419200 /* Google's four weeks */
#define ERROR_TYPE     "type.googleapis.com/google.firebase.fcm.v1.FcmError"
#define QUOTA_SECONDS  60 /* what Google wants a sender to wait that was not told */
#define REASON_TOKEN   "INVALID_TOKEN"
#define REASON_WEBPAGE "not an answer of FCM"

static const struct rule rules[] = {
    {200, 299, NULL, VERDICT_DONE, -1},
    {300, 399, NULL, VERDICT_OURS, -1},
    {400, 404, "UNREGISTERED", VERDICT_INVALID_TOKEN, -1},
    {400, 400, REASON_TOKEN, VERDICT_DOUBTED_TOKEN, -1},
    {404, 404, REASON_WEBPAGE, VERDICT_OURS, -1}, /* a wrong URL must not cost every token */
    {404, 404, NULL, VERDICT_DOUBTED_TOKEN, -1},
    {401, 401, "THIRD_PARTY_AUTH_ERROR", VERDICT_OURS, -1}, /* the keys that Firebase has of us */
    {401, 401, NULL, VERDICT_RENEW, -1},
    {403, 403, "SENDER_ID_MISMATCH", VERDICT_DOUBTED_TOKEN, -1},
    {403, 403, NULL, VERDICT_OURS, -1},
    {405, 405, NULL, VERDICT_OURS, -1},
    {429, 429, NULL, VERDICT_RETRY, QUOTA_SECONDS},
    {400, 499, NULL, VERDICT_DEAD, -1},
    {0, LONG_MAX, NULL, VERDICT_RETRY, -1},
};

/* Of the service account's file. */
struct service_account {
    cJSON *file;
    EVP_PKEY *key;
    const char *project, *email, *key_id, *token_uri; /* borrowed from `file` */
};

/* Keys */

static const char *member(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text && *text ? text : NULL;
}

static const char *find_fault(struct service_account *service)
{
    const char *pem = member(service->file, "private_key");
    service->project = member(service->file, "project_id");
    service->email = member(service->file, "client_email");
    service->key_id = member(service->file, "private_key_id");
    service->token_uri = member(service->file, "token_uri");
    if (!service->project || !service->email || !service->token_uri || !pem)
        return "is no service account's: project_id, client_email, token_uri or private_key is missing";
    if (strncmp(service->token_uri, "https://", strlen("https://")) != 0)
        return "has a token_uri that does not begin with https://";
    service->key = jwt_key_read(pem);
    const char *algorithm = service->key ? jwt_algorithm(service->key) : NULL;
    return algorithm && strcmp(algorithm, "RS256") == 0 ? NULL : "has no RSA key of 2048 bits or more";
}

static void service_free(struct service_account *service)
{
    char *pem = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(service->file, "private_key"));
    if (pem)
        OPENSSL_cleanse(pem, strlen(pem));
    EVP_PKEY_free(service->key);
    cJSON_Delete(service->file);
    free(service);
}

static int open_account(struct account *account, char *error, size_t error_size)
{
    const char *path = account->config->service_account_file;
    char fault[SECRET_FAULT_MAX];
    char *text = secret_read(path, fault);
    struct service_account *service = calloc(1, sizeof *service);
    const char *wrong = text ? "cannot be read: out of memory" : fault;
    if (text && service) {
        service->file = json_read(text, strlen(text));
        wrong = service->file ? find_fault(service) : "is not valid JSON";
    }
    secret_free(text);
    account->keys = service;
    if (!wrong)
        return 0;
    snprintf(error, error_size, "service_account_file: %s %s", path, wrong);
    return -1;
}

static void close_account(struct account *account)
{
    if (account->keys)
        service_free(account->keys);
    account->keys = NULL;
}

static bool same_keys(const struct account *a, const struct account *b)
{
    const struct service_account *one = a->keys, *other = b->keys;
    return cJSON_Compare(one->file, other->file, true);
}

/* The access token */

static enum authorization authorize(struct account *account, int64_t now)
{
    return bearer_is_good(&account->bearer, now) ? AUTHORIZED : TO_BE_FETCHED;
}

static char *print_header(const struct service_account *service)
{
    cJSON *header = cJSON_CreateObject();
    bool added = header && cJSON_AddStringToObject(header, "alg", "RS256") &&
                 cJSON_AddStringToObject(header, "typ", "JWT") &&
                 (!service->key_id || cJSON_AddStringToObject(header, "kid", service->key_id));
    char *text = added ? cJSON_PrintUnformatted(header) : NULL;
    cJSON_Delete(header);
    return text;
}

static char *print_claims(const struct service_account *service, int64_t now)
{
    cJSON *claims = cJSON_CreateObject();
    bool added = claims && cJSON_AddStringToObject(claims, "iss", service->email) &&
                 cJSON_AddStringToObject(claims, "scope", SCOPE) &&
                 cJSON_AddStringToObject(claims, "aud", service->token_uri) &&
                 json_add_whole(claims, "iat", now) && json_add_whole(claims, "exp", (now + ASKED_SECONDS));
    char *text = added ? cJSON_PrintUnformatted(claims) : NULL;
    cJSON_Delete(claims);
    return text;
}

static bool fetch(struct account *account, int64_t now, struct http_request *out)
{
    const struct service_account *service = account->keys;
    char *header = print_header(service), *claims = print_claims(service, now);
    char *assertion = header && claims ? jwt_make(service->key, header, claims) : NULL;
    int len = assertion ? asprintf(&out->body, "%s%s", GRANT, assertion) : -1;
    if (len < 0)
        out->body = NULL;
    out->url = strdup(service->token_uri);
    out->body_len = len > 0 ? (size_t)len : 0;
    cJSON_free(header);
    cJSON_free(claims);
    free(assertion);
    return out->body && out->url && http_header(out, "Content-Type: application/x-www-form-urlencoded");
}

static bool take_token(struct account *account, int64_t now, const cJSON *body)
{
    const char *token = member(body, "access_token");
    const cJSON *expires_in = cJSON_GetObjectItemCaseSensitive(body, "expires_in");
    double lasts = cJSON_IsNumber(expires_in) ? expires_in->valuedouble : 0;
    char *copy = token && !strpbrk(token, "\r\n") ? strdup(token) : NULL;
    if (!copy)
        return false;
    /* One that ends at once, as a strange server may say, is used for the jobs that wait now. */
    bool sane = lasts > RENEW_BEFORE && lasts < 1e6;
    bearer_set(&account->bearer, copy, now, now + (sane ? (int64_t)lasts - RENEW_BEFORE : 1));
    return true;
}

static bool fetched(struct account *account, int64_t now, const struct http_answer *answer,
                    struct outcome *outcome)
{
    cJSON *body = json_read(answer->body, strlen(answer->body));
    const char *error = member(body, "error"), *more = member(body, "error_description");
    bool good = answer->status == 200 && take_token(account, now, body);
    /* A key, an account, an address, or a clock that puts "iat" where Google will not have it. */
    bool ours =
        answer->status >= 300 && answer->status < 500 && answer->status != 408 && answer->status != 429;
    if (!good) {
        outcome_set(outcome, ours ? VERDICT_OURS : VERDICT_WAIT, "no access token: %ld %.50s %.100s",
                    answer->status, error ? error : "", more ? more : "");
        outcome->retry_after_seconds = answer->retry_after_seconds;
    }
    cJSON_Delete(body);
    return good;
}

/* The message */

static bool add_notification(cJSON *message, const struct job *job, struct text_cuts *cuts)
{
    cJSON *notification = cJSON_AddObjectToObject(message, "notification");
    cuts->second = notification ? cJSON_AddStringToObject(notification, "title", job->title) : NULL;
    cuts->first = notification ? cJSON_AddStringToObject(notification, "body", job->body) : NULL;
    return cuts->first && cuts->second;
}

/* What the app needs to open the right conversation. All values are strings: FCM takes no others. */
static bool add_data(cJSON *message, const struct job *job, struct text_cuts *cuts)
{
    char id[24];
    const char *sender = member(job->about, "sender"), *to = member(job->about, "to");
    const char *group = member(job->about, "group");
    cJSON *data = cJSON_AddObjectToObject(message, "data");
    cuts->parent = data;
    snprintf(id, sizeof id, "%lld", (long long)job->message);
    return data && cJSON_AddStringToObject(data, "id", id) &&
           cJSON_AddStringToObject(data, "conversation", job->collapse) &&
           (!sender || cJSON_AddStringToObject(data, "sender", sender)) &&
           (!to || cJSON_AddStringToObject(data, "to", to)) &&
           (!group || cJSON_AddStringToObject(data, "group", group)) &&
           (!job->ext || cJSON_AddStringToObject(data, "ext", job->ext));
}

/* `tag` is what makes the newer notification take the place of one that is shown already. */
static bool add_look(cJSON *android, const struct job *job)
{
    cJSON *look = cJSON_AddObjectToObject(android, "notification");
    return look && (!*job->collapse || cJSON_AddStringToObject(look, "tag", job->collapse)) &&
           (job->badge < 0 || json_add_whole(look, "notification_count", job->badge)) &&
           cJSON_AddStringToObject(look, "sound", job->sound ? job->sound : "default");
}

static int64_t seconds_left(const struct job *job, int64_t now_ms)
{
    int64_t left = (job->expire - now_ms) / 1000;
    return left < 0 ? 0 : left > TTL_MAX ? TTL_MAX : left;
}

static bool add_android(cJSON *message, const struct job *job, int64_t now_ms)
{
    char ttl[24];
    cJSON *android = cJSON_AddObjectToObject(message, "android");
    snprintf(ttl, sizeof ttl, "%llds", (long long)seconds_left(job, now_ms));
    return android && (!*job->collapse || cJSON_AddStringToObject(android, "collapse_key", job->collapse)) &&
           cJSON_AddStringToObject(android, "priority", job->silent ? "NORMAL" : "HIGH") &&
           cJSON_AddStringToObject(android, "ttl", ttl) && (job->silent || add_look(android, job));
}

/* For the app, which alone can change what is shown. */
static bool add_badge(cJSON *message, const struct job *job)
{
    char badge[16];
    cJSON *data = cJSON_AddObjectToObject(message, "data");
    snprintf(badge, sizeof badge, "%d", job->badge);
    return data && cJSON_AddStringToObject(data, "badge", badge);
}

static bool add_content(cJSON *message, const struct job *job, struct text_cuts *cuts)
{
    return job->silent ? add_badge(message, job)
                       : add_notification(message, job, cuts) && add_data(message, job, cuts);
}

/* The token, of up to 4 KiB itself, does not count. */
static char *print_message(const struct job *job, int64_t now_ms)
{
    struct text_cuts cuts = {.whole = "ext"};
    cJSON *root = cJSON_CreateObject();
    cJSON *message = root ? cJSON_AddObjectToObject(root, "message") : NULL;
    char *text = NULL;
    if (message && cJSON_AddStringToObject(message, "token", job->token) &&
        add_content(message, job, &cuts) && add_android(message, job, now_ms))
        text = text_print_within(root, PAYLOAD_MAX + strlen(job->token), &cuts);
    cJSON_Delete(root);
    return text;
}

static bool make_request(const struct account *account, const struct job *job, int64_t now_ms,
                         struct http_request *out)
{
    const struct service_account *service = account->keys;
    char *project = curl_easy_escape(NULL, service->project, 0);
    if (project && asprintf(&out->url, "%s/v1/projects/%s/messages:send", account->config->url, project) < 0)
        out->url = NULL;
    curl_free(project);
    out->body = out->url ? print_message(job, now_ms) : NULL;
    if (!out->body)
        return false;
    out->body_len = strlen(out->body);
    return http_header(out, "Content-Type: application/json") &&
           http_header(out, "Authorization: Bearer %s", account->bearer.text);
}

/* The answer */

/* The errorCode of FCM among the details; Google's status otherwise. */
static const char *find_code(const cJSON *error)
{
    const cJSON *detail;
    cJSON_ArrayForEach (detail, cJSON_GetObjectItemCaseSensitive(error, "details")) {
        const char *type = member(detail, "@type"), *code = member(detail, "errorCode");
        if (type && code && strcmp(type, ERROR_TYPE) == 0)
            return code;
    }
    const char *status = member(error, "status");
    return status ? status : "";
}

/* Is the token among the fields that are wrong? `any`: there are some. */
static bool violates_token(const cJSON *error, bool *any)
{
    const cJSON *detail, *violation;
    bool token = false;
    cJSON_ArrayForEach (detail, cJSON_GetObjectItemCaseSensitive(error, "details")) {
        cJSON_ArrayForEach (violation, cJSON_GetObjectItemCaseSensitive(detail, "fieldViolations")) {
            const char *field = member(violation, "field");
            *any = *any || field;
            token = token || (field && strcmp(field, "message.token") == 0);
        }
    }
    return token;
}

/* INVALID_ARGUMENT says the same of a bad token and of a bad message: is it about the token? The text is asked
 * only where no field is named: it may speak of a token whatever is wrong. */
static bool blames_token(const cJSON *error)
{
    const char *text = member(error, "message");
    bool any = false, token = violates_token(error, &any);
    return any ? token : text && strstr(text, "registration token") != NULL;
}

static bool is_web_page(const char *body)
{
    return body[strspn(body, " \t\r\n")] == '<';
}

static const char *find_reason(const struct http_answer *answer, const cJSON *error)
{
    if (!error && is_web_page(answer->body))
        return REASON_WEBPAGE;
    return answer->status == 400 && blames_token(error) ? REASON_TOKEN : find_code(error);
}

static void judge(const struct job *job, const struct http_answer *answer, struct outcome *outcome)
{
    (void)job;
    cJSON *body = json_read(answer->body, strlen(answer->body));
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(body, "error");
    judge_by_rules(rules, answer, find_reason(answer, error), outcome);
    cJSON_Delete(body);
}

const struct provider provider_fcm = {
    .name = "fcm",
    .renew_every_ms = 60000, /* a clock that is wrong must not cost a new token for each job */
    .open = open_account,
    .close = close_account,
    .same_keys = same_keys,
    .authorize = authorize,
    .fetch = fetch,
    .fetched = fetched,
    .request = make_request,
    .judge = judge,
};
