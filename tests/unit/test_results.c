/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the writer does with each result that SQLite may have for it, wherever in a transaction: only what can be nothing
 * but the fault of a frame sets that frame aside. sqlite3_step is ours here (CMakeLists.txt), and gives them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "schema/bad.h"
#include "tests/unit/left_fixture.h"

/* The next statements that begin so have this result, and are not executed. */
static struct {
    const char *sql;
    int result, times;
} next;

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    const char *sql = sqlite3_sql(statement);
    if (next.times == 0 || strncmp(sql, next.sql, strlen(next.sql)) != 0)
        return __real_sqlite3_step(statement);
    next.times--;
    return next.result;
}

/* Of the disk, of memory, of others, of the file, and of SQLite itself. */
static const int of_no_frame[] = {
    SQLITE_FULL,          SQLITE_IOERR,
    SQLITE_IOERR_READ,    SQLITE_IOERR_WRITE,
    SQLITE_IOERR_FSYNC,   SQLITE_IOERR_NOMEM,
    SQLITE_NOMEM,         SQLITE_BUSY,
    SQLITE_BUSY_TIMEOUT,  SQLITE_BUSY_SNAPSHOT,
    SQLITE_LOCKED,        SQLITE_READONLY,
    SQLITE_CANTOPEN,      SQLITE_CORRUPT,
    SQLITE_CORRUPT_INDEX, SQLITE_NOTADB,
    SQLITE_PROTOCOL,      SQLITE_INTERRUPT,
    SQLITE_PERM,          SQLITE_AUTH,
    SQLITE_ERROR,         SQLITE_INTERNAL,
    SQLITE_ABORT,         SQLITE_SCHEMA,
    SQLITE_NOLFS,         SQLITE_READONLY_DBMOVED,
    SQLITE_MISUSE,
};
static const int of_a_frame[] = {SQLITE_CONSTRAINT,
                                 SQLITE_CONSTRAINT_UNIQUE,
                                 SQLITE_CONSTRAINT_NOTNULL,
                                 SQLITE_CONSTRAINT_DATATYPE,
                                 SQLITE_MISMATCH,
                                 SQLITE_TOOBIG,
                                 SQLITE_RANGE};

static const char of_a_message[] = "INSERT INTO message", of_an_update[] = "UPDATE conversation";
/* A transaction from its begin to its end. */
static const char *const places[] = {"BEGIN", of_a_message, of_an_update, "UPDATE state SET position",
                                     "COMMIT"};

static struct left leave_three(struct fixture *f)
{
    struct left left = leave(f, 2);
    change_in(left.db, "INSERT INTO conversation (id) VALUES (1)");
    leave_touch(&left);
    return left;
}

static int fail_once(struct fixture *f, struct left *left, const char *sql, int result)
{
    next.sql = sql;
    next.result = result;
    next.times = 1;
    int done = recover_left(f, left);
    assert_int_equal(next.times, 0);
    return done;
}

static void assert_nothing_was_executed_or_set_aside(struct fixture *f, struct left *left)
{
    assert_int_equal(left->position, 0);
    assert_int_equal(left->frames, 0);
    assert_true(sqlite3_get_autocommit(left->db));
    assert_int_equal(ask_in(left->db, "SELECT count(*) FROM message"), 0);
    assert_int_equal(
        ask_in(left->db, "SELECT last_id + (SELECT position + number FROM state) FROM conversation"), 0);
    assert_int_equal(writer_bad_frames(left->writer), 0);
    assert_int_equal(access(f->bad, F_OK), -1);
}

static void assert_all_was_executed_once(struct left *left)
{
    assert_int_equal(left->frames, 3);
    assert_true(left->position == left->end);
    assert_int_equal(ask_in(left->db, "SELECT count(*) FROM message"), 2);
    assert_int_equal(ask_in(left->db, "SELECT last_id FROM conversation"), 1);
    assert_int_equal(ask_in(left->db, "SELECT number FROM state"), 3);
}

