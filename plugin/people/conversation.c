/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/conversation.h"

#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/payload/stamp.h"
#include "plugin/people/attribute.h"
#include "plugin/people/ban.h"
#include "plugin/people/live_history.h"
#include "schema/log.h"
#include "schema/store.h"

/* A pair is found by "a\nb", a group by its id: neither can be mistaken for the other. */
#define NAME_MAX_BYTES (2 * (USER_ID_MAX + 1) + GROUP_ID_MAX)

struct conversations {
    struct conversation *by_id, *by_name;
    int64_t last_id; /* of conversations */
};

/* Names: kept beside the conversation, since a group's name is inside struct group. */
struct named {
    struct conversation conversation; /* first */
    struct conversation *old;         /* dismissed long ago, and conversation_put takes its groupID */
    char name[];
};

static const char *pair_first(const char *user1, const char *user2)
{
    if (strcmp(user1, SYSTEM_USER) == 0 || strcmp(user2, SYSTEM_USER) == 0)
        return SYSTEM_USER;
    return strcmp(user1, user2) < 0 ? user1 : user2;
}

static void pair_name(char *name, const char *user1, const char *user2)
{
    const char *first = pair_first(user1, user2);
    const char *second = strcmp(first, user1) == 0 ? user2 : user1;
    char *end = stpncpy(name, first, USER_ID_MAX); /* no snprintf: this runs for every private message */
    *end++ = '\n';
    stpncpy(end, second, USER_ID_MAX + 1);
}

int conversations_open(struct chat *chat)
{
    chat->conversations = calloc(1, sizeof *chat->conversations);
    if (!chat->conversations)
        return -1;
    sqlite3_stmt *row = store_read(chat->store, R_CONVERSATION_MAX);
    if (store_row(chat->store, row))
        chat->conversations->last_id = sqlite3_column_int64(row, 0);
    store_done(row);
    return store_reads_failed(chat->store) ? -1 : 0;
}

/* From whichever tables it is in. */
static void destroy(struct conversations *all, struct conversation *conversation)
{
    if (conversation->hh.tbl)
        HASH_DELETE(hh, all->by_id, conversation);
    if (conversation->hh_name.tbl)
        HASH_DELETE(hh_name, all->by_name, conversation);
    live_history_free(conversation->live_history);
    attributes_free(conversation->attributes);
    bans_free(conversation->bans);
    free(conversation->group);
    free(conversation);
}

void conversations_close(struct chat *chat)
{
    struct conversation *conversation, *next;
    if (!chat->conversations)
        return;
    HASH_ITER (hh, chat->conversations->by_id, conversation, next)
        destroy(chat->conversations, conversation);
    free(chat->conversations);
    chat->conversations = NULL;
}

struct conversation *conversations_first(const struct chat *chat)
{
    return chat->conversations ? chat->conversations->by_id : NULL;
}

static struct conversation *remember(struct chat *chat, int64_t id, const char *name)
{
    struct conversations *all = chat->conversations;
    const size_t len = strlen(name);
    struct named *named = calloc(1, sizeof *named + len + 1);
    if (!named)
        return NULL;
    struct conversation *conversation = &named->conversation;
    conversation->id = id;
    conversation->used = chat->era;
    memcpy(named->name, name, len + 1);
    HASH_ADD_NUMBER(hh, all->by_id, id, conversation);
    if (conversation->hh.tbl)
        HASH_ADD_KEYPTR(hh_name, all->by_name, named->name, len, conversation);
    if (conversation->hh_name.tbl)
        return conversation;
    destroy(all, conversation);
    return NULL;
}

static struct conversation *find_name(struct chat *chat, const char *name)
{
    struct conversation *conversation;
    HASH_FIND(hh_name, chat->conversations->by_name, name, strlen(name), conversation);
    if (conversation)
        conversation->used = chat->era;
    return conversation;
}

