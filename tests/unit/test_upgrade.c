/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A ring that another release has left. The migrations here are the real ones and two of a release to come;
 * an earlier release's database is made by taking back what those two do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "lib/basics.h"
#include "schema/database.h"
#include "schema/ring.h"
#include "tests/unit/store_fixture.h"

#define FIRST  998
#define SECOND 999

/* Linked instead of schema/migrations.c. */
const struct migration database_migrations[] = {
#include "migrations.inc"
    {FIRST, "first", "SELECT die(998); CREATE TABLE was AS SELECT count(*) AS messages FROM message"},
    {SECOND, "second",
     "SELECT die(999); ALTER TABLE chat_group ADD COLUMN member_count INTEGER NOT NULL DEFAULT 0"},
};
const size_t database_migration_count = COUNT(database_migrations);

static int die_in; /* the migration that does not survive */

static void die(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    if (sqlite3_value_int(values[0]) == die_in)
        raise(SIGKILL);
    sqlite3_result_null(context);
}

static int add_die(sqlite3 *db, const char **error, const struct sqlite3_api_routines *api)
{
    (void)error, (void)api;
    return sqlite3_create_function(db, "die", 1, SQLITE_UTF8, NULL, die, NULL, NULL);
}

static int old_version(void)
{
    return database_migrations[database_migration_count - 3].version;
}

/* The real first migration has the column already. */
static void drop_column(struct fixture *f)
{
    change(f, "ALTER TABLE chat_group DROP COLUMN member_count");
}

static int set_up_release(void **state)
{
    if (set_up(state) != 0)
        return -1;
    struct fixture *f = *state;
    char sql[8000];
    sqlite3 *db = look(f);
    die_in = 0;
    for (size_t i = 0; i + 2 < database_migration_count; i++)
        change_in(db, database_migrations[i].sql);
    snprintf(sql, sizeof sql, "PRAGMA journal_mode = WAL; PRAGMA user_version = %d", old_version());
    change_in(db, sql);
    sqlite3_close(db);
    drop_column(f);
    return 0;
}

static void take_migrations_back(struct fixture *f)
{
    char sql[100];
    snprintf(sql, sizeof sql, "DROP TABLE was; PRAGMA user_version = %d", old_version());
    drop_column(f);
    change(f, sql);
}

/* What `body` writes stays in the ring, all of it, beside a database of an earlier release. */
static void leave_in_ring(struct fixture *f, child_body *body)
{
    die_in_child_unwritten(f, body);
    take_migrations_back(f);
}

static void write_100(struct store *store, int say)
{
    (void)say;
    for (int i = 0; i < 100; i++)
        if (write_pair(store) == 0)
            _exit(1);
}

static void write_unknown(struct store *store, int say)
{
    write_100(store, say);
    if (!store_write(store, (enum write_op)63, "i", (int64_t)1))
        _exit(1);
}

static void write_far_unknown(struct store *store, int say)
{
    write_100(store, say);
    if (!store_write(store, (enum write_op)65535, "i", (int64_t)1))
        _exit(1);
}

static void write_to_new_column(struct store *store, int say)
{
    write_100(store, say);
    if (!store_write(store, W_GROUP_COUNT, "ii", (int64_t)1, (int64_t)1))
        _exit(1);
}

static void die_while_opening(struct fixture *f, int migration)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        die_in = migration;
        _exit(store_open(&f->store, &f->config, f->error, sizeof f->error));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void assert_nothing_was_touched(struct fixture *f)
{
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 0);
    assert_int_equal(ask(f, "SELECT position FROM state"), 0);
    assert_int_equal(ask(f, "PRAGMA user_version"), old_version());
    assert_int_equal(access(f->bad, F_OK), -1);
}

static void test_a_database_of_an_earlier_release_is_migrated(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_int_equal(ask(f, "PRAGMA user_version"), SECOND);
    assert_int_equal(write_pair(f->store), 1);
}

static void test_a_ring_of_an_earlier_release_is_executed_before_migrating(void **state)
{
    struct fixture *f = *state;
    leave_in_ring(f, write_100);
    open_store(f);
    assert_int_equal(ask(f, "SELECT messages FROM was"), 100);
    assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE body = id"), 100);
    assert_int_equal(ask(f, "PRAGMA user_version"), SECOND);
    assert_int_equal(count_lines(STORE_INFO, "executed 100 frames"), 1);
    assert_int_equal(store_counters(f->store).frames_bad, 0);
}

