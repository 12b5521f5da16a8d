/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Messages of many conversations in the order of their ids: what replay and sync read. */
#ifndef PLUGIN_PEOPLE_MERGE_H
#define PLUGIN_PEOPLE_MERGE_H

#include "schema/log.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct merge;
struct user;

enum merge_scope { MERGE_PAIRS, MERGE_ALL, MERGE_ONE };

/* Messages after `after` that `user` may have: of his pairs, of all his stored conversations, or of `one`.
 * Nothing from before he joined. It ends with the newest message of the moment (merge_end): a conversation
 * that had nothing new then is not in it, so what comes later needs a merge of its own, opened after
 * merge_end. Loads memberships. NULL: out of memory or the store cannot be read. */
struct merge *merge_open(struct chat *chat, struct user *user, enum merge_scope scope,
                         struct conversation *one, int64_t after);
void merge_close(struct merge *merge);
int64_t merge_end(const struct merge *merge);
/* Everything up to this id has been given, or is deleted. */
int64_t merge_position(const struct merge *merge);
/* Nothing newer than `after` when it was opened. */
bool merge_empty(const struct merge *merge);

/* Calls `row` in the order of ids until it returns false or at most `limit` were given. Returns how many were
 * given; *complete is set when nothing is left. The row that `row` returned false for comes again. What the
 * user has deleted is passed over, at most some thousand a call: then none may be given and something be
 * left. */
typedef bool merge_row(void *context, struct conversation *conversation, const struct message *message);
size_t merge_read(struct merge *merge, size_t limit, merge_row *row, void *context, bool *complete);

/* Keeps the newest `limit` messages only. Returns the id of the oldest kept when something was cut off (the
 * conversation's last id + 1 when limit is 0), 0 otherwise. */
int64_t merge_newest(struct merge *merge, size_t limit);

#endif
