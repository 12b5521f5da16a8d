/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A copy of a database that changes meanwhile: the steps themselves, without a writer thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "schema/backup.h"
#include "schema/database.h"
#include "tests/unit/store_fixture.h"

#define ROWS 3000 /* some steps */

struct copying {
    struct fixture *f;
    sqlite3 *db;
    struct backup backup;
    char path[128];
};

static void run(struct copying *c, const char *sql)
{
    assert_int_equal(sqlite3_exec(c->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int set_up_copying(void **state)
{
    struct copying *c = calloc(1, sizeof *c);
    if (!c || set_up(state) != 0)
        return -1;
    c->f = *state;
    *state = c;
    snprintf(c->path, sizeof c->path, "%s/copy", c->f->folder);
    if (database_open(&c->db, c->f->database, true, SYNC_OFF, c->f->error, sizeof c->f->error) ||
        database_migrate(c->db, c->f->error, sizeof c->f->error))
        return -1;
    run(c, "CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)");
    run(c, "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 3000) "
           "INSERT INTO t SELECT n, hex(zeroblob(2000)) FROM n");
    return 0;
}

static int tear_down_copying(void **state)
{
    struct copying *c = *state;
    void *fixture = c->f;
    backup_abandon(&c->backup);
    sqlite3_close(c->db);
    free(c);
    return tear_down(&fixture);
}

static int64_t ask_copy(const struct copying *c, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open_v2(c->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t found = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return found;
}

static bool is_there(const struct copying *c, const char *suffix)
{
    char path[160];
    snprintf(path, sizeof path, "%s%s", c->path, suffix);
    return access(path, F_OK) == 0;
}

static void what_changes_before_and_behind_the_place_is_in_the_copy(void **state)
{
    struct copying *c = *state;
    int steps = 0;
    assert_true(backup_ask(&c->backup, c->path));
    while (backup_step(&c->backup, c->db))
        if (++steps == 3) /* pages that are copied, and some that are not yet */
            run(c, "UPDATE t SET text = 'new' WHERE n IN (1, 3000); DELETE FROM t WHERE n = 1500");
    assert_int_equal(backup_stage(&c->backup), BACKUP_DONE);
    assert_true(steps > 3);
    assert_int_equal(ask_copy(c, "SELECT count(*) FROM t WHERE text = 'new'"), 2);
    assert_int_equal(ask_copy(c, "SELECT count(*) FROM t"), ROWS - 1);
    assert_int_equal(ask_copy(c, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
                     1);
}

static void it_has_its_name_only_when_it_is_complete(void **state)
{
    struct copying *c = *state;
    assert_true(backup_ask(&c->backup, c->path));
    while (backup_step(&c->backup, c->db))
        assert_true(is_there(c, "") == (backup_stage(&c->backup) == BACKUP_DONE));
    assert_true(is_there(c, ".media"));
    assert_false(is_there(c, ".part"));
}

static void one_that_is_given_up_leaves_nothing(void **state)
{
    struct copying *c = *state;
    assert_true(backup_ask(&c->backup, c->path));
    assert_true(backup_step(&c->backup, c->db) && backup_step(&c->backup, c->db));
    assert_true(is_there(c, ".part"));
    backup_abandon(&c->backup);
    assert_int_equal(backup_stage(&c->backup), BACKUP_FAILED);
    assert_false(is_there(c, ".part") || is_there(c, ".media.part") || is_there(c, ""));
}

static void a_second_one_waits_for_the_end_of_the_first(void **state)
{
    struct copying *c = *state;
    assert_true(backup_ask(&c->backup, c->path));
    assert_false(backup_ask(&c->backup, c->path));
    while (backup_step(&c->backup, c->db))
        ;
    assert_true(backup_ask(&c->backup, c->path));
    assert_true(backup_step(&c->backup, c->db));
    assert_int_equal(backup_stage(&c->backup), BACKUP_FAILED);
    assert_int_equal(c->backup.error, EEXIST);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    struct copying *c = *state;
    char path[PATH_MAX];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_false(backup_ask(&c->backup, path));
    assert_false(backup_step(&c->backup, c->db));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up_copying, tear_down_copying)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_changes_before_and_behind_the_place_is_in_the_copy),
        TEST(it_has_its_name_only_when_it_is_complete),
        TEST(one_that_is_given_up_leaves_nothing),
        TEST(a_second_one_waits_for_the_end_of_the_first),
        TEST(a_path_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
