/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the writer thread does with frames that fail, disks that are full and rows that are old; through the
 * store. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "lib/basics.h"
#include "lib/clock.h"
#include "schema/database.h"
#include "tests/unit/left_fixture.h"
#include "tests/unit/store_fixture.h"

#define FOR_A_WEEK (7 * DAY_MS)

/* Updates that only the last of counts */

static void touch(struct fixture *f, int64_t conversation, int64_t id)
{
    AWAIT(f->store, store_write(f->store, W_CONVERSATION_TOUCH, "iiii", conversation, id, id, id));
}

/* So many, with the ids 1, 2, 3 ... */
#define CONVERSATIONS(count)                                                                                 \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " count ") "                   \
    "INSERT INTO conversation (id) SELECT i FROM n"

/* In one batch: the database is locked while they are written. */
static void test_of_many_updates_of_a_row_in_one_commit_the_last_counts(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    change(f, "INSERT INTO conversation (id) VALUES (1), (2)");
    sqlite3 *db = hold_writes(f);
    for (int64_t id = 1; id <= 100; id++)
        touch(f, 1 + id % 2, id);
    let_writes(db);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT last_id FROM conversation WHERE id = 1"), 100);
    assert_int_equal(ask(f, "SELECT last_id FROM conversation WHERE id = 2"), 99);
}

static void test_more_rows_than_can_wait_are_updated_all_the_same(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    change(f, CONVERSATIONS("2500"));
    sqlite3 *db = hold_writes(f);
    for (int64_t id = 1; id <= 2500; id++)
        touch(f, id, id + 7);
    let_writes(db);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT count(*) FROM conversation WHERE last_id = id + 7"), 2500);
}

/* Two kinds of updates for each row, in turn, and many rows. */
static void test_of_many_updates_of_two_kinds_the_last_of_each_counts(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    change(f, CONVERSATIONS("160"));
    sqlite3 *db = hold_writes(f);
    for (int64_t id = 1; id <= 3; id++)
        for (int64_t conversation = 1; conversation <= 160; conversation++) {
            touch(f, conversation, id);
            AWAIT(f->store, store_write(f->store, W_CONVERSATION_QUIET, "ii", conversation, id));
        }
    let_writes(db);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT count(*) FROM conversation WHERE last_id = 3 AND quiet = 3"), 160);
}

/* The frame is bad whether the update of it is executed or a later one of the same row. */
static void
test_an_update_that_cannot_be_executed_is_poison_when_a_later_one_takes_its_place_too(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    change(f, "INSERT INTO conversation (id) VALUES (1)");
    sqlite3 *db = hold_writes(f);
    assert_true(store_begin(f->store));
    put_message_at(f->store, 1, 1, "of the frame that is bad");
    store_put(f->store, W_CONVERSATION_TOUCH, "itii", (int64_t)1, "no number", (int64_t)1, (int64_t)1);
    store_commit(f->store);
    touch(f, 1, 2);
    let_writes(db);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT last_id FROM conversation"), 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 0);
    assert_int_equal(store_counters(f->store).frames_bad, 1);
}

/* PUSH_ADD_HANDED asks for last_id. */
static void test_who_looks_at_a_row_sees_the_update_that_was_before_him(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    change(f, "INSERT INTO conversation (id) VALUES (1); INSERT INTO member (conversation, user, role) "
              "VALUES (1, 'bob', 1);"
              "INSERT INTO device (client, user, platform, last_used, provider, token) VALUES ('bob', "
              "'bob', 1, 1, 'fcm', 't')");
    sqlite3 *db = hold_writes(f);
    touch(f, 1, 41);
    AWAIT(f->store, store_write(f->store, W_PUSH_ADD_HANDED, "tii", "bob", (int64_t)0, (int64_t)5));
    touch(f, 1, 42);
    let_writes(db);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT handed FROM push_job"), 41);
    assert_int_equal(ask(f, "SELECT last_id FROM conversation"), 42);
}

static void test_an_update_that_cannot_be_executed_is_poison_and_the_rest_goes_on(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    change(f, "INSERT INTO conversation (id) VALUES (1)");
    sqlite3 *db = hold_writes(f);
    touch(f, 1, 1);
    AWAIT(f->store, store_write(f->store, W_CONVERSATION_TOUCH, "itii", (int64_t)1, "no number", (int64_t)9,
                                (int64_t)9));
    add_messages(f->store, 1, 3);
    let_writes(db);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT last_id FROM conversation WHERE id = 1") != 9, 1);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 3);
    assert_int_equal(store_counters(f->store).frames_bad, 1);
}

