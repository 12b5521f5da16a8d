/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When the write-ahead log goes into the database file. A long log is taken over bit by bit. A recall is in
 * the file only after a checkpoint, and its message's old pages are in the log until that is cut off: after
 * one it is. Writer thread only. */
#ifndef SCHEMA_CHECKPOINT_H
#define SCHEMA_CHECKPOINT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct checkpoints {
    sqlite3 *db; /* borrowed */
    int pages;   /* the log has */
    bool recalled;
    int64_t next_cut; /* on the monotonic clock, ms */
};

/* Counts pages from now on, with the connection's WAL hook. */
void checkpoints_init(struct checkpoints *checkpoints, sqlite3 *db);
/* A statement with this operation code was executed. */
void checkpoints_note(struct checkpoints *checkpoints, uint16_t op);
/* Does what is due at `now` (monotonic, ms), outside of a transaction. Readers are not waited for: what they
 * are in the way of comes with a later call. */
void checkpoints_run(struct checkpoints *checkpoints, int64_t now);

#endif
