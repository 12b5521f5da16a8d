/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Conversations in memory: pairs of users, and groups. Loaded when first named, authoritative from then on,
 * until nobody has used them for a while (eviction.h). Changes are made here, in one function each, which puts the
 * records into the caller's open frame (store_begin .. store_commit) and changes memory. Who is in a conversation is
 * member.h's, also how one begins and ends. Broker thread only. */
#ifndef PLUGIN_PEOPLE_CONVERSATION_H
#define PLUGIN_PEOPLE_CONVERSATION_H

#include "acl/identity.h"
#include "acl/limits.h"
#include "acl/rules.h"
#include "lib/keyed_hash.h"
#include "plugin/core/sums.h"
#include "plugin/people/bucket.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct attributes;
struct audience;
struct bans;
struct chat;
struct live_history;
struct live_publish;
struct member;
struct message;
struct subscription;

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
    int64_t created;             /* ms */
    int64_t dismissed;           /* ms; 0: it lives */
    int member_count;            /* with a role */
};

struct conversation {
    int64_t id;
    uint32_t used; /* the era in which it, or a member of it, was last looked up or changed: eviction.h */
    char a[USER_ID_MAX + 1], b[USER_ID_MAX + 1]; /* a pair, in an order of its own; "" for a group */
    struct group *group;                         /* NULL for a pair */

    /* Its messages. */
    int64_t last_seq, last_id, last_time; /* of the last one, ms; 0: none */
    int64_t quiet;                        /* messages up to last_seq that do not count as unread */
    int64_t recalled_id;                  /* no message after this one has been recalled or edited */
    int64_t recalls;                      /* and edits: how many since it is in memory */

    /* Those that were imported: past.h. */
    int64_t imported_id, imported_time; /* the last of them, the latest of their times; 0: none */
    int64_t past_id;                    /* up to this one all were, as read by everybody */
    int64_t
        next_move; /* ms: of those who joined elsewhere after imported_time the earliest; 0: nobody has looked, INT64_MAX:
                          there are none */
    struct bucket rate, tips_rate; /* groups: of what is sent to it; of what is told in it */

    /* Who is in it: member.h. */
    bool members_complete;  /* `members` are all, not only those met so far */
    struct member *members; /* over hh.next; a group's by user_id too; members with ROLE_NONE may be in it */
    struct member *feeders; /* utlist DL over feed_prev/feed_next: with a feed connected; stored groups */

    /* Its pushes: push.h. */
    bool push_queued;                  /* every device that wants one has a job waiting */
    char push_sender[USER_ID_MAX + 1]; /* ... but this user's, whose message made them; "": nobody's */

    /* Who is subscribed by the group's name, or has joined a live group: subscription.h. */
    struct subscription *subscriptions; /* utlist DL over group_prev/group_next */
    size_t holders; /* how many of these there are, and of ended ones that are remembered */

    struct bans *bans;             /* of a group: ban.h; NULL: nobody has asked */
    struct attributes *attributes; /* of a group: attribute.h; NULL: nobody has asked */

    /* Live groups. */
    size_t watchers;                     /* users with a subscription, each once: audience.h */
    struct audience *audience;           /* comings and goings to be told: audience.h; NULL: none */
    struct live_publish *live_publishes; /* not flushed yet: live_publish.h */
    struct live_history *live_history;   /* live_history.h; NULL: none */

    UT_hash_handle hh, hh_name; /* by id; by pair or groupID */
};

/* Where it is in the arrays of core/sums.h. */
static inline int conversation_counts_as(const struct conversation *conversation)
{
    return conversation->group ? (int)conversation->group->type : COUNTED_C2C;
}

/* How many of its messages count as unread for who has not seen any. */
static inline int64_t conversation_counted(const struct conversation *conversation)
{
    return conversation->last_seq - conversation->quiet;
}

/* 0, or -1: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) int conversations_open(struct chat *chat);
/* Takes what was never opened. After members_close. */
void conversations_close(struct chat *chat);
/* Those in memory, in the order in which they came: the next one is its hh.next. NULL: none, or never opened. */
struct conversation *conversations_first(const struct chat *chat);

/* Finding: a point read the first time. NULL: there is none, or it cannot be read (store_reads_failed
 * tells). */

/* Of two userIDs, in any order; one may be SYSTEM_USER. */
struct conversation *conversation_pair(struct chat *chat, const char *user1, const char *user2);
/* Of a group that lives. `group_id` may be any text. */
struct conversation *conversation_group(struct chat *chat, const char *group_id);
/* The same, dismissed ones too, whose groupID is not free yet. */
struct conversation *conversation_group_any(struct chat *chat, const char *group_id);
struct conversation *conversation_by_id(struct chat *chat, int64_t id);
/* Only if in memory already: the store is not asked. */
struct conversation *conversation_in_memory(struct chat *chat, int64_t id);
/* Of a row at hand: CONVERSATION_COLUMNS of schema/statements.def, which begin at column `first`. Memory
 * knows better than the row. NULL also for the log of a group whose groupID has been given away. */
