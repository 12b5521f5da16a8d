/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The last messages of a live group: a list that begins as NULL, in memory only. Who comes is given them
 * first, and getHistory reads them. Broker thread only. */
#ifndef PLUGIN_PEOPLE_LIVE_HISTORY_H
#define PLUGIN_PEOPLE_LIVE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

struct live_history;

struct live_message {
    struct live_message *prev, *next; /* utlist DL; readers go by live_history_after and _before */
    const char *client_id;            /* of the connection that sent it: it never gets it back; "": of none */
    const char *payload;              /* as it was delivered: stamp and body */
    size_t len;
    char bytes[]; /* which these two point into */
};

/* Appends a copy of the payload, and lets the oldest go until at most `max` are left (0: none is kept). Out
 * of memory: it is not remembered, as if it were too old. */
void live_history_add(struct live_history **history, int64_t max, const char *client_id, const void *payload,
                      size_t len);
/* The next newer one, and the next older; of NULL: the oldest, and the newest. NULL: no more. `history` may
 * be NULL. Good until the next live_history_add. */
const struct live_message *live_history_after(const struct live_history *history,
                                              const struct live_message *message);
const struct live_message *live_history_before(const struct live_history *history,
                                               const struct live_message *message);
void live_history_free(struct live_history *history);

#endif
