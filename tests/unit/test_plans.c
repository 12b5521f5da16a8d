/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How SQLite finds what each statement asks for: what goes through a whole table costs more with every user,
 * conversation or message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "schema/database.h"
#include "tests/unit/store_fixture.h"

static const struct planned {
    const char *name, *sql;
} statements[] = {
#define WRITE(op, name, sql) {#name, sql},
#define READ(name, sql)      {#name, sql},
#include "schema/statements.def"
#undef WRITE
#undef READ
};

/* These hold no more than what is waiting to be done, or one row; and the newest times are read with a LIMIT. */
static const char *const waiting[] = {
    "state",       "broadcast",     "notice_task",  "purge",        "purge_told",       "review",
    "media_purge", "push_job_dead", "push_job_due", "user_leaving", "media_unfinished",
};
static const char last_by_id[] = "RECENT_TIMES";
/* A start goes through all devices once, and keeps none of them (below). */
static const char *const of_a_start[] = {"PUSH_ADD_UNSURE", "DEVICES_FORGET"};

static bool may_go_through_all(const char *name)
{
    bool may = strcmp(name, last_by_id) == 0;
    for (size_t i = 0; i < COUNT(of_a_start); i++)
        may = may || strcmp(name, of_a_start[i]) == 0;
    return may;
}

static sqlite3_stmt *explain(sqlite3 *db, const struct planned *statement)
{
    char sql[4000];
    sqlite3_stmt *plan;
    int len = snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", statement->sql);
    assert_true(len < (int)sizeof sql);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &plan, NULL), SQLITE_OK);
    return plan;
}

/* "SCAN member", "SCAN push_job USING INDEX push_job_due"; a "SCAN (subquery-1)" is of what was found before. */
static bool goes_through_a_table(const char *step)
{
    const char *last = strrchr(step, ' ') + 1;
    if (strncmp(step, "SCAN ", 5) != 0 || step[5] == '(' || strstr(step, " CONSTANT ROW"))
        return false;
    for (size_t i = 0; i < COUNT(waiting); i++)
        if (strcmp(last, waiting[i]) == 0)
            return false;
    return true;
}

static void check_plan(sqlite3 *db, const struct planned *statement)
{
    sqlite3_stmt *plan = explain(db, statement);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        if (goes_through_a_table(step) && !may_go_through_all(statement->name))
            fail_msg("%s: %s", statement->name, step);
    }
    sqlite3_finalize(plan);
}

static void no_statement_goes_through_a_table_that_grows(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = NULL;
    assert_int_equal(database_open(&db, f->database, true, SYNC_FULL, f->error, sizeof f->error), 0);
    assert_int_equal(database_migrate(db, f->error, sizeof f->error), 0);
    for (size_t i = 0; i < COUNT(statements); i++)
        check_plan(db, &statements[i]);
    sqlite3_close(db);
}

/* The same frames are to make the same rows, whoever executes them, and when. */
static void no_write_depends_on_a_clock_on_chance_or_on_the_order_in_which_rows_are_found(void **state)
{
    static const char *const never[] = {"random(", "randomblob(", "strftime(",  "julianday(", "datetime(",
                                        "date(",   "time(",       "unixepoch(", "CURRENT_",   "changes("};
    (void)state;
    for (size_t op = 0; op < WRITE_OPS; op++) {
        const struct write_statement *statement = write_statement(op);
        if (!statement)
            continue;
        for (size_t i = 0; i < COUNT(never); i++)
            if (strstr(statement->sql, never[i]))
                fail_msg("%s: %s", statement->name, never[i]);
        const char *selects =
            strncmp(statement->sql, "INSERT", 6) == 0 ? strstr(statement->sql, ") SELECT ") : NULL;
        bool one_row = op == W_MEDIA_PURGE || op == W_MEDIA_PURGE_ALL; /* out of parameters */
        if (selects && !one_row && !strstr(selects, "ORDER BY"))
            fail_msg("%s: inserts what it selects, in any order", statement->name);
    }
}

/* A start looks for those who were connected among all devices. */
static void a_start_keeps_nothing_in_memory_of_devices_that_it_has_gone_through(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    int64_t with_none = sqlite3_memory_used();
    close_store(f);
    change(f, "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
              "INSERT INTO device (client, user, platform, last_used) SELECT 'a:' || i, 'a', 0, 0 FROM n");
    open_store(f);
    int64_t with_many = sqlite3_memory_used();
    close_store(f);
    assert_true(with_many - with_none < 512 * 1024); /* they are 2 MB */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_statement_goes_through_a_table_that_grows, set_up, tear_down),
        cmocka_unit_test(no_write_depends_on_a_clock_on_chance_or_on_the_order_in_which_rows_are_found),
        cmocka_unit_test_setup_teardown(a_start_keeps_nothing_in_memory_of_devices_that_it_has_gone_through,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
