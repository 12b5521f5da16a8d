/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a user has deleted, messages and whole conversations, in the order in which it was: for devices that were away.
 * Broker thread only. */
#ifndef PLUGIN_PEOPLE_ERASURES_H
#define PLUGIN_PEOPLE_ERASURES_H

#include <stddef.h>
#include <stdint.h>

struct chat;
struct member;
struct user;

#define ERASURES_MAX 500 /* at least as many as one command deletes */

struct erasure {
    int64_t at;                   /* its place among the messages */
    int64_t id;                   /* of the message; of a conversation, up to which it is gone */
    const struct member *cleared; /* of the whole conversation; NULL: one message */
};

struct erasures {
    size_t count;
    int64_t end; /* all up to this place are there; INT64_MAX: all */
    struct erasure list[2 * ERASURES_MAX];
};

/* Those after the place `since`, the first ERASURES_MAX at most, what was deleted at once together. Nothing for 0: who
 * has had nothing. The user's memberships are loaded. Where the store cannot be read (store_reads_failed tells), some
 * are missing. */
void erasures_read(struct chat *chat, const struct user *user, int64_t since, struct erasures *out);

#endif
