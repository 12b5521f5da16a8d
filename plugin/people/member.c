/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/member.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/core/until.h"
#include "plugin/people/application.h"
#include "plugin/people/ban.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "schema/store.h"

const char *receive_option_name(enum receive_option option)
{
    static const char *const names[RECEIVE_OPTIONS] = {[RECEIVE_AND_NOTIFY] = "AcceptAndNotify",
                                                       [RECEIVE_NOT_NOTIFY] = "AcceptNotNotify",
                                                       [RECEIVE_DISCARD] = "Discard"};
    return names[option];
}

/* The two of a pair need no table, which is larger than both: they are only linked, as those in a table are. */
static bool enter(struct conversation *conversation, struct member *member)
{
    if (conversation->group) {
        HASH_ADD_STR(conversation->members, user_id, member);
        return member->hh.tbl != NULL;
    }
    member->hh.next = conversation->members;
    conversation->members = member;
    return true;
}

static void take_out(struct conversation *conversation, struct member *member)
{
    if (conversation->group)
        HASH_DEL(conversation->members, member);
    else if (conversation->members == member)
        conversation->members = member->hh.next;
    else
        conversation->members->hh.next = NULL;
}

static void destroy(struct member *member)
{
    take_out(member->conversation, member);
    free(member->findings);
    free(member);
}

static void forget_all(struct conversation *conversation)
{
    struct member *member, *next;
    HASH_ITER (hh, conversation->members, member, next)
        destroy(member);
}

void members_close(struct chat *chat)
{
    for (struct conversation *of = conversations_first(chat); of; of = of->hh.next)
        forget_all(of);
}

/* Connected feeds of the user deliver this group from now on. */
static void attach_feeds(struct member *member)
{
    if (member->feeding || member->role == ROLE_NONE || !member->user || member->user->feeds == 0 ||
        !member->conversation->group || !conversation_stored(member->conversation))
        return;
    member->feeding = true;
    DL_APPEND2(member->conversation->feeders, member, feed_prev, feed_next);
}

static void detach_feeds(struct member *member)
{
    if (member->feeding)
        DL_DELETE2(member->conversation->feeders, member, feed_prev, feed_next);
    member->feeding = false;
}

void memberships_feed_begin(struct user *user)
{
    struct member *member;
    if (user->feeds++ > 0)
        return;
    DL_FOREACH2 (user->memberships, member, user_next)
        attach_feeds(member);
}

void memberships_feed_end(struct user *user)
{
    struct member *member;
    if (--user->feeds > 0)
        return;
    DL_FOREACH2 (user->memberships, member, user_next)
        detach_feeds(member);
}

static void attach_user(struct member *member, struct user *user)
{
    if (member->user || !user)
        return;
    member->user = user;
    DL_APPEND2(user->memberships, member, user_prev, user_next);
    user->membership_count++;
    attach_feeds(member);
}

void member_detach(struct member *member)
{
    struct user *user = member->user;
    detach_feeds(member);
    DL_DELETE2(user->memberships, member, user_prev, user_next);
    user->membership_count--;
    user->memberships_complete = false;
    member->user = NULL;
}

void member_unload(struct member *member)
{
    if (member->user)
        member_detach(member);
    member->conversation->members_complete = false;
    destroy(member);
}

static struct member *remember(struct conversation *conversation, const char *user_id)
{
    struct member *member = calloc(1, sizeof *member);
    if (!member || !text_copy(member->user_id, sizeof member->user_id, user_id)) {
        free(member);
        return NULL;
    }
    member->conversation = conversation;
    if (enter(conversation, member))
        return member;
    free(member);
    return NULL;
}

static void fill(struct member *member, sqlite3_stmt *row)
{
    int role = sqlite3_column_int(row, 2);
    member->role = role > 0 ? (enum role)role : ROLE_NONE;
    member->joined_id = sqlite3_column_int64(row, 3);
    member->joined = sqlite3_column_int64(row, 4);
    member->read_id = sqlite3_column_int64(row, 5);
    member->read_counted = sqlite3_column_int64(row, 6);
    member->read_sent = sqlite3_column_int64(row, 7);
    member->sent = sqlite3_column_int64(row, 8);
    member->sent_id = sqlite3_column_int64(row, 9);
    member->receive_option = (enum receive_option)sqlite3_column_int(row, 10);
    member->muted_until = sqlite3_column_int64(row, 11);
    text_copy(member->name_card, sizeof member->name_card, store_text(row, 12));
    member->cleared_id = sqlite3_column_int64(row, 13);
    member->deleted_id = sqlite3_column_int64(row, 14);
    member->pinned = sqlite3_column_int(row, 15) != 0;
    member->hidden_id = sqlite3_column_int64(row, 16);
    member->cleared_at = sqlite3_column_int64(row, 17);
    member->moved = sqlite3_column_int(row, 18) != 0;
}

