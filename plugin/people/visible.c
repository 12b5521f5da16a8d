/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/visible.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/basics.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/findings.h"
#include "plugin/people/member.h"
#include "schema/log.h"
#include "schema/store.h"
#include "schema/young.h"

/* A deletion made a moment ago. Its key are the three members after the first, without a gap; the user's id
 * is padded with zeroes. */
struct hiding {
    struct young young;
    int64_t conversation, id;
    char user[USER_ID_MAX + 1];
    int64_t at;  /* its place */
    bool counts; /* another's message with content */
};

#define KEY_BYTES (offsetof(struct hiding, user) - offsetof(struct hiding, conversation) + USER_ID_MAX + 1)

int visible_open(struct chat *chat)
{
    return young_open(&chat->hidings, chat->store, NULL, NULL);
}

void visible_close(struct chat *chat)
{
    young_close(chat->hidings);
    chat->hidings = NULL;
}

int64_t visible_since(const struct member *member)
{
    const struct conversation *conversation = member->conversation;
    return member->moved && member->joined > conversation->imported_time
               ? larger(member->joined_id, conversation->imported_id)
               : member->joined_id;
}

int64_t visible_from(const struct member *member)
{
    return larger(visible_since(member), member->cleared_id);
}

int64_t visible_history_from(const struct conversation *conversation, const struct member *member)
{
    if (!member || member->role == ROLE_NONE)
        return 0;
    bool from_before = conversation->group && conversation_traits(conversation)->history_before_joining;
    return from_before ? member->cleared_id : visible_from(member);
}

static struct hiding *find_young(struct chat *chat, const struct member *member, int64_t id)
{
    struct hiding key = {.conversation = member->conversation->id, .id = id};
    text_copy(key.user, sizeof key.user, member->user_id);
    return (struct hiding *)young_find(chat->hidings, &key.conversation, KEY_BYTES);
}

bool visible_deleted(struct chat *chat, const struct member *member, int64_t id)
{
    if (!member || id > member->deleted_id)
        return false;
    if (find_young(chat, member, id))
        return true;
    sqlite3_stmt *row = store_read(chat->store, R_DELETED);
    sqlite3_bind_text(row, 1, member->user_id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, member->conversation->id);
    sqlite3_bind_int64(row, 3, id);
    bool deleted = store_row(chat->store, row);
    store_done(row);
    return deleted;
}

/* Two lists side by side, both from the newest on: the messages, and what the member has deleted. */
struct search {
    struct chat *chat;
    const struct member *member;
    int64_t floor;        /* no message up to here is looked at */
    sqlite3_stmt *others; /* deleted ones */
    int64_t deleted;      /* the next of them, 0: none */
    int64_t found;
};

static bool passes(struct search *search, int64_t id)
{
    while (search->deleted > id)
        search->deleted =
            store_row(search->chat->store, search->others) ? sqlite3_column_int64(search->others, 0) : 0;
    return search->deleted != id && !find_young(search->chat, search->member, id);
}

static bool look_back(void *context, const struct message *message)
{
    struct search *search = context;
    if (message->id <= search->floor)
        return false;
    if (!passes(search, message->id))
        return true;
    search->found = message->id;
    return false;
}

