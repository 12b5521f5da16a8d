/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/dismissal.h"

#include <stdlib.h>
#include <utlist.h>

#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/happening.h"
#include "plugin/delivery/live_publish.h"
#include "plugin/delivery/review.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

#define BATCH    50 /* members told in one turn */
#define RETRY_MS 1000

struct dismissal {
    int64_t conversation;
    char group[GROUP_ID_MAX + 1];
    char by[USER_ID_MAX + 1];
    char told[USER_ID_MAX + 1]; /* everyone up to here, in the order of userIDs, has his notice */
    uint64_t mark;              /* of the frame that ended the group: its members are read from the store */
    int64_t retry_at;
    struct dismissal *prev, *next;
};

struct batch {
    size_t count;
    char ids[BATCH][USER_ID_MAX + 1];
    struct user *users[BATCH]; /* NULL: deleted meanwhile */
};

int dismissals_open(struct chat *chat)
{
    bool good = true;
    sqlite3_stmt *row = store_read(chat->store, R_NOTICE_TASKS);
    while (good && store_row(chat->store, row)) {
        struct dismissal *task = calloc(1, sizeof *task);
        good = task != NULL;
        if (!good)
            break;
        task->conversation = sqlite3_column_int64(row, 0);
        text_copy(task->group, sizeof task->group, store_text(row, 1));
        text_copy(task->by, sizeof task->by, store_text(row, 2));
        text_copy(task->told, sizeof task->told, store_text(row, 3));
        DL_APPEND(chat->dismissals, task);
    }
    store_done(row);
    return good && !store_reads_failed(chat->store) ? 0 : -1;
}

static void forget_dismissal(struct chat *chat, struct dismissal *task)
{
    DL_DELETE(chat->dismissals, task);
    free(task);
}

void dismissals_close(struct chat *chat)
{
    while (chat->dismissals)
        forget_dismissal(chat, chat->dismissals);
}

/* The end of the group */

static void end_subscriptions(struct chat *chat, struct conversation *conversation)
{
    struct subscription *subscription, *next;
    DL_FOREACH_SAFE2 (conversation->subscriptions, subscription, next, group_next)
        subscription_leave(chat, subscription->session, conversation);
}

static bool dismiss_live(struct chat *chat, struct conversation *conversation, const char *by)
{
    const struct tips tips = {.kind = TIPS_INFO, .type = "dismiss", .by = by, .last = true};
    if (!store_begin_command(chat->store, 0))
        return false;
    live_publishes_copy_out(chat, conversation);
    announce_tips(chat, conversation, &tips);
    announce_hand_out(chat); /* while there is still somebody */
    group_dismiss(chat, conversation);
    end_subscriptions(chat, conversation);
    store_commit(chat->store);
    return true;
}

static bool dismiss_stored(struct chat *chat, struct conversation *conversation, const char *by)
{
    struct dismissal *task = calloc(1, sizeof *task);
    if (!task || !store_begin_command(chat->store, 0)) {
        free(task);
        return false;
    }
    task->conversation = conversation->id;
    text_copy(task->group, sizeof task->group, conversation->group->id);
    text_copy(task->by, sizeof task->by, by);
    group_dismiss(chat, conversation);
    store_put(chat->store, W_NOTICE_TASK_ADD, "itt", task->conversation, task->group, task->by);
    task->mark = store_commit(chat->store);
    DL_APPEND(chat->dismissals, task);
    return true;
}

bool dismissal_start(struct chat *chat, struct conversation *conversation, const char *by)
{
    cJSON *members = happening_before_dismissal(chat, conversation);
    bool dismissed = conversation_stored(conversation) ? dismiss_stored(chat, conversation, by)
                                                       : dismiss_live(chat, conversation, by);
    if (!dismissed) {
        cJSON_Delete(members);
        return false;
    }
    reviews_lose_group(chat, conversation->group->id);
    happening_dismissed(chat, conversation, by, members);
    return true;
}

/* The notices */

static bool read_batch(struct chat *chat, const struct dismissal *task, struct batch *batch)
{
    store_reads_begin(chat->store);
    sqlite3_stmt *row = store_read(chat->store, R_DISMISSED_MEMBERS);
    sqlite3_bind_int64(row, 1, task->conversation);
    sqlite3_bind_text(row, 2, task->told, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, BATCH);
    for (batch->count = 0; batch->count < BATCH && store_row(chat->store, row); batch->count++)
        text_copy(batch->ids[batch->count], sizeof *batch->ids, store_text(row, 0));
    store_done(row);
    for (size_t i = 0; i < batch->count; i++) {
        batch->users[i] = user_find(chat, batch->ids[i]);
        announce_expect(chat, batch->ids[i]);
    }
    return !store_reads_failed(chat->store);
}

static void put_batch(struct chat *chat, struct dismissal *task, const struct batch *batch)
{
    const struct notice notice = {.type = "dismissed", .group = task->group, .by = task->by};
    for (size_t i = 0; i < batch->count; i++)
        if (batch->users[i])
            announce_notice(chat, batch->users[i], &notice);
    if (batch->count < BATCH) {
        store_put(chat->store, W_NOTICE_TASK_END, "i", task->conversation);
        return;
    }
    text_copy(task->told, sizeof task->told, batch->ids[batch->count - 1]);
    store_put(chat->store, W_NOTICE_TASK_MOVE, "it", task->conversation, task->told);
}

bool dismissals_tick(struct chat *chat)
{
    struct dismissal *task = chat->dismissals;
    struct batch batch;
    if (!task || !store_has(chat->store, task->mark) || chat->steady < task->retry_at)
        return false;
    if (!read_batch(chat, task, &batch) || !store_begin_command(chat->store, 0)) {
        task->retry_at = chat->steady + RETRY_MS;
        return false;
    }
    put_batch(chat, task, &batch);
    announce_commit(chat);
    if (batch.count < BATCH)
        forget_dismissal(chat, task);
    return chat->dismissals != NULL;
}
