/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Frames from store_begin to the database, over stops and kills; message ids. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/resource.h>

#include "lib/basics.h"
#include "schema/database.h"
#include "tests/unit/store_fixture.h"

#define BLOCK 100000

static void write_one_and_tell(struct store *store, int say)
{
    tell(say, write_pair(store));
}

static void write_many_and_tell(struct store *store, int say)
{
    for (int i = 0; i < 300; i++)
        tell(say, write_pair(store));
}

/* A life that stores these messages. */
static void live(struct fixture *f, int64_t from, int64_t to)
{
    open_store(f);
    add_messages(f->store, from, to);
    close_store(f);
}

/* A frame with `count` ids and one small write; the last id, 0 when there was one that could not be had. */
static int64_t use_ids(struct store *store, int count, int64_t *last)
{
    int64_t id = 0;
    if (!store_begin(store))
        return 0;
    for (int i = 0; i < count; i++) {
        id = store_next_id(store);
        if (id == 0)
            break;
        if (id <= *last)
            fail_msg("id %lld after %lld", (long long)id, (long long)*last);
        *last = id;
    }
    store_put(store, W_CONVERSATION_TOUCH, "iiii", (int64_t)1, (int64_t)1, (int64_t)1, (int64_t)1);
    store_commit(store);
    return id;
}

/* Frames and no frames */

static void test_frames_are_executed_in_order_once_over_a_stop(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_true(store_write(f->store, W_CONVERSATION_ADD, "itt", (int64_t)1, NULL, NULL));
    for (int64_t i = 1; i <= 2000; i++)
        AWAIT(f->store, store_write(f->store, W_CONVERSATION_TOUCH, "iiii", (int64_t)1, i, i, i));
    add_messages(f->store, 1, 500);
    close_store(f);
    assert_int_equal(ask(f, "SELECT last_seq FROM conversation"), 2000);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = 'body ' || id"), 500);
    open_store(f);
    assert_int_equal(line_count, 0);
    assert_int_equal(store_counters(f->store).frames_bad, 0);
}

static void test_an_aborted_frame_is_not_written(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_true(store_begin(f->store));
    put_message_at(f->store, 1, 1, "forget me");
    store_abort(f->store);
    add_messages(f->store, 2, 3);
    close_store(f);
    assert_int_equal(ask(f, "SELECT count(*) * 10 + min(id) FROM message"), 22);
}

static void test_a_frame_that_outgrows_its_reservation_writes_nothing_and_is_logged(void **state)
{
    struct fixture *f = *state;
    static char large[30000];
    memset(large, 'x', sizeof large - 1);
    open_store(f);
    assert_true(store_begin(f->store));
    put_message_at(f->store, 1, 1, "small");
    put_message_at(f->store, 2, 1, large);
    assert_null(store_last_blob(f->store));
    put_message_at(f->store, 3, 1, "small");
    store_commit(f->store);
    assert_int_equal(count_lines(STORE_ERROR, "larger than its reservation"), 1);
    add_messages(f->store, 4, 5);
    close_store(f);
    assert_int_equal(ask(f, "SELECT count(*) * 10 + min(id) FROM message"), 24);
}

/* In the smallest ring there may be. */
static void test_a_frame_may_take_256_kilobytes_and_a_message_finds_room_where_it_does_not(void **state)
{
    struct fixture *f = *state;
    static char large[250000];
    int64_t sent = 0;
    memset(large, 'x', sizeof large - 1);
    f->config.ring_bytes = 4194304;
    open_store(f);
    sqlite3 *db = hold_writes(f);
    while (store_begin(f->store)) {
        put_message_at(f->store, ++sent, 1, large);
        store_commit(f->store);
    }
    assert_in_range(sent, 14, 16);
    assert_true(add_message(f->store, ++sent, "small"));
    let_writes(db);
    close_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), sent);
    assert_int_equal(count_lines(STORE_ERROR, "larger than its reservation"), 0);
}

static void test_a_frame_inside_a_frame_is_refused_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    static char large[30000];
    memset(large, 'x', sizeof large - 1);
    open_store(f);
    assert_true(store_begin(f->store));
    put_message_at(f->store, 1, 1, large);
    assert_false(store_begin(f->store));
    put_message_at(f->store, 2, 1, "small");
    store_commit(f->store);
    assert_int_equal(count_lines(STORE_ERROR, "larger than its reservation"), 1);
    close_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 0);
}

static void test_a_full_ring_says_no_and_yes_again_when_the_writer_has_caught_up(void **state)
{
    struct fixture *f = *state;
    char body[1000];
    int64_t sent = 0;
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    open_store(f);
    sqlite3 *db = hold_writes(f);
    while (sent < 10000 && add_message(f->store, sent + 1, body))
        sent++;
    assert_in_range(sent, 100, 300);
    struct store_counters counters = store_counters(f->store);
    assert_true(counters.ring_used <= counters.ring_capacity);
    let_writes(db);
    AWAIT(f->store, add_message(f->store, sent + 1, body));
    close_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), sent + 1);
}

static int64_t count_rows(struct store *store)
{
    int64_t rows = 0;
    sqlite3_stmt *s = store_read(store, R_MESSAGES_AFTER);
    sqlite3_bind_int64(s, 1, 1);
    sqlite3_bind_int64(s, 2, 0);
    while (store_row(store, s))
        rows++;
    store_done(s);
    return rows;
}

static void test_while_the_ring_is_full_nothing_changes_and_reads_go_on(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_messages(f->store, 1, 10);
    await_all(f->store);
    sqlite3 *db = hold_writes(f);
    while (write_pair(f->store) != 0)
        ;
    while (store_write(f->store, W_GROUP_FORGET, "i", (int64_t)0))
        ;
    AWAIT(f->store, store_counters(f->store).stalled);
    uint64_t used = store_counters(f->store).ring_used, last = store_last_mark(f->store);
    int64_t last_id = store_last_id(f->store);
    for (int i = 0; i < 1000; i++) {
        assert_false(store_begin_sized(f->store, 10));
        assert_false(store_write(f->store, W_GROUP_FORGET, "i", (int64_t)0));
    }
    assert_int_equal(count_rows(f->store), 10);
    assert_false(store_reads_failed(f->store));
    assert_true(store_counters(f->store).ring_used == used && store_last_mark(f->store) == last);
    assert_false(store_has(f->store, last));
    assert_int_equal(store_last_id(f->store), last_id);
    let_writes(db);
}

