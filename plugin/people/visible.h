/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What of a conversation is there for one of its members: what came after he joined or last deleted it,
 * without the messages he has deleted one by one. One question, for history, sync, replay, the list and
 * unread alike. */
#ifndef PLUGIN_PEOPLE_VISIBLE_H
#define PLUGIN_PEOPLE_VISIBLE_H

#include "schema/ids.h"
#include <stdbool.h>
#include <stdint.h>

struct chat;
struct conversation;
struct member;
struct message;

__attribute__((warn_unused_result)) int visible_open(struct chat *chat);
void visible_close(struct chat *chat);

/* What a frame takes for one deleted message. */
#define VISIBLE_DELETE_BYTES 256

/* What reaches a device and `sync`: messages after this id. */
int64_t visible_from(const struct member *member);
/* What history gives: where the group's type shows what came before joining (RULES), that too. `member` NULL:
 * an app admin, who may read everything. */
int64_t visible_history_from(const struct conversation *conversation, const struct member *member);
/* Has he deleted this message? A point read, and not even that for who has never deleted one as new. `member`
 * may be NULL. */
bool visible_deleted(struct chat *chat, const struct member *member, int64_t id);
/* The id of the last message that is there for him, 0: none. */
int64_t visible_last(struct chat *chat, struct member *member);

/* In the open frame, which must not be aborted any more: the message is gone for him. false: out of memory,
 * nothing has changed. */
__attribute__((warn_unused_result)) bool visible_delete(struct chat *chat, struct member *member,
                                                        const struct message *message);
/* The same for all there is up to now, read or not: the caller then moves the read position (member_read). */
void visible_clear(struct chat *chat, struct member *member);
/* Adds to `ids` others' messages with content after `after` that he has deleted. */
void visible_deleted_after(struct chat *chat, const struct member *member, int64_t after, struct ids *ids);

#endif
