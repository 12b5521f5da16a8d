/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The writer thread: executes the frames of the ring in SQLite, as many as are there in one transaction,
 * which also stores the position reached. It is the only writer of the database; it owns checkpoints, and finds
 * what is too old.
 *
 * Promises: a frame is never split over two commits; position and rows change together, so a frame is
 * executed exactly once, whatever dies when. So does the frame's number, and one that does not follow on it is
 * not executed. A frame whose own fault an error is (a constraint, a type, an unknown
 * operation) goes to <database>.bad, and when it is on the disk there, the rest goes on. Whatever else fails is
 * tried again for ever, with back-off, and nothing is passed over: the ring fills, and acks stop. */
#ifndef SCHEMA_WRITER_H
#define SCHEMA_WRITER_H

#include "schema/ring.h"
#include "schema/store_config.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct backup;
struct lines;
struct retention_plan;
struct writer;

struct writer_config {
    sqlite3 *db; /* borrowed; only the writer uses it while the thread runs */
    struct ring *ring;
    const char *database;                /* path, for <database>.bad */
    int64_t retention_ms, clock_checked; /* as in store_config.h */
    enum store_sync sync;                /* that the database was opened with */
    const char *boot_id;                 /* of the machine; "": it has none */
    uint64_t number;                     /* of the last frame that was executed */
};

/* Made before recovery, with whatever schema the database has. -1: a sentence in `error`. */
__attribute__((warn_unused_result)) int writer_create(struct writer **out, const struct writer_config *config,
                                                      char *error, size_t error_size);
/* Recovery, before the thread runs and before migrating: executes the frames that verify from `position` with
 * `epoch`, and returns the end. `frames` counts them. -1, a sentence about the ring in `error`: the disk does
 * not let it; or, and then nothing was executed, one holds an operation that this release does not know, or
 * whose statement does not fit the schema. */
__attribute__((warn_unused_result)) int writer_recover(struct writer *writer, uint64_t *position,
                                                       uint64_t epoch, uint64_t *frames, char *error,
                                                       size_t error_size);
/* The number of the last frame that was executed. Not while the thread runs. */
uint64_t writer_number(const struct writer *writer);
/* With the newest schema: prepares every statement. -1: a sentence in `error`. */
__attribute__((warn_unused_result)) int writer_prepare(struct writer *writer, char *error, size_t error_size);
/* Executes what the ring has from `position` on, before the thread runs. -1: a sentence in `error`. */
__attribute__((warn_unused_result)) int writer_execute(struct writer *writer, uint64_t *position, char *error,
                                                       size_t error_size);
/* Starts the thread at `position`; it blocks all signals. */
__attribute__((warn_unused_result)) int writer_start(struct writer *writer, uint64_t position);
/* Executes what is in the ring (giving up after some seconds when the disk refuses), then ends the thread. */
void writer_stop(struct writer *writer);
void writer_free(struct writer *writer);

/* Any thread. */
void writer_wake(struct writer *writer);
uint64_t writer_committed(const struct writer *writer);
/* Group commits since the thread was started. */
struct writer_commits {
    uint64_t count, frames;
    int64_t began;          /* the one that is under way: us, steady; 0: none is */
    int64_t us, longest_us; /* what the last one took, executing its frames included; and the longest */
};
struct writer_commits writer_commits(const struct writer *writer);
uint64_t writer_checkpoints(const struct writer *writer); /* that have worked */
uint64_t writer_bad_frames(const struct writer *writer);
int64_t writer_first_id(const struct writer *writer); /* as store_first_id */
bool writer_stalled(const struct writer *writer);
/* Has somebody removed or replaced the ring, the database or its log? */
bool writer_files_gone(const struct writer *writer);
uint64_t
writer_log_bytes(const struct writer *writer); /* of the write-ahead log, not in the database file yet */
/* What is too old and wants to go, in a frame: the broker thread puts it, and says where that ends. NULL: nothing
 * does, as far as is known, or the writer has been stopped. */
const struct retention_plan *writer_wish(const struct writer *writer);
void writer_wish_put(struct writer *writer, uint64_t end);
void writer_set_retention(struct writer *writer, int64_t retention_ms);
void writer_set_clock_checked(struct writer *writer, int64_t date);     /* as in store_config.h */
void writer_set_sync(struct writer *writer, enum store_sync sync);      /* from the next commit on */
bool writer_believes_clock(const struct writer *writer);                /* as store_believes_clock */
int64_t writer_expected_time(const struct writer *writer, int64_t now); /* as store_expected_time */
/* What of it is whose, backup.h tells. Who has asked for one wakes the writer. */
struct backup *writer_backup(const struct writer *writer);
/* What it has to say; others may say it there, too. */
struct lines *writer_lines(struct writer *writer);

#endif