static struct member *in_memory(struct conversation *conversation, const char *user_id)
{
    struct member *member = conversation->members;
    if (conversation->group)
        HASH_FIND_STR(conversation->members, user_id, member);
    else
        while (member && strcmp(member->user_id, user_id) != 0)
            member = member->hh.next;
    return member;
}

struct member *member_meet(struct chat *chat, struct conversation *conversation, sqlite3_stmt *row)
{
    struct member *member = in_memory(conversation, store_text(row, 1));
    if (!member) { /* else memory knows better than the store */
        member = remember(conversation, store_text(row, 1));
        if (!member) {
            store_row_lost(chat->store);
            return NULL;
        }
        fill(member, row);
    }
    attach_user(member, user_in_memory(chat, member->user_id));
    return member;
}

/* Of the thousands in a live group few have a row: the owner, and who was muted. With all of these at hand
 * nobody is looked up who comes or speaks. */
static bool knows_all(struct chat *chat, struct conversation *conversation)
{
    return conversation_stored(conversation) ? conversation->members_complete
                                             : members_load(chat, conversation);
}

static struct member *load(struct chat *chat, struct conversation *conversation, const char *user_id)
{
    struct member *member = NULL;
    if (knows_all(chat, conversation))
        return in_memory(conversation, user_id); /* perhaps it has come with the others just now */
    sqlite3_stmt *row = store_read(chat->store, R_MEMBER);
    sqlite3_bind_int64(row, 1, conversation->id);
    sqlite3_bind_text(row, 2, user_id, -1, SQLITE_STATIC);
    if (store_row(chat->store, row))
        member = member_meet(chat, conversation, row);
    store_done(row);
    return member;
}

struct member *member_find(struct chat *chat, struct conversation *conversation, const char *user_id)
{
    struct member *member = in_memory(conversation, user_id);
    if (!member)
        member = load(chat, conversation, user_id);
    if (member && member->user)
        member->user->used = chat->era;
    else if (member)
        attach_user(member, user_in_memory(chat, user_id));
    return member;
}

enum role member_role(struct chat *chat, struct conversation *conversation, const char *user_id)
{
    const struct member *member = member_find(chat, conversation, user_id);
    return member ? member->role : ROLE_NONE;
}

bool members_load(struct chat *chat, struct conversation *conversation)
{
    bool complete = true;
    if (conversation->members_complete)
        return true;
    sqlite3_stmt *row = store_read(chat->store, R_MEMBERS);
    sqlite3_bind_int64(row, 1, conversation->id);
    while (complete && store_row(chat->store, row))
        complete = member_meet(chat, conversation, row) != NULL;
    store_done(row);
    conversation->members_complete = complete && !store_reads_failed(chat->store);
    return conversation->members_complete;
}

static void count_members(struct chat *chat, struct conversation *conversation, int change)
{
    conversation->used = chat->era;
    conversation->group->member_count += change;
    store_put(chat->store, W_GROUP_COUNT, "ii", conversation->id, (int64_t)conversation->group->member_count);
}

/* Where one may ask, or be invited and wait. */
static bool may_have_applications(const struct conversation *conversation)
{
    return conversation->group && !conversation_traits(conversation)->add_opt_fixed;
}

/* The user's member row, or a new one. NULL: out of memory, or it cannot be told whether there is one. */
static struct member *find_or_remember(struct chat *chat, struct conversation *conversation,
                                       const char *user_id)
{
    struct member *member = member_find(chat, conversation, user_id);
    return member || store_reads_failed(chat->store) ? member : remember(conversation, user_id);
}

bool member_seat(struct chat *chat, struct conversation *conversation, const struct user *user)
{
    return find_or_remember(chat, conversation, user->id) != NULL;
}

