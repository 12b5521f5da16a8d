/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/push/push_put.h"

#include <string.h>

#include "lib/text.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/push/push_out.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* The sender's own devices got no jobs from his message: the next one of somebody else makes them. */
static bool has_jobs(const struct conversation *conversation, const struct message *message)
{
    const char *but = conversation->push_sender;
    return conversation->push_queued && (but[0] == '\0' || strcmp(but, message->sender) == 0);
}

static void note_jobs(struct conversation *conversation, const char *sender)
{
    if (!conversation->push_queued)
        text_copy(conversation->push_sender, sizeof conversation->push_sender, sender);
    else if (strcmp(conversation->push_sender, sender) != 0)
        conversation->push_sender[0] = '\0';
    conversation->push_queued = true;
}

void push_put(struct chat *chat, struct conversation *conversation, const struct message *message,
              char (*at)[USER_ID_MAX + 1], size_t at_count)
{
    if (message->push == PUSH_NOBODY || (conversation->group && !conversation_traits(conversation)->push))
        return;
    bool everybody = message->push == PUSH_EVERYBODY;
    /* Jobs that wait may be for those only who did not turn notifications off. */
    if (everybody || !has_jobs(conversation, message)) {
        store_put(chat->store, W_PUSH_ADD, "iitii", conversation->id, message->id, message->sender, chat->now,
                  (int64_t)(everybody ? RECEIVE_NOT_NOTIFY : RECEIVE_AND_NOTIFY));
        note_jobs(conversation, message->sender);
        chat->push->fresh = true;
    }
    for (size_t i = 0; i < at_count && !everybody; i++) {
        if (strcmp(at[i], message->sender) == 0)
            continue;
        store_put(chat->store, W_PUSH_ADD_AT, "iiti", conversation->id, message->id, at[i], chat->now);
        chat->push->fresh = true;
    }
}

void push_put_handed(struct chat *chat, const char *client, int64_t after)
{
    if (after == INT64_MAX)
        return;
    store_put(chat->store, W_PUSH_ADD_IN_DOUBT, "tii", client, after, chat->now);
    chat->push->fresh = true;
}

/* Members that were never met are not in memory: they are loaded, or their conversations would wait for
 * somebody else. */
void push_user_changed(struct chat *chat, struct user *user)
{
    if (!memberships_load(chat, user))
        broker_warn("push: the conversations of %s cannot be read, a notification may come late", user->id);
    for (struct member *member = user->memberships; member; member = member->user_next)
        member->conversation->push_queued = false;
}
