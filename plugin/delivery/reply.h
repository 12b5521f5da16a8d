/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Replies: the receipts `sent` and the answers of commands, on their way to the client that caused them.
 *
 * With `sent_after accepted` they go at once. With `committed` one that says that something is stored waits until all that
 * is in the ring at that moment is in the database (with `sync full`: fsynced), and goes at the TICK that hears of it. It is a
 * position of the ring that is waited for, and nothing else: whoever has that position. Those of one client keep
 * their order, so that one which has nothing to wait for goes behind those that wait. Everything else that a client is sent, messages
 * above all, waits for nothing.
 *
 * What waits is bounded, for each client and for all together; it goes with its session, and is nowhere but here: whoever has
 * had no reply asks or sends again. Broker thread only. */
#ifndef PLUGIN_DELIVERY_REPLY_H
#define PLUGIN_DELIVERY_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct session;

/* The receipt, for a stored message with `random`; time in ms. Out of memory, or with too much waiting already: it is
 * missing, as an event would be, and its sender sends again. */
void reply_sent(struct chat *chat, struct session *session, const struct conversation *conversation,
                int64_t id, int64_t seq, int64_t time, int64_t random);
/* The same for a message that nobody gets, as a reviewer wanted it: `kind` is "to" or "group". */
void reply_sent_to_nobody(struct chat *chat, struct session *session, const char *kind, const char *name,
                          int64_t random);

/* An answer. Everything is borrowed. */
struct reply_answer {
    const char *topic, *text;
    size_t len;
    const void *correlation; /* MQTT 5's; NULL: none */
    uint16_t correlation_len;
    int qos;
    bool safe; /* it says that something is stored */
};
/* false: out of memory. */
__attribute__((warn_unused_result)) bool reply_answer(struct chat *chat, struct session *session,
                                                      const struct reply_answer *answer);

/* Does so much wait that no more commands of this client are executed? They are refused as busy; and so much that
 * not even a refusal has room? */
bool replies_full(const struct chat *chat, const struct session *session);
bool replies_far_over(const struct chat *chat, const struct session *session);

/* Hands out what need not wait any more, so much in a turn. Is there more? */
bool replies_tick(struct chat *chat);
/* Does any wait? Then since when, by chat->steady; 0: none does. */
int64_t replies_waiting_since(const struct chat *chat);
/* The session ends: nobody is left to be told. NULL is fine. */
void replies_drop(struct chat *chat, struct session *session);

#endif
