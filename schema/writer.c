/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/basics.h"
#include "lib/clock.h"
#include "schema/backup.h"
#include "schema/bad.h"
#include "schema/belief.h"
#include "schema/checkpoint.h"
#include "schema/database.h"
#include "schema/deferred.h"
#include "schema/lines.h"
#include "schema/record_bind.h"
#include "schema/retention.h"
#include "schema/statements.h"
#include "schema/watch.h"

#define BATCH_FRAMES 4000
/* Under load commits are gathered: each one writes pages anew that the next would write again, and costs a
 * core that the broker and its clients could use. What a power loss may take grows by as much. */
#define BUSY_FRAMES        32
#define GATHER_MS          5
#define RETENTION_EVERY_MS 30000
#define RETENTION_PACE_MS  50
#define NAP_MS             1000
#define STOP_PATIENCE_MS   5000
#define SAY_AGAIN_MS       60000
#define CLOCK_EVERY_MS     1000
#define SAVE_CLOCK_MS      3600000
#define NOT_BELIEVED       INT64_MIN
/* Beside the codes of SQLite, and of record_bind.h. */
#define FRAME_OUT_OF_ORDER 1001

struct writer {
    sqlite3 *db;
    struct ring *ring;
    char *database, *bad_path;
    sqlite3_stmt *op[WRITE_OPS];
    sqlite3_stmt *begin, *commit, *rollback, *save_position, *forget_boot;
    struct retention *retention;
    bool messages_gone; /* some were removed for their age, and first_id has not been looked up since */
    char reason[300];   /* of the last failure; kept, because a rollback overwrites what SQLite knows of it */
    uint64_t kept_end;  /* of the last frame in the .bad file */
    uint64_t number;    /* of the last frame that was executed */
    bool numbered;      /* the database has it */
    struct checkpoints checkpoints;
    struct file_watch watch;
    bool database_gone;
    int64_t next_retention, stall_said;

    struct belief belief;
    char boot_id[sizeof((struct database_state *)0)->boot_id];
    int64_t clock_saved, clock_looked; /* boot */

    struct deferrals deferrals;
    bool at_once; /* nothing is deferred */

    pthread_t thread;
    bool started;
    int wake; /* an eventfd */
    atomic_bool asleep, stop, stalled, files_gone;
    atomic_uint_fast64_t committed, bad, log_bytes, frames, checkpoints_done;
    struct {
        atomic_int_fast64_t began; /* us, steady: the one that is under way; 0: none is */
        atomic_int_fast64_t us, longest_us;
        atomic_uint_fast64_t count;
    } commits;
    struct {
        atomic_bool given;        /* the plan is the broker thread's then */
        atomic_uint_fast64_t end; /* of the last frame that had one: until then there is no other */
        struct retention_plan plan;
    } wish;
    atomic_int_fast64_t retention_ms, first_id, clock_checked;
    atomic_int sync_wanted;
    int sync; /* in force */
    atomic_int_fast64_t
        clock_ahead; /* of the clock that runs since the machine was started, if it is right */

    struct lines lines;
    struct backup *backup;
};

/* A statement without rows, executed and reset. SQLITE_OK or the error. */
static int run(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    int reset = sqlite3_reset(statement);
    return result == SQLITE_DONE || result == SQLITE_ROW ? SQLITE_OK : reset != SQLITE_OK ? reset : result;
}

static void note_reason(struct writer *w, int result)
{
    bool known = (sqlite3_errcode(w->db) & 0xff) == (result & 0xff);
    snprintf(w->reason, sizeof w->reason, "%s",
             result == RECORD_MALFORMED     ? "malformed record"
             : result == FRAME_OUT_OF_ORDER ? "the next frame does not follow on the last one"
             : known                        ? sqlite3_errmsg(w->db)
                                            : sqlite3_errstr(result));
}

/* One that removes old messages is the only one that may take long. */
static void note_old(struct writer *w, int64_t us)
{
    w->messages_gone = true;
    if (w->retention)
        retention_note(w->retention, us);
}