static void test_a_read_that_failed_is_told_until_the_next_piece_of_work_begins(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_false(store_reads_failed(f->store));
    store_row_lost(f->store);
    assert_int_equal(count_rows(f->store), 0);
    assert_true(store_reads_failed(f->store));
    assert_true(store_reads_failed(f->store));
    store_reads_begin(f->store);
    assert_false(store_reads_failed(f->store));
}

static void test_what_filled_the_ring_is_executed_once_when_the_database_can_be_written_again(void **state)
{
    struct fixture *f = *state;
    int64_t sent = 0;
    open_store(f);
    for (int i = 0; i < 3; i++) { /* at other places of the ring each time */
        sqlite3 *db = hold_writes(f);
        while (write_pair(f->store) != 0)
            sent++;
        AWAIT(f->store, store_counters(f->store).stalled);
        let_writes(db);
        await_all(f->store);
        assert_false(store_counters(f->store).stalled);
        assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = id"), sent);
        assert_int_equal(ask(f, "SELECT count(*) FROM conversation"), sent);
    }
    assert_int_equal(store_counters(f->store).frames_bad, 0); /* the second time would be poison */
    assert_int_equal(store_counters(f->store).ring_used, 0);
}

/* Whole frames of this rank, until there is no room for one more. */
static int count_sessions(struct store *store, bool admin)
{
    int begun = 0;
    for (; store_begin_session(store, 0, admin); begun++) {
        store_put(store, W_GROUP_FORGET, "i", (int64_t)0);
        store_commit(store);
    }
    return begun;
}

static void test_commands_leave_a_quarter_of_the_ring_to_messages(void **state)
{
    struct fixture *f = *state;
    const uint64_t ring = 4 << 20;
    f->config.ring_bytes = ring;
    open_store(f);
    sqlite3 *db = look(f);
    change_in(db, "BEGIN IMMEDIATE");
    while (store_begin_command(f->store, 0)) {
        store_put(f->store, W_GROUP_FORGET, "i", (int64_t)0);
        store_commit(f->store);
    }
    assert_in_range(store_counters(f->store).ring_used, ring / 2, ring - ring / 4);
    while (store_write(f->store, W_GROUP_FORGET, "i", (int64_t)0))
        ;
    assert_in_range(store_counters(f->store).ring_used, ring - ring / 8, ring);
    change_in(db, "COMMIT");
    sqlite3_close(db);
}

static void test_a_full_ring_has_room_for_sessions_and_in_the_end_for_admins(void **state)
{
    struct fixture *f = *state;
    f->config.ring_bytes = 4 << 20;
    open_store(f);
    sqlite3 *db = look(f);
    change_in(db, "BEGIN IMMEDIATE");
    while (store_write(f->store, W_GROUP_FORGET, "i", (int64_t)0))
        ;
    assert_false(store_begin(f->store) || store_begin_sized(f->store, 0));
    assert_in_range(count_sessions(f->store, false), 1000, 4000);
    assert_in_range(count_sessions(f->store, true), 1000, 4000);
    assert_false(store_begin_session(f->store, 0, true));
    change_in(db, "COMMIT");
    sqlite3_close(db);
}

/* A hook, and what it has been told. */
struct listener {
    struct store_hook hook;
    struct store *store;
    int released, aborted;
};

/* The space is still taken: what was kept of it can be read once more. */
static void on_released(void *context)
{
    struct listener *listener = context;
    assert_true(store_counters(listener->store).ring_used > 0);
    listener->released++;
}

static void on_aborted(void *context)
{
    struct listener *listener = context;
    assert_true(store_mark(listener->store) > store_last_mark(listener->store));
    listener->aborted++;
}

static void listen(struct store *store, struct listener *listener)
{
    *listener = (struct listener){.hook = {.released = on_released, .aborted = on_aborted}, .store = store};
    listener->hook.context = listener;
    store_add_hook(store, &listener->hook);
}

static void test_each_hook_hears_of_aborts_and_of_space_before_it_is_used_again(void **state)
{
    struct fixture *f = *state;
    struct listener one, other;
    open_store(f);
    listen(f->store, &one);
    listen(f->store, &other);
    add_messages(f->store, 1, 2000); /* more than a lap */
    await_all(f->store);
    assert_true(one.released > 0 && one.aborted == 0);
    assert_true(store_begin(f->store));
    store_abort(f->store);
    assert_int_equal(one.aborted, 1);
    store_remove_hook(f->store, &one.hook);
    assert_true(store_begin(f->store));
    store_abort(f->store);
    assert_int_equal(one.aborted * 10 + other.aborted, 12);
    assert_int_equal(other.released, one.released);
    store_remove_hook(f->store, &other.hook);
}

static void test_a_frame_that_is_broken_is_aborted(void **state)
{
    struct fixture *f = *state;
    struct listener listener;
    static char large[30000];
    memset(large, 'x', sizeof large - 1);
    open_store(f);
    listen(f->store, &listener);
    assert_true(store_begin(f->store));
    put_message_at(f->store, 1, 1, large);
    store_commit(f->store);
    assert_int_equal(listener.aborted, 1);
}

static void test_the_mark_of_a_frame_is_had_when_the_database_has_it(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_messages(f->store, 1, 10);
    await_all(f->store);
    sqlite3 *db = hold_writes(f);
    assert_true(store_begin(f->store));
    uint64_t mark = store_mark(f->store);
    put_message_at(f->store, 11, 1, "later");
    uint64_t last = store_commit(f->store);
    assert_true(mark <= last && last == store_last_mark(f->store) && last < store_mark(f->store));
    AWAIT(f->store, store_counters(f->store).stalled);
    assert_false(store_has(f->store, mark) || store_has(f->store, last));
    assert_true(store_has(f->store, mark - 1) && store_has(f->store, 0)); /* the frame before; none */
    let_writes(db);
    AWAIT(f->store, store_has(f->store, mark));
    assert_true(store_has(f->store, last));
}

