/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Messages of many conversations in the order of their ids: what replay and sync read. Broker thread only. */
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

/* The messages after the id `after` that reach the user: of the pairs, of all stored conversations the user
 * is in, or of `one` (else NULL) if the user is in it. It ends with the newest message of the moment
 * (merge_end): a conversation that had nothing new then is not in it, so what comes later needs a merge of
 * its own, opened after merge_end. Loads memberships. NULL: out of memory, or the store cannot be read;
 * otherwise to be closed. */
struct merge *merge_open(struct chat *chat, struct user *user, enum merge_scope scope,
                         struct conversation *one, int64_t after);
/* Before anything is read: leaves out what conversations had from elsewhere when they began here (past.h), which no
 * replay brings. */
void merge_skip_past(struct merge *merge);
/* `merge` may be NULL. */
void merge_close(struct merge *merge);
/* The newest id over all conversations when it was opened: nothing after it is given. */
int64_t merge_end(const struct merge *merge);
/* Everything up to this id has been given, or is deleted. */
int64_t merge_position(const struct merge *merge);
/* Nothing newer than `after` when it was opened. */
bool merge_empty(const struct merge *merge);

/* The message is good until it returns. false: not taken, no more. */
typedef bool merge_row(void *context, struct conversation *conversation, const struct message *message);
/* Gives messages to `row` in the order of their ids, until it returns false or `limit` were given. Returns
 * how many were given; *complete says whether nothing is left. The one that was not taken comes again. What
 * the user has deleted is passed over, at most some thousand a call: then none may be given and something be
 * left. Where memory is out, or the store cannot be read (store_reads_failed tells), it stops, and is not complete. */
size_t merge_read(struct merge *merge, size_t limit, merge_row *row, void *context, bool *complete);

/* Is it given to the client in the end? It must not read the log. */
typedef bool merge_counts(void *context, struct conversation *conversation, const struct message *message);
/* Before the first merge_read: lets all but the newest `limit` messages go, of those that count: neither deleted by
 * the user nor refused by `counts`. (Of one conversation at most some thousand are looked at that do not.) Returns the id of the
 * oldest kept if something was cut off (with limit 0: the last id + 1), otherwise 0. Out of memory, or the
 * store cannot be read: nothing is cut off. */
int64_t merge_newest(struct merge *merge, size_t limit, merge_counts *counts, void *context);

#endif