static void what_is_no_frames_fault_stops_wherever_it_comes_and_all_is_tried_again(void **state)
{
    struct fixture *f = *state;
    struct left left = leave_three(f);
    for (size_t place = 0; place < COUNT(places); place++)
        for (size_t i = 0; i < COUNT(of_no_frame); i++) {
            assert_int_equal(fail_once(f, &left, places[place], of_no_frame[i]), -1);
            assert_nothing_was_executed_or_set_aside(f, &left);
        }
    assert_int_equal(recover_left(f, &left), 0);
    assert_all_was_executed_once(&left);
    close_left(&left);
}

/* As if a constraint had failed where no frame is executed. */
static void what_is_a_frames_fault_sets_none_aside_where_none_is_executed(void **state)
{
    static const char *const outside[] = {"BEGIN", "UPDATE state SET position", "COMMIT"};
    struct fixture *f = *state;
    struct left left = leave_three(f);
    for (size_t place = 0; place < COUNT(outside); place++)
        for (size_t i = 0; i < COUNT(of_a_frame); i++) {
            next.sql = outside[place];
            next.result = of_a_frame[i];
            next.times = 1000;
            assert_int_equal(recover_left(f, &left), -1);
            next.times = 0;
            assert_nothing_was_executed_or_set_aside(f, &left);
        }
    assert_int_equal(recover_left(f, &left), 0);
    assert_all_was_executed_once(&left);
    close_left(&left);
}

/* A frame is bad that is so each time, and alone. */
static void what_was_a_frames_fault_once_and_is_not_again_sets_none_aside(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(of_a_frame); i++) {
        struct left left = leave_three(f);
        assert_int_equal(fail_once(f, &left, of_a_message, of_a_frame[i]), 0);
        assert_all_was_executed_once(&left);
        assert_int_equal(writer_bad_frames(left.writer), 0);
        close_left(&left);
        unlink(f->database);
        unlink(f->ring);
    }
}

static int64_t count_bad(const struct fixture *f)
{
    static uint8_t bytes[100000];
    struct bad_entry entry;
    size_t offset = 0;
    int64_t count = 0;
    FILE *file = fopen(f->bad, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    while (bad_next(bytes, len, &offset, &entry))
        count++;
    return count;
}

/* Set aside is what it is, when it has been noted that it was; and once, however often that fails. */
static void a_bad_frame_is_passed_over_only_when_that_is_in_the_database(void **state)
{
    static const char *const passing[] = {"UPDATE state SET boot_id", "UPDATE state SET position", "COMMIT"};
    struct fixture *f = *state;
    struct left left = leave(f, 1);
    assert_int_equal(recover_left(f, &left), 0);
    leave_message(&left, 1);
    leave_message(&left, 2);
    uint64_t before = left.position;
    for (size_t place = 0; place < COUNT(passing); place++)
        for (size_t i = 0; i < COUNT(of_no_frame); i++) {
            assert_int_equal(fail_once(f, &left, passing[place], of_no_frame[i]), -1);
            assert_true(left.position == before);
            assert_int_equal(ask_in(left.db, "SELECT number FROM state"), 1);
            assert_int_equal(count_bad(f), 1);
        }
    assert_int_equal(recover_left(f, &left), 0);
    assert_int_equal(ask_in(left.db, "SELECT number FROM state"), 3);
    assert_int_equal(ask_in(left.db, "SELECT count(*) FROM message"), 2);
    assert_int_equal(count_bad(f), 1);
    assert_int_equal(writer_bad_frames(left.writer), 1);
    close_left(&left);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_frames_fault_stops_wherever_it_comes_and_all_is_tried_again),
        TEST(what_is_a_frames_fault_sets_none_aside_where_none_is_executed),
        TEST(what_was_a_frames_fault_once_and_is_not_again_sets_none_aside),
        TEST(a_bad_frame_is_passed_over_only_when_that_is_in_the_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
