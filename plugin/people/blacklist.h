/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whose private messages a user does not want. Read from the store when it is first asked about and in memory
 * from then on; of who has none even that is known with his row. Broker thread only. */
#ifndef PLUGIN_PEOPLE_BLACKLIST_H
#define PLUGIN_PEOPLE_BLACKLIST_H

#include "acl/identity.h"
#include <stdbool.h>
#include <stddef.h>

struct chat;
struct user;

#define BLACKLIST_MAX 1000 /* users on one */
/* What a frame takes for each user put on or taken off. */
#define BLACKLIST_BYTES 128

/* None on it is NULL. Freed as a whole with free(). */
struct blacklist {
    size_t count;
    char ids[][USER_ID_MAX + 1]; /* in the order of strcmp */
};

/* May `sender` write to `owner`? CODE_OK, CODE_BLACKLISTED, or CODE_BUSY when it cannot be told: the store
 * cannot be read (store_failed tells), or memory is out. */
int blacklist_check(struct chat *chat, struct user *owner, const char *sender);

/* Into memory: owner->blacklist is complete then. false: see CODE_BUSY above. */
__attribute__((warn_unused_result)) bool blacklist_load(struct chat *chat, struct user *owner);

/* These need it loaded. */
size_t blacklist_count(const struct user *owner);
bool blacklist_has(const struct user *owner, const char *id);
/* In the open frame, users who are not on it yet: all of them, or none and false when memory is out. */
__attribute__((warn_unused_result)) bool blacklist_add(struct chat *chat, struct user *owner,
                                                       const char *const *ids, size_t count);
/* In the open frame, users who are on it. */
void blacklist_remove(struct chat *chat, struct user *owner, const char *const *ids, size_t count);

#endif
