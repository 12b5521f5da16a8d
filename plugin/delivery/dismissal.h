/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The end of a group, and telling its members. The group ends in one small frame, which also leaves a task
 * behind; the notices are worked off at TICK, some members a turn. Each batch is one frame that moves the
 * task on as well: whatever happens in between, every member is told once. */
#ifndef PLUGIN_DELIVERY_DISMISSAL_H
#define PLUGIN_DELIVERY_DISMISSAL_H

#include <stdbool.h>

struct chat;
struct conversation;

/* The tasks that the last life has left. -1: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) int dismissals_open(struct chat *chat);
void dismissals_close(struct chat *chat);

/* Dismisses the group in a frame of its own; the audience of a live one is told at once. false: the ring is
 * full or memory is, and nothing has changed. */
__attribute__((warn_unused_result)) bool dismissal_start(struct chat *chat, struct conversation *conversation,
                                                         const char *by);
/* TICK. true: there is more to do at the next one. */
bool dismissals_tick(struct chat *chat);

#endif