struct conversation *conversation_in_memory(struct chat *chat, int64_t id)
{
    struct conversation *conversation;
    HASH_FIND_NUMBER(hh, chat->conversations->by_id, id, conversation);
    if (conversation)
        conversation->used = chat->era;
    return conversation;
}

/* Pairs */

static struct conversation *remember_pair(struct chat *chat, int64_t id, const char *user1, const char *user2)
{
    char name[NAME_MAX_BYTES];
    pair_name(name, user1, user2);
    struct conversation *conversation = remember(chat, id, name);
    if (!conversation)
        return NULL;
    const char *first = pair_first(user1, user2);
    text_copy(conversation->a, sizeof conversation->a, first);
    text_copy(conversation->b, sizeof conversation->b, strcmp(first, user1) == 0 ? user2 : user1);
    return conversation;
}

/* A row of statements.def's CONVERSATION_COLUMNS, which begin at column `first`. */

static struct group *group_of_row(sqlite3_stmt *row, int first)
{
    struct group *group = calloc(1, sizeof *group);
    if (!group)
        return NULL;
    text_copy(group->id, sizeof group->id, store_text(row, first + 6));
    group->type = (enum group_type)sqlite3_column_int(row, first + 7);
    text_copy(group->name, sizeof group->name, store_text(row, first + 8));
    text_copy(group->introduction, sizeof group->introduction, store_text(row, first + 9));
    text_copy(group->notification, sizeof group->notification, store_text(row, first + 10));
    text_copy(group->face_url, sizeof group->face_url, store_text(row, first + 11));
    group->add_opt = (enum add_opt)sqlite3_column_int(row, first + 12);
    group->invite_opt = (enum invite_opt)sqlite3_column_int(row, first + 13);
    group->all_muted = sqlite3_column_int(row, first + 14) != 0;
    text_copy(group->owner, sizeof group->owner, store_text(row, first + 15));
    group->created = sqlite3_column_int64(row, first + 16);
    group->member_count = sqlite3_column_int(row, first + 17);
    group->dismissed = sqlite3_column_int64(row, first + 18);
    return group;
}

static struct conversation *remember_group(struct chat *chat, int64_t id, struct group *group_take)
{
    struct conversation *conversation = group_take ? remember(chat, id, group_take->id) : NULL;
    if (conversation)
        conversation->group = group_take;
    else
        free(group_take);
    return conversation;
}

struct conversation *conversation_meet(struct chat *chat, sqlite3_stmt *row, int first)
{
    int64_t id = sqlite3_column_int64(row, first);
    struct conversation *conversation = conversation_in_memory(chat, id);
    if (conversation)
        return conversation; /* memory knows better than the store */
    if (sqlite3_column_type(row, first + 1) != SQLITE_NULL)
        conversation = remember_pair(chat, id, store_text(row, first + 1), store_text(row, first + 2));
    else if (sqlite3_column_type(row, first + 6) != SQLITE_NULL)
        conversation = remember_group(chat, id, group_of_row(row, first));
    else
        return NULL; /* the log of a group whose id has been given away */
    if (!conversation) {
        store_row_lost(chat->store);
        return NULL;
    }
    conversation->last_seq = sqlite3_column_int64(row, first + 3);
    conversation->last_id = sqlite3_column_int64(row, first + 4);
    conversation->last_time = sqlite3_column_int64(row, first + 5);
    conversation->recalled_id = sqlite3_column_int64(row, first + 19);
    conversation->quiet = sqlite3_column_int64(row, first + 20);
    conversation->imported_id = sqlite3_column_int64(row, first + 21);
    conversation->imported_time = sqlite3_column_int64(row, first + 22);
    conversation->past_id = sqlite3_column_int64(row, first + 23);
    return conversation;
}

static struct conversation *load(struct chat *chat, sqlite3_stmt *bound)
{
    struct conversation *conversation =
        store_row(chat->store, bound) ? conversation_meet(chat, bound, 0) : NULL;
    store_done(bound);
    return conversation;
}

