/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Everybody else: the job itself, signed, to an address of the operator's. */
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keys.h"
#include "push/provider.h"

/* Who signs wrongly, or asks at a wrong address, is told so whatever the job is. */
static const struct rule rules[] = {
    {200, 299, NULL, VERDICT_DONE, -1},  {410, 410, NULL, VERDICT_INVALID_TOKEN, -1},
    {408, 408, NULL, VERDICT_RETRY, -1}, {429, 429, NULL, VERDICT_RETRY, -1},
    {300, 399, NULL, VERDICT_OURS, -1},  {401, 401, NULL, VERDICT_OURS, -1},
    {403, 405, NULL, VERDICT_OURS, -1},  {400, 499, NULL, VERDICT_DEAD, -1},
    {0, 999, NULL, VERDICT_RETRY, -1},
};

static int open_account(struct account *account, char *error, size_t error_size)
{
    struct keys *keys = calloc(1, sizeof *keys);
    account->keys = keys;
    return keys && keys_load(keys, account->config->secret_file, error, error_size) == 0 ? 0 : -1;
}

static void close_account(struct account *account)
{
    if (account->keys)
        keys_clear(account->keys);
    free(account->keys);
    account->keys = NULL;
}

/* HMAC-SHA256 of "timestamp.body" in lower-case hex. */
static bool make_signature(const char *key, const char *timestamp, const struct job *job, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char *text = NULL;
    int text_len = asprintf(&text, "%s.%s", timestamp, job->raw);
    if (text_len < 0)
        return false;
    bool good =
        HMAC(EVP_sha256(), key, (int)strlen(key), (unsigned char *)text, (size_t)text_len, digest, &len);
    free(text);
    for (unsigned i = 0; good && i < len; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
    return good;
}

static bool make_request(const struct account *account, const struct job *job, int64_t now_ms,
                         struct http_request *out)
{
    const struct keys *keys = account->keys;
    char timestamp[24], signature[65];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)now_ms);
    out->url = strdup(account->config->url);
    out->body = strdup(job->raw);
    out->body_len = job->raw_len;
    return out->url && out->body && make_signature(keys->key[0], timestamp, job, signature) &&
           http_header(out, "Content-Type: application/json") &&
           http_header(out, "X-Chat-Timestamp: %s", timestamp) &&
           http_header(out, "X-Chat-Signature: sha256=%s", signature);
}

static void judge(const struct job *job, const struct http_answer *answer, struct outcome *outcome)
{
    (void)job;
    judge_by_rules(rules, answer, "", outcome);
}

const struct provider provider_webhook = {
    .name = "webhook",
    .open = open_account,
    .close = close_account,
    .request = make_request,
    .judge = judge,
};