static int execute_now(struct writer *w, const struct ring_record *record)
{
    sqlite3_stmt *statement = record->op < WRITE_OPS ? w->op[record->op] : NULL;
    if (!statement)
        return SQLITE_NOTFOUND; /* whose text is "unknown operation" */
    const int64_t began = record->op == W_OLD_MESSAGES_GO ? clock_steady_us() : 0;
    int result = record_bind(statement, record->bytes, record->len);
    if (result == SQLITE_OK)
        result = run(statement);
    else
        sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    checkpoints_note(&w->checkpoints, record->op);
    if (began != 0)
        note_old(w, clock_steady_us() - began);
    return result;
}

/* What has waited for the end of the transaction, or for somebody who may look at it. */
static int execute_deferred(struct writer *w)
{
    int result = SQLITE_OK;
    for (size_t i = 0; result == SQLITE_OK && i < w->deferrals.count; i++)
        result = execute_now(w, &w->deferrals.pool[i].record);
    deferred_clear(&w->deferrals);
    return result;
}

static int execute_record(struct writer *w, const struct ring_record *record)
{
    if (!w->at_once && deferred_may_wait(record->op) && deferred_keep(&w->deferrals, record))
        return SQLITE_OK;
    int result = w->deferrals.count == 0 || deferred_may_pass(record->op) ? SQLITE_OK : execute_deferred(w);
    return result == SQLITE_OK ? execute_now(w, record) : result;
}

static int execute_frame(struct writer *w, const struct ring_frame *frame)
{
    struct ring_record record;
    size_t offset = 0;
    int result = SQLITE_OK;
    while (result == SQLITE_OK && ring_frame_record(frame, &offset, &record))
        result = execute_record(w, &record);
    return result;
}

/* What can be the fault of the frame that was executed, and of nothing else. All other errors are those of the
 * disk, of the machine or of the database file: SQLite calls a page that could not be read CORRUPT, and who then
 * went on would throw away what has been acked. */
static bool is_frames_fault(int result)
{
    switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_NOTFOUND:
    case RECORD_MALFORMED:
        return true;
    default:
        return false;
    }
}

/* Where frames come from: the live ring, or the log that an earlier life left. */
struct source {
    bool recovering;
    uint64_t epoch;
    uint64_t until; /* frames from this position on wait */
};

static bool next_frame(const struct writer *w, const struct source *source, uint64_t *position,
                       struct ring_frame *frame)
{
    uint64_t at = *position;
    bool found =
        source->recovering ? ring_verify(w->ring, at, source->epoch, frame) : ring_next(w->ring, &at, frame);
    if (!found || frame->position >= source->until)
        return false;
    *position = frame->end;
    return true;
}

/* A database of an earlier release does not know where its numbers are, and takes those that come. */
static int check_number(struct writer *w, const struct ring_frame *frame, uint64_t *number)
{
    bool follows = !w->numbered || frame->number == *number + 1;
    if (frame->number == 0)
        return SQLITE_OK;
    *number = frame->number;
    return follows ? SQLITE_OK : FRAME_OUT_OF_ORDER;
}

static int finish(struct writer *w, uint64_t position, uint64_t number)
{
    sqlite3_bind_int64(w->save_position, 1, (int64_t)position);
    if (w->numbered)
        sqlite3_bind_int64(w->save_position, 2, (int64_t)number);
    int result = run(w->save_position);
    return result == SQLITE_OK ? run(w->commit) : result;
}

/* Ends a transaction that failed. */
static int give_up(struct writer *w, int result)
{
    note_reason(w, result);
    deferred_clear(&w->deferrals);
    if (!sqlite3_get_autocommit(w->db))
        run(w->rollback);
    return result;
}

/* One transaction of at most `most` frames. On success *position has moved; on an error nothing has changed,
 * and *failed is the frame that did it (end == 0 when it was none). Those executed are added to *frames. */