/* Poison */

static void test_a_poison_frame_is_set_aside_and_those_around_it_are_executed(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    sqlite3 *db = hold_writes(f); /* so that all of it is one batch */
    add_messages(f->store, 1, 50);
    assert_true(add_message(f->store, 7, "poison"));
    add_messages(f->store, 51, 100);
    let_writes(db);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = 'body ' || id"), 100);
    assert_int_equal(store_counters(f->store).frames_bad, 1);
    assert_int_equal(count_lines(STORE_ERROR, f->bad), 1);
}

static void test_the_line_on_a_poison_frame_tells_what_the_database_said(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_messages(f->store, 1, 1);
    assert_true(add_message(f->store, 1, "poison"));
    await_all(f->store);
    assert_int_equal(count_lines(STORE_ERROR, "UNIQUE constraint failed: message.id"), 1);
}

static void test_the_records_of_a_poison_frame_are_in_the_bad_file(void **state)
{
    struct fixture *f = *state;
    char bytes[1000] = "";
    struct stat found;
    open_store(f);
    add_messages(f->store, 1, 1);
    assert_true(add_message(f->store, 1, "poison one"));
    assert_true(add_message(f->store, 1, "poison two"));
    await_all(f->store);
    FILE *file = fopen(f->bad, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_non_null(memmem(bytes, len, "poison one", 10));
    assert_non_null(memmem(bytes, len, "poison two", 10));
    assert_int_equal(stat(f->bad, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_int_equal(store_counters(f->store).frames_bad, 2);
}

static void test_no_record_of_a_poison_frame_is_executed(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_true(store_begin(f->store));
    put_message_at(f->store, 1, 1, "good");
    put_message_at(f->store, 1, 1, "bad");
    put_message_at(f->store, 2, 1, "good");
    store_commit(f->store);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 0);
}

static void test_a_poison_frame_is_not_met_again_at_the_next_start(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_messages(f->store, 1, 1);
    assert_true(add_message(f->store, 1, "poison"));
    close_store(f);
    line_count = 0;
    open_store(f);
    assert_int_equal(store_counters(f->store).frames_bad, 0);
    assert_int_equal(line_count, 0);
}

static void test_an_operation_of_another_release_is_poison(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_true(store_write(f->store, (enum write_op)63, "i", (int64_t)1));
    assert_true(store_write(f->store, (enum write_op)60000, "i", (int64_t)1));
    await_all(f->store);
    assert_int_equal(store_counters(f->store).frames_bad, 2);
    assert_int_equal(count_lines(STORE_ERROR, "unknown operation"), 2);
}

static void test_a_frame_that_cannot_be_kept_in_the_bad_file_is_not_stepped_over(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdir(f->bad, 0700), 0);
    open_store(f);
    add_messages(f->store, 1, 1);
    assert_true(add_message(f->store, 1, "poison"));
    add_messages(f->store, 2, 2);
    AWAIT(f->store, store_counters(f->store).stalled);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 1);
    assert_int_equal(store_counters(f->store).frames_bad, 0);
    assert_int_equal(count_lines(STORE_ERROR, "cannot be kept in"), 1);
    assert_int_equal(rmdir(f->bad), 0);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 2);
    assert_int_equal(store_counters(f->store).frames_bad, 1);
}

/* Errors that pass */

static void test_a_locked_database_is_tried_again_and_said_once(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    sqlite3 *db = hold_writes(f);
    add_messages(f->store, 1, 20);
    AWAIT(f->store, store_counters(f->store).stalled);
    pause_ms(100); /* some tries */
    let_writes(db);
    await_all(f->store);
    assert_false(store_counters(f->store).stalled);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 20);
    assert_int_equal(count_lines(STORE_ERROR, "cannot be written (database is locked)"), 1);
    assert_int_equal(count_lines(STORE_INFO, "can be written again"), 1);
    assert_int_equal(line_count, 2);
}

