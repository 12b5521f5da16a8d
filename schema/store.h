/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The store: SQLite behind the write ring.
 *
 * Owns the database, the ring and the writer thread. Promises:
 *  - what store_commit returned from survives `kill -9` of the broker at that moment (it is in the ring, which
 *    the next start executes), and survives a power loss once the writer has committed it (with `sync full`);
 *  - a frame (store_begin .. store_commit) is executed whole or not at all, exactly once, in order;
 *  - the broker thread never waits for a write: store_begin says no when the ring is full.
 * Leaves to others: what the rows mean. Reads see only what is committed; what is younger is in the memory of
 * the nouns, in lists of young.h, and, for messages, in log.h.
 *
 * Threads: everything here is for the broker thread. The writer thread lives inside writer.c. */
#ifndef SCHEMA_STORE_H
#define SCHEMA_STORE_H

#include "schema/statements.h"
#include "schema/store_config.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backup;
struct store;

/* Opens ring and database, migrates, executes what the ring still holds, starts the writer thread. -1: one
 * sentence in `error`, nothing is left open. Broker thread, before the broker serves anybody: this may take
 * as long as it takes. */
__attribute__((warn_unused_result)) int store_open(struct store **out, const struct store_config *config,
                                                   char *error, size_t error_size);
/* Waits for the writer to execute everything (a few seconds at most when the disk is full), marks a clean
 * end, closes. */
void store_close(struct store *store);

/* Starts a frame; false: the ring is full (but for a 16th, see below), or it or the database was removed, nothing
 * has changed and nothing may be changed. Between store_begin
 * and store_commit memory may change: the frame will be written, unless store_abort.
 *
 * The frame may take 256 KiB (a 16th of a ring of less than 4 MiB, which only tests have). What it does not
 * take stays free, but it begins only where so much is free. */
__attribute__((warn_unused_result)) bool store_begin(struct store *store);
/* The same for a frame of at most `bytes` of texts and blobs in all, with 16 KiB on top, enough for some hundred
 * numbers: for what may need more, like a list of any length; and for messages, which find room in a ring that
 * is nearly full. */
__attribute__((warn_unused_result)) bool store_begin_sized(struct store *store, size_t bytes);
/* The same for a command and what it has set off: it begins only where a quarter of the ring is left for messages.
 * `bytes` 0: as many as store_begin takes. */
__attribute__((warn_unused_result)) bool store_begin_command(struct store *store, size_t bytes);
/* The same for a login or the end of a session, which find room where the others do not any more; an admin's login
 * in the last half of that, so that somebody can come in and look. */
__attribute__((warn_unused_result)) bool store_begin_session(struct store *store, size_t bytes, bool admin);
/* Adds a statement with its parameters, by format: i int64_t; t text (NULL gives NULL); b text with length
 * (const char *, size_t). A frame whose reservation does not suffice is marked broken: store_commit logs it
 * and writes nothing. */
void store_put(struct store *store, enum write_op op, const char *format, ...);
/* Makes the frame durable, and returns its mark. */
uint64_t store_commit(struct store *store);
void store_abort(struct store *store);
/* A frame of one record, from its begin to its commit; false: the ring is full. */
__attribute__((warn_unused_result)) bool store_write(struct store *store, enum write_op op,
                                                     const char *format, ...);

/* The mark of the open frame: what memory changes with it, reads do not show before store_has says so. Marks
 * rise for ever, over restarts too. */
uint64_t store_mark(const struct store *store);
/* Is the frame of this mark in the database, as of the last store_poll? 0, which is no frame's: true. */
bool store_has(const struct store *store, uint64_t mark);
/* The mark of the last frame that was written: when the database has it, it has all of them. */
uint64_t store_last_mark(const struct store *store);

/* Once a loop turn: lets the space of executed frames be used again and writes the writer's log lines.
 * store_begin does the same when it finds the ring full. What the writer has found too old is put here, too, in a
 * frame of its own. */
