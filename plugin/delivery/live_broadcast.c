/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/live_broadcast.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/message.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"

#define PAUSE_MS      1000
#define TURN_GROUPS   20   /* at most in one turn */
#define TURN_WATCHERS 1000 /* ... or fewer, when so many users are in them */

struct live_broadcast {
    int64_t begun; /* chat->steady */
    char sender[USER_ID_MAX + 1];
    char *text; /* NULL: done, and remembered for the pause */
    size_t len;
    int64_t *groups; /* conversations */
    size_t count, room, next;
};

static void clear(struct live_broadcast *broadcast)
{
    free(broadcast->text);
    free(broadcast->groups);
    broadcast->text = NULL;
    broadcast->groups = NULL;
}

void live_broadcast_close(struct chat *chat)
{
    if (chat->live_broadcast)
        clear(chat->live_broadcast);
    free(chat->live_broadcast);
    chat->live_broadcast = NULL;
}

static bool add_group(struct live_broadcast *broadcast, const struct conversation *conversation)
{
    if (broadcast->count == broadcast->room) {
        const size_t room = broadcast->room ? 2 * broadcast->room : 64;
        int64_t *groups = realloc(broadcast->groups, room * sizeof *groups);
        if (!groups)
            return false;
        broadcast->groups = groups;
        broadcast->room = room;
    }
    broadcast->groups[broadcast->count++] = conversation->id;
    return true;
}

/* A group is met at the first of its subscriptions, and so once. One look at each session, some nanoseconds, no more. */
static bool add_groups(struct chat *chat, struct live_broadcast *broadcast)
{
    const struct session *session;
    const struct subscription *subscription;
    DL_FOREACH (sessions_first(chat), session)
        DL_FOREACH (session->subscriptions, subscription)
            if (subscription->kind == SUBSCRIPTION_LIVE &&
                subscription->conversation->subscriptions == subscription &&
                !add_group(broadcast, subscription->conversation))
                return false;
    return true;
}

int live_broadcast_start(struct chat *chat, const struct user *sender, const char *text, size_t len,
                         size_t *groups)
{
    const struct live_broadcast *last = chat->live_broadcast;
    if (last && (last->text || chat->steady - last->begun < PAUSE_MS))
        return CODE_TOO_FAST;
    struct live_broadcast *broadcast = calloc(1, sizeof *broadcast);
    if (!broadcast || !(broadcast->text = malloc(len + 1)) || !add_groups(chat, broadcast)) {
        if (broadcast)
            clear(broadcast);
        free(broadcast);
        return CODE_BUSY;
    }
    memcpy(broadcast->text, text, len);
    broadcast->len = len;
    broadcast->begun = chat->steady;
    text_copy(broadcast->sender, sizeof broadcast->sender, sender->id);
    *groups = broadcast->count;
    live_broadcast_close(chat);
    chat->live_broadcast = broadcast;
    return CODE_OK;
}

/* A group that is too busy sheds it, as it would any message. Returns how many are in it. */
static size_t send_to(struct chat *chat, const struct live_broadcast *broadcast, struct user *sender,
                      int64_t group)
{
    char topic[TOPIC_MAX], reason[REASON_BYTES];
    struct receipt receipt;
    struct publish publish = {.topic = topic, .payload = broadcast->text, .len = broadcast->len, .qos = 1};
    const struct conversation *conversation = conversation_in_memory(chat, group);
    if (!conversation || conversation->group->dismissed != 0)
        return 0;
    topic_print_group(topic, conversation->group->id);
    int code = message_send_as(chat, sender, &publish, &receipt, reason);
    return code == CODE_OK ? conversation->watchers : 0;
}

bool live_broadcast_tick(struct chat *chat)
{
    struct live_broadcast *broadcast = chat->live_broadcast;
    size_t groups = 0, watchers = 0;
    if (!broadcast || !broadcast->text)
        return false;
    struct user *sender = user_find(chat, broadcast->sender);
    while (sender && broadcast->next < broadcast->count && groups < TURN_GROUPS && watchers < TURN_WATCHERS) {
        watchers += send_to(chat, broadcast, sender, broadcast->groups[broadcast->next++]);
        groups++;
    }
    if (sender && broadcast->next < broadcast->count)
        return true;
    clear(broadcast);
    return false;
}
