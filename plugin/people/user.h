/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Users in memory: loaded when first named, authoritative from then on, until nobody has used them for a while
 * (eviction.h). Changes go into the caller's open frame (store_begin .. store_commit) and into memory at once. Others keep
 * here what they must find from a user without a search; whose it is stands beside it. Broker thread only. */
#ifndef PLUGIN_PEOPLE_USER_H
#define PLUGIN_PEOPLE_USER_H

#include "acl/identity.h"
#include "lib/keyed_hash.h"
#include "plugin/people/bucket.h"
#include "plugin/people/known_sig.h"
#include <stdbool.h>
#include <stdint.h>

struct blacklist;
struct chat;
struct member;
struct profile;
struct session;
struct watched;
struct rivals;
struct young_device;

/* After so long without more of it, it is as if devices had never sent each other away: rivals.h. */
#define RIVAL_CALM_MS 300000

/* Has any device of the user's a push token of Apple's or Google's? SOME: it had, at least. */
enum user_phones { PHONES_UNKNOWN, PHONES_NONE, PHONES_SOME };

struct user {
    char id[USER_ID_MAX + 1];
    uint32_t used;   /* the era in which the user was last looked up, changed, or connected: eviction.h */
    int64_t created; /* ms */
    int64_t kicked;  /* s: userSigs made up to this second are dead; 0: none */
    bool deleted;
    bool leaving;         /* deleted, and memberships are still being ended: deletion.h */
    int64_t banned_until; /* ms: may not log in; 0: may */
    int64_t c2c_muted_until, group_muted_until; /* ms: by an app admin; 0: not */
    struct bucket rate;                         /* of what the user sends */
    struct bucket account;                      /* of the user's commands: commands/account.h */

    struct known_sig known_sig; /* people/known_sig.h */

    int64_t groups_day, groups_made; /* user_groups_left() */

    /* What the user has set. */
    struct profile *profile;     /* profile.h; NULL: nothing */
    bool blacklist_unread;       /* one is in the store, and not here yet */
    struct blacklist *blacklist; /* blacklist.h; NULL: nobody is on it */

    /* What the user is in: member.h. */
    bool memberships_complete;  /* `memberships` are all, not only those met so far */
    int merges;                 /* open, which hold memberships: merge.h */
    size_t membership_count;    /* how many `memberships` there are */
    struct member *memberships; /* utlist DL over user_prev/user_next; members with ROLE_NONE may be in it */
    int64_t published_to;       /* the conversation of the last publish, 0: none: delivery/message.c */

    /* Connections. */
    struct session *sessions; /* utlist DL over user_prev/user_next: session.h */
    struct rivals *rivals;    /* its devices that were sent away for others: session/rivals.h; NULL: none */
    int feeds;                /* of these with the feed: memberships_feed_begin() of member.h */
    struct watched *watched;  /* who watches the user's status: presence.h; NULL: nobody */
    enum user_phones phones;  /* push/push_badge.h */
    struct {
        int open;      /* all of the user's devices */
        int64_t bytes; /* of those that are not in the stock yet */
    } uploads;         /* media/upload.h */
    uint64_t listed;   /* the last audience_list() that has met the user */

    /* What the store may not know yet. What it says of places and tokens, and of applications, is void until
     * it has the frames of these marks. */
    struct young_device *young_devices; /* utlist DL over user_prev/user_next: device.h */
    uint64_t devices_ended, applications_ended;
    bool places_known;   /* nobody but this one device has a place: device.c */
    uint64_t only_place; /* the hash of its client id; 0: no device has one */

    UT_hash_handle hh;
};

/* 0, or -1: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) int users_open(struct chat *chat);
/* Takes what was never opened. */
void users_close(struct chat *chat);
/* Those in memory, in the order in which they came: the next one is its hh.next. NULL: none. */
struct user *users_first(const struct chat *chat);
/* Out of memory, not out of the store: eviction.h. Nothing may point to the user any more. */
void user_unload(struct chat *chat, struct user *user);

/* The user, unless deleted. A point read the first time. NULL: there is none, or it cannot be read
 * (store_reads_failed tells). `id` may be any text. */
struct user *user_find(struct chat *chat, const char *id);
/* The same, deleted ones too: for login. */
struct user *user_find_any(struct chat *chat, const char *id);
/* Only if in memory already: cheap, for what can only be true of such, like being connected. */
struct user *user_in_memory(struct chat *chat, const char *id);

/* What a list of all users says of one. */
struct user_brief {
    int64_t number; /* rises in the order in which users were made for the first time, and stays */
    const char *id, *nickname;
    int64_t created, banned_until; /* ms */
    bool deleted;
};
/* false: it is enough. */
typedef bool user_brief_function(void *context, const struct user_brief *brief);
/* Everyone whose number is after this one, deleted ones too, by their numbers, at most `limit`. Nobody is loaded into
 * memory. Where the store cannot be read (store_reads_failed tells), some are missing. */
void users_after(struct chat *chat, int64_t after, size_t limit, user_brief_function *function,
                 void *context);

/* In the open frame: creates a user that there never was. NULL: out of memory, and nothing has changed. */
struct user *user_create(struct chat *chat, const char *id);
/* In the open frame: until when (ms; 0: no longer) the user may not send private messages, and to groups. */
void user_mute(struct chat *chat, struct user *user, int64_t c2c_until, int64_t group_until);
/* In the open frame: until when (ms; 0: no longer) the user may not log in. Outlasts a deletion. */
void user_ban(struct chat *chat, struct user *user, int64_t until);
/* 0, or CODE_BANNED: something is refused for it, which is counted. */
int user_check_ban(struct chat *chat, const struct user *user);
/* How many groups the user may still make today. */
int64_t user_groups_left(const struct chat *chat, const struct user *user);
/* In the open frame: the user has made one. */
void user_count_group(struct chat *chat, struct user *user);
/* A userSig was good that was made then (seconds): where that is still to come, the clock of who made it is ahead. */
void user_note_sig(struct chat *chat, int64_t created_seconds);
/* In the open frame: every userSig made up to this second is dead, also by a clock that is as far ahead as that of any
 * userSig seen in the last hour. */
void user_kick(struct chat *chat, struct user *user);
/* In the open frame: a deleted user has logged in anew, or was imported. Memberships ended with the deletion;
 * profile, blacklist and mutes end now. */
void user_revive(struct chat *chat, struct user *user);

/* Never NULL; good until user_set_profile and user_revive. */
const struct profile *user_profile(const struct user *user);
/* What others are shown: the nickname, or without one the userID. Good as long. */
const char *user_name(const struct user *user);
/* In the open frame: this is the profile from now on. */
void user_set_profile(struct chat *chat, struct user *user, struct profile *profile_take);

#endif
