/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/json.h"
#include "lib/sha256.h"
#include "lib/text.h"

enum text_need { OPTIONAL, WANTED, REQUIRED }; /* WANTED: "" when it is not there */

static const struct {
    const char *name;
    size_t offset;
    enum text_need need;
} texts[] = {
    {"provider", offsetof(struct job, provider), REQUIRED},
    {"token", offsetof(struct job, token), REQUIRED},
    {"userID", offsetof(struct job, user), REQUIRED},
    {"businessID", offsetof(struct job, business), WANTED},
    {"clientID", offsetof(struct job, client), WANTED},
    {"title", offsetof(struct job, title), WANTED},
    {"body", offsetof(struct job, body), WANTED},
    {"collapse", offsetof(struct job, collapse), WANTED},
    {"ext", offsetof(struct job, ext), OPTIONAL},
    {"sound", offsetof(struct job, sound), OPTIONAL},
};

static const char *read_texts(struct job *job)
{
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(job->tree, texts[i].name));
        if (texts[i].need == REQUIRED && (!text || !*text))
            return texts[i].name;
        if (!text && texts[i].need == WANTED)
            text = "";
        *(const char **)((char *)job + texts[i].offset) = text;
    }
    if (job->sound && strlen(job->sound) > JOB_SOUND_MAX)
        job->sound = NULL;
    return NULL;
}

/* -1: not there, or no whole number that JSON carries. */
static int64_t number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    return value >= 0 && value <= (double)SAFE_INTEGER_MAX ? (int64_t)value : -1;
}

static int small_number(const cJSON *object, const char *name)
{
    int64_t value = number(object, name);
    return value > INT32_MAX ? INT32_MAX : (int)value;
}

static const char *read_numbers(struct job *job)
{
    job->about = cJSON_GetObjectItemCaseSensitive(job->tree, "message");
    job->id = number(job->tree, "job");
    job->message = number(job->about, "id");
    job->expire = number(job->tree, "expire");
    job->token_time = number(job->tree, "tokenTime");
    job->attempt = small_number(job->tree, "attempt");
    job->badge = small_number(job->tree, "badge");
    job->silent = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(job->tree, "silent"));
    if (job->id < 0)
        return "job";
    if (job->silent)
        return job->badge < 0 ? "badge" : NULL;
    return cJSON_IsObject(job->about) ? NULL : "message";
}

const char *job_parse(struct job *job, const char *payload, size_t len)
{
    *job = (struct job){.raw = strndup(payload, len), .raw_len = len};
    job->tree = job->raw ? json_read(payload, len) : NULL;
    const char *fault = job->tree ? read_numbers(job) : job->raw ? "JSON" : "out of memory";
    if (!fault)
        fault = read_texts(job);
    if (fault)
        job_clear(job);
    return fault;
}

void job_clear(struct job *job)
{
    cJSON_Delete(job->tree);
    free(job->raw);
    *job = (struct job){0};
}

void job_uuid(const struct job *job, char out[37])
{
    char hash[65], *text = NULL;
    out[0] = '\0';
    if (asprintf(&text, "%lld\n%lld\n%s\n%s", (long long)job->id, (long long)job->message, job->user,
                 job->token) < 0)
        return;
    /* Version 8 of RFC 9562: a digest of one's own choosing. */
    sha256_hex(text, strlen(text), hash);
    snprintf(out, 37, "%.8s-%.4s-8%.3s-a%.3s-%.12s", hash, hash + 8, hash + 13, hash + 17, hash + 20);
    free(text);
}