struct member *member_import(struct chat *chat, struct conversation *conversation, struct user *user,
                             enum role role, int64_t joined)
{
    struct member *member = find_or_remember(chat, conversation, user->id);
    if (!member)
        return NULL;
    /* A pair gives the message that it is opened for, too, which has its id already; a group what comes after
     * joining. */
    member->joined_id = conversation->group ? store_last_id(chat->store) : conversation->last_id;
    member->joined = joined;
    member->moved = false;
    member->read_id = conversation->last_id;
    member->read_counted = conversation_counted(conversation);
    member->read_sent = member->sent;
    member->role = role;
    member->receive_option = RECEIVE_AND_NOTIFY; /* only a mute outlasts leaving; MEMBER_SET does the same */
    member->name_card[0] = '\0';
    if (conversation->group)
        count_members(chat, conversation, 1);
    attach_user(member, user);
    attach_feeds(member);
    conversation->push_queued = false;
    conversation->used = chat->era;
    store_put(chat->store, W_MEMBER_SET, "itiiiiii", conversation->id, user->id, (int64_t)role,
              member->joined_id, member->joined, member->read_id, member->read_counted, member->read_sent);
    if (may_have_applications(conversation))
        application_handled(chat, conversation, user->id);
    return member;
}

struct member *member_add(struct chat *chat, struct conversation *conversation, struct user *user,
                          enum role role)
{
    return member_import(chat, conversation, user, role, chat->now);
}

static void end_membership(struct chat *chat, struct member *member)
{
    member_set_role(chat, member, ROLE_NONE);
    count_members(chat, member->conversation, -1);
    detach_feeds(member);
}

void member_leave(struct chat *chat, struct member *member)
{
    struct conversation *conversation = member->conversation;
    if (member->role == ROLE_OWNER)
        group_set_owner(chat, conversation, NULL);
    end_membership(chat, member);
    if (conversation->group->member_count == 0)
        group_dismiss(chat, conversation);
}

void member_set_role(struct chat *chat, struct member *member, enum role role)
{
    member->role = role;
    member->conversation->used = chat->era;
    store_put(chat->store, W_MEMBER_ROLE, "iti", member->conversation->id, member->user_id, (int64_t)role);
}

struct member *member_mute(struct chat *chat, struct conversation *conversation, struct user *user,
                           int64_t until)
{
    struct member *member = find_or_remember(chat, conversation, user->id);
    if (!member)
        return NULL;
    attach_user(member, user);
    member->muted_until = until;
    conversation->used = chat->era;
    store_put(chat->store, W_MEMBER_MUTE, "iti", conversation->id, user->id, until);
    return member;
}

void member_set_info(struct chat *chat, struct member *member, const char *name_card,
                     enum receive_option option)
{
    if (name_card != member->name_card) /* copied onto itself it would be gone */
        text_copy(member->name_card, sizeof member->name_card, name_card);
    if (member->receive_option != option)
        member->conversation->push_queued = false;
    member->receive_option = option;
    member->conversation->used = chat->era;
    store_put(chat->store, W_MEMBER_INFO, "itti", member->conversation->id, member->user_id,
              member->name_card, (int64_t)option);
}

void member_sent(struct chat *chat, struct member *member, int64_t id)
{
    member->sent++;
    member->sent_id = id;
    store_put(chat->store, W_MEMBER_SENT, "itii", member->conversation->id, member->user_id, member->sent,
              id);
}

void member_pin(struct chat *chat, struct member *member, bool pinned)
{
    member->pinned = pinned;
    member->conversation->used = chat->era;
    store_put(chat->store, W_MEMBER_PINNED, "iti", member->conversation->id, member->user_id,
              (int64_t)pinned);
}

void group_dismiss(struct chat *chat, struct conversation *conversation)
{
    struct member *member, *next;
    conversation->used = chat->era;
    conversation->group->dismissed = chat->now;
    conversation->group->member_count = 0;
    store_put(chat->store, W_GROUP_DISMISS, "ii", conversation->id, chat->now);
    store_put(chat->store, W_MEMBERS_END, "i", conversation->id);
    /* Rows not in memory were ended by the statement above; those that are read from now on come with role
     * 0. */
    HASH_ITER (hh, conversation->members, member, next) {
        member->role = ROLE_NONE;
        detach_feeds(member);
    }
    conversation->members_complete = true;
}

int members_count_online(struct chat *chat, struct conversation *conversation)
{
    const struct member *member;
    int online = 0;
    if (!members_load(chat, conversation))
        return 0;
    for (member = conversation->members; member; member = member->hh.next) {
        const struct user *user = user_in_memory(chat, member->user_id);
        online += member->role != ROLE_NONE && user && user->sessions;
    }
    return online;
}

/* Conversations begin */

/* All the memory it takes for these to be members, before the first record, from which there is no way back.
 * NULL: out of memory, and `created` (or NULL) is gone. */
