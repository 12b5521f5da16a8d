/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Everybody else: the job itself, signed, to an address of the operator's. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/daemon/http_sign.h"
#include "lib/keys.h"
#include "push/provider.h"

/* Who signs wrongly, or asks at a wrong address, is told so whatever the job is. */
static const struct rule rules[] = {
    {200, 299, NULL, VERDICT_DONE, -1},     {410, 410, NULL, VERDICT_INVALID_TOKEN, -1},
    {408, 408, NULL, VERDICT_RETRY, -1},    {429, 429, NULL, VERDICT_RETRY, -1},
    {300, 399, NULL, VERDICT_OURS, -1},     {401, 401, NULL, VERDICT_OURS, -1},
    {403, 405, NULL, VERDICT_OURS, -1},     {400, 499, NULL, VERDICT_DEAD, -1},
    {0, LONG_MAX, NULL, VERDICT_RETRY, -1},
};

static int open_account(struct account *account, char *error, size_t error_size)
{
    struct keys *keys = calloc(1, sizeof *keys);
    char reason[300] = "out of memory";
    account->keys = keys;
    if (keys && keys_load(keys, account->config->secret_file, reason, sizeof reason) == 0)
        return 0;
    snprintf(error, error_size, "secret_file: %s", reason);
    return -1;
}

static void close_account(struct account *account)
{
    if (account->keys)
        keys_clear(account->keys);
    free(account->keys);
    account->keys = NULL;
}

static bool same_keys(const struct account *a, const struct account *b)
{
    const struct keys *one = a->keys, *other = b->keys;
    return strcmp(one->key[0], other->key[0]) == 0; /* which signs */
}

static bool make_request(const struct account *account, const struct job *job, int64_t now_ms,
                         struct http_request *out)
{
    const struct keys *keys = account->keys;
    out->url = strdup(account->config->url);
    out->body = strdup(job->raw);
    out->body_len = job->raw_len;
    return out->url && out->body && http_header(out, "Content-Type: application/json") &&
           http_sign(out, keys->key[0], now_ms);
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
    .same_keys = same_keys,
    .request = make_request,
    .judge = judge,
};
