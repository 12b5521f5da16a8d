/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What of a conversation is there for one of its members: what came after the member joined, or last deleted
 * the conversation, without the messages that the member has deleted one by one. One answer for history,
 * sync, replay, the list and unread alike. Deletions made a moment ago are kept here for one group commit,
 * until reads of the store see them. Broker thread only. */
#ifndef PLUGIN_PEOPLE_VISIBLE_H
#define PLUGIN_PEOPLE_VISIBLE_H

#include "schema/ids.h"
#include <stdbool.h>
#include <stdint.h>

struct chat;
struct conversation;
struct member;
struct message;

/* 0, or -1: out of memory. */
__attribute__((warn_unused_result)) int visible_open(struct chat *chat);
/* Takes what was never opened. */
void visible_close(struct chat *chat);

/* The messages after this id were written since the member is in it; of what was imported, there (past.h). */
int64_t visible_since(const struct member *member);
/* The messages after this id reach the member's devices, and `sync`. */
int64_t visible_from(const struct member *member);
/* The messages after this id are in the history: where the group's type shows what came before joining
 * (docs/rules.md), these too. `member` NULL: for an app admin, who may read everything. */
int64_t visible_history_from(const struct conversation *conversation, const struct member *member);
/* Has the member deleted this message? A point read, and not even that where nothing as new was ever deleted.
 * `member` may be NULL: no. No also where the store cannot be read (store_reads_failed tells). */
bool visible_deleted(struct chat *chat, const struct member *member, int64_t id);
/* The id of the last message that is there for the member; 0: none, or the store cannot be read
 * (store_reads_failed tells). */
int64_t visible_last(struct chat *chat, struct member *member);

/* In the open frame, which must not be aborted any more: the message, which the member has not deleted yet,
 * is gone for the member, at this place (store_next_place). false: out of memory, and nothing has changed. */
__attribute__((warn_unused_result)) bool visible_delete(struct chat *chat, struct member *member,
                                                        const struct message *message, int64_t at);
/* In the open frame: all there is up to now is gone for the member, read or not. The caller then moves the
 * read position (member_read). */
void visible_clear(struct chat *chat, struct member *member, int64_t at);
/* In the open frame: all there is up to now stays, but the conversation is not in the member's list until its next
 * message. */
void visible_hide(struct chat *chat, struct member *member);
/* What the user has deleted, one by one, after the place `since`: in the order of their places, as many as `limit`. Where
 * the store cannot be read (store_reads_failed tells), some are missing. */
typedef void visible_deletion(void *context, int64_t at, int64_t id);
void visible_deleted_since(struct chat *chat, const char *user, int64_t since, size_t limit,
                           visible_deletion *give, void *context);
/* Adds to `ids` those others' messages with content after the id `after` that the member has deleted; some of
 * them twice. Out of memory: some are missing, and store_reads_failed tells. */
void visible_deleted_after(struct chat *chat, const struct member *member, int64_t after, struct ids *ids);

#endif
