/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/push/push_queue.h"

#include <sqlite3.h>
#include <string.h>

#include "lib/json.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/push/push_badge.h"
#include "plugin/push/push_job.h"
#include "plugin/push/push_out.h"
#include "schema/store.h"

/* Texts are borrowed from the statement. */
struct queue_entry {
    int64_t job, conversation, created, due;
    int attempt;
    enum push_state state;
    const char *user, *client;
    const char *provider, *business, *peer, *group, *error; /* NULL: none */
};

static const char *text_or_null(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static struct queue_entry read_entry(sqlite3_stmt *row)
{
    return (struct queue_entry){.job = sqlite3_column_int64(row, 0),
                                .state = (enum push_state)sqlite3_column_int(row, 1),
                                .user = store_text(row, 2),
                                .client = store_text(row, 3),
                                .provider = text_or_null(row, 4),
                                .business = text_or_null(row, 5),
                                .conversation = sqlite3_column_int64(row, 6),
                                .peer = text_or_null(row, 7),
                                .group = text_or_null(row, 8),
                                .created = sqlite3_column_int64(row, 9),
                                .due = sqlite3_column_int64(row, 10),
                                .attempt = sqlite3_column_int(row, 11),
                                .error = text_or_null(row, 12)};
}

/* What was out when the broker was started, or for too long, waits for its next attempt. */
static const char *state_name(const struct chat *chat, const struct queue_entry *entry)
{
    if (entry->state == JOB_DEAD)
        return "dead";
    return entry->state == JOB_OUT && entry->due > chat->now ? "out" : "waiting";
}

static bool fits(const struct chat *chat, const struct push_wish *wish, const struct queue_entry *entry)
{
    return (!wish->state || strcmp(wish->state, state_name(chat, entry)) == 0) &&
           (!wish->provider || (entry->provider && strcmp(wish->provider, entry->provider) == 0));
}

/* A walk over the jobs, by their numbers */

/* false: that was enough. */
typedef bool each_entry(void *context, const struct queue_entry *entry);

static sqlite3_stmt *begin_walk(struct chat *chat, const struct push_wish *wish)
{
    const bool dead = wish->state && strcmp(wish->state, "dead") == 0;
    const enum read_id id = wish->user ? R_PUSH_JOBS_OF_USER : dead ? R_PUSH_JOBS_DEAD : R_PUSH_JOBS;
    sqlite3_stmt *rows = store_read(chat->store, id);
    sqlite3_bind_int64(rows, 1, wish->after);
    sqlite3_bind_int64(rows, 2, JOBS_MAX + 1);
    if (wish->user)
        sqlite3_bind_text(rows, 3, wish->user->id, -1, SQLITE_STATIC);
    return rows;
}

/* Returns where to go on; 0: nowhere. Whatever does not fit counts as looked at: no call takes longer than a full one. */
static int64_t walk(struct chat *chat, const struct push_wish *wish, each_entry *each, void *context)
{
    int64_t last = wish->after;
    size_t looked_at = 0, found = 0;
    bool more = false;
    sqlite3_stmt *rows = begin_walk(chat, wish);
    while (store_row(chat->store, rows)) {
        const struct queue_entry entry = read_entry(rows);
        more = looked_at++ == JOBS_MAX || found == wish->limit;
        if (more)
            break;
        last = entry.job;
        if (!fits(chat, wish, &entry))
            continue;
        found++;
        if (!each(context, &entry))
            break;
    }
    store_done(rows);
    return more ? last : 0;
}

/* Looking */

struct listing {
    struct chat *chat;
    cJSON *list;
    bool failed; /* out of memory */
};

static bool add_text(cJSON *item, const char *name, const char *text)
{
    return !text || cJSON_AddStringToObject(item, name, text);
}

static bool add_conversation(cJSON *item, const struct queue_entry *entry)
{
    if (entry->conversation == BADGE_CONVERSATION)
        return cJSON_AddTrueToObject(item, "silent") != NULL;
    return entry->group ? add_text(item, "group", entry->group) : add_text(item, "to", entry->peer);
}

static bool list_one(void *context, const struct queue_entry *entry)
{
    struct listing *listing = context;
    cJSON *item = json_add_object(listing->list);
    listing->failed =
        !item || !json_add_whole(item, "job", entry->job) ||
        !add_text(item, "state", state_name(listing->chat, entry)) ||
        !add_text(item, "userID", entry->user) || !add_text(item, "clientID", entry->client) ||
        !add_text(item, "provider", entry->provider) || !add_text(item, "businessID", entry->business) ||
        !add_conversation(item, entry) || !json_add_whole(item, "time", entry->created) ||
        !json_add_whole(item, "due", entry->due) || !json_add_whole(item, "attempts", entry->attempt) ||
        !add_text(item, "error", entry->error);
    return !listing->failed;
}

bool push_queue_list(struct chat *chat, const struct push_wish *wish, cJSON *list, int64_t *next)
{
    struct listing listing = {.chat = chat, .list = list};
    *next = walk(chat, wish, list_one, &listing);
    return !listing.failed;
}

/* Choosing */

static void choose(struct push_choice *choice, const struct queue_entry *entry)
{
    choice->jobs[choice->count++] = (struct chosen_job){entry->job, entry->conversation};
}

static bool choose_one(void *context, const struct queue_entry *entry)
{
    choose(context, entry);
    return true;
}

void push_queue_choose(struct chat *chat, const struct push_wish *wish, struct push_choice *choice)
{
    choice->count = 0;
    choice->next = walk(chat, wish, choose_one, choice);
}

void push_queue_choose_named(struct chat *chat, const int64_t *jobs, size_t count, bool retry,
                             struct push_choice *choice)
{
    choice->count = 0;
    choice->next = 0;
    for (size_t i = 0; i < count && i < JOBS_MAX; i++) {
        sqlite3_stmt *row = store_read(chat->store, R_PUSH_JOB);
        sqlite3_bind_int64(row, 1, jobs[i]);
        if (store_row(chat->store, row)) {
            const struct queue_entry entry = read_entry(row);
            if (!retry || entry.state == JOB_DEAD || entry.state == JOB_FAILED)
                choose(choice, &entry);
        }
        store_done(row);
    }
}

/* Changing. By then a worker may have got the job, or answered: each statement asks for the state it is about. */

void push_queue_put_retry(struct chat *chat, const struct push_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        store_put(chat->store, W_PUSH_AGAIN, "ii", choice->jobs[i].job, chat->now);
    chat->push->fresh = true;
    chat->push->counted = 0;
}

void push_queue_put_drop(struct chat *chat, const struct push_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++) {
        struct conversation *conversation = conversation_in_memory(chat, choice->jobs[i].conversation);
        if (conversation)
            conversation->push_queued = false;
        store_put(chat->store, W_PUSH_DROP, "i", choice->jobs[i].job);
    }
    chat->push->dropped = store_mark(chat->store);
    chat->push->counted = 0;
}
