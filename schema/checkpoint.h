/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When the write-ahead log goes into the database file. A long log is taken over bit by bit. A recall is in
 * the file only after a checkpoint, and its message's old pages are in the log until that is cut off: after
 * one it is. Where that does not work (somebody else's reader is in the way, or the disk) it is tried more and
 * more seldom, and said. Writer thread only. */
#ifndef SCHEMA_CHECKPOINT_H
#define SCHEMA_CHECKPOINT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct checkpoints {
    sqlite3 *db; /* borrowed */
    int pages;   /* the log has, as of the last commit */
    int left;    /* pages of it that the last checkpoint could not take over */
    bool recalled;
    int64_t next_cut, next_try; /* on the steady clock, ms */
    int64_t wait;               /* before the next try; 0 when the last one has worked */
    int64_t stuck_since;        /* 0: not stuck */
    bool said;
    int result;    /* of the last one that did not work */
    uint64_t done; /* that have worked */
};

enum checkpoint_news { CHECKPOINT_NO_NEWS, CHECKPOINT_STUCK, CHECKPOINT_WELL };

/* Counts pages from now on, with the connection's WAL hook. */
void checkpoints_init(struct checkpoints *checkpoints, sqlite3 *db);
/* A statement with this operation code was executed. */
void checkpoints_note(struct checkpoints *checkpoints, uint16_t op);
/* Does what is due at `now` (steady, ms), outside of a transaction. Readers are not waited for: what they are in
 * the way of comes with a later call. STUCK, once, when nothing has worked for some seconds; WELL when it does
 * again. */
enum checkpoint_news checkpoints_run(struct checkpoints *checkpoints, int64_t now);
/* Bytes of the log that wait for a checkpoint, as far as is known. */
uint64_t checkpoints_waiting(const struct checkpoints *checkpoints);
/* Why they do: a sentence's part. */
const char *checkpoints_reason(const struct checkpoints *checkpoints);

#endif