void store_poll(struct store *store);
/* For who keeps what is in a frame and not in the database. Neither function may begin a frame. */
struct store_hook {
    /* store_has knows of more frames. Their bytes in the ring are used again when this has returned. */
    void (*released)(void *context);
    /* The open frame, whose mark store_mark still gives, will not be written. */
    void (*aborted)(void *context);
    void *context;
    struct store_hook *next;
};
/* The hook is borrowed until it is removed, or the store closed. */
void store_add_hook(struct store *store, struct store_hook *hook);
void store_remove_hook(struct store *store, struct store_hook *hook);
/* Where the bytes of the record just put are in the ring (the last `b` parameter): valid until released. */
const char *store_last_blob(const struct store *store);

/* The next message id, in the open frame. 0: those set aside in the database are used up, and no more could be
 * yet. */
int64_t store_next_id(struct store *store);
/* The same for what is no message, but has its place among them. */
int64_t store_next_place(struct store *store);
int64_t store_last_id(const struct store *store);
/* Every message below this id has been removed (retention takes them in the order of their ids), and what
 * users had deleted of them is forgotten soon; 0 or 1 when none has. It only rises while the store is open. A
 * read transaction that began before may still see some. */
int64_t store_first_id(const struct store *store);

/* A prepared read, reset and with no parameters bound; NULL never. Bind, step, then store_done. Reads see one
 * state of the database until store_poll or store_end_reads. */
sqlite3_stmt *store_read(struct store *store, enum read_id id);
/* What it gave is gone then, texts too. */
void store_done(sqlite3_stmt *statement);
/* At the end of TICK: no transaction lasts while the broker waits, the writer's checkpoints would have to go
 * around it. */
void store_end_reads(struct store *store);
/* Steps; true on a row. Anything but a row or the end is logged, and store_reads_failed says so. */
bool store_row(struct store *store, sqlite3_stmt *statement);
/* The same for a row that was read, but that its reader has no memory for: it is there, and nobody may conclude
 * that it is not. */
void store_row_lost(struct store *store);
/* A piece of work begins: an event of the broker, or one of the tasks of a TICK. Not for a function that others
 * call in the middle of theirs. */
void store_reads_begin(struct store *store);
/* Has a read failed in this piece of work? Then what was not found may be there, and a list may be longer. */
bool store_reads_failed(const struct store *store);
const char *store_text(sqlite3_stmt *statement, int column); /* "" for NULL; valid until the next step */

/* What has been asked of the store since it was opened: for who charges for it. */
struct store_work {
    uint64_t reads, rows; /* statements begun, rows found */
    uint64_t records;     /* put */
};
struct store_work store_work(const struct store *store);

struct store_counters {
    uint64_t ring_used, ring_capacity;   /* bytes */
    uint64_t frames_waiting;             /* in the ring, not in the database yet */
    uint64_t frames_bad;                 /* moved to <database>.bad */
    uint64_t commits;                    /* of groups of frames, since the store was opened */
    double commit_ms, commit_longest_ms; /* what the last of them took, and the longest */
    uint64_t checkpoints;                /* since the same */
    uint64_t log_bytes;                  /* of the write-ahead log, not in the database file yet */
    uint64_t database_bytes;             /* of its file */
    uint64_t disk_free;                  /* bytes, on its disk */
    double disk_percent, disk_least;     /* free: on its disk; on the fullest that is written to */
    uint64_t stalled; /* 1: the writer is retrying (disk full, ...), or a file was removed */
};
struct store_counters store_counters(const struct store *store);
/* A copy of the database, made while it is in use: backup.h. false: one is under way. */
__attribute__((warn_unused_result)) bool store_backup(struct store *store, const char *path);
/* How the last one is going, or has gone. */
const struct backup *store_last_backup(const struct store *store);
void store_set_retention(struct store *store, int64_t retention_ms);
void store_set_clock_checked(struct store *store, int64_t date);  /* as in store_config.h */
void store_set_backup_dir(struct store *store, const char *path); /* the same */
void store_set_sync(struct store *store, enum store_sync sync);   /* from the next commit on */
/* May anything end because it is older than allowed? Not while the clock may be wrong: belief.h. */
bool store_believes_clock(const struct store *store);
/* `now`, or, while the clock is another one than is believed, what it should be: for what ends by itself after some
 * time, so that a clock that was wrong for a while neither ends it nor makes it last. */
int64_t store_expected_time(const struct store *store, int64_t now);

#endif
