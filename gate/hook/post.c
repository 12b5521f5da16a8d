/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/post.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/daemon/http_sign.h"
#include "lib/json.h"
#include "lib/keys.h"
#include "lib/sha256.h"
#include "lib/text.h"

/* Files */

/* NULL where `path` is; -1: `error` says what is wrong with it. */
static int load(struct keys **out, const char *path, const char *option, char *error, size_t size)
{
    char reason[300] = "out of memory";
    *out = NULL;
    if (!path)
        return 0;
    struct keys *keys = calloc(1, sizeof *keys);
    *out = keys;
    if (keys && keys_load(keys, path, reason, sizeof reason) == 0)
        return 0;
    snprintf(error, size, "[callback] %s: %s", option, reason);
    return -1;
}

static void unload(struct keys *keys)
{
    if (keys)
        keys_clear(keys);
    free(keys);
}

int post_open(struct post_target *target, char *error, size_t size)
{
    if (!target->config->url)
        return 0;
    if (load(&target->token, target->config->token_file, "token_file", error, size))
        return -1;
    return load(&target->secret, target->config->secret_file, "secret_file", error, size);
}

void post_close(struct post_target *target)
{
    unload(target->token);
    unload(target->secret);
    target->token = target->secret = NULL;
}

void post_take(struct post_target *target, struct post_target *fresh)
{
    post_close(target);
    target->config = fresh->config;
    target->sdkappid = fresh->sdkappid;
    target->token = fresh->token;
    target->secret = fresh->secret;
    fresh->token = fresh->secret = NULL;
}

/* The request */

bool post_sign(const char *token, int64_t seconds, char out[65])
{
    char *text = NULL;
    if (asprintf(&text, "%s%lld", token, (long long)seconds) < 0)
        return false;
    sha256_hex(text, strlen(text), out);
    free(text);
    return true;
}

/* "&Sign=..&RequestTime=..", or nothing without a token. false: it cannot be made. */
static bool print_proof(const struct post_target *target, char *out, size_t size)
{
    char sign[65];
    const int64_t seconds = clock_wall() / 1000;
    out[0] = '\0';
    if (!target->token)
        return true;
    if (!post_sign(target->token->key[0], seconds, sign))
        return false;
    snprintf(out, size, "&Sign=%s&RequestTime=%lld", sign, (long long)seconds);
    return true;
}

/* An IPv6 address has nothing that a query could not have. */
static char *make_url(const struct post_target *target, const struct post *post)
{
    char proof[128], *url = NULL;
    const char *base = target->config->url;
    if (!print_proof(target, proof, sizeof proof))
        return NULL;
    if (asprintf(&url, "%s%cSdkAppid=%lld&CallbackCommand=%s&contenttype=json&ClientIP=%s&OptPlatform=%s%s",
                 base, strchr(base, '?') ? '&' : '?', (long long)target->sdkappid,
                 callback_name(post->callback), post->address, post->platform, proof) < 0)
        return NULL;
    return url;
}

static bool make_request(const struct post_target *target, const struct post *post, struct http_request *out)
{
    *out = (struct http_request){.url = make_url(target, post),
                                 .body = strdup(post->body),
                                 .body_len = strlen(post->body),
                                 .ca_file = target->config->ca_file,
                                 .timeout_ms = (long)post->timeout_ms,
                                 .answer_max = POST_ANSWER_MAX,
                                 .plain_allowed = strcmp(target->config->allow_http, "yes") == 0};
    return out->url && out->body && http_header(out, "Content-Type: application/json") &&
           (!target->secret || http_sign(out, target->secret->key[0], clock_wall()));
}

struct transfer *post_send(struct post_target *target, const struct post *post, http_callback *callback,
                           void *context)
{
    struct http_request request;
    if (make_request(target, post, &request))
        return http_send(target->http, &request, callback, context);
    http_request_clear(&request);
    return NULL;
}

/* The answer */

static bool is_late(const struct http_answer *answer)
{
    return answer->failure == HTTP_TIMEOUT || answer->failure == HTTP_NO_TIME;
}

__attribute__((format(printf, 3, 4))) static void fail(struct post_result *out, enum hook_outcome outcome,
                                                       const char *format, ...)
{
    va_list args;
    out->outcome = outcome;
    va_start(args, format);
    vsnprintf(out->why, sizeof out->why, format, args);
    va_end(args);
}

void post_read(const struct http_answer *answer, struct post_result *out)
{
    *out = (struct post_result){.outcome = HOOK_ANSWERED, .took_ms = answer->took_ms};
    if (answer->failure != HTTP_ANSWERED) {
        fail(out, is_late(answer) ? HOOK_LATE : HOOK_UNREACHABLE, "%s", answer->error);
        return;
    }
    if (answer->status != 200) {
        fail(out, HOOK_STATUS, "HTTP status %ld", answer->status);
        return;
    }
    out->answer = json_read_part(answer->body, strlen(answer->body));
    if (cJSON_IsObject(out->answer))
        return;
    cJSON_Delete(out->answer);
    out->answer = NULL;
    fail(out, HOOK_NOT_JSON, "the answer is no JSON object");
}

void post_count(struct post_target *target, enum callback callback, const struct post_result *result)
{
    hook_counts_add(&target->counts, callback, result->outcome, result->took_ms, result->why);
}

void post_failed(struct post_target *target, enum callback callback, enum hook_outcome outcome,
                 const char *why)
{
    hook_counts_add(&target->counts, callback, outcome, 0, why);
}