/* Writes `page` in the place of what is there, which goes to `page`. */
static void swap_page(const struct fixture *f, int64_t number, char page[4096])
{
    char other[4096];
    int fd = open(f->database, O_RDWR | O_CLOEXEC);
    off_t at = (off_t)(number - 1) * 4096;
    assert_int_equal(pread(fd, other, sizeof other, at), sizeof other);
    assert_int_equal(pwrite(fd, page, sizeof other, at), sizeof other);
    assert_int_equal(close(fd), 0);
    memcpy(page, other, sizeof other);
}

static void fill_with_pairs(struct store *store, int say)
{
    int64_t sent = 0;
    char name[32];
    do
        snprintf(name, sizeof name, "user%lld", (long long)++sent);
    while (store_write(store, W_CONVERSATION_ADD, "itt", sent, "alice", name));
    for (int tries = 0; tries < 10000 && !store_counters(store).stalled; tries++)
        pause_ms(1);
    store_poll(store);
    tell(say, store_counters(store).frames_bad == 0 && !store_begin_sized(store, 10) ? sent - 1 : -1);
}

/* Not one of the frames is to blame: acks end when the ring is full, and nothing goes. */
static void test_a_damaged_page_stops_the_writer_and_no_frame_is_taken_for_poison(void **state)
{
    struct fixture *f = *state;
    char page[4096] = "";
    int64_t sent = 0;
    open_store(f);
    close_store(f);
    assert_int_equal(ask(f, "PRAGMA page_size"), 4096);
    int64_t number = ask(f, "SELECT rootpage FROM sqlite_master WHERE name = 'conversation_pair'");
    swap_page(f, number, page);
    struct child child = start_child(f, fill_with_pairs);
    let_go(&child);
    assert_true(hear(&child, &sent));
    await_kill(&child);
    assert_true(sent > 100);
    assert_int_equal(access(f->bad, F_OK), -1);
    swap_page(f, number, page);
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM conversation"), sent);
}

/* Messages until the writer stalls; how many, 0 when it never did. */
static int64_t send_until_stalled(struct store *store)
{
    char body[1000];
    int64_t sent = 0;
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    for (int tries = 0; tries < 10000; tries++) {
        if (sent < 5000 && add_message(store, sent + 1, body))
            sent++;
        else
            pause_ms(1);
        if (store_counters(store).stalled)
            return sent;
    }
    return 0;
}

static void test_a_disk_that_refuses_writes_is_tried_again_and_nothing_is_lost(void **state)
{
    struct fixture *f = *state;
    struct rlimit none;
    open_store(f);
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &none), 0);
    const struct rlimit limit = {.rlim_cur = 500000, .rlim_max = none.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int64_t sent = send_until_stalled(f->store);
    setrlimit(RLIMIT_FSIZE, &none);
    assert_true(sent > 0);
    await_all(f->store);
    signal(SIGXFSZ, before);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), sent);
    assert_int_equal(store_counters(f->store).frames_bad, 0);
    assert_int_equal(count_lines(STORE_ERROR, "cannot be written"), 1);
}

#define NO_MOUNT 77

/* In a child with mounts of its own: a disk of a megabyte, filled up by somebody else. 0, NO_MOUNT, or the
 * line of what went wrong. */
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            return __LINE__;                                                                                 \
    } while (0)

static bool fill(const char *path)
{
    static const char page[4096] = "full";
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    while (fwrite(page, sizeof page, 1, file) == 1)
        ;
    return fclose(file) == EOF || true;
}

static bool wait_until_stalled_no_more(struct store *store)
{
    int tries = 0;
    for (; tries < 10000 && store_counters(store).stalled; tries++)
        pause_ms(1);
    return tries < 10000;
}

static int survive_full_disk(struct fixture *f, const char *disk)
{
    char filler[128];
    snprintf(f->database, sizeof f->database, "%.80s/db", disk);
    snprintf(filler, sizeof filler, "%s/filler", disk);
    CHECK(store_open(&f->store, &f->config, f->error, sizeof f->error) == 0);
    CHECK(fill(filler));
    int64_t sent = send_until_stalled(f->store);
    CHECK(sent > 0);
    store_poll(f->store);
    CHECK(count_lines(STORE_ERROR, "cannot be written (database or disk is full)") == 1);
    unlink(filler);
    CHECK(wait_until_stalled_no_more(f->store));
    store_close(f->store);
    f->store = NULL;
    CHECK(ask(f, "SELECT count(*) FROM message") == sent);
    return 0;
}

