/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/answers.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/say.h"

#define GATHER_MS         10
#define DONE_MAX          400 /* in one command */
#define FAILED_MAX        40  /* commands in one publish, of 50 that the broker takes */
#define BUSY_MS           1000
#define RETRY_SECONDS_MAX 86400
#define PATIENCE_MS       20000 /* for the broker's response; it may have dropped it, being full */

/* One publish. */
struct answer_batch {
    unsigned number;
    size_t count; /* of answers */
    int64_t due;  /* when to tell it again */
    bool told;    /* and no response yet */
    char *payload;
    struct answer_batch *prev, *next;
};

struct answers {
    answers_send *send;
    void *context;
    cJSON *failed, *done; /* being gathered: a list of commands, a list of jobs */
    size_t failed_count, done_count;
    int64_t since;
    unsigned number;
    struct answer_batch *told;
    size_t told_count;
};

struct answers *answers_open(answers_send *send, void *context)
{
    struct answers *answers = calloc(1, sizeof *answers);
    if (answers)
        *answers = (struct answers){.send = send, .context = context};
    return answers;
}

static void batch_free(struct answers *answers, struct answer_batch *batch)
{
    DL_DELETE(answers->told, batch);
    answers->told_count -= batch->count;
    cJSON_free(batch->payload);
    free(batch);
}

void answers_close(struct answers *answers)
{
    if (!answers)
        return;
    while (answers->told)
        batch_free(answers, answers->told);
    cJSON_Delete(answers->failed);
    cJSON_Delete(answers->done);
    free(answers);
}

/* Gathering */

static bool add_to(cJSON **list, cJSON *item)
{
    if (!*list)
        *list = cJSON_CreateArray();
    if (*list && item && cJSON_AddItemToArray(*list, item))
        return true;
    cJSON_Delete(item);
    return false;
}

/* The attempt does not count: nothing was said of the job. */
static bool is_uncounted(const struct outcome *outcome)
{
    return outcome->verdict == VERDICT_WAIT || outcome->verdict == VERDICT_DOUBTED_TOKEN;
}

static bool add_retry(cJSON *command, const struct outcome *outcome)
{
    int64_t retry = outcome->retry_after_seconds;
    bool uncounted = is_uncounted(outcome);
    if (uncounted && !cJSON_AddTrueToObject(command, "uncounted"))
        return false;
    if (retry < 0 || (outcome->verdict != VERDICT_RETRY && !uncounted))
        return true;
    return json_add_whole(command, "retryAfterSeconds",
                          retry < RETRY_SECONDS_MAX ? retry : RETRY_SECONDS_MAX);
}

static cJSON *make_failed(const struct job *job, const struct outcome *outcome)
{
    cJSON *command = cJSON_CreateObject();
    bool added =
        command && cJSON_AddStringToObject(command, "command", "pushFailed") &&
        json_add_whole(command, "job", job->id) &&
        cJSON_AddStringToObject(command, "error", outcome->reason) &&
        (outcome->verdict != VERDICT_INVALID_TOKEN || cJSON_AddTrueToObject(command, "invalidToken")) &&
        (outcome->verdict != VERDICT_DEAD || cJSON_AddTrueToObject(command, "dead")) &&
        add_retry(command, outcome);
    if (added)
        return command;
    cJSON_Delete(command);
    return NULL;
}

/* Telling */

static bool add_mark(cJSON *commands, const char *mark)
{
    cJSON *command;
    cJSON_ArrayForEach (command, commands)
        if (!cJSON_AddStringToObject(command, "correlationData", mark))
            return false;
    return true;
}

/* Moves `done` into a command of its own. */
static bool add_done(struct answers *answers)
{
    cJSON *command = cJSON_CreateObject();
    if (command && cJSON_AddStringToObject(command, "command", "pushDone") &&
        cJSON_AddItemToObject(command, "jobs", answers->done)) {
        answers->done = NULL;
        return add_to(&answers->failed, command);
    }
    cJSON_Delete(command);
    return false;
}