/* Kills */

static void test_what_was_committed_before_a_kill_is_found_exactly_once(void **state)
{
    struct fixture *f = *state;
    int64_t id, count = 0, sum = 0;
    for (int i = 0; i < 10; i++) {
        struct child child = start_child(f, i % 2 ? write_many_and_tell : write_one_and_tell);
        let_go(&child);
        while (hear(&child, &id)) {
            assert_true(id > 0);
            count++;
            sum += id;
        }
        await_kill(&child);
    }
    open_store(f);
    assert_int_equal(count, 5 * 301);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = id"), count);
    assert_int_equal(ask(f, "SELECT sum(id) FROM message"), sum);
    assert_int_equal(ask(f, "SELECT count(*) FROM conversation JOIN message USING (id)"), count);
    assert_int_equal(access(f->bad, F_OK), -1);
}

static void test_frames_that_were_all_in_flight_at_a_kill_are_found_exactly_once(void **state)
{
    struct fixture *f = *state;
    die_in_child_unwritten(f, write_many_and_tell);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 0);
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = id"), 300);
    assert_int_equal(ask(f, "SELECT count(*) FROM conversation"), 300);
    assert_int_equal(count_lines(STORE_INFO, "executed 300 frames"), 1);
    reopen_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 300);
    assert_int_equal(count_lines(STORE_INFO, "executed"), 1);
}

static int64_t number_in(const struct fixture *f)
{
    return ask(f, "SELECT number FROM state");
}

static void test_the_database_counts_the_frames_over_stops_and_kills(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_int_equal(number_in(f), 0);
    for (int i = 0; i < 3; i++)
        assert_true(write_pair(f->store) > 0);
    close_store(f);
    assert_int_equal(number_in(f), 3);
    die_in_child_unwritten(f, write_many_and_tell);
    assert_int_equal(number_in(f), 3);
    open_store(f);
    assert_int_equal(number_in(f), 303);
    assert_true(write_pair(f->store) > 0);
    await_all(f->store);
    assert_int_equal(number_in(f), 304);
}

static void log_in(struct store *store, int say)
{
    (void)say;
    if (!store_write(store, W_DEVICE_LOGIN, "ttii", "d", "alice", (int64_t)1, (int64_t)1))
        _exit(1);
}

/* So that whoever executes the same frames forgets them at the same point. */
static void test_a_start_forgets_connections_in_a_frame_of_its_own_and_an_idle_one_has_none(void **state)
{
    struct fixture *f = *state;
    die_in_child(f, log_in);
    open_store(f);
    assert_int_equal(ask(f, "SELECT online FROM device"), 0);
    assert_int_equal(number_in(f), 2);
    assert_int_equal(store_counters(f->store).frames_waiting, 0);
    reopen_store(f);
    assert_int_equal(number_in(f), 2);
    assert_int_equal(write_pair(f->store) > 0, 1);
    await_all(f->store);
    assert_int_equal(number_in(f), 3);
}

static void write_poison(struct store *store, int say)
{
    (void)say;
    if (!add_message(store, 1, "first") || !add_message(store, 1, "poison") || !add_message(store, 2, "last"))
        _exit(1);
}

static void test_a_poison_frame_in_what_a_kill_left_is_set_aside_and_the_rest_is_executed(void **state)
{
    struct fixture *f = *state;
    die_in_child_unwritten(f, write_poison);
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body IN ('first', 'last')"), 2);
    assert_int_equal(store_counters(f->store).frames_bad, 1);
    assert_int_equal(access(f->bad, F_OK), 0);
    close_store(f);
    assert_int_equal(count_lines(STORE_ERROR, "cannot be executed"), 1);
    assert_int_equal(number_in(f), 3); /* it counts, too */
}

static void test_a_frame_that_does_not_follow_on_the_last_one_is_refused_and_not_executed(void **state)
{
    struct fixture *f = *state;
    die_in_child_unwritten(f, write_many_and_tell);
    change(f, "UPDATE state SET number = number + 1");
    assert_refused(f, "the next frame does not follow on the last one");
    assert_says(f->error, f->ring);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 0);
    assert_int_equal(access(f->bad, F_OK), -1);
    change(f, "UPDATE state SET number = number - 1");
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 300);
}

/* Refusals */

static void test_the_ring_of_another_database_is_refused(void **state)
{
    struct fixture *f = *state;
    char other[128];
    open_store(f);
    close_store(f);
    snprintf(other, sizeof other, "%s/other", f->folder);
    f->config.database = other;
    assert_refused(f, "belongs to another database");
    assert_says(f->error, f->ring);
    assert_says(f->error, other);
    f->config.database = f->database;
    open_store(f);
}

static int open_second(struct fixture *f, int say)
{
    struct store *store = NULL;
    if (store_open(&store, &f->config, f->error, sizeof f->error) == 0)
        return 1;
    return write(say, f->error, sizeof f->error) == sizeof f->error ? 0 : 2;
}

static void test_a_second_process_is_refused_with_the_pid_of_the_first(void **state)
{
    struct fixture *f = *state;
    int said[2], status;
    char pid[32];
    open_store(f);
    assert_int_equal(pipe(said), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(open_second(f, said[1]));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(said[0], f->error, sizeof f->error), sizeof f->error);
    close(said[0]);
    close(said[1]);
    snprintf(pid, sizeof pid, "process %d", (int)getpid());
    assert_says(f->error, pid);
    assert_says(f->error, f->database);
}

