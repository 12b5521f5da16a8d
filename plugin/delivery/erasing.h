/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A user deletes something, and the cursors of all devices that are told so pass it: erased.h. Broker thread only. */
#ifndef PLUGIN_DELIVERY_ERASING_H
#define PLUGIN_DELIVERY_ERASING_H

#include <stdint.h>

struct actor;
struct chat;

/* Something is deleted at this place, and the user's other devices are about to be told (event.h): the cursors of what
 * is live pass it. Whoever reads nothing, and is not told now, is to be told by a replay. */
void erasing_pass(struct chat *chat, const struct actor *deleter, int64_t at);

#endif