static void test_after_a_migration_everything_can_be_written(void **state)
{
    struct fixture *f = *state;
    leave_in_ring(f, write_100);
    open_store(f);
    assert_true(store_write(f->store, W_GROUP_COUNT, "ii", (int64_t)1, (int64_t)1));
    assert_int_equal(write_pair(f->store), 101);
    await_all(f->store);
    assert_int_equal(store_counters(f->store).frames_bad, 0);
}

static void test_a_kill_between_execution_and_migration_executes_nothing_twice(void **state)
{
    struct fixture *f = *state;
    leave_in_ring(f, write_100);
    die_while_opening(f, FIRST);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 100);
    assert_int_equal(ask(f, "PRAGMA user_version"), old_version());
    open_store(f);
    assert_int_equal(count_lines(STORE_INFO, "executed"), 0);
    assert_int_equal(ask(f, "SELECT messages FROM was"), 100);
    assert_int_equal(store_counters(f->store).frames_bad, 0);
    assert_int_equal(write_pair(f->store), 101);
}

static void test_a_kill_between_two_migrations_goes_on_with_the_second(void **state)
{
    struct fixture *f = *state;
    leave_in_ring(f, write_100);
    die_while_opening(f, SECOND);
    assert_int_equal(ask(f, "PRAGMA user_version"), FIRST);
    open_store(f);
    assert_int_equal(ask(f, "SELECT messages FROM was"), 100);
    assert_int_equal(ask(f, "PRAGMA user_version"), SECOND);
    assert_int_equal(ask(f, "SELECT count(*) FROM message"), 100);
    assert_int_equal(access(f->bad, F_OK), -1);
}

/* Between setting the ring's id and using a message id there may be a migration of minutes. */
static void test_a_kill_while_migrating_does_not_make_a_new_ring_look_old(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_int_equal(write_pair(f->store), 1);
    close_store(f);
    int64_t mark = ask(f, "SELECT id_mark FROM state");
    take_migrations_back(f);
    unlink(f->ring);
    die_while_opening(f, FIRST);
    open_store(f);
    assert_int_equal(write_pair(f->store), mark);
}

static void test_a_ring_with_an_operation_of_a_newer_release_is_refused(void **state)
{
    struct fixture *f = *state;
    leave_in_ring(f, write_unknown);
    assert_refused(f, "newer release (operation 63");
    assert_says(f->error, f->ring);
    assert_nothing_was_touched(f);
    assert_refused(f, "newer release"); /* and again */
}

static void test_an_operation_beyond_all_tables_is_refused_too(void **state)
{
    struct fixture *f = *state;
    leave_in_ring(f, write_far_unknown);
    assert_refused(f, "newer release (operation 65535");
    assert_nothing_was_touched(f);
}

static void test_a_statement_that_does_not_fit_the_old_schema_is_refused_and_not_poison(void **state)
{
    struct fixture *f = *state;
    leave_in_ring(f, write_to_new_column);
    assert_refused(f, "statement GROUP_COUNT: no such column");
    assert_nothing_was_touched(f);
}

static void test_a_ring_with_a_newer_header_is_refused_and_nothing_is_migrated(void **state)
{
    struct fixture *f = *state;
    uint32_t format = RING_FORMAT + 1;
    leave_in_ring(f, write_100);
    int fd = open(f->ring, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, &format, sizeof format, 8), sizeof format);
    close(fd);
    assert_refused(f, "newer release");
    assert_nothing_was_touched(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_release, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_database_of_an_earlier_release_is_migrated),
        TEST(test_a_ring_of_an_earlier_release_is_executed_before_migrating),
        TEST(test_after_a_migration_everything_can_be_written),
        TEST(test_a_kill_between_execution_and_migration_executes_nothing_twice),
        TEST(test_a_kill_between_two_migrations_goes_on_with_the_second),
        TEST(test_a_kill_while_migrating_does_not_make_a_new_ring_look_old),
        TEST(test_a_ring_with_an_operation_of_a_newer_release_is_refused),
        TEST(test_an_operation_beyond_all_tables_is_refused_too),
        TEST(test_a_statement_that_does_not_fit_the_old_schema_is_refused_and_not_poison),
        TEST(test_a_ring_with_a_newer_header_is_refused_and_nothing_is_migrated),
    };
    if (sqlite3_auto_extension((void (*)(void))add_die) != SQLITE_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