/* By whatever name, and with whatever ring: a start that is refused changes nothing. */
static void assert_second_refused(const struct fixture *f, const char *database, const char *ring)
{
    struct store *store = NULL;
    char error[1024] = "";
    struct store_config config = f->config;
    config.database = database;
    config.ring_file = ring;
    assert_int_equal(store_open(&store, &config, error, sizeof error), -1);
    assert_says(error, "is another broker running?");
}

static void test_a_database_has_one_broker_whatever_name_or_ring_it_is_given(void **state)
{
    struct fixture *f = *state;
    char other_ring[128], link_name[128], hard_name[128];
    snprintf(other_ring, sizeof other_ring, "%s/other.ring", f->folder);
    snprintf(link_name, sizeof link_name, "%s/link", f->folder);
    snprintf(hard_name, sizeof hard_name, "%s/hard", f->folder);
    open_store(f);
    assert_int_equal(symlink(f->database, link_name), 0);
    assert_int_equal(link(f->database, hard_name), 0);
    assert_second_refused(f, f->database, other_ring);
    assert_second_refused(f, link_name, other_ring);
    assert_second_refused(f, hard_name, other_ring);
    assert_int_equal(unlink(f->ring), 0);
    assert_second_refused(f, f->database, f->ring);
    assert_int_equal(access(f->ring, F_OK), -1);
    assert_int_equal(access(other_ring, F_OK), -1);
    add_messages(f->store, 1, 10);
    await_all(f->store); /* SQLite has its own locks still */
    close_store(f);
    f->config.database = link_name;
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 10);
}

/* Somebody else has the database for a moment. */
static void *lock_for_a_moment(void *context)
{
    sqlite3 *db = look(context);
    change_in(db, "BEGIN EXCLUSIVE");
    pause_ms(300);
    change_in(db, "COMMIT");
    sqlite3_close(db);
    return NULL;
}

static void test_a_start_waits_for_a_lock_on_the_database(void **state)
{
    struct fixture *f = *state;
    pthread_t other;
    open_store(f);
    close_store(f);
    assert_int_equal(pthread_create(&other, NULL, lock_for_a_moment, f), 0);
    pause_ms(100);
    open_store(f);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_true(add_message(f->store, 1, "served"));
    await_all(f->store);
}

static mode_t mode_of(const char *path, const char *suffix)
{
    char name[160];
    struct stat found;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    assert_int_equal(stat(name, &found), 0);
    return found.st_mode & 0777;
}

static void open_to_others(const char *path, const char *suffix)
{
    char name[160];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *file = fopen(name, "ab");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(chmod(name, 0644), 0);
}

static void test_files_that_are_open_to_others_are_closed_at_the_start(void **state)
{
    struct fixture *f = *state;
    die_in_child(f, write_many_and_tell); /* leaves a log and its index */
    open_to_others(f->database, "");
    open_to_others(f->database, "-wal");
    open_to_others(f->database, "-shm");
    open_to_others(f->database, ".bad");
    open_to_others(f->ring, "");
    open_store(f);
    assert_int_equal(mode_of(f->database, ""), 0640);
    assert_int_equal(mode_of(f->database, "-wal"), 0640);
    assert_int_equal(mode_of(f->database, "-shm"), 0640);
    assert_int_equal(mode_of(f->database, ".bad"), 0640);
    assert_int_equal(mode_of(f->ring, ""), 0640);
    assert_int_equal(count_lines(STORE_WARNING, "was open to other users"), 5);
}

static void test_no_symlink_is_followed_for_the_ring_and_the_bad_file(void **state)
{
    struct fixture *f = *state;
    char elsewhere[128];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", f->folder);
    assert_int_equal(symlink(elsewhere, f->ring), 0);
    assert_refused(f, "is a symbolic link");
    assert_says(f->error, f->ring);
    unlink(f->ring);
    assert_int_equal(symlink(elsewhere, f->bad), 0);
    assert_refused(f, "is a symbolic link");
    assert_says(f->error, f->bad);
    assert_int_equal(access(elsewhere, F_OK), -1);
}

static void copy_file(const char *from, const char *to)
{
    char command[512];
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

static void move_file(const char *from, const char *to)
{
    assert_int_equal(rename(from, to), 0);
}

static void test_a_database_older_than_its_ring_is_refused_with_what_to_do(void **state)
{
    struct fixture *f = *state;
    char aside[128];
    f->config.sync = 0;
    open_store(f);
    add_messages(f->store, 1, 3000); /* more than a lap */
    close_store(f);
    change(f, "UPDATE state SET position = 0");
    assert_refused(f, "rename the ring to ");
    snprintf(aside, sizeof aside, "%s.aside", f->ring);
    assert_says(f->error, aside);
    move_file(f->ring, aside);
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 3000);
}

/* Two lives after the backup, so that the ring does not follow on it. */
static void test_a_backup_of_before_the_last_starts_is_refused_and_no_id_comes_again(void **state)
{
    struct fixture *f = *state;
    char backup[128], aside[128], line[200];
    int64_t last = 0;
    snprintf(backup, sizeof backup, "%s.backup", f->database);
    snprintf(aside, sizeof aside, "%s.aside", f->ring);
    open_store(f);
    assert_int_equal(write_pair(f->store), 1);
    close_store(f);
    copy_file(f->database, backup);
    for (int life = 0; life < 2; life++) {
        open_store(f);
        for (int i = 0; i < 220; i++) /* many blocks of ids */
            AWAIT(f->store, use_ids(f->store, 1000, &last) != 0);
        last = write_pair(f->store);
        close_store(f);
    }
    move_file(backup, f->database);
    assert_refused(f, "is older than its ring_file");
    assert_refused(f, aside);
    assert_int_equal(ask(f, "SELECT id_mark FROM state"), BLOCK + 1);
    move_file(f->ring, aside);
    open_store(f);
    assert_true(write_pair(f->store) > last);
    snprintf(line, sizeof line, "ids go on behind those of %s", aside);
    assert_int_equal(count_lines(STORE_INFO, line), 1);
}

