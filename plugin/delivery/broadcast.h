/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Telling everybody who is connected, or a list of users. One frame holds the notice and who is to have it, in parts; the parts
 * are worked off at TICK, one a turn, each in a frame that puts its notices and takes the part away. So
 * whoever is meant at the command gets it once, also when the broker crashes in between. Broker thread
 * only. */
#ifndef PLUGIN_DELIVERY_BROADCAST_H
#define PLUGIN_DELIVERY_BROADCAST_H

#include <stdbool.h>
#include <stddef.h>

struct chat;

/* What the last life has left. -1: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) int broadcasts_open(struct chat *chat);
void broadcasts_close(struct chat *chat);

/* `body` is a notice's (announce_body). Opens a frame of its own: CODE_OK, or CODE_BUSY and nothing is
 * done. */
__attribute__((warn_unused_result)) int broadcast_start(struct chat *chat, const char *body);
/* The same to these users. */
__attribute__((warn_unused_result)) int broadcast_start_to(struct chat *chat, const char *body,
                                                           const char *const *user_ids, size_t count);
/* TICK. true: there is more to do at the next one. */
bool broadcasts_tick(struct chat *chat);

#endif
