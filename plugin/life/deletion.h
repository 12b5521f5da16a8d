/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The end of a user. In one small frame his userSigs, devices and push tokens end, and his memberships begin
 * to: one frame each, a bounded number a turn, first in the command itself, then at TICK, and after a restart
 * what is left. Until the last one he cannot log in again (CODE_BUSY). Who has few has ended when the command
 * is answered.
 *
 * He leaves groups as if he quit. Where an owner may not quit, the group goes to the admin who has been there
 * longest, or else to such a member; a live group, which only its owner is in, is dismissed. What he has
 * written stays, unless it is to be purged: then messages lose their content (purge.h), what was uploaded
 * goes (stock.h), and so does the profile. Broker thread only. */
#ifndef PLUGIN_LIFE_DELETION_H
#define PLUGIN_LIFE_DELETION_H

#include <stdbool.h>

struct chat;
struct user;

/* What the last life has left to do. -1: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) int deletions_open(struct chat *chat);
void deletions_close(struct chat *chat);

/* false: the ring is full, memory is out, or the store cannot be read; nothing has changed. */
__attribute__((warn_unused_result)) bool deletion_start(struct chat *chat, struct user *user, bool purge);
/* TICK. true: there is more to do at the next one. */
bool deletions_tick(struct chat *chat);

#endif
