/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/past.h"

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/position.h"
#include "schema/log.h"
#include "schema/store.h"

int64_t past_last_time(struct chat *chat, struct conversation *conversation)
{
    if (conversation->last_id == conversation->imported_id)
        return conversation->imported_time;
    return larger(position_last_time(chat, conversation), conversation->imported_time);
}

/* Members who moved in */

/* Is what was imported up to this time from before the member came? */
static bool came_after(const struct member *member, int64_t time)
{
    return member->moved && member->joined > time;
}

static int64_t next_move(const struct conversation *conversation)
{
    int64_t next = INT64_MAX;
    for (const struct member *member = conversation->members; member; member = member->hh.next)
        if (came_after(member, conversation->imported_time))
            next = smaller(next, member->joined);
    return next;
}

/* All of them have to be in memory: of what the next frames change, reads do not know yet. */
bool past_expect(struct chat *chat, struct conversation *conversation)
{
    if (!conversation->group)
        return true;
    if (!members_load(chat, conversation))
        return false;
    if (conversation->next_move == 0)
        conversation->next_move = next_move(conversation);
    return true;
}

/* What comes after the message `id`, whose time is `time`, is for those, too, who came since then. MEMBERS_MOVE does
 * the same. */
static void settle_moves(struct chat *chat, struct conversation *conversation, int64_t id, int64_t time)
{
    for (struct member *member = conversation->members; member; member = member->hh.next)
        if (came_after(member, time) && !came_after(member, conversation->imported_time))
            member->joined_id = larger(member->joined_id, id);
    store_put(chat->store, W_MEMBERS_MOVE, "iiii", conversation->id, id, time, conversation->imported_time);
    conversation->next_move = next_move(conversation);
}

/* To who came later it is not unread. MEMBERS_PASS does the same. */
static void pass_over(struct chat *chat, struct conversation *conversation, const struct message *message)
{
    for (struct member *member = conversation->members; member; member = member->hh.next) {
        if (!came_after(member, conversation->imported_time))
            continue;
        member->read_id = message->id;
        member->read_counted = message_counted(message);
        member->read_sent = member->sent;
    }
    store_put(chat->store, W_MEMBERS_PASS, "iiii", conversation->id, message->id, message_counted(message),
              conversation->imported_time);
}

bool past_add(struct chat *chat, struct conversation *conversation, struct message *message)
{
    const int64_t time = message->time, last_id = conversation->imported_id,
                  last_time = conversation->imported_time;
    conversation_place(chat, conversation, message, true);
    message->time = time;
    message->imported = chat->now;
    if (!conversation_import(chat, conversation, message))
        return false;
    if (conversation->group && conversation->next_move <= conversation->imported_time)
        settle_moves(chat, conversation, last_id, last_time);
    if (conversation->group && conversation->next_move != INT64_MAX && message->kind == MESSAGE_CONTENT)
        pass_over(chat, conversation, message);
    return true;
}

/* Whatever was imported before the member was. */
static int64_t begin_of(struct chat *chat, const struct member *member)
{
    const struct conversation *conversation = member->conversation;
    if (member->joined > conversation->imported_time)
        return member->joined_id;
    const struct position first = position_find(chat, conversation, POSITION_TIME, member->joined);
    return smaller(member->joined_id, first.id - 1);
}

void past_move(struct chat *chat, struct member *member)
{
    struct conversation *conversation = member->conversation;
    member->moved = true;
    member->joined_id = begin_of(chat, member);
    conversation->next_move = 0;
    store_put(chat->store, W_MEMBER_MOVED, "iti", conversation->id, member->user_id, member->joined_id);
}