static int execute_batch(struct writer *w, const struct source *source, uint64_t *position, uint64_t most,
                         uint64_t *frames, struct ring_frame *failed)
{
    struct ring_frame frame;
    uint64_t at = *position, number = w->number, count = 0;
    memset(failed, 0, sizeof *failed);
    int result = run(w->begin);
    while (result == SQLITE_OK && count < most && next_frame(w, source, &at, &frame)) {
        result = check_number(w, &frame, &number);
        if (result == SQLITE_OK)
            result = execute_frame(w, &frame);
        if (result != SQLITE_OK)
            *failed = frame;
        else
            count++;
    }
    if (result == SQLITE_OK)
        result = execute_deferred(w);
    if (result == SQLITE_OK)
        result = finish(w, at, number);
    if (result != SQLITE_OK)
        return give_up(w, result);
    w->number = number;
    *position = at;
    *frames += count;
    return SQLITE_OK;
}

/* Before its position is committed: a crash in between leaves it twice in the file rather than nowhere. A disk
 * that cannot take it is waited for, like one that cannot take the rest. */
static int keep_bad(struct writer *w, const struct ring_frame *frame)
{
    char reason[sizeof w->reason];
    memcpy(reason, w->reason, sizeof reason);
    int error = bad_keep(w->bad_path, frame, clock_wall(), reason);
    if (error) {
        snprintf(w->reason, sizeof w->reason,
                 "one message fails with \"%.100s\", and cannot be kept in %.120s: %s", reason, w->bad_path,
                 strerror(error));
        return SQLITE_IOERR;
    }
    w->kept_end = frame->end;
    atomic_fetch_add(&w->bad, 1);
    lines_say(&w->lines, STORE_ERROR,
              "a frame of %zu bytes at position %llu cannot be executed (%s); it was moved to %s", frame->len,
              (unsigned long long)frame->position, reason, w->bad_path);
    return SQLITE_OK;
}

/* Steps over a frame that can never be executed. It may have held the newest message ids, which were acked:
 * that the boot id is forgotten makes the next start take its ids from the mark. */
static int skip_bad(struct writer *w, const struct ring_frame *frame, uint64_t *position, uint64_t *frames)
{
    const uint64_t number = frame->number != 0 ? frame->number : w->number;
    int result = w->kept_end == frame->end ? SQLITE_OK : keep_bad(w, frame);
    if (result != SQLITE_OK)
        return result;
    result = run(w->begin);
    if (result == SQLITE_OK)
        result = run(w->forget_boot);
    if (result == SQLITE_OK)
        result = finish(w, frame->end, number);
    if (result != SQLITE_OK)
        return give_up(w, result);
    w->number = number;
    *position = frame->end;
    ++*frames;
    return SQLITE_OK;
}

/* Executes a batch; where a frame is bad, what is before it, then steps over it. SQLITE_OK, or an error after
 * which everything not executed is still there. */
static int advance(struct writer *w, const struct source *source, uint64_t *position, uint64_t *frames)
{
    struct ring_frame bad;
    struct source good = *source;
    *frames = 0;
    w->at_once = false;
    int result = execute_batch(w, source, position, BATCH_FRAMES, frames, &bad);
    if (!is_frames_fault(result))
        return result;
    w->at_once = true; /* so that an update that fails tells its frame */
    result = execute_batch(w, source, position, BATCH_FRAMES, frames, &bad);
    if (!is_frames_fault(result) || bad.end == 0)
        return result;
    good.until = bad.position;
    result = execute_batch(w, &good, position, BATCH_FRAMES, frames, &bad);
    if (result != SQLITE_OK)
        return result;
    /* Again: a frame is only bad alone. */
    result = execute_batch(w, source, position, 1, frames, &bad);
    if (!is_frames_fault(result) || bad.end == 0)
        return result;
    return skip_bad(w, &bad, position, frames);
}

static const char *print_time(char *out, size_t size, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm time;
    if (!gmtime_r(&seconds, &time) || strftime(out, size, "%Y-%m-%d %H:%M:%S", &time) == 0)
        snprintf(out, size, "?");
    return out;
}

