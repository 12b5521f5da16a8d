/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who listens to everything that happens: the sessions of administrators that are subscribed to chat/feed. What they
 * are told is printed by others (everything.h, happening.h), once for all of them, and only when there is one: to
 * whoever asks, that costs a comparison. Broker thread only. */
#ifndef PLUGIN_DELIVERY_LISTENERS_H
#define PLUGIN_DELIVERY_LISTENERS_H

#include "plugin/core/chat.h"
#include <stdbool.h>
#include <stddef.h>

struct subscription;

/* Does anybody? */
static inline bool listeners_any(const struct chat *chat)
{
    return chat->listeners != NULL;
}

/* A subscription of kind EVERYTHING begins, and ends; one that is not among them is fine. */
void listener_add(struct chat *chat, struct subscription *subscription);
void listener_remove(struct chat *chat, struct subscription *subscription);
/* The broker goes: nobody is told anything any more. */
void listeners_close(struct chat *chat);

/* At which QoS: 0 or 1. */
int listener_qos(const struct subscription *listener);
/* Queues a text for one of them. false: out of memory. */
bool listener_send(struct chat *chat, const struct subscription *listener, const char *text, size_t len);
/* Does it not read? Then what is not stored is not for it, which is counted. */
bool listener_sheds(struct chat *chat, const struct subscription *listener);
/* To all of them that read: what is not stored, and does not come again. */
void listeners_tell(struct chat *chat, const char *text, size_t len);

#endif