/* The last one left with floor < id < before, 0: none. */
static int64_t last_between(struct chat *chat, const struct member *member, int64_t floor, int64_t before)
{
    struct search search = {chat, member, floor, store_read(chat->store, R_DELETED_BEFORE), INT64_MAX, 0};
    sqlite3_bind_text(search.others, 1, member->user_id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(search.others, 2, member->conversation->id);
    sqlite3_bind_int64(search.others, 3, before);
    log_ids_before(chat->log, member->conversation->id, before, look_back, &search);
    store_done(search.others);
    return search.found;
}

/* However many were deleted, each is passed over once. */
static int64_t last_left(struct chat *chat, struct member *member, int64_t floor)
{
    int64_t last_id = member->conversation->last_id;
    struct findings *known = findings_of(member);
    if (!known)
        return last_between(chat, member, floor, last_id);
    int64_t found = last_between(chat, member, larger(floor, known->seen_upto), last_id);
    if (found == 0 && known->seen_id > floor)
        found = known->seen_deleted ? last_between(chat, member, floor, known->seen_id) : known->seen_id;
    if (store_reads_failed(chat->store))
        return 0;
    known->seen_upto = last_id;
    known->seen_id = found;
    known->seen_deleted = false;
    return found;
}

int64_t visible_last(struct chat *chat, struct member *member)
{
    const struct conversation *conversation = member->conversation;
    int64_t floor = larger(visible_history_from(conversation, member), store_first_id(chat->store) - 1);
    if (conversation->last_id <= floor)
        return 0;
    const struct findings *known = member->findings;
    if (known && known->seen_upto == conversation->last_id && !known->seen_deleted)
        return known->seen_id > floor ? known->seen_id : 0;
    if (!visible_deleted(chat, member, conversation->last_id))
        return conversation->last_id;
    return last_left(chat, member, floor);
}

static struct hiding *add_young(struct chat *chat, const struct member *member, int64_t id)
{
    struct hiding *young = calloc(1, sizeof *young);
    if (!young)
        return NULL;
    young->conversation = member->conversation->id;
    young->id = id;
    text_copy(young->user, sizeof young->user, member->user_id);
    return young_add_keyed(chat->hidings, &young->young, &young->conversation, KEY_BYTES) ? young : NULL;
}

bool visible_delete(struct chat *chat, struct member *member, const struct message *message, int64_t at)
{
    int64_t conversation = member->conversation->id;
    struct hiding *young = add_young(chat, member, message->id);
    if (!young)
        return false;
    young->at = at;
    young->counts = message->kind == MESSAGE_CONTENT && strcmp(message->sender, member->user_id) != 0;
    store_put(chat->store, W_MESSAGE_DELETE_AT, "tiiii", member->user_id, conversation, message->id,
              (int64_t)young->counts, at);
    member->conversation->used = chat->era;
    findings_deleted(member, message->id, young->counts && !message->recalled);
    if (message->id > member->deleted_id) {
        member->deleted_id = message->id;
        store_put(chat->store, W_MEMBER_DELETED, "iti", conversation, member->user_id, message->id);
    }
    return true;
}

void visible_clear(struct chat *chat, struct member *member, int64_t at)
{
    struct conversation *conversation = member->conversation;
    conversation->used = chat->era;
    member->cleared_id = conversation->last_id;
    member->cleared_at = at;
    store_put(chat->store, W_MEMBER_CLEARED_AT, "itii", conversation->id, member->user_id, member->cleared_id,
              at);
    if (member->deleted_id != 0)
        store_put(chat->store, W_DELETED_FORGET, "iti", conversation->id, member->user_id,
                  member->cleared_id);
}

void visible_hide(struct chat *chat, struct member *member)
{
    struct conversation *conversation = member->conversation;
    conversation->used = chat->era;
    member->hidden_id = conversation->last_id;
    store_put(chat->store, W_MEMBER_HIDDEN, "iti", conversation->id, member->user_id, member->hidden_id);
}

void visible_deleted_since(struct chat *chat, const char *user, int64_t since, size_t limit,
                           visible_deletion *give, void *context)
{
    const struct young *young;
    sqlite3_stmt *row = store_read(chat->store, R_DELETED_SINCE);
    sqlite3_bind_text(row, 1, user, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, since);
    sqlite3_bind_int64(row, 3, (int64_t)limit);
    for (; limit > 0 && store_row(chat->store, row); limit--) {
        since = sqlite3_column_int64(row, 0);
        give(context, since, sqlite3_column_int64(row, 1));
    }
    store_done(row);
    DL_FOREACH (chat->hidings->oldest, young) {
        const struct hiding *hiding = (const struct hiding *)young;
        if (hiding->at <= since || strcmp(hiding->user, user) != 0)
            continue;
        if (limit-- == 0)
            return;
        give(context, hiding->at, hiding->id);
    }
}

void visible_deleted_after(struct chat *chat, const struct member *member, int64_t after, struct ids *ids)
{
    const struct young *young;
    if (member->deleted_id <= after)
        return;
    sqlite3_stmt *row = store_read(chat->store, R_DELETED_AFTER);
    sqlite3_bind_text(row, 1, member->user_id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, member->conversation->id);
    sqlite3_bind_int64(row, 3, after);
    while (store_row(chat->store, row))
        if (!ids_add(ids, sqlite3_column_int64(row, 0)))
            store_row_lost(chat->store);
    store_done(row);
    DL_FOREACH (chat->hidings->oldest, young) {
        const struct hiding *hiding = (const struct hiding *)young;
        if (hiding->counts && hiding->conversation == member->conversation->id && hiding->id > after &&
            strcmp(hiding->user, member->user_id) == 0 && !ids_add(ids, hiding->id))
            store_row_lost(chat->store);
    }
}