struct conversation *conversation_pair(struct chat *chat, const char *user1, const char *user2)
{
    char name[NAME_MAX_BYTES];
    pair_name(name, user1, user2);
    struct conversation *conversation = find_name(chat, name);
    if (conversation)
        return conversation;
    const char *first = pair_first(user1, user2);
    sqlite3_stmt *row = store_read(chat->store, R_PAIR);
    sqlite3_bind_text(row, 1, first, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, strcmp(first, user1) == 0 ? user2 : user1, -1, SQLITE_STATIC);
    return load(chat, row);
}

struct conversation *conversation_pair_create(struct chat *chat, const char *user1, const char *user2)
{
    struct conversation *conversation = remember_pair(chat, ++chat->conversations->last_id, user1, user2);
    if (conversation)
        conversation->members_complete = true;
    return conversation;
}

bool conversation_time_is_ahead(const struct chat *chat, int64_t time)
{
    return time > chat->now + DAY_MS && store_believes_clock(chat->store);
}

int64_t conversation_time(const struct chat *chat, const struct conversation *conversation)
{
    return conversation_time_is_ahead(chat, conversation->last_time)
               ? chat->now
               : larger(chat->now, conversation->last_time);
}

bool conversation_is_past(const struct chat *chat, int64_t time, int64_t seconds)
{
    return time + seconds * 1000 <= chat->now || conversation_time_is_ahead(chat, time);
}

void conversation_place(const struct chat *chat, const struct conversation *conversation,
                        struct message *message, bool counts)
{
    message->conversation = conversation->id;
    message->seq = conversation->last_seq + counts;
    message->quiet = conversation->quiet + (message->kind == MESSAGE_QUIET);
    message->time = conversation_time(chat, conversation);
}

static void set_quiet(struct chat *chat, struct conversation *conversation, int64_t quiet)
{
    conversation->quiet = quiet;
    store_put(chat->store, W_CONVERSATION_QUIET, "ii", conversation->id, quiet);
}

bool conversation_append(struct chat *chat, struct conversation *conversation, const struct message *message)
{
    if (!log_append(chat->log, message, conversation->last_id))
        return false;
    conversation->used = chat->era;
    conversation->last_id = message->id;
    conversation_advance(conversation, message);
    store_put(chat->store, W_CONVERSATION_TOUCH, "iiii", conversation->id, message->seq, message->id,
              message->time);
    if (message->quiet != conversation->quiet)
        set_quiet(chat, conversation, message->quiet);
    return true;
}

bool conversation_import(struct chat *chat, struct conversation *conversation, const struct message *message)
{
    const bool begins = conversation->past_id == conversation->last_id && message->kind == MESSAGE_QUIET;
    if (!log_append(chat->log, message, conversation->last_id))
        return false;
    conversation->used = chat->era;
    if (begins)
        conversation->past_id = message->id;
    conversation->last_id = conversation->imported_id = message->id;
    conversation->last_seq = message->seq;
    conversation->last_time = larger(message->time, conversation->last_time); /* that of tips may be later */
    conversation->imported_time = larger(message->time, conversation->imported_time);
    conversation->quiet = message->quiet;
    store_put(chat->store, W_CONVERSATION_IMPORT, "iiiiiii", conversation->id, message->seq, message->id,
              conversation->last_time, message->quiet, conversation->imported_time, conversation->past_id);
    return true;
}

void conversation_advance(struct conversation *conversation, const struct message *message)
{
    if (message->seq >= 0)
        conversation->last_seq = message->seq;
    conversation->last_time = message->time;
}

size_t conversation_stamp(char *out, const struct conversation *conversation, const struct message *message)
{
    struct stamp stamp = {
        .id = message->id, .seq = message->seq, .time = message->time, .sender = message->sender};
    if (conversation->group)
        stamp.group = conversation->group->id;
    else
        stamp.to = conversation_peer(conversation, message->sender);
    return stamp_write(out, &stamp);
}

