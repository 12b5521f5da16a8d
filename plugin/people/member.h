/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Members in memory: what a conversation is to one user who is in it, or was. */
#ifndef PLUGIN_PEOPLE_MEMBER_H
#define PLUGIN_PEOPLE_MEMBER_H

#include "acl/identity.h"
#include "acl/rules.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

struct chat;
struct conversation;
struct findings;
struct group;
struct user;

#define NAME_CARD_MAX   50 /* bytes */
#define GROUPS_PER_USER 1000

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
    bool feeding;              /* in conversation->feeders */
    struct findings *findings; /* findings.h; NULL: none */
    struct member *user_prev, *user_next; /* user->memberships */
    struct member *feed_prev, *feed_next; /* conversation->feeders */
    UT_hash_handle hh;                    /* conversation->members, by user_id */
};

/* Forgets all members of all conversations: before conversations_close. */
void members_close(struct chat *chat);

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

/* The same for a row at hand: MEMBER_COLUMNS of schema/statements.def. NULL: out of memory. */
struct member *member_meet(struct chat *chat, struct conversation *conversation, sqlite3_stmt *row);

/* Loads all memberships (conversations the user is in, pairs and groups), once. false: the store cannot be
 * read. */
__attribute__((warn_unused_result)) bool user_load_memberships(struct chat *chat, struct user *user);
/* Groups the user is in (role > 0), for the limit of 1000. Loads memberships. */
int user_group_count(struct chat *chat, struct user *user);

/* Is the user in it, and wants to have what is written there? NULL: no. */
static inline bool member_receives(const struct member *member)
{
    return member && member->role != ROLE_NONE && member->receive_option != RECEIVE_DISCARD;
}

/* In the open frame: creates the group with its owner in it; `group` is copied. A group dismissed long ago loses
 * its groupID to it. NULL: out of memory, and nothing has changed. */
struct conversation *group_create(struct chat *chat, const struct group *group, struct user *owner);
/* In the open frame: creates the conversation of these two, which there is none of yet, with both in it;
 * SYSTEM_USER is a member of none. NULL: out of memory, or the store cannot be read, and nothing has changed. */
struct conversation *pair_join(struct chat *chat, const char *user1, const char *user2);
/* In the open frame, before a message of the pair: a user who was deleted and has come again is in it once
 * more, from this message on. Only needed where one of the two has `kicked`. false: out of memory. */
__attribute__((warn_unused_result)) bool pair_rejoin(struct chat *chat, struct conversation *conversation);

/* Dismisses the group, in the open frame: one record for all members; delivery to them ends at once. Who is
 * subscribed to a live group is the caller's: dismissal.h. */
void group_dismiss(struct chat *chat, struct conversation *conversation);

/* Online: members with a connected session. Loads the members. */
int group_online_count(struct chat *chat, struct conversation *conversation);
/* A session of the user has got its feed, or lost it: his groups are in conversation->feeders while he has
 * one. His memberships are loaded. */
void user_feed_begin(struct user *user);
void user_feed_end(struct user *user);

#endif