static void say_clock(struct writer *w, enum belief_news news, int64_t wall, int64_t boot)
{
    char now[32], expected[32];
    print_time(now, sizeof now, wall);
    print_time(expected, sizeof expected, belief_expected(&w->belief, boot));
    if (news == BELIEF_SHAKEN)
        lines_say(
            &w->lines, STORE_ERROR,
            "the clock says %s (UTC) instead of about %s: nothing is removed for its age until that has "
            "been so for a day, or clock_checked confirms it",
            now, expected);
    else if (news == BELIEF_RETURNED)
        lines_say(&w->lines, STORE_INFO, "the clock is right again (%s UTC)", now);
    else if (news == BELIEF_CHANGED)
        lines_say(&w->lines, STORE_INFO, "the clock (%s UTC) is believed from now on", now);
}

/* Is it right? What is known of it is written when that changes, and now and then. */
static bool look_at_clock(struct writer *w, int64_t wall, int64_t boot)
{
    enum belief_news news = belief_look(&w->belief, wall, boot, atomic_load(&w->clock_checked));
    say_clock(w, news, wall, boot);
    if (news == BELIEF_CHANGED)
        w->next_retention = 0;
    atomic_store(&w->clock_ahead, w->belief.known ? w->belief.ahead : NOT_BELIEVED);
    if ((news != BELIEF_SAME || boot - w->clock_saved >= SAVE_CLOCK_MS) &&
        belief_save(&w->belief, w->db, w->boot_id, boot))
        w->clock_saved = boot;
    return !w->belief.doubted;
}

/* A doubt of an earlier life is said in this one, too. */
static void look_first(struct writer *w)
{
    int64_t wall = clock_wall(), boot = clock_boot(), since = w->belief.since;
    bool doubted = w->belief.doubted;
    (void)look_at_clock(w, wall, boot);
    if (doubted && w->belief.doubted && w->belief.since == since)
        say_clock(w, BELIEF_SHAKEN, wall, boot);
}

/* What is too old is found here and goes in a frame, one after the other. true: there may be more soon. */
static bool look_for_old(struct writer *w, int64_t wall, int64_t keep)
{
    bool more = retention_give_back(w->retention);
    if (atomic_load(&w->wish.given) || atomic_load(&w->committed) < atomic_load(&w->wish.end))
        return true;
    if (!retention_next(w->retention, wall, keep, &w->wish.plan))
        return more;
    atomic_store(&w->wish.given, true);
    return true;
}

/* Also under load, when the ring is never empty. The time is read first: if it is set just then, it was right. */
static void retain(struct writer *w)
{
    int64_t wall = clock_wall(), boot = clock_boot();
    int64_t keep = atomic_load(&w->retention_ms), now = clock_steady();
    bool due = keep > 0 && now >= w->next_retention;
    if (w->database_gone || (!due && boot - w->clock_looked < CLOCK_EVERY_MS))
        return;
    w->clock_looked = boot;
    bool right = look_at_clock(w, wall, boot);
    if (keep <= 0 || now < w->next_retention)
        return;
    bool more = right && look_for_old(w, wall, keep);
    w->next_retention = now + (more ? RETENTION_PACE_MS : RETENTION_EVERY_MS);
}

static int64_t nap_until_retention(const struct writer *w)
{
    int64_t left = w->next_retention - clock_steady();
    if (atomic_load(&w->retention_ms) <= 0 || left > NAP_MS)
        return NAP_MS;
    return left > 0 ? left : 1;
}

static void nap(struct writer *w, int64_t ms)
{
    struct pollfd wake = {.fd = w->wake, .events = POLLIN};
    eventfd_t times;
    if (poll(&wake, 1, (int)ms) > 0)
        eventfd_read(w->wake, &times);
}

/* Exchanges on both sides: either the producer sees that we sleep, or we see the head that it moved
 * before. */
static void sleep_until_woken(struct writer *w, uint64_t position)
{
    atomic_exchange(&w->asleep, true);
    if (ring_head(w->ring) == position && !atomic_load(&w->stop))
        nap(w, nap_until_retention(w));
    atomic_exchange(&w->asleep, false);
}

