/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <utlist.h>

#include "schema/backup.h"
#include "schema/lines.h"
#include "schema/record.h"
#include "schema/retention.h"
#include "schema/sentry.h"
#include "schema/store_internal.h"

#define FRAME_BYTES      ((size_t)256 << 10)
#define FRAME_SHARE      16 /* ... or this part of the ring, if that is less */
#define FRAME_SPARE      16384
#define RESERVE_SHARE    16                /* of the ring, for logins and ends of sessions */
#define MESSAGES_SHARE   4                 /* ... for these and messages */
#define SHRINK_BYTES_MAX ((size_t)4 << 20) /* in a second */

__attribute__((format(printf, 3, 4))) void store_say(struct store *store, enum store_log priority,
                                                     const char *format, ...)
{
    char line[512];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (store->config.log)
        store->config.log(priority, line);
}

void store_end_reads(struct store *store)
{
    if (sqlite3_get_autocommit(store->read_db))
        return;
    sqlite3_step(store->read[R_TURN_END]);
    sqlite3_reset(store->read[R_TURN_END]);
}

/* A quiet broker is not to look as if it grew until the ring has been written once. */
static void shrink(struct store *store)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec == store->shrunk)
        return;
    store->shrunk = now.tv_sec;
    ring_shrink(store->ring, SHRINK_BYTES_MAX);
}

static size_t reserve(const struct store *store)
{
    return ring_capacity(store->ring) / RESERVE_SHARE;
}

static bool try_begin(struct store *store, size_t bytes, size_t keep)
{
    if (!ring_begin_keeping(store->ring, bytes, keep))
        return false;
    store->broken = store->id_mark_in_frame = false;
    return true;
}

/* What is too old, in a frame as everything: it finds room where sessions do, because it makes some. */
static void put_old(struct store *store)
{
    const struct retention_plan *plan = writer_wish(store->writer);
    if (!plan || writer_files_gone(store->writer) ||
        !try_begin(store, RETENTION_RECORDS * RING_RECORD_BYTES(sizeof(int64_t) + 1), reserve(store) / 2))
        return;
    for (size_t i = 0; i < plan->count; i++)
        store_put(store, (enum write_op)plan->records[i].op, "i", plan->records[i].parameter);
    writer_wish_put(store->writer, store_commit(store));
}

void store_poll(struct store *store)
{
    char line[512];
    enum store_log priority;
    struct store_hook *hook;
    store_end_reads(store); /* before memory forgets what the database has by now */
    uint64_t committed = writer_committed(store->writer);
    if (committed != store->committed) {
        store->committed = committed;
        LL_FOREACH (store->hooks, hook)
            hook->released(hook->context);
        ring_release(store->ring, committed);
        if (store->id_mark_next != 0 && committed >= store->id_mark_position) {
            if (writer_bad_frames(store->writer) == store->id_mark_bad) {
                store->id_mark = store->id_mark_next;
                ring_set_id_mark(store->ring, store->id_mark);
            }
            store->id_mark_next = 0;
        }
    }
    shrink(store);
    put_old(store);
    while (lines_take(writer_lines(store->writer), line, sizeof line, &priority))
        store_say(store, priority, "%s", line);
}

void store_add_hook(struct store *store, struct store_hook *hook)
{
    LL_PREPEND(store->hooks, hook);
}

void store_remove_hook(struct store *store, struct store_hook *hook)
{
    LL_DELETE(store->hooks, hook);
}

/* The head is where the open frame begins, and where the one before ended: the byte after it belongs to the
 * open one alone, and is committed with it. */
uint64_t store_mark(const struct store *store)
{
    return ring_head(store->ring) + 1;
}

uint64_t store_last_mark(const struct store *store)
{
    return ring_head(store->ring);
}

bool store_has(const struct store *store, uint64_t mark)
{
    return store->committed >= mark;
}

/* Leaves `keep` bytes to those who matter more. */
static bool begin(struct store *store, size_t bytes, size_t keep)
{
    if (try_begin(store, bytes, keep))
        return true;
    store_poll(store);
    return try_begin(store, bytes, keep);
}

static size_t usual_bytes(const struct store *store)
{
    size_t share = ring_capacity(store->ring) / FRAME_SHARE;
    return share < FRAME_BYTES ? share : FRAME_BYTES;
}

bool store_begin(struct store *store)
{
    return !writer_files_gone(store->writer) && begin(store, usual_bytes(store), reserve(store));
}

bool store_begin_sized(struct store *store, size_t bytes)
{
    return !writer_files_gone(store->writer) && begin(store, bytes + FRAME_SPARE, reserve(store));
}

bool store_begin_command(struct store *store, size_t bytes)
{
    return !writer_files_gone(store->writer) &&
           begin(store, bytes > 0 ? bytes + FRAME_SPARE : usual_bytes(store),
                 ring_capacity(store->ring) / MESSAGES_SHARE);
}

bool store_begin_session(struct store *store, size_t bytes, bool admin)
{
    return begin(store, bytes + FRAME_SPARE, admin ? 0 : reserve(store) / 2);
}

static void put(struct store *store, enum write_op op, const char *format, va_list parameters)
{
    store->records++;
    uint8_t *out =
        store->broken ? NULL : ring_record(store->ring, (uint16_t)op, record_size(format, parameters));
    store->last_blob = out ? record_write(out, format, parameters) : NULL;
    if (!out)
        store->broken = true;
}

void store_put(struct store *store, enum write_op op, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    put(store, op, format, list);
    va_end(list);
}

