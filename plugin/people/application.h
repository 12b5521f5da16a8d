/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who waits to be let into a group, by asking (joinGroup) or by being invited, where owner and admins decide.
 * One row a user and group in the store; when it has been handled it stays, until the user waits again. Reads
 * of the store see what is committed only: what is younger is kept here for one group commit, so that an
 * application is found, and not handled twice, at once. Broker thread only. */
#ifndef PLUGIN_PEOPLE_APPLICATION_H
#define PLUGIN_PEOPLE_APPLICATION_H

#include "acl/identity.h"
#include "acl/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct user;

#define APPLICATION_MESSAGE_MAX REASON_MAX
/* Of each group not more than this many are listed, the oldest. */
#define APPLICATIONS_LISTED 1000

/* A column of the store: never change a value. */
enum application_kind { APPLICATION_JOIN, APPLICATION_INVITE };

struct application {
    int64_t conversation;       /* its id */
    char user[USER_ID_MAX + 1]; /* who is to get in */
    enum application_kind kind;
    char inviter[USER_ID_MAX + 1];             /* who is told of a refusal; "": nobody has invited the user */
    char message[APPLICATION_MESSAGE_MAX + 1]; /* the user's, to owner and admins; "": none */
    int64_t time;                              /* ms */
    bool handled;                              /* let in, refused, or ended */
};

/* 0, or -1: out of memory. */
__attribute__((warn_unused_result)) int applications_open(struct chat *chat);
/* Takes what was never opened. */
void applications_close(struct chat *chat);

/* These three in the open frame, which must not be aborted any more. Out of memory: it is found one group
 * commit later. */

/* The user waits from now on: asks, with this message, or is invited by `inviter` (NULL: asks). An invitation
 * does not replace what waits, but who has invited is kept with it, the first one only, and stays with it when the
 * user asks then. */
void application_put(struct chat *chat, const struct conversation *conversation, const char *user,
                     const char *inviter, const char *message);
/* What waits there for this user, if anything, is handled. */
void application_handled(struct chat *chat, const struct conversation *conversation, const char *user);
/* What waits for this user anywhere is handled: the user is being deleted. */
void applications_end(struct chat *chat, struct user *user);

/* The user's last one there, handled or not. false: there never was one, or the store cannot be read
 * (store_reads_failed tells). */
bool application_find(struct chat *chat, const struct conversation *conversation, const char *user,
                      struct application *out);

struct application_list {
    struct application *items; /* to be freed, also after a failure */
    size_t count, room;
};
/* Appends those of the group that wait, in no order. false: out of memory, or the store cannot be read; some
 * may have been appended. */
__attribute__((warn_unused_result)) bool
application_list(struct chat *chat, const struct conversation *conversation, struct application_list *out);

#endif