static void test_a_ring_goes_on_where_a_backup_of_before_the_last_start_ends(void **state)
{
    struct fixture *f = *state;
    char backup[128];
    snprintf(backup, sizeof backup, "%s.backup", f->database);
    open_store(f);
    add_messages(f->store, 1, 10);
    close_store(f);
    copy_file(f->database, backup);
    open_store(f);
    add_messages(f->store, 11, 289);
    close_store(f);
    move_file(backup, f->database);
    open_store(f);
    assert_int_equal(count_lines(STORE_INFO, "executed 279 frames"), 1);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = 'body ' || id"), 289);
    assert_true(write_pair(f->store) > 289);
}

static void test_a_backup_of_before_an_idle_start_is_taken(void **state)
{
    struct fixture *f = *state;
    char backup[128];
    snprintf(backup, sizeof backup, "%s.backup", f->database);
    open_store(f);
    add_messages(f->store, 1, 10);
    close_store(f);
    copy_file(f->database, backup);
    for (int life = 0; life < 2; life++) {
        open_store(f);
        close_store(f);
    }
    move_file(backup, f->database);
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 10);
}

/* Starts on a wrong database, which they have to give up after all, and then on the right one: the frames that a kill
 * has left are executed in both. */
static void
test_what_a_kill_has_left_is_there_for_the_right_database_after_starts_on_another_state(void **state)
{
    struct fixture *f = *state;
    char right[128], log[128];
    snprintf(right, sizeof right, "%s.right", f->database);
    snprintf(log, sizeof log, "%s-wal", f->database);
    die_in_child_unwritten(f, write_many_and_tell);
    change(f, "PRAGMA wal_checkpoint(TRUNCATE)");
    copy_file(f->database, right);
    for (int life = 0; life < 3; life++)
        reopen_store(f);
    assert_true(write_pair(f->store) > 300);
    close_store(f);
    unlink(log);
    move_file(right, f->database);
    line_count = 0;
    open_store(f);
    assert_int_equal(count_lines(STORE_INFO, "executed 301 frames"), 1);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = id"), 301);
}

/* What the last run has left in a ring that is not there any more is missed. */
static void test_a_ring_that_was_removed_after_a_kill_is_missed(void **state)
{
    struct fixture *f = *state;
    die_in_child_unwritten(f, write_many_and_tell);
    unlink(f->ring);
    open_store(f);
    assert_int_equal(count_lines(STORE_ERROR, "is a new one, and the last run was not ended"), 1);
    close_store(f);
    unlink(f->ring);
    line_count = 0;
    open_store(f);
    assert_int_equal(count_lines(STORE_ERROR, "is a new one"), 0); /* nothing was in it */
}

static void test_a_ring_of_before_the_last_run_is_told_and_took_its_ids_with_it(void **state)
{
    struct fixture *f = *state;
    char old[128];
    snprintf(old, sizeof old, "%s.old", f->ring);
    live(f, 1, 10);
    copy_file(f->ring, old);
    live(f, 11, 310);
    change(f, "UPDATE state SET clean = 0"); /* as if killed */
    move_file(old, f->ring);
    line_count = 0;
    open_store(f);
    assert_int_equal(count_lines(STORE_ERROR, "is older than the database"), 1);
    assert_true(write_pair(f->store) > 310);
}

static void test_after_the_machine_went_down_the_newest_may_be_missing_and_this_is_said(void **state)
{
    struct fixture *f = *state;
    live(f, 1, 10);
    change(f, "UPDATE state SET boot_id = 'another', clean = 0");
    open_store(f);
    assert_int_equal(count_lines(STORE_WARNING, "the newest messages may be missing"), 1);
    line_count = 0;
    reopen_store(f);
    assert_int_equal(count_lines(STORE_WARNING, "the newest messages may be missing"), 0);
}

static void take_another_ring(struct fixture *f)
{
    char database[128], ring[128];
    const struct store_config own = f->config;
    snprintf(database, sizeof database, "%s.other", f->database);
    snprintf(ring, sizeof ring, "%s.other", f->ring);
    f->config.database = database;
    f->config.ring_file = ring;
    open_store(f);
    close_store(f);
    f->config = own;
    move_file(ring, f->ring);
}

/* A database that is refused stays as it was, with the log beside it: that may be another one's. */
static void test_a_start_that_refuses_does_not_take_over_a_log(void **state)
{
    struct fixture *f = *state;
    char log[128];
    struct stat before, after;
    snprintf(log, sizeof log, "%s-wal", f->database);
    die_in_child(f, write_many_and_tell);
    take_another_ring(f);
    assert_int_equal(stat(log, &before), 0);
    assert_refused(f, "belongs to another database");
    assert_int_equal(stat(log, &after), 0);
    assert_true(before.st_size > 0 && before.st_size == after.st_size);
}

static void test_a_log_whose_database_is_gone_is_refused_and_kept(void **state)
{
    struct fixture *f = *state;
    char log[128];
    struct stat found;
    snprintf(log, sizeof log, "%s-wal", f->database);
    die_in_child(f, write_many_and_tell);
    unlink(f->database);
    assert_refused(f, "put the database back");
    assert_int_equal(access(f->database, F_OK), -1);
    assert_int_equal(stat(log, &found), 0);
    assert_true(found.st_size > 0);
}

/* Each migration is a transaction of its own. */
static void test_a_first_start_that_died_between_two_migrations_goes_on_with_the_next(void **state)
{
    struct fixture *f = *state;
    for (size_t done = 1; done < database_migration_count; done++) {
        char version[64];
        for (size_t i = 0; i < done; i++)
            change(f, database_migrations[i].sql);
        snprintf(version, sizeof version, "PRAGMA user_version = %d", database_migrations[done - 1].version);
        change(f, version);
        open_store(f);
        assert_true(write_pair(f->store) > 0);
        close_store(f);
        unlink(f->database);
        unlink(f->ring);
    }
}

/* Damage */

static void write_300(struct store *store, int say)
{
    (void)say;
    for (int i = 0; i < 300; i++)
        if (write_pair(store) == 0)
            _exit(1);
}