const char *conversation_peer(const struct conversation *conversation, const char *user)
{
    return strcmp(conversation->a, user) == 0 ? conversation->b : conversation->a;
}

const char *conversation_kind(const struct conversation *conversation)
{
    return conversation->group ? "group" : "to";
}

const char *conversation_name(const struct conversation *conversation, const char *user)
{
    return conversation->group ? conversation->group->id : conversation_peer(conversation, user);
}

/* Groups */

struct conversation *conversation_group_any(struct chat *chat, const char *group_id)
{
    if (!group_id_valid(group_id, strlen(group_id)))
        return NULL;
    struct conversation *conversation = find_name(chat, group_id);
    if (conversation)
        return conversation;
    sqlite3_stmt *row = store_read(chat->store, R_GROUP);
    sqlite3_bind_text(row, 1, group_id, -1, SQLITE_STATIC);
    return load(chat, row);
}

struct conversation *conversation_group(struct chat *chat, const char *group_id)
{
    struct conversation *conversation = conversation_group_any(chat, group_id);
    return conversation && conversation->group->dismissed == 0 ? conversation : NULL;
}

static const struct group_brief *group_brief_of(const struct conversation *conversation,
                                                struct group_brief *out)
{
    *out = (struct group_brief){.number = conversation->id,
                                .group = conversation->group,
                                .last_seq = conversation->last_seq,
                                .watchers = conversation->watchers};
    return out;
}

/* Memory knows better than the row. false: it is enough, or memory is out. */
static bool show_group(struct chat *chat, sqlite3_stmt *row, group_brief_function *function, void *context)
{
    const struct conversation *conversation = conversation_in_memory(chat, sqlite3_column_int64(row, 0));
    struct group_brief brief = {.number = sqlite3_column_int64(row, 0),
                                .last_seq = sqlite3_column_int64(row, 3)};
    if (conversation)
        return function(context, group_brief_of(conversation, &brief));
    struct group *group = group_of_row(row, 0);
    if (!group) {
        store_row_lost(chat->store);
        return false;
    }
    brief.group = group;
    bool more = function(context, &brief);
    free(group);
    return more;
}

/* Those that the database may not have yet are in memory, and have the highest numbers. */
static void show_young_groups(struct chat *chat, int64_t after, size_t limit, group_brief_function *function,
                              void *context)
{
    struct group_brief brief;
    bool more = true;
    sqlite3_stmt *row = store_read(chat->store, R_CONVERSATION_MAX);
    if (store_row(chat->store, row))
        after = larger(after, sqlite3_column_int64(row, 0));
    store_done(row);
    while (more && limit > 0 && ++after <= chat->conversations->last_id) {
        const struct conversation *conversation = conversation_in_memory(chat, after);
        if (!conversation || !conversation->group)
            continue;
        more = function(context, group_brief_of(conversation, &brief));
        limit--;
    }
}

void groups_after(struct chat *chat, int64_t after, size_t limit, group_brief_function *function,
                  void *context)
{
    bool more = true;
    sqlite3_stmt *row = store_read(chat->store, R_GROUPS_AFTER);
    sqlite3_bind_int64(row, 1, after);
    sqlite3_bind_int64(row, 2, (int64_t)limit);
    while (more && store_row(chat->store, row)) {
        after = sqlite3_column_int64(row, 0);
        more = show_group(chat, row, function, context);
        limit--;
    }
    store_done(row);
    if (more)
        show_young_groups(chat, after, limit, function, context);
}

struct conversation *conversation_by_id(struct chat *chat, int64_t id)
{
    struct conversation *conversation = conversation_in_memory(chat, id);
    if (conversation)
        return conversation;
    sqlite3_stmt *row = store_read(chat->store, R_CONVERSATION);
    sqlite3_bind_int64(row, 1, id);
    return load(chat, row);
}

