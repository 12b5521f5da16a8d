/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/database.h"
#include "tests/unit/store_fixture.h"

static sqlite3 *open_writing(struct fixture *f)
{
    sqlite3 *db = NULL;
    if (database_open(&db, f->database, true, SYNC_FULL, f->error, sizeof f->error) != 0)
        fail_msg("%s", f->error);
    return db;
}

static sqlite3 *open_migrated(struct fixture *f)
{
    sqlite3 *db = open_writing(f);
    if (database_migrate(db, f->error, sizeof f->error) != 0)
        fail_msg("%s", f->error);
    return db;
}

static void make_database(struct fixture *f)
{
    struct database_state state;
    sqlite3 *db = open_migrated(f);
    assert_int_equal(database_state_load(db, &state, f->error, sizeof f->error), 0);
    sqlite3_close(db);
}

static char *read_whole(const char *path, size_t *len)
{
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    *len = (size_t)found.st_size;
    char *bytes = malloc(*len + 1);
    FILE *file = fopen(path, "rb");
    assert_non_null(bytes);
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, *len, file), *len);
    fclose(file);
    return bytes;
}

static void assert_open_refused(struct fixture *f, const char *path, const char *words)
{
    sqlite3 *db = NULL;
    f->error[0] = '\0';
    if (database_check_path(path, f->error, sizeof f->error) == 0)
        assert_int_equal(database_open(&db, path, true, SYNC_FULL, f->error, sizeof f->error), -1);
    assert_null(db);
    assert_says(f->error, path);
    assert_says(f->error, words);
}

static void test_a_new_database_has_the_newest_version(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = open_migrated(f);
    assert_true(database_newest() > 0);
    assert_int_equal(database_version(db), database_newest());
    sqlite3_close(db);
}

static void test_every_table_is_strict(void **state)
{
    struct fixture *f = *state;
    make_database(f);
    assert_true(ask(f, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND "
                       "name NOT LIKE 'sqlite_%' AND strict") >= 9);
    assert_int_equal(ask(f, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
                            "AND name NOT LIKE 'sqlite_%' AND NOT strict"),
                     0);
}

static void test_a_new_database_gives_space_back_step_by_step(void **state)
{
    struct fixture *f = *state;
    make_database(f);
    assert_int_equal(ask(f, "PRAGMA auto_vacuum"), 2);
}