static struct conversation *seat_all(struct chat *chat, struct conversation *created,
                                     struct user *const *users, size_t count)
{
    for (size_t i = 0; created && i < count; i++) {
        if (!users[i] || remember(created, users[i]->id))
            continue;
        forget_all(created);
        conversation_drop(chat, created);
        return NULL;
    }
    return created;
}

struct conversation *group_create(struct chat *chat, const struct group *group, struct user *owner,
                                  struct user *const *others, size_t count)
{
    struct conversation *created = conversation_group_create(chat, group);
    created = seat_all(chat, created, &owner, 1);
    created = seat_all(chat, created, others, count);
    if (!created)
        return NULL;
    conversation_put(chat, created);
    if (owner)
        (void)member_import(chat, created, owner, ROLE_OWNER, group->created); /* seated: it cannot fail */
    return created;
}

struct conversation *pair_join(struct chat *chat, const char *user1, const char *user2)
{
    struct user *users[] = {user_find(chat, user1), user_find(chat, user2)};
    if (store_reads_failed(chat->store)) /* perhaps there is one: a second would spoil the whole frame */
        return NULL;
    struct conversation *created = conversation_pair_create(chat, user1, user2);
    created = seat_all(chat, created, users, COUNT(users));
    if (!created)
        return NULL;
    conversation_put(chat, created);
    for (size_t i = 0; i < COUNT(users); i++)
        if (users[i])
            (void)member_add(chat, created, users[i], ROLE_MEMBER); /* seated */
    return created;
}

static bool rejoin(struct chat *chat, struct conversation *conversation, const char *user_id)
{
    struct user *user = user_find(chat, user_id);
    return !user || user->kicked == 0 || member_role(chat, conversation, user_id) != ROLE_NONE ||
           member_add(chat, conversation, user, ROLE_MEMBER);
}

bool pair_rejoin(struct chat *chat, struct conversation *conversation)
{
    return rejoin(chat, conversation, conversation->a) && rejoin(chat, conversation, conversation->b);
}

/* A user's memberships */

#define MEMBER_COLUMNS_COUNT 19 /* the conversation's columns follow */

bool memberships_load(struct chat *chat, struct user *user)
{
    bool complete = true;
    if (user->memberships_complete)
        return true;
    sqlite3_stmt *row = store_read(chat->store, R_MEMBERSHIPS);
    sqlite3_bind_text(row, 1, user->id, -1, SQLITE_STATIC);
    while (complete && store_row(chat->store, row)) {
        struct conversation *conversation = conversation_meet(chat, row, MEMBER_COLUMNS_COUNT);
        complete = conversation != NULL;
        if (complete && conversation->members_complete)
            (void)member_find(chat, conversation, user->id); /* NULL: dismissed, and not committed yet */
        else if (complete)
            complete = member_meet(chat, conversation, row) != NULL;
    }
    store_done(row);
    user->memberships_complete = complete && !store_reads_failed(chat->store);
    return user->memberships_complete;
}

/* Those that only the store knows of. The members that memory has come to their user, to be counted there. */
static int count_elsewhere(struct chat *chat, struct user *user)
{
    int count = 0;
    sqlite3_stmt *row = store_read(chat->store, R_GROUPS_OF_USER);
    sqlite3_bind_text(row, 1, user->id, -1, SQLITE_STATIC);
    while (store_row(chat->store, row)) {
        struct conversation *conversation = conversation_in_memory(chat, sqlite3_column_int64(row, 0));
        struct member *member = conversation ? in_memory(conversation, user->id) : NULL;
        if (member)
            attach_user(member, user);
        else
            count += !conversation || !conversation->members_complete;
    }
    store_done(row);
    return count;
}

int memberships_count_groups(struct chat *chat, struct user *user)
{
    const struct member *member;
    int count = user->memberships_complete ? 0 : count_elsewhere(chat, user);
    DL_FOREACH2 (user->memberships, member, user_next)
        count += member->role != ROLE_NONE && member->conversation->group != NULL;
    return count;
}

struct bans *group_bans(struct chat *chat, struct conversation *group)
{
    if (!group->bans)
        group->bans = bans_load(chat, group->id);
    return group->bans;
}

int group_check_ban(struct chat *chat, struct conversation *group, const char *user_id)
{
    const struct bans *bans = group_bans(chat, group);
    if (!bans)
        return CODE_BUSY;
    if (!ban_find(bans, user_id, until_now(chat)))
        return CODE_OK;
    chat->count.bans.refused++;
    return CODE_NOT_ALLOWED;
}