/* At once, and then now and then: an operator who comes later must find it. */
static void say_stalled(struct writer *w)
{
    int64_t now = clock_steady();
    if (atomic_exchange(&w->stalled, true) && now - w->stall_said < SAY_AGAIN_MS)
        return;
    w->stall_said = now;
    lines_say(&w->lines, STORE_ERROR,
              "the database cannot be written (%s); messages wait in the ring, trying again", w->reason);
}

/* A commit failed. Waits longer each time. */
static void back_off(struct writer *w, int *tries)
{
    static const int64_t waits[] = {20, 50, 100, 200, 500, 1000};
    size_t last = COUNT(waits) - 1;
    say_stalled(w);
    nap(w, waits[(size_t)*tries < last ? (size_t)*tries : last]);
    ++*tries;
}

/* Who hears of the position finds the rest said already. */
static void note_commit(struct writer *w, uint64_t position)
{
    const int64_t us = clock_steady_us() - atomic_load(&w->commits.began);
    atomic_store(&w->commits.us, us);
    if (us > atomic_load(&w->commits.longest_us))
        atomic_store(&w->commits.longest_us, us);
    atomic_fetch_add(&w->commits.count, 1);
    if (w->messages_gone)
        atomic_store(&w->first_id, retention_first_id(w->retention));
    w->messages_gone = false;
    if (atomic_exchange(&w->stalled, false))
        lines_say(&w->lines, STORE_INFO, "the database can be written again");
    atomic_store(&w->committed, position);
}

static void run_checkpoint(struct writer *w, int64_t now)
{
    enum checkpoint_news news = checkpoints_run(&w->checkpoints, now);
    uint64_t waiting = checkpoints_waiting(&w->checkpoints);
    atomic_store(&w->log_bytes, waiting);
    atomic_store(&w->checkpoints_done, w->checkpoints.done);
    if (news == CHECKPOINT_STUCK)
        lines_say(
            &w->lines, STORE_ERROR,
            "the write-ahead log of the database (%llu bytes) cannot be taken over into it, and grows: %s",
            (unsigned long long)waiting, checkpoints_reason(&w->checkpoints));
    else if (news == CHECKPOINT_WELL)
        lines_say(&w->lines, STORE_INFO, "the write-ahead log is taken over into the database again");
}

/* What is written to a file that has no name any more is gone when the process is. */
static void watch_files(struct writer *w, int64_t now)
{
    bool any = false;
    if (!watch_look(&w->watch, now))
        return;
    w->database_gone = false;
    for (int i = 0; i < WATCHED; i++) {
        const struct watched_file *file = &w->watch.files[i];
        any = any || file->gone;
        w->database_gone = w->database_gone || (file->gone && i != WATCH_RING);
        if (file->changed && file->gone)
            lines_say(
                &w->lines, STORE_ERROR,
                "%s was removed or replaced while it is in use: nothing is accepted until it is back or the "
                "broker has been started again",
                file->path);
        else if (file->changed)
            lines_say(&w->lines, STORE_INFO, "%s is back", file->path);
    }
    atomic_store(&w->files_gone, any);
}

static int lose_database(struct writer *w)
{
    snprintf(w->reason, sizeof w->reason, "its file or its log was removed or replaced");
    return SQLITE_IOERR;
}

/* A head without a frame: memory was overwritten; nothing more can be done here. */
static int lose_ring(struct writer *w)
{
    snprintf(w->reason, sizeof w->reason, "the ring holds no frame where one must be");
    return SQLITE_CORRUPT;
}

/* true: there is more to do. */
static bool work_at_backup(struct writer *w)
{
    if (!backup_step(w->backup, w->db))
        return false;
    enum backup_stage stage = backup_stage(w->backup);
    if (stage == BACKUP_DONE)
        lines_say(&w->lines, STORE_INFO, "the backup %s is complete (%lld bytes)", w->backup->path,
                  (long long)w->backup->bytes);
    else if (stage == BACKUP_FAILED)
        lines_say(&w->lines, STORE_ERROR, "the backup %s has failed: %s", w->backup->path, w->backup->reason);
    return true;
}

