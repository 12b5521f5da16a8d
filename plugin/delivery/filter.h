/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The word filter in force (lib/words.h): chat->words, from the file that the option words_file names. It is
 * read once at the start, and anew at each SIGHUP: by a thread of its own, since that takes some tenths of a
 * second; what is in force changes at a TICK. A list that cannot be read changes nothing. Broker thread only. */
#ifndef PLUGIN_DELIVERY_FILTER_H
#define PLUGIN_DELIVERY_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct chat;

/* At the start, with the options: 0, or -1 and a sentence in `error`. Without the option nothing is filtered. */
__attribute__((warn_unused_result)) int filter_open(struct chat *chat, char *error, size_t error_size);
/* Takes what was never opened. Waits for the thread. */
void filter_close(struct chat *chat);
/* Begins to read the file again, or does so when it has been read; it may be another one, or none. */
void filter_reload(struct chat *chat);
bool filter_tick(struct chat *chat);

#endif