/* What has been gathered, as text; it is gathered no more, whatever comes of it. */
static char *print_gathered(struct answers *answers, unsigned number)
{
    char mark[16], *text = NULL;
    snprintf(mark, sizeof mark, "%u", number);
    bool good = (!answers->done || add_done(answers)) && add_mark(answers->failed, mark);
    cJSON *root = good ? cJSON_CreateObject() : NULL;
    if (root && cJSON_AddItemToObject(root, "commands", answers->failed)) {
        answers->failed = NULL;
        text = cJSON_PrintUnformatted(root);
    }
    cJSON_Delete(root);
    cJSON_Delete(answers->failed);
    cJSON_Delete(answers->done);
    answers->failed = answers->done = NULL;
    return text;
}

static void close_batch(struct answers *answers)
{
    struct answer_batch *batch = calloc(1, sizeof *batch);
    size_t count = answers->done_count + answers->failed_count;
    unsigned number = ++answers->number;
    char *payload = print_gathered(answers, number);
    answers->done_count = answers->failed_count = 0;
    if (!batch || !payload) {
        say_line("out of memory: %zu jobs will be sent once more", count);
        cJSON_free(payload);
        free(batch);
        return;
    }
    *batch = (struct answer_batch){.number = number, .count = count, .payload = payload};
    DL_APPEND(answers->told, batch);
    answers->told_count += count;
}

bool answers_add(struct answers *answers, const struct job *job, const struct outcome *outcome)
{
    bool done = outcome->verdict == VERDICT_DONE;
    bool added = done ? add_to(&answers->done, json_create_whole(job->id))
                      : add_to(&answers->failed, make_failed(job, outcome));
    if (!added)
        return false;
    if (answers->done_count + answers->failed_count == 0)
        answers->since = clock_steady();
    (done ? &answers->done_count : &answers->failed_count)[0]++;
    if (answers->done_count >= DONE_MAX || answers->failed_count >= FAILED_MAX)
        close_batch(answers);
    return true;
}

void answers_tick(struct answers *answers, int64_t now, bool all)
{
    struct answer_batch *batch;
    if (answers->done_count + answers->failed_count > 0 && (all || now - answers->since >= GATHER_MS))
        close_batch(answers);
    DL_FOREACH (answers->told, batch) {
        if (batch->due > now || !answers->send(answers->context, batch->payload, strlen(batch->payload)))
            continue;
        batch->told = true;
        batch->due = now + PATIENCE_MS;
    }
}

/* Being heard */

/* A request that was refused as a whole is answered without its mark; answers come in order. */
static struct answer_batch *find_oldest(const struct answers *answers)
{
    struct answer_batch *batch = answers->told;
    while (batch && !batch->told)
        batch = batch->next;
    return batch;
}

static struct answer_batch *find_batch(const struct answers *answers, const cJSON *response)
{
    const char *mark = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(response, "correlationData"));
    struct answer_batch *batch;
    unsigned long number = mark ? strtoul(mark, NULL, 10) : 0;
    if (!mark)
        return find_oldest(answers);
    DL_FOREACH (answers->told, batch)
        if (batch->number == number)
            break;
    return batch;
}

/* BUSY, or one of those that are not OK; they are answers to one publish. */
static int find_code(const cJSON *responses)
{
    int code = CODE_OK;
    const cJSON *response;
    cJSON_ArrayForEach (response, responses) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(response, "code");
        if (cJSON_IsNumber(item) && item->valueint != CODE_OK && code != CODE_BUSY)
            code = item->valueint;
    }
    return code;
}

void answers_heard(struct answers *answers, int64_t now, const char *payload, size_t len)
{
    cJSON *root = json_read(payload, len);
    const cJSON *responses = cJSON_GetObjectItemCaseSensitive(root, "responses");
    struct answer_batch *batch = find_batch(answers, cJSON_GetArrayItem(responses, 0));
    int code = find_code(responses);
    if (code != CODE_OK)
        say_line("the broker does not take %zu answers: %d %s", batch ? batch->count : 0, code,
                 code_text(code));
    if (batch && code == CODE_BUSY) {
        batch->told = false;
        batch->due = now + BUSY_MS;
    } else if (batch) {
        batch_free(answers, batch);
    }
    cJSON_Delete(root);
}

void answers_reconnected(struct answers *answers, int64_t now)
{
    struct answer_batch *batch;
    DL_FOREACH (answers->told, batch)
        batch->due = now;
    answers_tick(answers, now, true);
}

size_t answers_count(const struct answers *answers)
{
    return answers->told_count + answers->done_count + answers->failed_count;
}
