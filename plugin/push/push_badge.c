/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/push/push_badge.h"

#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/session/actor.h"
#include "schema/log.h"
#include "schema/store.h"

static void learn_phones(struct chat *chat, struct user *user)
{
    sqlite3_stmt *s = store_read(chat->store, R_USER_HAS_PHONE);
    sqlite3_bind_text(s, 1, user->id, -1, SQLITE_STATIC);
    if (store_row(chat->store, s))
        user->phones = sqlite3_column_int(s, 0) ? PHONES_SOME : PHONES_NONE;
    store_done(s);
}

bool badge_has_phone(struct chat *chat, struct user *user)
{
    if (user->phones == PHONES_NONE || !chat->options.push_badge)
        return false;
    if (user->phones == PHONES_UNKNOWN)
        learn_phones(chat, user);
    return user->phones == PHONES_SOME;
}

int64_t badge_before(struct chat *chat, struct user *user, struct member *member)
{
    return badge_has_phone(chat, user) ? member_unread(chat, member) : 0;
}

/* Push looks for what is due once a second at least: no need to say that there is something in two. */
void badge_put_fallen(struct chat *chat, const struct actor *by)
{
    store_put(chat->store, W_BADGE_FALLEN, "tti", by->user->id, by->device ? by->device->client_id : "",
              chat->now);
}

/* The records of jobs that may be out at this moment say so before this one is executed, and those stay. */
static void put_jobs_read(struct chat *chat, struct member *member)
{
    store_put(chat->store, W_PUSH_DROP_READ, "it", member->conversation->id, member->user_id);
    member->conversation->push_queued = false;
}

void badge_put_read(struct chat *chat, const struct actor *reader, struct member *member, int64_t before)
{
    if (before == 0 || member_unread(chat, member) >= before)
        return;
    badge_put_fallen(chat, reader);
    if (member->read_id >= member->conversation->last_id)
        put_jobs_read(chat, member);
}

void badge_put_recalled(struct chat *chat, const struct conversation *conversation,
                        const struct message *message)
{
    if (!chat->options.push_badge || message->kind != MESSAGE_CONTENT || !unread_counted(conversation))
        return;
    store_put(chat->store, W_BADGE_RECALLED, "iiti", conversation->id, message->id, message->sender,
              chat->now);
}
