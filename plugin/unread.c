/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/unread.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "plugin/chat.h"
#include "plugin/conversation.h"
#include "plugin/user.h"
#include "plugin/visible.h"
#include "schema/log.h"
#include "schema/store.h"

static bool counts_unread(const struct conversation *conversation)
{
    if (conversation->group)
        return conversation->group->dismissed == 0 && conversation_traits(conversation)->unread;
    return strcmp(conversation->a, SYSTEM_USER) != 0;
}

static int rising(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static int64_t count_different(struct ids *ids)
{
    int64_t count = 0;
    if (ids->count > 0)
        qsort(ids->list, ids->count, sizeof *ids->list, rising);
    for (size_t i = 0; i < ids->count; i++)
        count += i == 0 || ids->list[i] != ids->list[i - 1];
    return count;
}

/* After the read position: recalled, deleted by him, or both. */
static int64_t count_gone(struct chat *chat, const struct member *member)
{
    const struct conversation *conversation = member->conversation;
    struct ids ids = {0};
    if (conversation->recalled_id > member->read_id)
        log_recalled(chat->log, conversation->id, member->read_id, member->user_id, &ids);
    visible_deleted_after(chat, member, member->read_id, &ids);
    int64_t count = count_different(&ids);
    ids_clear(&ids);
    return count;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Others' messages with content since he read. What is too old by now counts as read. */
static int64_t count_since(struct chat *chat, const struct member *member)
{
    const struct conversation *conversation = member->conversation;
    int64_t gone_seq = 0, gone_sent = 0;
    sqlite3_stmt *row = store_read(chat->store, R_GONE);
    sqlite3_bind_int64(row, 1, conversation->id);
    sqlite3_bind_text(row, 2, member->user_id, -1, SQLITE_STATIC);
    if (store_row(chat->store, row)) {
        gone_seq = sqlite3_column_int64(row, 0);
        gone_sent = sqlite3_column_int64(row, 1);
    }
    store_done(row);
    return conversation->last_seq - later(member->read_seq, gone_seq) -
           later(member->sent - later(member->read_sent, gone_sent), 0);
}

int64_t member_unread(struct chat *chat, const struct member *member)
{
    const struct conversation *conversation = member->conversation;
    if (member->role == ROLE_NONE || !counts_unread(conversation))
        return 0;
    if (conversation->last_seq - member->read_seq <= member->sent - member->read_sent)
        return 0;
    int64_t unread = count_since(chat, member);
    if (unread > 0)
        unread -= count_gone(chat, member);
    return unread > 0 ? unread : 0;
}

bool member_at_me(struct chat *chat, const struct member *member)
{
    struct ids ids = {0};
    bool named = false;
    if (member_unread(chat, member) == 0)
        return false;
    log_mentioning(chat->log, member->conversation->id, member->read_id, member->user_id, &ids);
    for (size_t i = 0; i < ids.count && !named; i++)
        named = !visible_deleted(chat, member, ids.list[i]);
    ids_clear(&ids);
    return named;
}

struct seq_at {
    int64_t id, seq;
};

static bool take_seq(void *context, const struct message *message)
{
    ((struct seq_at *)context)->seq = message->seq;
    return false;
}

bool member_read(struct chat *chat, struct member *member, int64_t id)
{
    const struct conversation *conversation = member->conversation;
    if (id > conversation->last_id)
        id = conversation->last_id;
    if (id <= member->read_id)
        return false;
    struct seq_at at = {.id = id, .seq = conversation->last_seq};
    int64_t sent = member->sent;
    if (id < conversation->last_id) {
        at.seq = member->read_seq;
        log_before(chat->log, conversation->id, id + 1, take_seq, &at);
        if (member->sent_id > id)
            sent -= log_count_sent(chat->log, conversation->id, member->user_id, id, member->sent_id);
    }
    member->read_id = id;
    member->read_seq = at.seq > member->read_seq ? at.seq : member->read_seq;
    member->read_sent = sent > member->read_sent ? sent : member->read_sent;
    store_put(chat->store, W_MEMBER_READ, "itiii", conversation->id, member->user_id, member->read_id,
              member->read_seq, member->read_sent);
    return true;
}

int64_t user_total_unread(struct chat *chat, struct user *user)
{
    const struct member *member;
    int64_t total = 0;
    if (!user_load_memberships(chat, user))
        return 0;
    DL_FOREACH2(user->memberships, member, user_next) total += member_unread(chat, member);
    return total;
}