struct conversation *conversation_meet(struct chat *chat, sqlite3_stmt *row, int first);

/* Creating takes two steps, so that whoever runs out of memory between them can go back. Only group_create
 * and pair_join of member.h need these. */

/* In memory, with nobody in it; `group` is copied. The pair, or the group that lives, must not exist. NULL:
 * out of memory, and nothing has changed. */
struct conversation *conversation_pair_create(struct chat *chat, const char *user1, const char *user2);
struct conversation *conversation_group_create(struct chat *chat, const struct group *group);
/* In the open frame; a group that was dismissed long ago loses its groupID to it. */
void conversation_put(struct chat *chat, struct conversation *conversation);
/* Instead of that: it never was. Or it leaves memory, and not the store: eviction.h. Its members must be gone. */
void conversation_drop(struct chat *chat, struct conversation *conversation);

/* The next message */

/* Is a message's time so far to come that a clock was wrong when it was written, and is set right? */
bool conversation_time_is_ahead(const struct chat *chat, int64_t time);
/* Of the next message, or edit: never before the last one, whatever the clock does, but for one that is ahead as said. */
int64_t conversation_time(const struct chat *chat, const struct conversation *conversation);
/* Has so much passed since a message of this time was written? It has since one that is ahead as said. */
bool conversation_is_past(const struct chat *chat, int64_t time, int64_t seconds);
/* Where it stands: sets its conversation, its seq (the last one once more where it does not count) and its
 * time (conversation_time). */
void conversation_place(const struct chat *chat, const struct conversation *conversation,
                        struct message *message, bool counts);
/* In the open frame: appends the message placed, and it is the last one then. Its pushes are the caller's.
 * false: out of memory, and nothing has changed. */
__attribute__((warn_unused_result)) bool
conversation_append(struct chat *chat, struct conversation *conversation, const struct message *message);
/* The same for a message of a time of its own (past.h). */
__attribute__((warn_unused_result)) bool
conversation_import(struct chat *chat, struct conversation *conversation, const struct message *message);
/* The message placed is not stored, but has gone out: the conversation goes on from it, in memory. seq < 0:
 * it has none. */
void conversation_advance(struct conversation *conversation, const struct message *message);
/* Writes the server's stamp of a message of this conversation, which its body follows, to STAMP_MAX bytes
 * (see stamp.h); returns its length. */
size_t conversation_stamp(char *out, const struct conversation *conversation, const struct message *message);
/* In the open frame: a message with this id has been recalled or edited. */
void conversation_recalled(struct chat *chat, struct conversation *conversation, int64_t id);

/* What it is; what is returned is good as long as the conversation. */

/* The other one of a pair. */
const char *conversation_peer(const struct conversation *conversation, const char *user);
/* How it is named to one of its members: the field, "to" or "group", and what stands there. */
const char *conversation_kind(const struct conversation *conversation);
const char *conversation_name(const struct conversation *conversation, const char *user);
/* Of a group's type; not for pairs. */
const struct group_traits *conversation_traits(const struct conversation *conversation);
/* Has it ids, replay and history? Pairs and all groups but live ones. */
bool conversation_stored(const struct conversation *conversation);

/* Groups */

/* What a list of all groups says of one. */
struct group_brief {
    int64_t number; /* of its conversation */
    const struct group *group;
    int64_t last_seq;
    size_t watchers; /* of a live group */
};
/* false: it is enough. */
typedef bool group_brief_function(void *context, const struct group_brief *brief);
/* Every group whose number is after this one, dismissed ones too, by their numbers, at most `limit`. None is loaded
 * into memory. Where the store cannot be read (store_reads_failed tells), some are missing. */
void groups_after(struct chat *chat, int64_t after, size_t limit, group_brief_function *function,
                  void *context);

/* In the open frame: sets group->owner; NULL or "": none. Roles are set apart. */
void group_set_owner(struct chat *chat, struct conversation *conversation, const char *owner);
/* In the open frame: takes over name, introduction, notification, face_url, add_opt, invite_opt and all_muted
 * of `changed`. */
void group_set_info(struct chat *chat, struct conversation *conversation, const struct group *changed);

/* How many members a group of this type may have. */
int64_t group_members_max(const struct chat *chat, enum group_type type);

#endif
