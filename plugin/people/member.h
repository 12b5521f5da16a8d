/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Members in memory: what a conversation is to one user who is in it, or was. Loaded when first named, or all
 * of a conversation or of a user at once; authoritative from then on, until nobody has used the conversation for a
 * while (eviction.h).
 *
 * Knows both users and conversations, which know nothing of it: so what needs the two is here, how groups and
 * pairs begin and end, and what a user is in. Changes go into the caller's open frame (store_begin ..
 * store_commit) and into memory at once. Broker thread only. */
#ifndef PLUGIN_PEOPLE_MEMBER_H
#define PLUGIN_PEOPLE_MEMBER_H

#include "acl/identity.h"
#include "acl/limits.h"
#include "acl/rules.h"
#include "lib/keyed_hash.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct bans;
struct chat;
struct conversation;
struct findings;
struct group;
struct user;

#define GROUPS_PER_USER  1000
#define GROUPS_BY_OTHERS (GROUPS_PER_USER / 2) /* who is in so many is brought into no more by others */

/* A column of the store: never change a value. */
enum receive_option { RECEIVE_AND_NOTIFY, RECEIVE_NOT_NOTIFY, RECEIVE_DISCARD, RECEIVE_OPTIONS };
/* "AcceptAndNotify" "AcceptNotNotify" "Discard" */
const char *receive_option_name(enum receive_option option);

struct member {
    struct conversation *conversation;
    char user_id[USER_ID_MAX + 1];
    struct user *user; /* NULL while the user is not in memory, or has not been found to be this one since */

    enum role role;    /* ROLE_NONE: was in it, or was only muted; the row stays */
    int64_t joined;    /* ms */
    int64_t joined_id; /* the messages after this one reach the member: visible_from */
    bool moved; /* joined elsewhere, in time: of what is imported what is older is not for the member */
    int64_t muted_until; /* ms; it outlasts leaving and coming back */

    /* What the member has set. */
    enum receive_option receive_option;
    char name_card[NAME_CARD_MAX + 1];
    bool pinned; /* first in the member's list of conversations */

    /* What the member has sent, and read: unread.h. */
    int64_t sent, sent_id; /* own messages that count for others so far; the id of the last */
    int64_t read_id;       /* read up to this id */
    int64_t read_counted;  /* conversation_counted there (the store's read_seq) */
    int64_t read_sent;     /* `sent` there */

    /* What is gone for this member alone: visible.h. */
    int64_t cleared_id;        /* the conversation was deleted when this was its last message */
    int64_t cleared_at;        /* ... at this place (store_next_place); 0: never, or nobody knows */
    int64_t deleted_id;        /* no message after this one was deleted */
    int64_t hidden_id;         /* not in the list of conversations until there is a message after this one */
    struct findings *findings; /* findings.h; NULL: none */

    bool feeding;                         /* in conversation->feeders */
    struct member *user_prev, *user_next; /* user->memberships */
    struct member *feed_prev, *feed_next; /* conversation->feeders */
    UT_hash_handle hh; /* conversation->members: a group's by user_id, the two of a pair only by hh.next */
};

/* Forgets all members of all conversations: before conversations_close. */
void members_close(struct chat *chat);
/* For eviction.h. The member leaves memory, and not the conversation. */
void member_unload(struct member *member);
/* The same for the user only, which the member must have. */
void member_detach(struct member *member);

/* One member */

/* The member row of a user, also one with ROLE_NONE. A point read the first time. NULL: there never was one,
 * or it cannot be read (store_reads_failed tells). */
struct member *member_find(struct chat *chat, struct conversation *conversation, const char *user_id);
/* The role in it; ROLE_NONE for who is not in it, and where member_find says NULL. */
enum role member_role(struct chat *chat, struct conversation *conversation, const char *user_id);
/* The member of a row at hand: MEMBER_COLUMNS of schema/statements.def. Memory knows better than the row.
 * NULL: out of memory, which counts as not read (store_reads_failed tells). */
struct member *member_meet(struct chat *chat, struct conversation *conversation, sqlite3_stmt *row);
/* Is the user in it, and wants to have what is written there? `member` may be NULL: no. */
static inline bool member_receives(const struct member *member)
{
    return member && member->role != ROLE_NONE && member->receive_option != RECEIVE_DISCARD;
}

/* Before the frame: takes the memory that member_add would. false: out of memory, or the store cannot be
 * read. A seat that is not taken does no harm. */
