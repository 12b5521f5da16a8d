/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is older than retention_days goes, a few rows at a time: messages, devices nobody has used since,
 * groups that were dismissed before; and the file gives their space back. Part of the writer thread, on its
 * connection, between its transactions.
 *
 * Messages go in the order of their ids, so that those left are all those from an id on, of every
 * conversation. One whose time is still to come (the clock was wrong for a while) goes with its neighbours.
 * The newest stays however old it is: it tells the next start how far the ids are. */
#ifndef SCHEMA_RETENTION_H
#define SCHEMA_RETENTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retention;

/* Prepares its statements; `db` is borrowed. -1: a sentence in `error`. */
__attribute__((warn_unused_result)) int retention_open(struct retention **out, sqlite3 *db, char *error,
                                                       size_t error_size);
void retention_free(struct retention *retention); /* NULL is fine */
/* One small step of each kind, for what is older than `now - keep` (now: milliseconds since 1970, keep:
 * milliseconds); true when there may be more. An error changes nothing, the next step meets it again. */
bool retention_step(struct retention *retention, int64_t now, int64_t keep);
/* No message below this id is left; 0: there was none at retention_open, and none has gone since. */
int64_t retention_first_id(const struct retention *retention);

#endif
