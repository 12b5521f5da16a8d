/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Users in memory: loaded from the store when first named, authoritative from then on. */
#ifndef PLUGIN_PEOPLE_USER_H
#define PLUGIN_PEOPLE_USER_H

#include "acl/identity.h"
#include "plugin/people/bucket.h"
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

struct blacklist;
struct chat;
struct member;
struct profile;
struct session;
struct watched;
struct young_device;

struct user {
    char id[USER_ID_MAX + 1];
    int64_t created;
    int64_t kicked; /* seconds: userSigs made up to this second are dead; 0: none */
    int64_t c2c_muted_until, group_muted_until; /* ms: by an app admin; 0: not */
    bool deleted;
    bool leaving;               /* deleted, and his memberships are still being ended: deletion.h */
    bool memberships_complete;  /* `memberships` holds all of them, not only those met so far */
    struct member *memberships; /* utlist DL over user_prev/user_next; members with role 0 may be in it */
    struct session *sessions;   /* utlist DL over user_prev/user_next: who is connected */
    int feeds;                  /* ... of them with the feed: user_feed_begin() of member.h */
    struct watched *watched;    /* who watches his status: presence.h; NULL: nobody */
    struct young_device *young_devices; /* utlist DL over user_prev/user_next: device.h */
    /* What the store says of his devices' places and tokens, and of his applications, is void until it has
     * the frames of these marks. */
    uint64_t devices_ended, applications_ended;
    struct bucket rate;
    struct profile *profile;     /* profile.h; NULL: none */
    struct blacklist *blacklist; /* blacklist.h; NULL: nobody is on it */
    bool blacklist_unread;       /* that one is in the store, not here yet */
    uint64_t listed;             /* the last audience_list() that has met him */
    UT_hash_handle hh;
};

__attribute__((warn_unused_result)) int users_open(struct chat *chat);
void users_close(struct chat *chat);

/* The user, if there is one and an admin has not deleted him; NULL otherwise, also when the store cannot be
 * read (logged). A point read the first time, memory after that. */
struct user *user_find(struct chat *chat, const char *id);
/* The same, also deleted ones: for login. */
struct user *user_find_any(struct chat *chat, const char *id);
/* Only if it is in memory already: cheap, for questions like "is he connected". */
struct user *user_in_memory(struct chat *chat, const char *id);
/* Creates the user in the open frame. NULL: out of memory. */
struct user *user_create(struct chat *chat, const char *id);
/* Until when (ms; 0: no longer) the user may not send private messages, and to groups, in the open frame. */
void user_mute(struct chat *chat, struct user *user, int64_t c2c_until, int64_t group_until);
/* In the open frame: every userSig made up to this second is dead. */
void user_kick(struct chat *chat, struct user *user);
/* In the open frame: a deleted user has logged in anew, or was imported. His memberships ended when he was
 * deleted; what he said about himself, whom he did not want, and his mutes end now. */
void user_revive(struct chat *chat, struct user *user);

/* Never NULL; good until the user sets another. */
const struct profile *user_profile(const struct user *user);
/* What others are shown: the nickname, or the userID of who has none. */
const char *user_name(const struct user *user);
/* In the open frame: this is the user's profile from now on. */
void user_set_profile(struct chat *chat, struct user *user, struct profile *profile_take);

#endif
