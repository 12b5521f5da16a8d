/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whose private messages a user does not want. Read from the store when first asked about, in memory from
 * then on; that there is none is known with the user's row. Broker thread only. */
#ifndef PLUGIN_PEOPLE_BLACKLIST_H
#define PLUGIN_PEOPLE_BLACKLIST_H

#include "acl/identity.h"
#include <stdbool.h>
#include <stddef.h>

struct chat;
struct user;

#define BLACKLIST_MAX 1000 /* users on one */

/* With nobody on it, it is NULL. Freed as a whole, with free(). */
struct blacklist {
    size_t count;
    char ids[][USER_ID_MAX + 1]; /* in the order of strcmp */
};

/* May `sender` write to `owner`? CODE_OK, CODE_BLACKLISTED, or CODE_BUSY when it cannot be told: the store
 * cannot be read, or memory is out. */
int blacklist_check(struct chat *chat, struct user *owner, const char *sender);

/* Into memory, once: owner->blacklist is complete then. false: the store cannot be read, or memory is out. */
__attribute__((warn_unused_result)) bool blacklist_load(struct chat *chat, struct user *owner);

/* What follows needs it loaded. */

size_t blacklist_count(const struct user *owner);
bool blacklist_has(const struct user *owner, const char *id);
/* In the open frame: puts users on it who are not on it yet, each once. All of them, or none and false: out
 * of memory. */
__attribute__((warn_unused_result)) bool blacklist_add(struct chat *chat, struct user *owner,
                                                       const char *const *ids, size_t count);
/* In the open frame: takes users off it who are on it, each once. */
void blacklist_remove(struct chat *chat, struct user *owner, const char *const *ids, size_t count);

#endif
