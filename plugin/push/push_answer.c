/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/push/push_answer.h"

#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/json.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/push/push_out.h"
#include "plugin/push/push_token.h"
#include "schema/store.h"

#define FIRST_RETRY_MS   10000
#define LONGEST_RETRY_MS 3600000
#define ERROR_MAX        256
#define COUNT_EVERY_MS   10000

int push_done(struct chat *chat, const int64_t *jobs, size_t count)
{
    struct push *push = chat->push;
    if (!store_begin(chat->store))
        return CODE_BUSY;
    for (size_t i = 0; i < count; i++) {
        struct job_out *job = push_out_find(push, jobs[i]);
        if (job)
            push_out_end(push, job);
        else /* of an earlier life, or answered late; without memory it may go out once more */
            job = push_out_add(push, jobs[i], "");
        store_put(chat->store, W_PUSH_DONE, "i", jobs[i]);
    }
    store_commit(chat->store);
    return CODE_OK;
}

static int64_t retry_after(const struct job_out *job, int64_t given_seconds)
{
    if (given_seconds >= 0)
        return given_seconds * 1000;
    int doublings = job->attempt > 1 ? job->attempt - 1 : 0;
    int64_t wait = (int64_t)FIRST_RETRY_MS << (doublings < 10 ? doublings : 10);
    return wait < LONGEST_RETRY_MS ? wait : LONGEST_RETRY_MS;
}

/* In the open frame. */
static void put_retry(struct chat *chat, const struct job_out *job, const struct push_failure *failure,
                      const char *reason)
{
    /* An invalid token that has been replaced meanwhile: the new one deserves its try at once. */
    int64_t wait = failure->invalid_token ? 0 : retry_after(job, failure->retry_after_seconds);
    if (failure->uncounted)
        store_put(chat->store, W_PUSH_RETRY_UNCOUNTED, "iiti", job->id, chat->now + wait, reason,
                  (int64_t)job->attempt - 1);
    else
        store_put(chat->store, W_PUSH_RETRY, "iit", job->id, chat->now + wait, reason);
}

int push_failed(struct chat *chat, int64_t id, const struct push_failure *failure)
{
    struct push *push = chat->push;
    struct job_out *job = push_out_find(push, id);
    const char *given = failure->error ? failure->error : "";
    char reason[ERROR_MAX + 1];
    if (!job || job->ended)
        return CODE_OK;
    if (!store_begin(chat->store))
        return CODE_BUSY;
    text_copy(reason, text_fit_bytes(given, ERROR_MAX) + 1, given);
    if (failure->invalid_token && !job->token_changed)
        push_put_token_lost(chat, job->client);
    else if (failure->dead || (job->attempt >= PUSH_ATTEMPTS && !failure->uncounted))
        push_put_dead(chat, id, reason);
    else
        put_retry(chat, job, failure, reason);
    push_out_end(push, job);
    store_commit(chat->store);
    return CODE_OK;
}

void push_counts(struct chat *chat, int64_t *pending, int64_t *dead)
{
    struct push *push = chat->push;
    if (push->counted == 0 || chat->steady - push->counted >= COUNT_EVERY_MS) {
        sqlite3_stmt *s = store_read(chat->store, R_PUSH_COUNTS);
        if (store_row(chat->store, s)) {
            push->pending = sqlite3_column_int64(s, 0);
            push->dead = sqlite3_column_int64(s, 1);
            push->counted = chat->steady;
        }
        store_done(s);
    }
    *pending = push->pending;
    *dead = push->dead;
}

static bool add_dead(cJSON *list, sqlite3_stmt *row)
{
    cJSON *item = json_add_object(list);
    if (!item)
        return false;
    return json_add_whole(item, "job", sqlite3_column_int64(row, 0)) &&
           cJSON_AddStringToObject(item, "userID", store_text(row, 1)) &&
           cJSON_AddStringToObject(item, "provider", store_text(row, 2)) &&
           cJSON_AddStringToObject(item, "error", store_text(row, 3));
}

bool push_add_dead(struct chat *chat, cJSON *data)
{
    cJSON *list = cJSON_AddArrayToObject(data, "dead");
    bool good = list != NULL;
    sqlite3_stmt *row = store_read(chat->store, R_PUSH_DEAD_JOBS);
    sqlite3_bind_int64(row, 1, DEAD_GIVEN_MAX);
    while (good && store_row(chat->store, row))
        good = add_dead(list, row);
    store_done(row);
    return good;
}
