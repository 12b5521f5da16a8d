/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who waits to be let into a group: by asking (joinGroup) or by being invited, where owner and admins decide.
 * One row a user and group in the store; it stays when it has been handled, until he asks again. Reads see
 * what is committed only: what is younger is kept here for one group commit, so that an application is found,
 * and not handled twice, at once. Broker thread only. */
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
struct young_application;

#define APPLICATION_MESSAGE_MAX REASON_MAX
/* What a frame takes for one. */
#define APPLICATION_BYTES 512
/* Of each group not more than this many are listed, the oldest. */
#define APPLICATIONS_LISTED 1000

/* A column of the store: never change a value. */
enum application_kind { APPLICATION_JOIN, APPLICATION_INVITE };

struct application {
    int64_t conversation;
    char user[USER_ID_MAX + 1]; /* who is to get in */
    enum application_kind kind;
    char inviter[USER_ID_MAX + 1]; /* "": he asked himself */
    char message[APPLICATION_MESSAGE_MAX + 1];
    int64_t time;
    bool handled;
};

__attribute__((warn_unused_result)) int applications_open(struct chat *chat);
void applications_close(struct chat *chat);

/* In the open frame, which must not be aborted any more: he waits from now on, with this word of his or
 * invited by `inviter` (NULL: by himself). An invitation does not replace his own request that waits. */
void application_put(struct chat *chat, const struct conversation *conversation, const char *user,
                     const char *inviter, const char *message);
/* The same: whatever waits there for this user is handled. */
void application_handled(struct chat *chat, const struct conversation *conversation, const char *user);
/* The same for everything that waits for this user, who is being deleted. */
void applications_end(struct chat *chat, struct user *user);
/* false: there never was one, or the store cannot be read (store_reads_failed tells). */
bool application_find(struct chat *chat, const struct conversation *conversation, const char *user,
                      struct application *out);

struct application_list {
    struct application *items; /* to be freed */
    size_t count, room;
};
/* Appends those of the group that wait, in no order. false: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) bool
application_list(struct chat *chat, const struct conversation *conversation, struct application_list *out);

#endif
