/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Requests under way: a publish to $CONTROL/chat/v1 with up to 50 commands, which are answered in one message
 * (but for those of later.h).
 *
 * The commands of all clients have some milliseconds of each turn of the loop; what does not fit goes on at TICK,
 * so that nobody waits for somebody else's fifty. A client's requests are executed and answered in the order in
 * which they came. Broker thread only. */
#ifndef PLUGIN_COMMANDS_BATCH_H
#define PLUGIN_COMMANDS_BATCH_H

#include <stdbool.h>

struct chat;
struct control_request;
struct session;

/* 0, or -1: out of memory. */
__attribute__((warn_unused_result)) int batches_open(struct chat *chat);
/* What waits is dropped. What was never opened is fine. */
void batches_close(struct chat *chat);

/* Executes the request, or so much of it as has time, and answers it when it is over; the request is copied where
 * it has to wait. false: it cannot be answered (out of memory): close the connection. */
__attribute__((warn_unused_result)) bool batch_execute(struct chat *chat, struct session *session,
                                                       const struct control_request *request);
/* The session ends, and what waits of its requests is neither executed nor answered. NULL is fine. */
void batches_drop(struct chat *chat, struct session *session);
/* true: there is more to do. */
bool batches_tick(struct chat *chat);

#endif