/* 300 frames, none of them in the database, and one of the bytes in the middle is wrong. */
static void leave_damaged(struct fixture *f)
{
    struct child child = start_child(f, write_300);
    sqlite3 *db = look(f);
    change_in(db, "BEGIN IMMEDIATE");
    let_go(&child);
    await_kill(&child);
    change_in(db, "COMMIT");
    sqlite3_close(db);
    FILE *file = fopen(f->ring, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 4096 + 30000, SEEK_SET), 0);
    assert_int_equal(fputc('!', file), '!');
    assert_int_equal(fclose(file), 0);
}

/* How many whole frames the line on the damage counts behind it. */
static int frames_behind_damage(void)
{
    int frames = -1;
    for (int i = 0; i < line_count; i++) {
        const char *found = strstr(lines[i].text, "whole frames");
        if (!found || lines[i].priority != STORE_ERROR)
            continue;
        while (found > lines[i].text && found[-1] != ';')
            found--;
        frames = atoi(found);
    }
    return frames;
}

static void test_a_damaged_frame_on_the_same_boot_is_said_and_the_ring_is_kept(void **state)
{
    struct fixture *f = *state;
    leave_damaged(f);
    open_store(f);
    int64_t executed = ask(f, "SELECT count(*) FROM message");
    assert_in_range(executed, 50, 250);
    assert_int_equal(count_lines(STORE_ERROR, "the ring is damaged at position"), 1);
    assert_int_equal(frames_behind_damage(), 300 - executed - 1);
    assert_true(write_pair(f->store) > 300);
    char command[200];
    snprintf(command, sizeof command, "grep -q 300 '%s'.damaged-*", f->ring); /* the last message's body */
    assert_int_equal(system(command), 0);
}

static void test_a_damaged_ring_that_cannot_be_kept_stops_the_start(void **state)
{
    struct fixture *f = *state;
    struct rlimit none;
    leave_damaged(f);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &none), 0);
    const struct rlimit limit = {.rlim_cur = 250000, .rlim_max = none.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_refused(f, "a copy for you cannot be kept");
    setrlimit(RLIMIT_FSIZE, &none);
    open_store(f);
    assert_int_equal(count_lines(STORE_ERROR, "the ring is damaged at position"), 1);
}

static void
test_without_syncs_a_power_loss_may_leave_the_database_behind_and_the_ring_starts_empty(void **state)
{
    struct fixture *f = *state;
    live(f, 1, 3000);
    change(f,
           "UPDATE state SET position = 0, boot_id = 'another', clean = 0; DELETE FROM message WHERE id > 9");
    open_store(f);
    assert_int_equal(count_lines(STORE_ERROR, "is lost, the ring starts empty"), 1);
    add_messages(f->store, 4001, 4010);
    close_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 19);
}

static void test_a_database_ahead_of_its_ring_starts_it_empty(void **state)
{
    struct fixture *f = *state;
    live(f, 1, 10);
    change(f, "UPDATE state SET position = 1 << 40");
    live(f, 11, 20);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 20);
    assert_true(ask(f, "SELECT position FROM state") > INT64_C(1) << 40);
}

static void fill_ring_and_tell(struct store *store, int say)
{
    int64_t sent = 0;
    while (write_pair(store) != 0)
        sent++;
    tell(say, sent);
}

/* A life with this size that fills the ring and is killed; how many frames it has left in it. */
static int64_t leave_full_ring(struct fixture *f, size_t ring_bytes)
{
    int64_t sent = 0;
    f->config.ring_bytes = ring_bytes;
    struct child child = start_child(f, fill_ring_and_tell);
    sqlite3 *db = hold_writes(f);
    let_go(&child);
    assert_true(hear(&child, &sent));
    await_kill(&child);
    let_writes(db);
    return sent;
}

static void test_a_changed_ring_size_counts_from_the_next_start(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    f->config.ring_bytes *= 2;
    open_store(f);
    assert_int_equal(store_counters(f->store).ring_capacity, f->config.ring_bytes);
    close_store(f);
    f->config.ring_bytes /= 4;
    open_store(f);
    assert_int_equal(store_counters(f->store).ring_capacity, f->config.ring_bytes);
    add_messages(f->store, 1, 2000);
    close_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 2000);
}

static void test_over_kills_a_full_ring_of_any_size_is_executed_before_its_size_changes(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = {262144, 131072, 524288, 266240, 131072, 131072, 262144};
    int64_t sent = 0;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        int64_t left = leave_full_ring(f, sizes[i]);
        assert_in_range(left, (int64_t)sizes[i] / 400, (int64_t)sizes[i] / 150);
        sent += left;
    }
    f->config.ring_bytes = 131072;
    open_store(f);
    assert_int_equal(store_counters(f->store).ring_capacity, 131072);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = id"), sent);
    assert_int_equal(ask(f, "SELECT max(id) FROM message"), sent);
    assert_int_equal(ask(f, "SELECT count(*) FROM conversation"), sent);
    assert_int_equal(access(f->bad, F_OK), -1);
}

static void test_a_ring_that_cannot_take_its_new_size_stops_the_start_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t sent = leave_full_ring(f, f->config.ring_bytes);
    f->config.ring_bytes = (size_t)5 << 30;
    assert_refused(f, "cannot have");
    f->config.ring_bytes = 131072;
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = id"), sent);
    assert_int_equal(write_pair(f->store), sent + 1);
}

static void test_at_a_start_nobody_is_connected_and_jobs_that_were_out_are_due(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_true(store_write(f->store, W_DEVICE_LOGIN, "ttii", "a:ios", "a", (int64_t)1, (int64_t)5));
    close_store(f);
    change(f, "INSERT INTO push_job (client, user, conversation, message, only_this, created, due, state) "
              "VALUES ('a:ios', 'a', 1, 1, 0, 1, 999, 1), ('a:ios', 'a', 2, 1, 0, 1, 999, 2)");
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM device WHERE online = 0"), 1);
    assert_int_equal(ask(f, "SELECT due FROM push_job WHERE state = 1"), 0);
    assert_int_equal(ask(f, "SELECT due FROM push_job WHERE state = 2"), 999);
}