/* Between two transactions, which SQLite asks for. Where it fails it is tried again at the next. */
static void follow_sync(struct writer *w)
{
    int wanted = atomic_load(&w->sync_wanted);
    if (wanted != w->sync && database_set_sync(w->db, (enum store_sync)wanted) == 0)
        w->sync = wanted;
}

/* Executes what is there, one batch at most. */
static int commit_frames(struct writer *w, uint64_t *position, uint64_t *frames)
{
    const struct source live = {.until = UINT64_MAX};
    follow_sync(w);
    atomic_store(&w->commits.began, clock_steady_us());
    int result = w->database_gone ? lose_database(w) : advance(w, &live, position, frames);
    atomic_fetch_add(&w->frames, *frames);
    if (result == SQLITE_OK && *frames == 0)
        result = lose_ring(w);
    if (result == SQLITE_OK)
        note_commit(w, *position);
    atomic_store(&w->commits.began, 0);
    return result;
}

static int take_frames(struct writer *w, uint64_t *position, bool stopping)
{
    uint64_t frames = 0;
    int result = commit_frames(w, position, &frames);
    if (result != SQLITE_OK)
        return result;
    run_checkpoint(w, clock_steady());
    bool busy = frames >= BUSY_FRAMES && !stopping;
    if (!stopping && !work_at_backup(w) && busy) /* which takes as long */
        nap(w, GATHER_MS);
    if (!stopping)
        retain(w);
    return SQLITE_OK;
}

static void idle(struct writer *w, uint64_t position, int64_t now)
{
    retain(w);
    run_checkpoint(w, now);
    if (w->database_gone || !work_at_backup(w))
        sleep_until_woken(w, position);
}

static void *writer_main(void *context)
{
    struct writer *w = context;
    uint64_t position = atomic_load(&w->committed);
    int64_t stop_by = 0;
    int tries = 0;
    for (;;) {
        bool stopping = atomic_load(&w->stop);
        int64_t now = clock_steady();
        if (stopping && stop_by == 0)
            stop_by = now + STOP_PATIENCE_MS;
        watch_files(w, now);
        if (ring_head(w->ring) == position) {
            if (stopping)
                break;
            idle(w, position, now);
            continue;
        }
        int result = take_frames(w, &position, stopping);
        if (result == SQLITE_OK)
            tries = 0;
        else if (stopping && now > stop_by)
            break;
        else
            back_off(w, &tries);
    }
    backup_abandon(w->backup);
    return NULL;
}

static int prepare(struct writer *w, sqlite3_stmt **out, const char *sql, const char *name, char *error,
                   size_t error_size)
{
    if (sqlite3_prepare_v3(w->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK)
        return 0;
    snprintf(error, error_size, "statement %s: %s", name, sqlite3_errmsg(w->db));
    return -1;
}

static int prepare_position(struct writer *w, char *error, size_t error_size)
{
    sqlite3_finalize(w->save_position);
    w->save_position = NULL;
    w->numbered = database_version(w->db) >= DATABASE_NUMBERED;
    return prepare(w, &w->save_position,
                   w->numbered ? "UPDATE state SET position = ?1, number = ?2"
                               : "UPDATE state SET position = ?1",
                   "state", error, error_size);
}

static int prepare_own(struct writer *w, char *error, size_t error_size)
{
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } own[] = {{&w->begin, "BEGIN IMMEDIATE"},
               {&w->commit, "COMMIT"},
               {&w->rollback, "ROLLBACK"},
               {&w->forget_boot, "UPDATE state SET boot_id = ''"}};
    for (size_t i = 0; i < COUNT(own); i++)
        if (prepare(w, own[i].statement, own[i].sql, own[i].sql, error, error_size))
            return -1;
    return prepare_position(w, error, error_size);
}

static int prepare_op(struct writer *w, size_t op, char *error, size_t error_size)
{
    return prepare(w, &w->op[op], write_statements[op].sql, write_statements[op].name, error, error_size);
}

