/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/eviction.h"

#include <stdlib.h>
#include <utlist.h>

#include "lib/basics.h"
#include "lib/clock.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "schema/store.h"

/* What a step may cost, counted in users, conversations and members that are looked at; and how far apart steps
 * are, so that a busy broker, whose turns are short, makes no more of them. */
#define STEP_COST 200
#define STEP_MS   10

struct eviction {
    uint64_t mark;                     /* of the last frame before this era */
    int64_t era_began, next_step;      /* steady ms */
    struct user *user;                 /* the hand: the next to be looked at, NULL: all have been */
    struct conversation *conversation; /* the same */
};

int eviction_open(struct chat *chat)
{
    chat->eviction = calloc(1, sizeof *chat->eviction);
    if (!chat->eviction)
        return -1;
    chat->eviction->era_began =
        -DAY_MS * 8; /* the first one begins at once: cache_seconds is a week at most */
    return 0;
}

void eviction_close(struct chat *chat)
{
    free(chat->eviction);
    chat->eviction = NULL;
}

/* Not in this era nor in the last. */
static bool is_cold(const struct chat *chat, uint32_t used)
{
    return chat->era - used >= 2;
}

/* Members */

/* By an open merge, which has pointers to the memberships of its user, or by a deletion that ends them. */
static bool member_is_held(const struct member *member)
{
    return member->user && (member->user->merges > 0 || member->user->leaving);
}

/* Those that are not held, as long as there is something left of `cost`. false: there may be more, and some have
 * gone. */
static bool unload_members(struct conversation *conversation, int *cost)
{
    struct member *member, *next;
    bool gone = false;
    HASH_ITER (hh, conversation->members, member, next) {
        if (--*cost < 0)
            return !gone;
        if (member_is_held(member))
            continue;
        member_unload(member);
        gone = true;
    }
    return true;
}

/* Conversations */

/* Messages of a live group are nowhere else, nor is its seq. */
static bool is_live_and_has_spoken(const struct conversation *conversation)
{
    return !conversation_stored(conversation) && conversation->group->dismissed == 0 &&
           (conversation->last_seq != 0 || conversation->live_history);
}

static bool conversation_is_held(const struct chat *chat, const struct conversation *conversation)
{
    return conversation->holders > 0 || conversation->feeders || conversation->watchers > 0 ||
           conversation->audience || conversation->live_publishes || is_live_and_has_spoken(conversation) ||
           !bucket_rests(&conversation->rate, chat->steady) ||
           !bucket_rests(&conversation->tips_rate, chat->steady);
}

/* false: there is more to do for it. */
static bool look_at_conversation(struct chat *chat, struct conversation *conversation, int *cost)
{
    --*cost;
    if (!is_cold(chat, conversation->used) || conversation_is_held(chat, conversation))
        return true;
    if (!unload_members(conversation, cost))
        return false;
    if (!conversation->members)
        conversation_drop(chat, conversation);
    return true;
}

/* Users */

/* Each login looks the user up: in cold users rivals have calmed down, unless that comes sooner. */
static bool has_rivals(const struct chat *chat, const struct user *user)
{
    return user->rivals && chat->options.cache_seconds * 1000 < RIVAL_CALM_MS;
}

static bool user_is_held(const struct chat *chat, const struct user *user)
{
    return user->sessions || user->uploads.open > 0 || has_rivals(chat, user) || user->merges > 0 ||
           user->leaving || user->watched || user->uploads.open > 0 || user->young_devices ||
           !store_has(chat->store, user->devices_ended) ||
           !store_has(chat->store, user->applications_ended) || !bucket_rests(&user->rate, chat->steady) ||
           !bucket_rests(&user->account, chat->steady);
}

/* Their conversations may be in use by others: the members stay in memory, without their user. */
static bool leave_memberships(struct user *user, int *cost)
{
    while (user->memberships) {
        if (--*cost < 0)
            return false;
        member_detach(user->memberships);
    }
    return true;
}

static bool look_at_user(struct chat *chat, struct user *user, int *cost)
{
    --*cost;
    if (!is_cold(chat, user->used) || user_is_held(chat, user))
        return true;
    if (!leave_memberships(user, cost))
        return false;
    user_unload(chat, user);
    return true;
}

/* The hand */

static void begin_era(struct chat *chat, int64_t now)
{
    struct eviction *eviction = chat->eviction;
    chat->era++;
    eviction->era_began = now;
    eviction->mark = store_last_mark(chat->store);
    eviction->user = users_first(chat);
    eviction->conversation = conversations_first(chat);
}

/* Until it has been round, or for a step. Nobody else drops what was there when the step before ended. */
static void step(struct chat *chat, int cost)
{
    struct eviction *eviction = chat->eviction;
    while (cost > 0 && eviction->conversation) {
        struct conversation *conversation = eviction->conversation, *next = conversation->hh.next;
        if (look_at_conversation(chat, conversation, &cost))
            eviction->conversation = next;
    }
    while (cost > 0 && eviction->user) {
        struct user *user = eviction->user, *next = user->hh.next;
        if (look_at_user(chat, user, &cost))
            eviction->user = next;
    }
}

bool eviction_tick(struct chat *chat)
{
    struct eviction *eviction = chat->eviction;
    const int64_t now = clock_steady();
    const bool done = !eviction->user && !eviction->conversation;
    if (done && now - eviction->era_began >= chat->options.cache_seconds * 1000)
        begin_era(chat, now);
    if (now < eviction->next_step || !store_has(chat->store, eviction->mark))
        return false;
    eviction->next_step = now + (chat->options.cache_seconds > 0 ? STEP_MS : 0);
    step(chat, STEP_COST);
    return false;
}