/* Ids */

static void use_three_ids(struct fixture *f)
{
    open_store(f);
    for (int64_t i = 1; i <= 3; i++)
        assert_int_equal(write_pair(f->store), i);
}

/* A life with three ids; the mark it leaves. */
static int64_t use_three_and_stop(struct fixture *f)
{
    use_three_ids(f);
    close_store(f);
    return ask(f, "SELECT id_mark FROM state");
}

static void lose_power(const struct fixture *f)
{
    change(f, "UPDATE state SET boot_id = 'another', clean = 0; DELETE FROM message WHERE id > 1");
}

static void test_ids_go_on_after_a_stop(void **state)
{
    struct fixture *f = *state;
    use_three_and_stop(f);
    assert_int_equal(ask(f, "SELECT clean FROM state"), 1);
    change(f, "UPDATE state SET boot_id = 'another'"); /* the machine was restarted in order */
    open_store(f);
    assert_int_equal(ask(f, "SELECT clean FROM state"), 0);
    assert_int_equal(write_pair(f->store), 4);
}

static void test_ids_go_on_without_a_gap_after_a_kill(void **state)
{
    struct fixture *f = *state;
    die_in_child(f, write_many_and_tell);
    die_in_child(f, write_many_and_tell);
    open_store(f);
    assert_int_equal(write_pair(f->store), 601);
}

static void test_after_a_power_loss_the_next_id_is_the_mark(void **state)
{
    struct fixture *f = *state;
    int64_t mark = use_three_and_stop(f);
    lose_power(f);
    assert_true(mark > 3);
    open_store(f);
    assert_int_equal(write_pair(f->store), mark);
}

/* Whose ids were lost does not come back, however many starts that store nothing come in between. */
static void test_after_a_power_loss_lost_ids_are_safe_over_starts_without_a_message(void **state)
{
    struct fixture *f = *state;
    int64_t mark = use_three_and_stop(f);
    lose_power(f);
    for (int i = 0; i < 3; i++) {
        open_store(f);
        close_store(f);
    }
    open_store(f);
    assert_int_equal(write_pair(f->store), mark);
}

static void test_a_poison_frame_took_its_ids_with_it(void **state)
{
    struct fixture *f = *state;
    use_three_ids(f);
    assert_true(store_begin(f->store));
    assert_int_equal(store_next_id(f->store), 4);
    put_message_at(f->store, 3, 1, "poison");
    store_commit(f->store);
    int64_t mark = ask(f, "SELECT id_mark FROM state");
    reopen_store(f);
    assert_int_equal(write_pair(f->store), mark);
}

static void test_a_ring_that_was_removed_took_its_ids_with_it(void **state)
{
    struct fixture *f = *state;
    int64_t mark = use_three_and_stop(f);
    unlink(f->ring);
    open_store(f);
    assert_int_equal(write_pair(f->store), mark);
}

static void test_a_restored_backup_does_not_use_ids_of_what_came_after_it(void **state)
{
    struct fixture *f = *state;
    char backup[128];
    snprintf(backup, sizeof backup, "%s.backup", f->database);
    int64_t mark = use_three_and_stop(f);
    copy_file(f->database, backup);
    open_store(f);
    assert_int_equal(write_pair(f->store), 4);
    close_store(f);
    move_file(backup, f->database);
    open_store(f);
    assert_int_equal(ask(f, "SELECT max(id) FROM message"), 4); /* the ring had it */
    assert_true(write_pair(f->store) >= mark);
}

static void test_an_aborted_frame_leaves_a_gap_at_most(void **state)
{
    struct fixture *f = *state;
    use_three_ids(f);
    assert_true(store_begin(f->store));
    int64_t id = store_next_id(f->store);
    store_abort(f->store);
    assert_true(write_pair(f->store) > id);
}

static void test_no_id_is_used_before_its_mark_is_committed(void **state)
{
    struct fixture *f = *state;
    int64_t last = 0;
    open_store(f);
    sqlite3 *db = look(f);
    for (int i = 0; i < 350; i++) {
        AWAIT(f->store, use_ids(f->store, 1000, &last) != 0);
        if (last >= ask_in(db, "SELECT id_mark FROM state"))
            fail_msg("id %lld is not below the mark", (long long)last);
    }
    assert_true(last >= 350000);
    sqlite3_close(db);
}

static void test_ids_end_at_the_mark_while_it_cannot_be_moved(void **state)
{
    struct fixture *f = *state;
    int64_t last = 0;
    open_store(f);
    sqlite3 *db = hold_writes(f);
    while (use_ids(f->store, 1000, &last) != 0)
        store_poll(f->store);
    assert_int_equal(last, BLOCK);
    assert_int_equal(last, ask(f, "SELECT id_mark FROM state") - 1);
    let_writes(db);
    AWAIT(f->store, use_ids(f->store, 1, &last) != 0);
    assert_int_equal(last, BLOCK + 1);
}

/* 167,772 frames of 400 bytes are 64 MiB; those here are shorter. */
static void test_a_stalled_writer_stops_nobody_before_the_ring_is_full(void **state)
{
    struct fixture *f = *state;
    assert_true(leave_full_ring(f, (size_t)64 << 20) > 167772);
}

static void test_a_mark_that_was_in_an_aborted_or_a_poison_frame_is_asked_for_again(void **state)
{
    struct fixture *f = *state;
    int64_t last = 0;
    open_store(f);
    assert_int_equal(write_pair(f->store), 1);
    last = 1;
    while (last < BLOCK / 2 - 1000)
        AWAIT(f->store, use_ids(f->store, 1000, &last) != 0);
    assert_true(store_begin(f->store)); /* aborted */
    for (int i = 0; i < 2000; i++)
        assert_true(store_next_id(f->store) > 0);
    store_abort(f->store);
    assert_true(store_begin(f->store)); /* poison, with the mark in it */
    last = store_next_id(f->store);
    put_message_at(f->store, 1, 1, "poison");
    store_commit(f->store);
    await_all(f->store);
    assert_int_equal(store_counters(f->store).frames_bad, 1);
    assert_int_equal(ask(f, "SELECT id_mark FROM state"), BLOCK + 1);
    while (last < 2 * BLOCK) {
        AWAIT(f->store, use_ids(f->store, 1000, &last) != 0);
        assert_true(last < ask(f, "SELECT id_mark FROM state"));
    }
}