/* Those of the recovery, too: they were prepared for the schema of before. */
int writer_prepare(struct writer *w, char *error, size_t error_size)
{
    for (size_t op = 0; op < WRITE_OPS; op++) {
        sqlite3_finalize(w->op[op]);
        w->op[op] = NULL;
        if (write_statement(op) && prepare_op(w, op, error, error_size))
            return -1;
    }
    if (prepare_position(w, error, error_size) || retention_open(&w->retention, w->db, error, error_size))
        return -1;
    atomic_store(&w->first_id, retention_first_id(w->retention));
    if (belief_load(&w->belief, w->db, w->boot_id, error, error_size))
        return -1;
    look_first(w);
    return 0;
}

int writer_create(struct writer **out, const struct writer_config *config, char *error, size_t error_size)
{
    struct writer *w = calloc(1, sizeof *w);
    if (!w || !(w->database = strdup(config->database)) || !(w->backup = calloc(1, sizeof *w->backup)) ||
        asprintf(&w->bad_path, "%s.bad", config->database) < 0) {
        if (w) {
            free(w->backup);
            free(w->database);
        }
        free(w);
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    w->db = config->db;
    w->ring = config->ring;
    atomic_store(&w->retention_ms, config->retention_ms);
    atomic_store(&w->clock_checked, config->clock_checked);
    atomic_store(&w->sync_wanted, (int)config->sync);
    w->sync = (int)config->sync;
    w->number = config->number;
    atomic_store(&w->clock_ahead, NOT_BELIEVED);
    w->clock_saved = -SAVE_CLOCK_MS;
    snprintf(w->boot_id, sizeof w->boot_id, "%s", config->boot_id ? config->boot_id : "");
    lines_init(&w->lines);
    checkpoints_init(&w->checkpoints, w->db);
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake < 0)
        snprintf(error, error_size, "eventfd: %s", strerror(errno));
    if (w->wake < 0 || prepare_own(w, error, error_size)) {
        writer_free(w);
        return -1;
    }
    *out = w;
    return 0;
}

/* Statements are prepared as records ask for them: one that needs a newer schema is not in the way. */
static int check_record(struct writer *w, const struct ring_record *record, char *error, size_t error_size)
{
    if (!write_statement(record->op)) {
        snprintf(error, error_size,
                 "it holds messages of a newer release (operation %u, which this one does not know); start "
                 "that release again",
                 (unsigned)record->op);
        return -1;
    }
    return w->op[record->op] ? 0 : prepare_op(w, record->op, error, error_size);
}

static int check_left(struct writer *w, uint64_t position, uint64_t epoch, char *error, size_t error_size)
{
    struct ring_frame frame;
    for (; ring_verify(w->ring, position, epoch, &frame); position = frame.end) {
        struct ring_record record;
        size_t offset = 0;
        while (ring_frame_record(&frame, &offset, &record))
            if (check_record(w, &record, error, error_size))
                return -1;
    }
    return 0;
}

int writer_recover(struct writer *w, uint64_t *position, uint64_t epoch, uint64_t *frames, char *error,
                   size_t error_size)
{
    const struct source left = {.recovering = true, .epoch = epoch, .until = UINT64_MAX};
    struct ring_frame frame;
    uint64_t count;
    *frames = 0;
    if (check_left(w, *position, epoch, error, error_size))
        return -1;
    while (ring_verify(w->ring, *position, epoch, &frame)) {
        int result = advance(w, &left, position, &count);
        if (result != SQLITE_OK) {
            snprintf(error, error_size, "its messages cannot be written to the database: %s", w->reason);
            return -1;
        }
        *frames += count;
    }
    return 0;
}

int writer_execute(struct writer *w, uint64_t *position, char *error, size_t error_size)
{
    const struct source live = {.until = UINT64_MAX};
    uint64_t frames;
    while (*position != ring_head(w->ring)) {
        int result = advance(w, &live, position, &frames);
        if (result == SQLITE_OK && frames == 0)
            result = lose_ring(w);
        if (result != SQLITE_OK) {
            snprintf(error, error_size, "database %s cannot be written: %s", w->database, w->reason);
            return -1;
        }
    }
    return 0;
}

uint64_t writer_number(const struct writer *w)
{
    return w->number;
}

