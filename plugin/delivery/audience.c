/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/audience.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

#define NAMES_MAX 20
#define PAUSE_MS  1000

enum move { JOINED, LEFT, MOVES };

static const struct {
    enum tips_kind kind;
    const char *type;
} moves[MOVES] = {[JOINED] = {TIPS_JOIN, "join"}, [LEFT] = {TIPS_QUIT, "quit"}};

struct gathered {
    size_t count, names;
    char name[NAMES_MAX][USER_ID_MAX + 1]; /* the first of them */
};

/* While something waits, and for the pause after a tip. */
struct audience {
    struct conversation *conversation;
    enum move next_move;
    int64_t due;
    struct gathered gathered[MOVES];
    struct audience *prev, *next;
};

static struct audience *find_or_make(struct chat *chat, struct conversation *conversation)
{
    struct audience *audience = conversation->audience;
    if (audience)
        return audience;
    audience = calloc(1, sizeof *audience);
    if (!audience)
        return NULL; /* nobody is told */
    audience->conversation = conversation;
    conversation->audience = audience;
    DL_APPEND(chat->audiences, audience);
    return audience;
}

static void forget_audience(struct chat *chat, struct audience *audience)
{
    audience->conversation->audience = NULL;
    DL_DELETE(chat->audiences, audience);
    free(audience);
}

void audience_close(struct chat *chat)
{
    while (chat->audiences)
        forget_audience(chat, chat->audiences);
}

/* Who goes and comes back before anybody was told has not been away. */
static bool take_back(struct gathered *gathered, const char *name)
{
    for (size_t i = 0; i < gathered->names; i++) {
        if (strcmp(gathered->name[i], name) != 0)
            continue;
        gathered->count--;
        memmove(gathered->name[i], gathered->name[i + 1], (--gathered->names - i) * sizeof *gathered->name);
        return true;
    }
    return false;
}

static void note(struct chat *chat, const struct session *session, struct conversation *conversation,
                 enum move move)
{
    if (subscription_of_user(session->user, conversation, session))
        return;
    conversation->watchers += move == JOINED ? 1 : (size_t)-1;
    if (conversation->group->dismissed != 0)
        return;
    struct audience *audience = find_or_make(chat, conversation);
    if (!audience || take_back(&audience->gathered[move == JOINED ? LEFT : JOINED], session->user->id))
        return;
    struct gathered *gathered = &audience->gathered[move];
    gathered->count++;
    if (gathered->names < NAMES_MAX)
        text_copy(gathered->name[gathered->names++], sizeof *gathered->name, session->user->id);
}

void audience_joined(struct chat *chat, const struct session *session, struct conversation *conversation)
{
    note(chat, session, conversation, JOINED);
}

void audience_left(struct chat *chat, const struct session *session, struct conversation *conversation)
{
    note(chat, session, conversation, LEFT);
}

void audience_forget_leaver(const struct conversation *conversation, const char *user_id)
{
    if (conversation->audience)
        (void)take_back(&conversation->audience->gathered[LEFT], user_id);
}

/* With all names taken back there may be a number and no name: nobody is the operator then. */
static void send_moves(struct chat *chat, struct conversation *conversation, enum move move,
                       const struct gathered *gathered)
{
    const char *names[NAMES_MAX];
    for (size_t i = 0; i < gathered->names; i++)
        names[i] = gathered->name[i];
    const struct tips tips = {.kind = moves[move].kind,
                              .type = moves[move].type,
                              .by = gathered->names > 0 ? names[0] : SYSTEM_USER,
                              .members = names,
                              .member_count = gathered->names,
                              .count = gathered->count};
    announce_tips(chat, conversation, &tips);
    announce_hand_out(chat);
}

/* false: nothing waits. */
static bool tell_moves(struct chat *chat, struct audience *audience)
{
    enum move move = audience->next_move;
    if (audience->gathered[move].count == 0)
        move = move == JOINED ? LEFT : JOINED;
    struct gathered *gathered = &audience->gathered[move];
    if (gathered->count == 0)
        return false;
    send_moves(chat, audience->conversation, move, gathered);
    *gathered = (struct gathered){0};
    audience->next_move = move == JOINED ? LEFT : JOINED;
    audience->due = chat->steady + PAUSE_MS;
    return true;
}

bool audience_tick(struct chat *chat)
{
    struct audience *audience, *next;
    DL_FOREACH_SAFE (chat->audiences, audience, next)
        if (audience->conversation->group->dismissed != 0 ||
            (chat->steady >= audience->due && !tell_moves(chat, audience)))
            forget_audience(chat, audience);
    return false;
}

/* The list of subscriptions ends with the last comer. */
size_t audience_list(struct chat *chat, const struct conversation *conversation, size_t skip, size_t max,
                     struct user **out)
{
    const struct subscription *first = conversation->subscriptions;
    const struct subscription *next = first ? first->group_prev : NULL;
    const uint64_t mark = ++chat->audience_lists;
    size_t found = 0;
    while (next && found < skip + max) {
        struct user *user = next->session->user;
        if (user->listed != mark && found++ >= skip)
            out[found - skip - 1] = user;
        user->listed = mark;
        next = next == first ? NULL : next->group_prev;
    }
    return found > skip ? found - skip : 0;
}
