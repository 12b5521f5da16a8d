/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The last messages that carried a `random`: the same sender, conversation and random within five minutes is
 * the same message. Filled from the log at start, so that it survives a restart. Holds at most 2^20, then the
 * oldest go. Broker thread only. */
#ifndef PLUGIN_DELIVERY_RECENT_H
#define PLUGIN_DELIVERY_RECENT_H

#include <stdbool.h>
#include <stdint.h>

struct chat;
struct message;

struct recent {
    int64_t random, id, seq, time; /* ms */
    int64_t conversation;
};

/* 0, or -1: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) int recents_open(struct chat *chat);
void recents_close(struct chat *chat);
/* The message, or NULL. Good until the next recent_add. */
const struct recent *recent_find(struct chat *chat, const char *sender, int64_t conversation, int64_t random);
/* Takes the memory that the next recent_add needs. false: there is none. */
__attribute__((warn_unused_result)) bool recent_expect(struct chat *chat);
/* `recent` is copied. false: out of memory, nothing is remembered of it. */
bool recent_add(struct chat *chat, const char *sender, const struct recent *recent);

/* Remembers a message that has a random. Out of memory: not. */
void recent_note(struct chat *chat, const struct message *message);

#endif