int writer_start(struct writer *w, uint64_t position)
{
    sigset_t all, before;
    atomic_store(&w->committed, position);
    if (!watch_init(&w->watch, w->database, ring_path(w->ring)))
        return -1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&w->thread, NULL, writer_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    w->started = result == 0;
    return result == 0 ? 0 : -1;
}

void writer_stop(struct writer *w)
{
    if (!w->started)
        return;
    atomic_store(&w->stop, true);
    eventfd_write(w->wake, 1);
    pthread_join(w->thread, NULL);
    w->started = false;
}

void writer_free(struct writer *w)
{
    if (!w)
        return;
    writer_stop(w);
    for (size_t i = 0; i < WRITE_OPS; i++)
        sqlite3_finalize(w->op[i]);
    sqlite3_finalize(w->begin);
    sqlite3_finalize(w->commit);
    sqlite3_finalize(w->rollback);
    sqlite3_finalize(w->save_position);
    sqlite3_finalize(w->forget_boot);
    retention_free(w->retention);
    if (w->wake >= 0)
        close(w->wake);
    lines_clear(&w->lines);
    watch_clear(&w->watch);
    free(w->backup);
    free(w->database);
    free(w->bad_path);
    free(w);
}

void writer_wake(struct writer *w)
{
    if (atomic_exchange(&w->asleep, false))
        eventfd_write(w->wake, 1);
}

uint64_t writer_committed(const struct writer *w)
{
    return atomic_load(&w->committed);
}

struct writer_commits writer_commits(const struct writer *w)
{
    return (struct writer_commits){.count = atomic_load(&w->commits.count),
                                   .frames = atomic_load(&w->frames),
                                   .began = atomic_load(&w->commits.began),
                                   .us = atomic_load(&w->commits.us),
                                   .longest_us = atomic_load(&w->commits.longest_us)};
}

uint64_t writer_checkpoints(const struct writer *w)
{
    return atomic_load(&w->checkpoints_done);
}

uint64_t writer_bad_frames(const struct writer *w)
{
    return atomic_load(&w->bad);
}

int64_t writer_first_id(const struct writer *w)
{
    return atomic_load(&w->first_id);
}

bool writer_stalled(const struct writer *w)
{
    return atomic_load(&w->stalled);
}

bool writer_files_gone(const struct writer *w)
{
    return atomic_load_explicit(&w->files_gone, memory_order_relaxed);
}

uint64_t writer_log_bytes(const struct writer *w)
{
    return atomic_load(&w->log_bytes);
}

const struct retention_plan *writer_wish(const struct writer *w)
{
    return atomic_load(&w->wish.given) && !atomic_load(&w->stop) ? &w->wish.plan : NULL;
}

void writer_wish_put(struct writer *w, uint64_t end)
{
    atomic_store(&w->wish.end, end);
    atomic_store(&w->wish.given, false);
}

void writer_set_retention(struct writer *w, int64_t retention_ms)
{
    atomic_store(&w->retention_ms, retention_ms);
}

void writer_set_sync(struct writer *w, enum store_sync sync)
{
    atomic_store(&w->sync_wanted, (int)sync);
}

void writer_set_clock_checked(struct writer *w, int64_t date)
{
    atomic_store(&w->clock_checked, date);
}

static bool is_at(int64_t ahead, int64_t wall, int64_t boot)
{
    return ahead != NOT_BELIEVED && llabs(wall - boot - ahead) <= BELIEF_TOLERANCE_MS;
}

bool writer_believes_clock(const struct writer *w)
{
    return is_at(atomic_load(&w->clock_ahead), clock_wall(), clock_boot());
}

int64_t writer_expected_time(const struct writer *w, int64_t now)
{
    int64_t ahead = atomic_load(&w->clock_ahead), boot = clock_boot();
    return ahead == NOT_BELIEVED || is_at(ahead, clock_wall(), boot) ? now : boot + ahead;
}

struct backup *writer_backup(const struct writer *w)
{
    return w->backup;
}

struct lines *writer_lines(struct writer *w)
{
    return &w->lines;
}
