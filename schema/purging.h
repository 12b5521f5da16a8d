/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whose messages are without content from now on, although the log still has it: a list that begins as NULL.
 * Pure: who keeps it over a restart is plugin/life/purge.h. One thread. */
#ifndef SCHEMA_PURGING_H
#define SCHEMA_PURGING_H

#include <stdbool.h>
#include <stdint.h>

struct purging;

/* What this sender has written up to and with the id `upto`, in this conversation or, with 0, in all. Of two
 * for the same the higher id counts. false: out of memory, and nothing has changed. */
__attribute__((warn_unused_result)) bool purging_add(struct purging **list, int64_t conversation,
                                                     const char *sender, int64_t upto);
/* What is not on it is fine. */
void purging_remove(struct purging **list, int64_t conversation, const char *sender);
bool purging_has(const struct purging *list, int64_t conversation, const char *sender, int64_t id);
void purging_clear(struct purging **list);

#endif