static int with_small_disk(struct fixture *f)
{
    char disk[96];
    snprintf(disk, sizeof disk, "%s/disk", f->folder);
    if (mkdir(disk, 0700) != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", disk, "tmpfs", 0, "size=1m") != 0)
        return NO_MOUNT;
    return survive_full_disk(f, disk);
}

static void test_a_full_disk_is_tried_again_and_nothing_is_lost(void **state)
{
    struct fixture *f = *state;
    int status, said[2], line = -1;
    assert_int_equal(pipe(said), 0);
    pid_t child = fork();
    if (child == 0) {
        line = with_small_disk(f);
        _exit(write(said[1], &line, sizeof line) == sizeof line ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(said[0], &line, sizeof line), sizeof line);
    close(said[0]);
    close(said[1]);
    if (line == NO_MOUNT)
        skip();
    if (line != 0)
        fail_msg("in the child, line %d", line);
}

static void test_a_recovery_of_a_locked_database_is_refused_with_the_reason(void **state)
{
    struct fixture *f = *state;
    struct left left = leave(f, 10);
    sqlite3 *other = hold_writes(f);
    assert_int_equal(recover_left(f, &left), -1);
    assert_says(f->error, "database is locked");
    assert_int_equal(left.position, 0);
    let_writes(other);
    assert_int_equal(recover_left(f, &left), 0);
    assert_true(left.position == left.end);
    assert_int_equal(left.frames, 10);
    close_left(&left);
}

static void test_a_recovery_without_room_is_refused_and_takes_no_frame_for_poison(void **state)
{
    struct fixture *f = *state;
    struct left left = leave(f, 100);
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", (int)ask_in(left.db, "PRAGMA page_count") + 2);
    change_in(left.db, sql);
    assert_int_equal(recover_left(f, &left), -1);
    assert_says(f->error, "full");
    assert_int_equal(left.position, 0);
    change_in(left.db, "PRAGMA max_page_count = 100000");
    assert_int_equal(recover_left(f, &left), 0);
    assert_int_equal(ask_in(left.db, "SELECT count(*) FROM message"), 100);
    assert_int_equal(writer_bad_frames(left.writer), 0);
    close_left(&left);
}

/* Checkpoints */

static void test_the_write_ahead_log_does_not_grow_without_end(void **state)
{
    struct fixture *f = *state;
    char body[2000], wal[128];
    struct stat found;
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    open_store(f);
    for (int64_t id = 1; id <= 6000; id++)
        AWAIT(f->store, add_message(f->store, id, body));
    await_all(f->store);
    snprintf(wal, sizeof wal, "%s-wal", f->database);
    assert_int_equal(stat(wal, &found), 0);
    assert_in_range(found.st_size, 0, 8 << 20); /* a thousand pages and one batch; 12 MB were written */
}

/* The log may be long after a batch, but a reader that stays must not go unnoticed. */
static void test_a_reader_that_is_forgotten_is_said_and_counted(void **state)
{
    struct fixture *f = *state;
    char body[2000];
    int64_t id = 0;
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    f->config.ring_bytes = 4 << 20;
    open_store(f);
    sqlite3 *db = look(f);
    change_in(db, "BEGIN");
    assert_int_equal(ask_in(db, "SELECT count(*) FROM message"), 0);
    while (id < 4000)
        AWAIT(f->store, add_message(f->store, ++id, body));
    AWAIT(f->store, count_lines(STORE_ERROR, "another program has been reading it all the time") == 1);
    assert_true(store_counters(f->store).log_bytes > 4000000);
    change_in(db, "COMMIT");
    sqlite3_close(db);
    AWAIT(f->store, count_lines(STORE_INFO, "is taken over into the database again") == 1);
}

/* Files that are removed */

static void test_a_file_that_is_removed_or_replaced_stops_acks_and_one_that_is_back_does_not(void **state)
{
    struct fixture *f = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm", ".ring"};
    char name[160], away[170];
    snprintf(f->ring, sizeof f->ring, "%s/db.ring", f->folder);
    open_store(f);
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        snprintf(name, sizeof name, "%s%s", f->database, suffixes[i]);
        snprintf(away, sizeof away, "%s.away", name);
        assert_int_equal(rename(name, away), 0);
        if (i % 2 == 0) { /* another file in its place */
            FILE *other = fopen(name, "wb");
            assert_non_null(other);
            fclose(other);
        }
        AWAIT(f->store, store_counters(f->store).stalled);
        assert_false(add_message(f->store, 1000, "refused") || store_begin(f->store));
        assert_int_equal(count_lines(STORE_ERROR, "was removed or replaced"), i + 1);
        assert_int_equal(rename(away, name), 0);
        AWAIT(f->store, !store_counters(f->store).stalled);
        assert_true(add_message(f->store, (int64_t)i + 1, "taken"));
        await_all(f->store);
    }
    close_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), COUNT(suffixes));
}

