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
struct live_publish;
struct chat;
struct findings;
struct live_history;
struct message;
struct subscription;
struct user;

#define GROUP_NAME_MAX         30
#define GROUP_INTRODUCTION_MAX 240
#define GROUP_NOTIFICATION_MAX 300
#define GROUP_FACE_URL_MAX     100
#define REASON_MAX             256 /* of a join, a kick, a decision */
#define NAME_CARD_MAX          50

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

enum receive_option { RECEIVE_AND_NOTIFY, RECEIVE_NOT_NOTIFY, RECEIVE_DISCARD };

struct member {
    struct conversation *conversation;
    char user_id[USER_ID_MAX + 1];
    struct user *user; /* NULL while the user is not in memory; a member that was changed always has it */
    enum role role;    /* ROLE_NONE: has left, the row stays */
    int64_t joined_id; /* messages after this id are his */
    int64_t joined;    /* when */
    int64_t read_id, read_seq, read_sent;
    int64_t sent, sent_id;
    enum receive_option receive_option;
    int64_t muted_until;
    char name_card[NAME_CARD_MAX + 1];
    int64_t cleared_id;        /* he has deleted the conversation: messages up to this id are not his */
    int64_t deleted_id;        /* no message after it has been deleted by him: visible.h */
    bool pinned;               /* first in his list */
    int feeds;                 /* connected sessions of his with the feed; > 0: in conversation->feeders */
    struct findings *findings; /* findings.h; NULL: none */
    struct member *user_prev, *user_next; /* user->memberships */
    struct member *feed_prev, *feed_next; /* conversation->feeders */
    UT_hash_handle hh;                    /* conversation->members, by user_id */
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

/* The pair's conversation, NULL when there is none yet (or the store cannot be read: store_failed tells).
 * SYSTEM_USER is fine as one. */
struct conversation *conversation_pair(struct chat *chat, const char *user1, const char *user2);
/* Creates it with both as members, in the open frame. NULL: out of memory. */
struct conversation *conversation_pair_create(struct chat *chat, const char *user1, const char *user2);
/* In the open frame, before a message of the pair: a user who was deleted and has come again is in it once
 * more, from this message on. Only needed where one of the two has `kicked`. false: out of memory. */
__attribute__((warn_unused_result)) bool conversation_pair_rejoin(struct chat *chat,
                                                                  struct conversation *conversation);
/* A group that lives, by its id; NULL when there is none or it was dismissed. */
struct conversation *conversation_group(struct chat *chat, const char *group_id);
/* The same, dismissed ones too (whose groupID is not free yet). */
struct conversation *conversation_group_any(struct chat *chat, const char *group_id);
struct conversation *conversation_by_id(struct chat *chat, int64_t id);
/* The same for a row at hand: CONVERSATION_COLUMNS of schema/statements.def, beginning at column `first`;
 * MEMBER_COLUMNS. */
struct conversation *conversation_meet(struct chat *chat, sqlite3_stmt *row, int first);
struct member *member_meet(struct chat *chat, struct conversation *conversation, sqlite3_stmt *row);
/* Creates a group with nobody in it, in the open frame; `group` is copied. A dismissed holder of the id is
 * forgotten. */
struct conversation *conversation_group_create(struct chat *chat, const struct group *group);
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

/* The member row of a user, role 0 ones too; NULL when there never was one. A point read the first time. */
struct member *member_find(struct chat *chat, struct conversation *conversation, const char *user_id);
/* His role there, ROLE_NONE when he is no member. */
enum role member_role(struct chat *chat, struct conversation *conversation, const char *user_id);
/* Loads every member row. false: the store cannot be read. */
__attribute__((warn_unused_result)) bool conversation_load_members(struct chat *chat,
                                                                   struct conversation *conversation);
/* Makes the user a member from now on (messages after the conversation's last id are his; in a ChatRoom he
 * may also see older ones), in the open frame. NULL: out of memory. Connected feeds of his get the group from
 * now on. */
struct member *member_add(struct chat *chat, struct conversation *conversation, struct user *user,
                          enum role role);
/* Ends a membership, in the open frame: role 0, delivery to him ends at once. */
void member_remove(struct chat *chat, struct member *member);
/* The same, and what hangs on it: without its owner a group has none, and when the last one leaves it
 * ends. */
void member_leave(struct chat *chat, struct member *member);
void member_set_role(struct chat *chat, struct member *member, enum role role);
/* Until when (ms; 0: no longer) the user may not send, in the open frame; it outlasts leaving and coming
 * back. Who never had a row, as in a live group, gets one with role 0. NULL: out of memory, and nothing has
 * changed. */
struct member *member_mute(struct chat *chat, struct conversation *conversation, struct user *user,
                           int64_t until);
/* Sets both, in the open frame; the name card is at most NAME_CARD_MAX bytes. */
void member_set_info(struct chat *chat, struct member *member, const char *name_card,
                     enum receive_option option);
/* First in his list, or not, in the open frame. */
void member_pin(struct chat *chat, struct member *member, bool pinned);
/* A message up to this id has been recalled, in the open frame. */
void conversation_recalled(struct chat *chat, struct conversation *conversation, int64_t id);
/* Sets group->owner (NULL or "": none), in the open frame. Roles are set apart. */
void group_set_owner(struct chat *chat, struct conversation *conversation, const char *owner);
/* Takes over name, introduction, notification, face_url, add_opt, invite_opt and all_muted of `changed`, in
 * the open frame. */
void group_set_info(struct chat *chat, struct conversation *conversation, const struct group *changed);
/* Dismisses the group, in the open frame: one record for all members; delivery ends at once. */
void group_dismiss(struct chat *chat, struct conversation *conversation);

/* Online: members with a connected session. Loads the members. */
int group_online_count(struct chat *chat, struct conversation *conversation);
/* A session of the member's user gained or lost its feed. */
void member_feed(struct member *member, bool gained);

#endif