static void test_reads_hold_no_transaction_after_their_end(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_messages(f->store, 1, 5);
    await_all(f->store);
    sqlite3 *db = look(f);
    sqlite3_stmt *row = store_read(f->store, R_RECENT_TIMES);
    assert_true(store_row(f->store, row));
    store_done(row);
    assert_int_equal(ask_in(db, "PRAGMA wal_checkpoint(TRUNCATE)"), 1); /* busy: the turn's transaction */
    store_end_reads(f->store);
    assert_int_equal(ask_in(db, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_hold_no_transaction_after_their_end),
        TEST(test_frames_are_executed_in_order_once_over_a_stop),
        TEST(test_an_aborted_frame_is_not_written),
        TEST(test_a_frame_that_outgrows_its_reservation_writes_nothing_and_is_logged),
        TEST(test_a_frame_may_take_256_kilobytes_and_a_message_finds_room_where_it_does_not),
        TEST(test_a_frame_inside_a_frame_is_refused_and_changes_nothing),
        TEST(test_a_full_ring_says_no_and_yes_again_when_the_writer_has_caught_up),
        TEST(test_while_the_ring_is_full_nothing_changes_and_reads_go_on),
        TEST(test_a_read_that_failed_is_told_until_the_next_piece_of_work_begins),
        TEST(test_a_full_ring_has_room_for_sessions_and_in_the_end_for_admins),
        TEST(test_commands_leave_a_quarter_of_the_ring_to_messages),
        TEST(test_what_filled_the_ring_is_executed_once_when_the_database_can_be_written_again),
        TEST(test_each_hook_hears_of_aborts_and_of_space_before_it_is_used_again),
        TEST(test_a_frame_that_is_broken_is_aborted),
        TEST(test_the_mark_of_a_frame_is_had_when_the_database_has_it),
        TEST(test_what_was_committed_before_a_kill_is_found_exactly_once),
        TEST(test_frames_that_were_all_in_flight_at_a_kill_are_found_exactly_once),
        TEST(test_the_database_counts_the_frames_over_stops_and_kills),
        TEST(test_a_start_forgets_connections_in_a_frame_of_its_own_and_an_idle_one_has_none),
        TEST(test_a_frame_that_does_not_follow_on_the_last_one_is_refused_and_not_executed),
        TEST(test_a_poison_frame_in_what_a_kill_left_is_set_aside_and_the_rest_is_executed),
        TEST(test_the_ring_of_another_database_is_refused),
        TEST(test_a_second_process_is_refused_with_the_pid_of_the_first),
        TEST(test_a_database_has_one_broker_whatever_name_or_ring_it_is_given),
        TEST(test_a_start_waits_for_a_lock_on_the_database),
        TEST(test_files_that_are_open_to_others_are_closed_at_the_start),
        TEST(test_no_symlink_is_followed_for_the_ring_and_the_bad_file),
        TEST(test_a_database_older_than_its_ring_is_refused_with_what_to_do),
        TEST(test_a_backup_of_before_the_last_starts_is_refused_and_no_id_comes_again),
        TEST(test_a_ring_goes_on_where_a_backup_of_before_the_last_start_ends),
        TEST(test_a_backup_of_before_an_idle_start_is_taken),
        TEST(test_what_a_kill_has_left_is_there_for_the_right_database_after_starts_on_another_state),
        TEST(test_a_ring_that_was_removed_after_a_kill_is_missed),
        TEST(test_a_ring_of_before_the_last_run_is_told_and_took_its_ids_with_it),
        TEST(test_after_the_machine_went_down_the_newest_may_be_missing_and_this_is_said),
        TEST(test_a_start_that_refuses_does_not_take_over_a_log),
        TEST(test_a_log_whose_database_is_gone_is_refused_and_kept),
        TEST(test_a_first_start_that_died_between_two_migrations_goes_on_with_the_next),
        TEST(test_a_damaged_frame_on_the_same_boot_is_said_and_the_ring_is_kept),
        TEST(test_a_damaged_ring_that_cannot_be_kept_stops_the_start),
        TEST(test_without_syncs_a_power_loss_may_leave_the_database_behind_and_the_ring_starts_empty),
        TEST(test_a_database_ahead_of_its_ring_starts_it_empty),
        TEST(test_a_changed_ring_size_counts_from_the_next_start),
        TEST(test_over_kills_a_full_ring_of_any_size_is_executed_before_its_size_changes),
        TEST(test_a_ring_that_cannot_take_its_new_size_stops_the_start_and_loses_nothing),
        TEST(test_at_a_start_nobody_is_connected_and_jobs_that_were_out_are_due),
        TEST(test_ids_go_on_after_a_stop),
        TEST(test_ids_go_on_without_a_gap_after_a_kill),
        TEST(test_after_a_power_loss_the_next_id_is_the_mark),
        TEST(test_after_a_power_loss_lost_ids_are_safe_over_starts_without_a_message),
        TEST(test_a_poison_frame_took_its_ids_with_it),
        TEST(test_a_ring_that_was_removed_took_its_ids_with_it),
        TEST(test_a_restored_backup_does_not_use_ids_of_what_came_after_it),
        TEST(test_an_aborted_frame_leaves_a_gap_at_most),
        TEST(test_no_id_is_used_before_its_mark_is_committed),
        TEST(test_ids_end_at_the_mark_while_it_cannot_be_moved),
        TEST(test_a_stalled_writer_stops_nobody_before_the_ring_is_full),
        TEST(test_a_mark_that_was_in_an_aborted_or_a_poison_frame_is_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
