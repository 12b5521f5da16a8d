/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/deletion.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/rules.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/dismissal.h"
#include "plugin/delivery/happening.h"
#include "plugin/delivery/review.h"
#include "plugin/life/closing.h"
#include "plugin/life/purge.h"
#include "plugin/people/application.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/profile.h"
#include "plugin/people/user.h"
#include "schema/store.h"

/* What a turn may cost, counted in ended pairs. */
#define TURN_COST   500
#define GROUP_COST  20
#define HEIRS_READ  20
#define MEMBER_COST 20 /* so many members to be looked through cost as much as a pair */

#define RETRY_MS 1000

/* A column of the store: never change a value. */
enum { NOT_DELETED, LEAVING, LEFT };

struct deletion {
    struct user *user;
    int64_t retry_at;
    struct deletion *prev, *next;
};

static void add(struct chat *chat, struct deletion *deletion, struct user *user)
{
    deletion->user = user;
    user->deleted = user->leaving = true;
    DL_APPEND(chat->deletions, deletion);
}

static void forget(struct chat *chat, struct deletion *deletion)
{
    DL_DELETE(chat->deletions, deletion);
    free(deletion);
}

int deletions_open(struct chat *chat)
{
    bool good = true;
    sqlite3_stmt *row = store_read(chat->store, R_USERS_LEAVING);
    while (good && store_row(chat->store, row)) {
        struct user *user = user_find_any(chat, store_text(row, 0));
        struct deletion *deletion = user ? calloc(1, sizeof *deletion) : NULL;
        good = deletion != NULL;
        if (good)
            add(chat, deletion, user);
    }
    store_done(row);
    return good && !store_reads_failed(chat->store) ? 0 : -1;
}

void deletions_close(struct chat *chat)
{
    while (chat->deletions)
        forget(chat, chat->deletions);
}

/* Who is to own a group */

static bool comes_before(const struct member *one, const struct member *two)
{
    if (!two || one->role != two->role)
        return !two || one->role > two->role;
    return one->joined != two->joined ? one->joined < two->joined : strcmp(one->user_id, two->user_id) < 0;
}

static bool may_inherit(struct chat *chat, const struct member *member, const struct member *owner)
{
    return member && member != owner && member->role != ROLE_NONE && user_find(chat, member->user_id);
}

/* The store may be a commit behind, so that none of those it names is right. */
static struct member *heir_in_store(struct chat *chat, const struct member *owner)
{
    char ids[HEIRS_READ][USER_ID_MAX + 1];
    size_t count = 0;
    sqlite3_stmt *row = store_read(chat->store, R_HEIRS);
    sqlite3_bind_int64(row, 1, owner->conversation->id);
    sqlite3_bind_text(row, 2, owner->user_id, -1, SQLITE_STATIC);
    sqlite3_bind_int(row, 3, HEIRS_READ);
    while (count < HEIRS_READ && store_row(chat->store, row))
        text_copy(ids[count++], sizeof *ids, store_text(row, 0));
    store_done(row);
    for (size_t i = 0; i < count; i++) {
        if (!user_find(chat, ids[i]))
            continue;
        struct member *member = member_find(chat, owner->conversation, ids[i]); /* with its user */
        if (may_inherit(chat, member, owner))
            return member;
    }
    return NULL;
}

static struct member *heir_in_memory(struct chat *chat, const struct member *owner)
{
    struct member *heir = NULL;
    for (struct member *member = owner->conversation->members; member; member = member->hh.next)
        if (comes_before(member, heir) && may_inherit(chat, member, owner)) /* which may cost a read */
            heir = member;
    return heir ? member_find(chat, owner->conversation, heir->user_id) : NULL; /* with its user */
}

static struct member *find_heir(struct chat *chat, const struct member *owner)
{
    struct conversation *conversation = owner->conversation;
    struct member *heir = conversation->members_complete ? NULL : heir_in_store(chat, owner);
    if (heir || conversation->group->member_count <= 1 || !members_load(chat, conversation))
        return heir;
    return heir_in_memory(chat, owner);
}

/* One membership */

/* In the open frame. */
static void hand_over(struct chat *chat, struct member *owner, struct member *heir)
{
    struct conversation *conversation = owner->conversation;
    const char *names[] = {heir->user_id};
    const struct tips tips = {
        .kind = TIPS_OWNER, .type = "transfer", .by = owner->user_id, .members = names, .member_count = 1};
    const struct notice notice = {
        .type = "ownerGranted", .group = conversation->group->id, .by = owner->user_id};
    member_set_role(chat, owner, ROLE_MEMBER);
    member_set_role(chat, heir, ROLE_OWNER);
    group_set_owner(chat, conversation, heir->user_id);
    announce_tips(chat, conversation, &tips);
    announce_notice(chat, heir->user, &notice);
}

