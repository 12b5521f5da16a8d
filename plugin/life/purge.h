/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What somebody has written loses its content: in one group, or, when its writer is deleted, everywhere.
 * Messages stay where they are, as if each had been recalled.
 *
 * For whoever reads the log it is so with the frame of the command (log_purge_begin). What that costs follows
 * in the background: a walk down the log, a bounded look of about a millisecond at a time, recalls what it
 * meets, in frames of its own; with it go the rows' content, mentions, unread counts and pushes. One walk
 * serves all purges of a conversation that wait, and one all that are for everywhere. Where it is, is stored
 * now and then: what a restart looks at once more has been recalled already.
 *
 * A group is told with the command, in its frame: by a message of its own, for who is away, and by the event
 * `purged`. What is purged everywhere tells each conversation when the walk first finds something in it,
 * once, over restarts too. No pointer to a user or conversation is kept. Broker thread only. */
#ifndef PLUGIN_LIFE_PURGE_H
#define PLUGIN_LIFE_PURGE_H

#include <stdbool.h>

struct chat;
struct conversation;

/* What the last life has left to do. -1: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) int purges_open(struct chat *chat);
void purges_close(struct chat *chat); /* takes what was never opened */

/* In the open frame, which must not be aborted after it: all that this user has written up to now, in this
 * conversation or, with NULL, everywhere. The group has to be told yet (announce_purge). false: out of
 * memory, and nothing has changed. */
__attribute__((warn_unused_result)) bool purge_start(struct chat *chat, struct conversation *conversation,
                                                     const char *user_id);
/* TICK. true: there is more to do at the next one. */
bool purges_tick(struct chat *chat);

#endif
