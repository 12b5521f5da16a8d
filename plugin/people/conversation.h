/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Conversations in memory: pairs of users and groups, with the members met so far. Loaded when first named,
 * authoritative from then on, never dropped while the broker runs. Changes are made here, in one function
 * each: it puts the records into the caller's open frame (store_begin .. store_commit) and changes memory. */
#ifndef PLUGIN_PEOPLE_CONVERSATION_H
#define PLUGIN_PEOPLE_CONVERSATION_H

#include "acl/identity.h"
#include "acl/rules.h"
#include "plugin/people/bucket.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

struct audience;
struct chat;
struct live_history;
struct live_publish;
struct member;
struct message;
struct subscription;

#define GROUP_NAME_MAX         30
#define GROUP_INTRODUCTION_MAX 240
#define GROUP_NOTIFICATION_MAX 300
#define GROUP_FACE_URL_MAX     100
#define REASON_MAX             256 /* of a join, a kick, a decision */

struct group {
    char id[GROUP_ID_MAX + 1];
    enum group_type type;
    char name[GROUP_NAME_MAX + 1];
    char introduction[GROUP_INTRODUCTION_MAX + 1];
    char notification[GROUP_NOTIFICATION_MAX + 1];
    char face_url[GROUP_FACE_URL_MAX + 1];
    enum add_opt add_opt;
    enum invite_opt invite_opt;
    bool all_muted;
    char owner[USER_ID_MAX + 1]; /* "": a Private group whose owner has left */
    int64_t created;
    int64_t dismissed; /* when; 0: it lives */
    int member_count;
};

struct conversation {
    int64_t id;
    char a[USER_ID_MAX + 1], b[USER_ID_MAX + 1]; /* a pair; "" for a group */
    struct group *group;                         /* NULL for a pair */
    int64_t last_seq, last_id, last_time;
    int64_t recalled_id;               /* no message after it has been recalled */
    int64_t recalls;                   /* how many since it is in memory */
    struct member *members;            /* uthash; those met so far */
    bool members_complete;             /* ... or all of them */
    bool push_queued;                  /* every device that wants a push has a job waiting: push.h */
    char push_sender[USER_ID_MAX + 1]; /* ... but this user's, who sent what made them; "": nobody's */
    struct member *feeders;            /* members with a connected feed (stored groups only) */
    /* connected sessions subscribed by the group's name, or joined to a live group */
    struct subscription *subscriptions;
    size_t watchers;           /* live groups: users with a subscription, each once (audience.h) */
    struct audience *audience; /* a live group whose coming and going is to be told; NULL: nothing is */
    struct live_publish *live_publishes; /* live groups: not flushed yet (live_publish.h) */
    struct live_history *live_history;   /* live groups: live_history.h */
    struct bucket rate;
    UT_hash_handle hh, hh_name; /* by id; by pair or groupID */
};

__attribute__((warn_unused_result)) int conversations_open(struct chat *chat);
void conversations_close(struct chat *chat);
/* Those in memory, in no order: the next one is its hh.next. */
struct conversation *conversations_first(const struct chat *chat);

/* The pair's conversation, NULL when there is none yet (or the store cannot be read: store_failed tells).
 * SYSTEM_USER is fine as one. */
struct conversation *conversation_pair(struct chat *chat, const char *user1, const char *user2);
/* A group that lives, by its id; NULL when there is none or it was dismissed. */
struct conversation *conversation_group(struct chat *chat, const char *group_id);
/* The same, dismissed ones too (whose groupID is not free yet). */
struct conversation *conversation_group_any(struct chat *chat, const char *group_id);
struct conversation *conversation_by_id(struct chat *chat, int64_t id);
/* The same for a row at hand: CONVERSATION_COLUMNS of schema/statements.def, beginning at column
 * `first`. */
struct conversation *conversation_meet(struct chat *chat, sqlite3_stmt *row, int first);

/* Creating takes two steps, so that whoever runs out of memory in between can go back; member.h has the
 * whole of it. Made in memory, with nobody in it; `group` is copied. NULL: out of memory, nothing has changed. */
struct conversation *conversation_pair_create(struct chat *chat, const char *user1, const char *user2);
struct conversation *conversation_group_create(struct chat *chat, const struct group *group);
/* Puts it into the open frame; a group that was dismissed long ago loses its groupID to it. */
void conversation_put(struct chat *chat, struct conversation *conversation);
/* Or takes it back: it never was. Its members must be gone. */
void conversation_drop(struct chat *chat, struct conversation *conversation);

/* Where the next message stands: sets its conversation, its seq (the last one once more where it does not count)
 * and its time, which never goes back within a conversation, whatever the clock does. */
void conversation_place(const struct chat *chat, const struct conversation *conversation,
                        struct message *message, bool counts);
/* Appends the message placed, in the open frame, and it is the last one then. Its pushes are the caller's.
 * false: out of memory, and nothing has changed. */
__attribute__((warn_unused_result)) bool
conversation_append(struct chat *chat, struct conversation *conversation, const struct message *message);
/* The message placed is not stored, but has gone out: the conversation goes on from it, in memory. seq < 0: it has
 * none. */
void conversation_advance(struct conversation *conversation, const struct message *message);
/* Writes the server's stamp of a message of this conversation (STAMP_MAX bytes of stamp.h, its body follows);
 * the length. */
size_t conversation_stamp(char *out, const struct conversation *conversation, const struct message *message);
/* The other side of a pair. */
const char *conversation_peer(const struct conversation *conversation, const char *user);
/* How it is named to one of its members: the field, "to" or "group", and what stands there. */
const char *conversation_kind(const struct conversation *conversation);
const char *conversation_name(const struct conversation *conversation, const char *user);
const struct group_traits *conversation_traits(const struct conversation *conversation); /* groups only */
/* Stored (has ids, replay, history): pairs and all groups but live ones. */
bool conversation_stored(const struct conversation *conversation);

/* A message up to this id has been recalled, in the open frame. */
void conversation_recalled(struct chat *chat, struct conversation *conversation, int64_t id);
/* Sets group->owner (NULL or "": none), in the open frame. Roles are set apart. */
void group_set_owner(struct chat *chat, struct conversation *conversation, const char *owner);
/* Takes over name, introduction, notification, face_url, add_opt, invite_opt and all_muted of `changed`, in
 * the open frame. */
void group_set_info(struct chat *chat, struct conversation *conversation, const struct group *changed);

#endif