static void test_without_its_database_the_writer_keeps_everything_in_the_ring(void **state)
{
    struct fixture *f = *state;
    char away[160];
    snprintf(away, sizeof away, "%s.away", f->database);
    open_store(f);
    add_messages(f->store, 1, 5);
    await_all(f->store);
    assert_int_equal(rename(f->database, away), 0);
    AWAIT(f->store, store_counters(f->store).stalled);
    assert_true(store_begin_session(f->store, 0, false));
    put_message_at(f->store, 6, 1, "in the ring");
    uint64_t mark = store_commit(f->store);
    pause_ms(200);
    store_poll(f->store);
    assert_false(store_has(f->store, mark));
    assert_int_equal(rename(away, f->database), 0);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 6);
}

/* Retention */

static void add_old_messages(struct fixture *f, int64_t count, int64_t old, int64_t size)
{
    sqlite3 *db = look(f);
    sqlite3_stmt *s;
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE "
                           "id < ?1) INSERT INTO message (id, conversation, seq, sender, client, "
                           "time, kind, random, push, body) SELECT id, 1, id, 'alice', 'alice', "
                           "iif(id <= ?2, 1, ?3), 0, 0, 0, hex(zeroblob(?4)) FROM n",
                           -1, &s, NULL),
        SQLITE_OK);
    sqlite3_bind_int64(s, 1, count);
    sqlite3_bind_int64(s, 2, old);
    sqlite3_bind_int64(s, 3, clock_wall());
    sqlite3_bind_int64(s, 4, size);
    assert_int_equal(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);
    sqlite3_close(db);
}

static void start_retention(struct fixture *f)
{
    store_set_retention(f->store, FOR_A_WEEK);
    assert_true(store_write(f->store, W_GROUP_FORGET, "i", (int64_t)0)); /* wakes the writer */
}

static void test_old_messages_go_in_steps_and_younger_ones_stay(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_old_messages(f, 2000, 1700, 10);
    sqlite3 *db = look(f);
    start_retention(f);
    AWAIT(f->store, ask_in(db, "SELECT count(*) FROM message") < 2000);
    assert_true(ask_in(db, "SELECT count(*) FROM message") >= 1000);
    AWAIT(f->store, ask_in(db, "SELECT count(*) FROM message") == 300);
    assert_int_equal(ask_in(db, "SELECT min(id) FROM message"), 1701);
    sqlite3_close(db);
}

static void test_the_newest_message_stays_however_old(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_old_messages(f, 700, 700, 10);
    start_retention(f);
    AWAIT(f->store, ask(f, "SELECT count(*) FROM message") == 1);
    close_store(f);
    assert_int_equal(ask(f, "SELECT id FROM message"), 700);
}

static void test_retention_0_keeps_for_ever(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_old_messages(f, 700, 700, 10);
    store_set_retention(f->store, 0);
    add_messages(f->store, 1000, 1100);
    close_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 801);
}

static void test_the_space_of_old_messages_is_given_back(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_old_messages(f, 2500, 2400,
                     4000); /* 8,000 bytes each: far more than a step's 100 pages per 500 rows */
    sqlite3 *db = look(f);
    int64_t before = ask_in(db, "PRAGMA page_count");
    assert_true(before > 5000);
    start_retention(f);
    AWAIT(f->store, ask_in(db, "SELECT count(*) FROM message") == 100);
    AWAIT(f->store, ask_in(db, "PRAGMA freelist_count") <= 1000);
    assert_true(ask_in(db, "PRAGMA page_count") < 1500);
    sqlite3_close(db);
}

static int64_t fill_ring(struct store *store, int64_t id)
{
    while (store_begin(store)) {
        put_message_at(store, id++, clock_wall(), "young");
        store_commit(store);
    }
    return id;
}

