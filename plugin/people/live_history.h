/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The last messages of a live group, in memory only: who comes is given them first. */
#ifndef PLUGIN_PEOPLE_LIVE_HISTORY_H
#define PLUGIN_PEOPLE_LIVE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

struct chat;
struct conversation;
struct page;
struct session;

#define LIVE_HISTORY_MAX 50

struct live_message {
    struct live_message *prev, *next;
    char *client_id; /* who sent it */
    size_t len;
    char payload[];
};

/* Remembers a delivered message (stamp and body); `origin` (NULL: nobody) never gets it back. Out of memory:
 * it is not remembered. */
void live_history_add(struct chat *chat, struct conversation *conversation, const struct session *origin,
                      const void *payload, size_t len);
/* The oldest of the last ones, over ->next; NULL: none. */
const struct live_message *live_history_oldest(const struct conversation *conversation);
/* The last ones, at most `limit` and what fits, for an answer, oldest first. true: these are all. */
bool live_history_read(const struct conversation *conversation, size_t limit, struct page *page);
void live_history_free(struct conversation *conversation);

#endif