const char *store_last_blob(const struct store *store)
{
    return store->last_blob;
}

uint64_t store_commit(struct store *store)
{
    if (store->broken) {
        store_say(store, STORE_ERROR,
                  "a frame was larger than its reservation and was not written; please report this");
        store_abort(store);
        return ring_head(store->ring);
    }
    const uint64_t before = ring_head(store->ring), position = ring_commit(store->ring);
    store->frames += position != before; /* an empty one is none */
    if (store->id_mark_in_frame)
        store->id_mark_position = position;
    store->id_mark_in_frame = false;
    writer_wake(store->writer);
    return position;
}

void store_abort(struct store *store)
{
    struct store_hook *hook;
    if (store->id_mark_in_frame)
        store->id_mark_next = 0;
    store->id_mark_in_frame = false;
    store->broken = false;
    ring_abort(store->ring);
    LL_FOREACH (store->hooks, hook)
        hook->aborted(hook->context);
}

bool store_write(struct store *store, enum write_op op, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    bool begun = store_begin_sized(store, record_size(format, list));
    if (begun) {
        put(store, op, format, list);
        store_commit(store);
    }
    va_end(list);
    return begun;
}

/* Half a block before the end the next one is asked for, inside the frame of whoever needs an id: it is
 * committed long before it is needed; and where the writer has stalled, the ring is full before the ids end. */
int64_t store_next_id(struct store *store)
{
    if (store->last_id + store->id_block / 2 >= store->id_mark && store->id_mark_next == 0) {
        store->id_mark_next = store->last_id + 1 + store->id_block;
        store->id_mark_position = UINT64_MAX;
        store->id_mark_in_frame = true;
        store->id_mark_bad = writer_bad_frames(store->writer);
        store_put(store, W_ID_MARK, "i", store->id_mark_next);
    }
    if (store->last_id + 1 >= store->id_mark)
        return 0;
    return ++store->last_id;
}

/* The next start looks for the newest message, and would go on from there. */
int64_t store_next_place(struct store *store)
{
    const int64_t id = store_next_id(store);
    if (id != 0)
        store_put(store, W_ID_USED, "i", id);
    return id;
}

int64_t store_last_id(const struct store *store)
{
    return store->last_id;
}

int64_t store_first_id(const struct store *store)
{
    return writer_first_id(store->writer);
}

/* Reads */

/* Without a transaction (no memory for one) each read is its own: slower, not wrong. */
sqlite3_stmt *store_read(struct store *store, enum read_id id)
{
    if (sqlite3_get_autocommit(store->read_db)) {
        sqlite3_step(store->read[R_TURN_BEGIN]);
        sqlite3_reset(store->read[R_TURN_BEGIN]);
    }
    store->reads++;
    return store->read[id];
}

void store_done(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

bool store_row(struct store *store, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        store->rows++;
        return true;
    }
    if (result != SQLITE_DONE) {
        store->read_failed = true;
        store_say(store, STORE_ERROR, "database read failed: %s (%s)", sqlite3_errmsg(store->read_db),
                  store->config.database);
    }
    return false;
}

void store_row_lost(struct store *store)
{
    store->read_failed = true;
    store_say(store, STORE_ERROR, "out of memory: a row of the database could not be taken in");
}

void store_reads_begin(struct store *store)
{
    store->read_failed = false;
}

bool store_reads_failed(const struct store *store)
{
    return store->read_failed;
}

const char *store_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

struct store_work store_work(const struct store *store)
{
    return (struct store_work){.reads = store->reads, .rows = store->rows, .records = store->records};
}

struct store_counters store_counters(const struct store *store)
{
    const struct writer_commits commits = writer_commits(store->writer);
    const struct sentry_figures figures = sentry_figures(store->sentry);
    return (struct store_counters){.ring_used = ring_used(store->ring),
                                   .ring_capacity = ring_capacity(store->ring),
                                   .frames_waiting = store->frames - commits.frames,
                                   .frames_bad = writer_bad_frames(store->writer),
                                   .commits = commits.count,
                                   .commit_ms = (double)commits.us / 1000.0,
                                   .commit_longest_ms = (double)commits.longest_us / 1000.0,
                                   .checkpoints = writer_checkpoints(store->writer),
                                   .log_bytes = writer_log_bytes(store->writer),
                                   .database_bytes = (uint64_t)figures.database_bytes,
                                   .disk_free = (uint64_t)figures.disk_free,
                                   .disk_percent = figures.disk_percent,
                                   .disk_least = figures.disk_least,
                                   .stalled =
                                       writer_stalled(store->writer) || writer_files_gone(store->writer)};
}

bool store_backup(struct store *store, const char *path)
{
    if (!backup_ask(writer_backup(store->writer), path))
        return false;
    writer_wake(store->writer);
    return true;
}

const struct backup *store_last_backup(const struct store *store)
{
    return writer_backup(store->writer);
}

void store_set_retention(struct store *store, int64_t retention_ms)
{
    writer_set_retention(store->writer, retention_ms);
}

void store_set_backup_dir(struct store *store, const char *path)
{
    sentry_set_backup_dir(store->sentry, path);
}

void store_set_clock_checked(struct store *store, int64_t date)
{
    writer_set_clock_checked(store->writer, date);
}

void store_set_sync(struct store *store, enum store_sync sync)
{
    writer_set_sync(store->writer, sync);
}

bool store_believes_clock(const struct store *store)
{
    return writer_believes_clock(store->writer);
}

int64_t store_expected_time(const struct store *store, int64_t now)
{
    return writer_expected_time(store->writer, now);
}
