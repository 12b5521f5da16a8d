/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who comes to a live group and who goes, gathered: the group gets at most one tip about it a second, with
 * some names and the number, however many come and go. A user counts once, whatever number of their devices
 * is there. Broker thread only. */
#ifndef PLUGIN_DELIVERY_AUDIENCE_H
#define PLUGIN_DELIVERY_AUDIENCE_H

#include <stdbool.h>
#include <stddef.h>

struct chat;
struct conversation;
struct session;
struct user;

/* How somebody has come, or gone: what who listens to everything is told. */
enum audience_reason {
    CAME_BY_COMMAND,
    CAME_BY_SUBSCRIBE,
    WENT_BY_COMMAND,
    WENT_BY_UNSUBSCRIBE,
    WENT_BY_DISCONNECT,
    WENT_LOST,
    AUDIENCE_REASONS
};

/* The session has just got, or lost, its subscription to the live group: keeps conversation->watchers. Out of
 * memory: nobody is told. */
void audience_moved(struct chat *chat, const struct session *session, struct conversation *conversation,
                    enum audience_reason reason);
/* They did not go by themselves: what is told of their going is told by the caller. */
void audience_forget_leaver(const struct conversation *conversation, const char *user_id);
/* TICK: hands out the tips that are due. */
bool audience_tick(struct chat *chat);
void audience_close(struct chat *chat);
/* Who is there, each user once, the last comer first, at most `max` after the first `skip`, into `out`;
 * returns how many. */
size_t audience_list(struct chat *chat, const struct conversation *conversation, size_t skip, size_t max,
                     struct user **out);

#endif
