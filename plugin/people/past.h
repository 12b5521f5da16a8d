/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a conversation has from elsewhere: messages that are imported, with the time they had there and the next ids
 * here, and members who were in the group before it came. Nobody is given what is imported; history, `sync` and the list
 * of conversations have it.
 *
 * Of those who came with a time (`moved`) the messages are that are not older than this, whichever of the two comes first:
 * as long as none of their time is there, all that has been imported is before them (visible.h); the first one that
 * is not settles where their messages begin. Broker thread only. */
#ifndef PLUGIN_PEOPLE_PAST_H
#define PLUGIN_PEOPLE_PAST_H

#include <stdbool.h>
#include <stdint.h>

struct chat;
struct conversation;
struct member;
struct message;

/* The time (ms) of the last message with content, whatever was told in the conversation since; 0: there is none. Where the
 * store cannot be read (store_reads_failed tells), a guess. */
int64_t past_last_time(struct chat *chat, struct conversation *conversation);

/* Before the frame: what past_add will need. false: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) bool past_expect(struct chat *chat, struct conversation *conversation);
/* In the open frame: appends a message that has a time of its own (not before past_last_time, but for less than a second)
 * and sets its conversation and its place there. It counts as unread, for those it is for, if it is a MESSAGE_CONTENT. false:
 * out of memory, and nothing has changed. */
__attribute__((warn_unused_result)) bool past_add(struct chat *chat, struct conversation *conversation,
                                                  struct message *message);

/* In the open frame: the member, who has just been added to the group, was in it elsewhere since member->joined. */
void past_move(struct chat *chat, struct member *member);

#endif