__attribute__((warn_unused_result)) bool member_seat(struct chat *chat, struct conversation *conversation,
                                                     const struct user *user);
/* In the open frame: the user, who is not in it, is a member from now on. A group's messages after this
 * moment reach the member (a ChatRoom shows older ones too), a pair's from the one it is opened for;
 * connected feeds deliver it, and what waits of the user's applications is handled. NULL: out of memory, or
 * the store cannot be read, and nothing has changed. */
struct member *member_add(struct chat *chat, struct conversation *conversation, struct user *user,
                          enum role role);
/* The same, and the list of members says that it was so since `joined` (ms): what reaches the member is as with
 * member_add. */
struct member *member_import(struct chat *chat, struct conversation *conversation, struct user *user,
                             enum role role, int64_t joined);
/* In the open frame: the member leaves the group, and delivery ends at once. Without its owner the group has
 * none; when the last one leaves it is dismissed. */
void member_leave(struct chat *chat, struct member *member);
/* In the open frame; the group's owner and member_count are the caller's. */
void member_set_role(struct chat *chat, struct member *member, enum role role);
/* In the open frame: until `until` (ms; 0: no longer) the user may not send. One without a row, as most in a
 * live group, gets one with ROLE_NONE. NULL: out of memory, or the store cannot be read, and nothing has
 * changed. */
struct member *member_mute(struct chat *chat, struct conversation *conversation, struct user *user,
                           int64_t until);
/* In the open frame: sets both. The name card has at most NAME_CARD_MAX bytes, and may be the member's
 * own. */
void member_set_info(struct chat *chat, struct member *member, const char *name_card,
                     enum receive_option option);
/* In the open frame: the message with this id is the member's own, and counts as unread for others. */
void member_sent(struct chat *chat, struct member *member, int64_t id);
/* In the open frame: first in the member's list of conversations, or not. */
void member_pin(struct chat *chat, struct member *member, bool pinned);

/* All members of a conversation: conversation->members */

/* Loads them, also those with ROLE_NONE; once. false: the store cannot be read, or memory is out. */
__attribute__((warn_unused_result)) bool members_load(struct chat *chat, struct conversation *conversation);
/* How many are connected. Loads them; 0 where that fails. */
int members_count_online(struct chat *chat, struct conversation *conversation);

/* All that a user is in: user->memberships */

/* Loads them, pairs and groups, and their conversations; once. false: the store cannot be read, or memory is
 * out. */
__attribute__((warn_unused_result)) bool memberships_load(struct chat *chat, struct user *user);
/* How many groups, for the limits above. Reads their ids, and loads nothing. Where the store cannot be read
 * (store_reads_failed tells), it may be too few. */
int memberships_count_groups(struct chat *chat, struct user *user);
/* A session of the user, whose memberships are loaded, has got its feed, or lost it: while there is one, the
 * user is among the feeders of each stored group. */
void memberships_feed_begin(struct user *user);
void memberships_feed_end(struct user *user);

/* How conversations begin and end */

/* In the open frame: creates the group, with its owner (NULL: none) in it, and seats for others; `group` is copied. A
 * group that was dismissed long ago loses its groupID to it. NULL: out of memory, and nothing has changed. */
struct conversation *group_create(struct chat *chat, const struct group *group, struct user *owner,
                                  struct user *const *others, size_t count);
/* In the open frame: dismisses the group. One record ends all memberships, and delivery to them ends at once.
 * Subscriptions to a live group are the caller's: dismissal.h. */
void group_dismiss(struct chat *chat, struct conversation *conversation);
/* In the open frame: creates the conversation of these two, which do not have one, with both in it;
 * SYSTEM_USER is a member of nothing. NULL: out of memory, or the store cannot be read, and nothing has
 * changed. */
struct conversation *pair_join(struct chat *chat, const char *user1, const char *user2);
/* In the open frame, before a message of the pair: of the two, who was deleted and has come again is in it
 * once more, from this message on. Only needed where one of them has `kicked`. false: out of memory, or the
 * store cannot be read; one of them may be in it once more nevertheless. */
__attribute__((warn_unused_result)) bool pair_rejoin(struct chat *chat, struct conversation *conversation);

/* Who is banned from a group (ban.h). NULL: it cannot be had now. */
struct bans *group_bans(struct chat *chat, struct conversation *group);
/* May this user come into the group, as far as bans go? CODE_OK, CODE_NOT_ALLOWED or CODE_BUSY. */
int group_check_ban(struct chat *chat, struct conversation *group, const char *user_id);

#endif