struct conversation *conversation_group_create(struct chat *chat, const struct group *group)
{
    struct conversation *old = conversation_group_any(chat, group->id);
    struct group *copy = malloc(sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *group;
    copy->member_count = 0;
    struct conversation *conversation = remember_group(chat, ++chat->conversations->last_id, copy);
    if (!conversation)
        return NULL;
    ((struct named *)conversation)->old = old;
    conversation->members_complete = true;
    return conversation;
}

/* The id of a group that was dismissed long ago is free again: the old one is found by it no more. In the
 * store it gets one that nobody can have. */
static void forget_name(struct chat *chat, struct conversation *old)
{
    old->used = chat->era;
    store_put(chat->store, W_GROUP_FORGET, "i", old->id);
    HASH_DELETE(hh_name, chat->conversations->by_name, old);
    old->hh_name.tbl = NULL;
}

static void put_group(struct chat *chat, const struct conversation *conversation)
{
    const struct group *group = conversation->group;
    store_put(chat->store, W_GROUP_ADD, "itittttiiti", conversation->id, group->id, (int64_t)group->type,
              group->name, group->introduction, group->notification, group->face_url, (int64_t)group->add_opt,
              (int64_t)group->invite_opt, group->owner[0] ? group->owner : NULL, group->created);
}

void conversation_put(struct chat *chat, struct conversation *conversation)
{
    struct named *named = (struct named *)conversation;
    const bool pair = !conversation->group;
    if (named->old)
        forget_name(chat, named->old);
    named->old = NULL;
    store_put(chat->store, W_CONVERSATION_ADD, "itt", conversation->id, pair ? conversation->a : NULL,
              pair ? conversation->b : NULL);
    if (!pair)
        put_group(chat, conversation);
}

void conversation_drop(struct chat *chat, struct conversation *conversation)
{
    destroy(chat->conversations, conversation);
}

const struct group_traits *conversation_traits(const struct conversation *conversation)
{
    return group_traits(conversation->group->type);
}

bool conversation_stored(const struct conversation *conversation)
{
    return !conversation->group || conversation_traits(conversation)->stored;
}

void conversation_recalled(struct chat *chat, struct conversation *conversation, int64_t id)
{
    conversation->used = chat->era;
    conversation->recalls++;
    if (id <= conversation->recalled_id)
        return;
    conversation->recalled_id = id;
    store_put(chat->store, W_CONVERSATION_RECALLED, "ii", conversation->id, id);
}

void group_set_owner(struct chat *chat, struct conversation *conversation, const char *owner)
{
    conversation->used = chat->era;
    text_copy(conversation->group->owner, sizeof conversation->group->owner, owner ? owner : "");
    store_put(chat->store, W_GROUP_OWNER, "it", conversation->id, owner && *owner ? owner : NULL);
}

void group_set_info(struct chat *chat, struct conversation *conversation, const struct group *changed)
{
    struct group *group = conversation->group;
    conversation->used = chat->era;
    text_copy(group->name, sizeof group->name, changed->name);
    text_copy(group->introduction, sizeof group->introduction, changed->introduction);
    text_copy(group->notification, sizeof group->notification, changed->notification);
    text_copy(group->face_url, sizeof group->face_url, changed->face_url);
    group->add_opt = changed->add_opt;
    group->invite_opt = changed->invite_opt;
    group->all_muted = changed->all_muted;
    store_put(chat->store, W_GROUP_INFO, "ittttiii", conversation->id, group->name, group->introduction,
              group->notification, group->face_url, (int64_t)group->add_opt, (int64_t)group->invite_opt,
              (int64_t)group->all_muted);
}

int64_t group_members_max(const struct chat *chat, enum group_type type)
{
    switch (type) {
    case GROUP_PRIVATE:
        return chat->options.max_members_private;
    case GROUP_PUBLIC:
        return chat->options.max_members_public;
    case GROUP_CHATROOM:
        return chat->options.max_members_chatroom;
    default:
        return INT64_MAX;
    }
}
