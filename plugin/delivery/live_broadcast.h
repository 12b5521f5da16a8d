/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One message of an app admin's to every live group in which somebody is: some groups a turn, at TICK. One at a time,
 * and one a second. As all that is live it is not stored: what a crash leaves over is lost. Broker thread only. */
#ifndef PLUGIN_DELIVERY_LIVE_BROADCAST_H
#define PLUGIN_DELIVERY_LIVE_BROADCAST_H

#include <stdbool.h>
#include <stddef.h>

struct chat;
struct user;

/* `text` is a message (message_check), `len` bytes, copied. Codes: CODE_OK, and in *groups how many will get it;
 * CODE_TOO_FAST; CODE_BUSY: out of memory. */
__attribute__((warn_unused_result)) int live_broadcast_start(struct chat *chat, const struct user *sender,
                                                             const char *text, size_t len, size_t *groups);
/* TICK. true: there is more to do at the next one. */
bool live_broadcast_tick(struct chat *chat);
void live_broadcast_close(struct chat *chat);

#endif