static void test_retention_goes_on_while_messages_come_in(void **state)
{
    struct fixture *f = *state;
    int64_t id = 10000;
    f->config.ring_bytes = 1 << 20;
    open_store(f);
    add_old_messages(f, 1000, 1000, 10);
    sqlite3 *db = look(f);
    id = fill_ring(f->store, id);
    store_set_retention(f->store, FOR_A_WEEK);
    const int64_t patience = clock_wall() + 10000;
    while (ask_in(db, "SELECT 1 FROM message WHERE id <= 1000") == 1) {
        id = fill_ring(f->store, id); /* without a pause, so that the writer finds no time to idle */
        if (clock_wall() > patience)
            fail_msg("the writer never idles, and old messages stay");
    }
    sqlite3_close(db);
}

static void login(struct fixture *f, const char *client, int64_t last_used)
{
    assert_true(store_write(f->store, W_DEVICE_LOGIN, "ttii", client, "user", (int64_t)1, last_used));
    assert_true(store_write(f->store, W_SUBSCRIPTION_SET, "ttii", client, "inbox", (int64_t)1, (int64_t)5));
}

static void test_devices_unused_for_long_are_forgotten_unless_connected(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    login(f, "gone", 1);
    login(f, "connected", 1);
    login(f, "away", 1);
    assert_true(store_write(f->store, W_DEVICE_OFFLINE, "ti", "gone", (int64_t)1));
    assert_true(store_write(f->store, W_DEVICE_OFFLINE, "ti", "away", clock_wall()));
    await_all(f->store);
    change(f, "INSERT INTO push_job (client, user, conversation, message, only_this, created, due) "
              "SELECT client, user, 1, 1, 0, 1, 1 FROM device");
    start_retention(f);
    AWAIT(f->store, ask(f, "SELECT count(*) FROM device") == 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM device WHERE client = 'gone'"), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM subscription WHERE client <> 'gone'"), 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM subscription"), 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM push_job WHERE client <> 'gone'"), 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM push_job"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_of_many_updates_of_a_row_in_one_commit_the_last_counts),
        TEST(test_more_rows_than_can_wait_are_updated_all_the_same),
        TEST(test_of_many_updates_of_two_kinds_the_last_of_each_counts),
        TEST(test_an_update_that_cannot_be_executed_is_poison_when_a_later_one_takes_its_place_too),
        TEST(test_who_looks_at_a_row_sees_the_update_that_was_before_him),
        TEST(test_an_update_that_cannot_be_executed_is_poison_and_the_rest_goes_on),
        TEST(test_a_poison_frame_is_set_aside_and_those_around_it_are_executed),
        TEST(test_the_line_on_a_poison_frame_tells_what_the_database_said),
        TEST(test_the_records_of_a_poison_frame_are_in_the_bad_file),
        TEST(test_no_record_of_a_poison_frame_is_executed),
        TEST(test_a_poison_frame_is_not_met_again_at_the_next_start),
        TEST(test_an_operation_of_another_release_is_poison),
        TEST(test_a_frame_that_cannot_be_kept_in_the_bad_file_is_not_stepped_over),
        TEST(test_a_locked_database_is_tried_again_and_said_once),
        TEST(test_a_disk_that_refuses_writes_is_tried_again_and_nothing_is_lost),
        TEST(test_a_full_disk_is_tried_again_and_nothing_is_lost),
        TEST(test_a_damaged_page_stops_the_writer_and_no_frame_is_taken_for_poison),
        TEST(test_a_recovery_of_a_locked_database_is_refused_with_the_reason),
        TEST(test_a_recovery_without_room_is_refused_and_takes_no_frame_for_poison),
        TEST(test_the_write_ahead_log_does_not_grow_without_end),
        TEST(test_a_reader_that_is_forgotten_is_said_and_counted),
        TEST(test_a_file_that_is_removed_or_replaced_stops_acks_and_one_that_is_back_does_not),
        TEST(test_without_its_database_the_writer_keeps_everything_in_the_ring),
        TEST(test_old_messages_go_in_steps_and_younger_ones_stay),
        TEST(test_the_newest_message_stays_however_old),
        TEST(test_retention_0_keeps_for_ever),
        TEST(test_the_space_of_old_messages_is_given_back),
        TEST(test_retention_goes_on_while_messages_come_in),
        TEST(test_devices_unused_for_long_are_forgotten_unless_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
