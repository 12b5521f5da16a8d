/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is older than retention_days goes, a few rows at a time. Part of the writer thread, on its connection,
 * between its transactions. */
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
/* One small step of each kind, for what is older than `before` (milliseconds since 1970); true when there may
 * be more. An error changes nothing, the next step meets it again. */
bool retention_step(struct retention *retention, int64_t before);

#endif
