/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The push queue on the broker's side. A job row waits in the store for a device and a conversation; it
 * stands for the newest message there that the user would be told about. Jobs are put by push_put.h, handed
 * from here to workers (admin clients subscribed to chat/push), leased, and answered in push_answer.h: done,
 * tried again with back-off, or kept as dead. Broker thread only. */
#ifndef PLUGIN_PUSH_PUSH_H
#define PLUGIN_PUSH_PUSH_H

#include <stdbool.h>
#include <stdint.h>

struct chat;
struct session;

__attribute__((warn_unused_result)) int push_open(struct chat *chat);
void push_close(struct chat *chat);
/* SUBSCRIBE / UNSUBSCRIBE of chat/push, and the end of a worker's session: its jobs go to the next at
 * once. */
void push_worker_add(struct chat *chat, struct session *session);
void push_worker_remove(struct chat *chat, struct session *session);
/* TICK: hands due jobs to workers, a bounded number a turn; lets leases end; drops what is expired. true: a
 * worker waits for jobs that are about to come, the next tick should be soon. */
bool push_tick(struct chat *chat);

/* The clock was set forward by so many ms, back if below 0, since the last event. In no frame. */
void push_clock_moved(struct chat *chat, int64_t by);

#endif