static void announce_quit(struct chat *chat, const struct member *member)
{
    const char *names[] = {member->user_id};
    const struct tips tips = {
        .kind = TIPS_QUIT, .type = "quit", .by = member->user_id, .members = names, .member_count = 1};
    if (member->conversation->group->dismissed == 0)
        announce_tips(chat, member->conversation, &tips);
}

static bool needs_heir(const struct member *member)
{
    enum group_type type = member->conversation->group->type;
    return member->role == ROLE_OWNER && rules_may(type, ROLE_OWNER, false, ACTION_QUIT) != CODE_OK;
}

static bool end_in_group(struct chat *chat, struct member *member)
{
    struct member *heir = NULL;
    if (needs_heir(member) && (heir = find_heir(chat, member)))
        announce_expect(chat, heir->user_id);
    if (store_reads_failed(chat->store) || !store_begin_command(chat->store, 0))
        return false;
    if (heir)
        hand_over(chat, member, heir);
    member_leave(chat, member);
    announce_quit(chat, member);
    announce_commit(chat);
    if (heir)
        happening_owner(chat, member->conversation, member->user_id, heir->user_id);
    happening_quit(chat, member->conversation, member->user_id);
    return true;
}

static bool end_in_pair(struct chat *chat, struct member *member)
{
    if (!store_begin_command(chat->store, 0))
        return false;
    member_set_role(chat, member, ROLE_NONE);
    store_commit(chat->store);
    return true;
}

static bool end_one(struct chat *chat, struct member *member)
{
    const struct conversation *conversation = member->conversation;
    if (!conversation->group)
        return end_in_pair(chat, member);
    if (conversation_stored(conversation))
        return end_in_group(chat, member);
    return dismissal_start(chat, member->conversation, member->user_id);
}

static int cost_of(const struct member *member)
{
    const struct conversation *conversation = member->conversation;
    if (!conversation->group)
        return 1;
    return GROUP_COST + (needs_heir(member) ? conversation->group->member_count / MEMBER_COST : 0);
}

/* A turn */

enum progress { DONE, MORE, STUCK };

static enum progress end_some(struct chat *chat, struct user *user)
{
    struct member *member;
    int cost = 0;
    if (!memberships_load(chat, user))
        return STUCK;
    DL_FOREACH2 (user->memberships, member, user_next) {
        if (member->role == ROLE_NONE)
            continue;
        if (cost >= TURN_COST)
            return MORE;
        cost += cost_of(member);
        if (!end_one(chat, member))
            return STUCK;
    }
    return store_write(chat->store, W_USER_DELETED, "ti", user->id, (int64_t)LEFT) ? DONE : STUCK;
}

static void take_turn(struct chat *chat, struct deletion *deletion)
{
    enum progress progress = end_some(chat, deletion->user);
    if (progress == STUCK)
        deletion->retry_at = chat->steady + RETRY_MS;
    if (progress != DONE)
        return;
    deletion->user->leaving = false;
    deletion->user->used = chat->era;
    forget(chat, deletion);
}

/* In the open frame, which must not be aborted after it. false: out of memory, and nothing has changed. */
static bool purge_all(struct chat *chat, struct user *user)
{
    struct profile *nothing = profile_make("", "", "");
    if (!nothing || !purge_start(chat, NULL, user->id)) {
        free(nothing);
        return false;
    }
    user_set_profile(chat, user, nothing);
    store_put(chat->store, W_MEDIA_PURGE_ALL, "ti", user->id, chat->now);
    return true;
}

/* Opens the frame. false: nothing has changed. */
static bool begin(struct chat *chat, struct user *user, bool purge)
{
    if (!memberships_load(chat, user) || !store_begin_command(chat->store, 0))
        return false;
    if (!purge || purge_all(chat, user))
        return true;
    store_abort(chat->store);
    return false;
}

bool deletion_start(struct chat *chat, struct user *user, bool purge)
{
    struct deletion *deletion = calloc(1, sizeof *deletion);
    if (!deletion || !begin(chat, user, purge)) {
        free(deletion);
        return false;
    }
    user_kick(chat, user);
    devices_lose_all(chat, user);
    store_put(chat->store, W_USER_DELETED, "ti", user->id, (int64_t)LEAVING);
    applications_end(chat, user);
    store_commit(chat->store);
    add(chat, deletion, user);
    reviews_lose_user(chat, user->id);
    sessions_force_offline(chat, user, OFFLINE_DELETED);
    take_turn(chat, deletion);
    return true;
}

bool deletions_tick(struct chat *chat)
{
    struct deletion *deletion = chat->deletions;
    if (!deletion || chat->steady < deletion->retry_at)
        return false;
    store_reads_begin(chat->store);
    take_turn(chat, deletion);
    return chat->deletions != NULL;
}
