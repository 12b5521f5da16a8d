/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/audience.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/happening.h"
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

static const struct {
    enum move move;
    const char *name;
} reasons[AUDIENCE_REASONS] = {
    [CAME_BY_COMMAND] = {JOINED, "apply"},       [CAME_BY_SUBSCRIBE] = {JOINED, "subscribe"},
    [WENT_BY_COMMAND] = {LEFT, "quit"},          [WENT_BY_UNSUBSCRIBE] = {LEFT, "unsubscribe"},
    [WENT_BY_DISCONNECT] = {LEFT, "disconnect"}, [WENT_LOST] = {LEFT, "timeout"}};

struct mover {
    char name[USER_ID_MAX + 1];
    enum audience_reason reason;
};

struct gathered {
    size_t count, names;
    size_t by_reason[AUDIENCE_REASONS]; /* of `count` */
    struct mover mover[NAMES_MAX];      /* the first of them */
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
        struct mover *mover = &gathered->mover[i];
        if (strcmp(mover->name, name) != 0)
            continue;
        gathered->count--;
        gathered->by_reason[mover->reason]--;
        memmove(mover, mover + 1, (--gathered->names - i) * sizeof *mover);
        return true;
    }
    return false;
}

void audience_moved(struct chat *chat, const struct session *session, struct conversation *conversation,
                    enum audience_reason reason)
{
    const enum move move = reasons[reason].move;
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
    gathered->by_reason[reason]++;
    if (gathered->names == NAMES_MAX)
        return;
    struct mover *mover = &gathered->mover[gathered->names++];
    text_copy(mover->name, sizeof mover->name, session->user->id);
    mover->reason = reason;
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
        names[i] = gathered->mover[i].name;
    const struct tips tips = {.kind = moves[move].kind,
                              .type = moves[move].type,
                              .by = gathered->names > 0 ? names[0] : SYSTEM_USER,
                              .members = names,
                              .member_count = gathered->names,
                              .count = gathered->count};
    announce_tips(chat, conversation, &tips);
    announce_hand_out(chat);
}

/* Who listens to everything is told of each reason by itself. */
static void tell_reasons(struct chat *chat, const struct conversation *conversation, enum move move,
                         const struct gathered *gathered)
{
    const char *names[NAMES_MAX];
    for (size_t reason = 0; reason < AUDIENCE_REASONS; reason++) {
        struct group_happening what = {.action = moves[move].type,
                                       .group = conversation,
                                       .members = names,
                                       .count = gathered->by_reason[reason],
                                       .reason = reasons[reason].name};
        for (size_t i = 0; i < gathered->names; i++)
            if (gathered->mover[i].reason == reason)
                names[what.member_count++] = gathered->mover[i].name;
        what.by = what.member_count > 0 ? names[0] : SYSTEM_USER;
        if (what.count > 0)
            happening_group(chat, &what);
    }
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
    tell_reasons(chat, audience->conversation, move, gathered);
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