static void test_a_new_database_has_a_write_ahead_log_and_checkpoints_only_by_hand(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = open_migrated(f);
    assert_int_equal(ask_in(db, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(ask_in(db, "PRAGMA wal_autocheckpoint"), 0);
    sqlite3_close(db);
}

static void test_sync_says_when_the_disk_is_waited_for(void **state)
{
    struct fixture *f = *state;
    static const int expected[] = {2, 1, 0};
    for (enum store_sync sync = SYNC_FULL; sync <= SYNC_OFF; sync++) {
        sqlite3 *db = NULL;
        assert_int_equal(database_open(&db, f->database, true, sync, f->error, sizeof f->error), 0);
        assert_int_equal(ask_in(db, "PRAGMA synchronous"), expected[sync]);
        sqlite3_close(db);
    }
}

static void test_the_file_is_for_its_owner_alone(void **state)
{
    struct fixture *f = *state;
    struct stat found;
    make_database(f);
    assert_int_equal(stat(f->database, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static void test_opening_again_changes_nothing(void **state)
{
    struct fixture *f = *state;
    size_t len_before, len_after;
    make_database(f);
    char *before = read_whole(f->database, &len_before);
    make_database(f);
    char *after = read_whole(f->database, &len_after);
    assert_int_equal(len_before, len_after);
    assert_memory_equal(before, after, len_before);
    free(before);
    free(after);
}

static void test_a_database_of_a_newer_release_is_refused_and_untouched(void **state)
{
    struct fixture *f = *state;
    size_t len_before, len_after;
    sqlite3 *db = NULL;
    change(f, "CREATE TABLE future (x); PRAGMA user_version = 999");
    char *before = read_whole(f->database, &len_before);
    assert_int_equal(database_open(&db, f->database, true, SYNC_FULL, f->error, sizeof f->error), -1);
    assert_says(f->error, f->database);
    assert_says(f->error, "schema version 999, made by a newer release");
    char *after = read_whole(f->database, &len_after);
    assert_int_equal(len_before, len_after);
    assert_memory_equal(before, after, len_before);
    free(before);
    free(after);
}

static void test_a_migration_that_fails_half_way_leaves_everything_as_it_was(void **state)
{
    struct fixture *f = *state;
    change(f, "CREATE TABLE message (mine)"); /* made by the first migration, after other tables */
    sqlite3 *db = open_writing(f);
    assert_int_equal(database_migrate(db, f->error, sizeof f->error), -1);
    assert_says(f->error, f->database);
    assert_says(f->error, "message");
    assert_true(sqlite3_get_autocommit(db));
    assert_int_equal(database_version(db), 0);
    assert_int_equal(ask_in(db, "SELECT count(*) FROM sqlite_schema"), 1);
    sqlite3_close(db);
}

static void test_the_reader_cannot_write(void **state)
{
    struct fixture *f = *state;
    make_database(f);
    sqlite3 *writer = open_writing(f), *reader = NULL;
    assert_int_equal(database_open(&reader, f->database, false, SYNC_FULL, f->error, sizeof f->error), 0);
    assert_int_equal(sqlite3_exec(reader, "DELETE FROM state", NULL, NULL, NULL), SQLITE_READONLY);
    sqlite3_close(reader);
    sqlite3_close(writer);
}

static void test_a_folder_that_does_not_exist_is_named(void **state)
{
    struct fixture *f = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/none/db", f->folder);
    assert_open_refused(f, path, "its folder does not exist");
}

static void test_a_folder_as_path_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_open_refused(f, f->folder, "not a file");
}

static void test_a_file_that_is_no_database_is_refused(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(f->database, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("this is a letter, not a database\n", file);
    fclose(file);
    assert_open_refused(f, f->database, "not a database");
}

static int check_as_nobody(struct fixture *f)
{
    char uid[32];
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 2;
    snprintf(uid, sizeof uid, "uid %d", (int)geteuid());
    if (database_check_path(f->database, f->error, sizeof f->error) != -1)
        return 3;
    return strstr(f->error, uid) && strstr(f->error, f->database) && strstr(f->error, "Permission denied")
               ? 0
               : 4;
}

/* Root may write everywhere: a child that is nobody tries. */
static void assert_nobody_is_refused(struct fixture *f)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(check_as_nobody(f));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_a_folder_that_may_not_be_written_is_named_with_the_uid(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(chmod(f->folder, 0555), 0);
    assert_nobody_is_refused(f);
    assert_int_equal(chmod(f->folder, 0755), 0);
}

static void test_a_file_that_may_not_be_written_is_named_with_the_uid(void **state)
{
    struct fixture *f = *state;
    make_database(f);
    assert_int_equal(chmod(f->database, 0400), 0);
    assert_int_equal(chmod(f->folder, 0777), 0);
    assert_nobody_is_refused(f);
}

static void test_the_state_of_a_new_database_is_random_and_clean(void **state)
{
    struct fixture *f = *state;
    static const uint8_t none[DATABASE_ID_BYTES];
    struct database_state found;
    sqlite3 *db = open_migrated(f);
    assert_int_equal(database_state_load(db, &found, f->error, sizeof f->error), 0);
    assert_memory_not_equal(found.database_id, none, sizeof none);
    assert_true(found.clean);
    assert_int_equal(found.position + found.epoch, 0);
    assert_int_equal(found.id_mark, 0);
    assert_string_equal(found.boot_id, "");
    sqlite3_close(db);
}

static void test_the_state_comes_back_as_it_was_saved(void **state)
{
    struct fixture *f = *state;
    struct database_state saved = {.position = 1u << 20,
                                   .epoch = UINT64_MAX - 5,
                                   .id_mark = INT64_MAX,
                                   .boot_id = "boot",
                                   .clean = false};
    struct database_state found;
    memset(saved.database_id, 7, sizeof saved.database_id);
    sqlite3 *db = open_migrated(f);
    assert_int_equal(database_state_save(db, &saved, f->error, sizeof f->error), 0);
    assert_int_equal(database_state_save(db, &saved, f->error, sizeof f->error), 0);
    assert_int_equal(database_state_load(db, &found, f->error, sizeof f->error), 0);
    assert_memory_equal(found.database_id, saved.database_id, sizeof saved.database_id);
    assert_true(found.position == saved.position && found.epoch == saved.epoch);
    assert_true(found.id_mark == saved.id_mark && !found.clean);
    assert_string_equal(found.boot_id, "boot");
    sqlite3_close(db);
}

static void test_the_largest_id_is_0_without_messages(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = open_migrated(f);
    assert_int_equal(database_max_id(db), 0);
    change_in(db,
              "INSERT INTO message (id, conversation, seq, sender, client, time, kind, random, push, body) "
              "VALUES (77, 1, 1, 'a', 'a', 1, 0, 0, 0, '')");
    assert_int_equal(database_max_id(db), 77);
    sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_database_has_the_newest_version),
        TEST(test_every_table_is_strict),
        TEST(test_a_new_database_gives_space_back_step_by_step),
        TEST(test_a_new_database_has_a_write_ahead_log_and_checkpoints_only_by_hand),
        TEST(test_sync_says_when_the_disk_is_waited_for),
        TEST(test_the_file_is_for_its_owner_alone),
        TEST(test_opening_again_changes_nothing),
        TEST(test_a_database_of_a_newer_release_is_refused_and_untouched),
        TEST(test_a_migration_that_fails_half_way_leaves_everything_as_it_was),
        TEST(test_the_reader_cannot_write),
        TEST(test_a_folder_that_does_not_exist_is_named),
        TEST(test_a_folder_as_path_is_refused),
        TEST(test_a_file_that_is_no_database_is_refused),
        TEST(test_a_folder_that_may_not_be_written_is_named_with_the_uid),
        TEST(test_a_file_that_may_not_be_written_is_named_with_the_uid),
        TEST(test_the_state_of_a_new_database_is_random_and_clean),
        TEST(test_the_state_comes_back_as_it_was_saved),
        TEST(test_the_largest_id_is_0_without_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
