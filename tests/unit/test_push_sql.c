/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The statements of the push queue against a fresh database. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/database.h"

#define WRITE(op, name, text) static const char W_##name[] __attribute__((unused)) = text;
#define READ(name, text)      static const char R_##name[] __attribute__((unused)) = text;
#include "schema/statements.def"
#undef WRITE
#undef READ

static void migrate(sqlite3 *db, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        assert_int_equal(sqlite3_exec(db, database_migrations[i].sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A statement with its parameters: i int, t text. The first column of its first row, -1 for none. */
static int64_t run(sqlite3 *db, const char *sql, const char *format, ...)
{
    sqlite3_stmt *s;
    va_list list;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    va_start(list, format);
    for (int i = 0; format[i]; i++)
        if (format[i] == 'i')
            sqlite3_bind_int64(s, i + 1, va_arg(list, int));
        else
            sqlite3_bind_text(s, i + 1, va_arg(list, const char *), -1, SQLITE_TRANSIENT);
    va_end(list);
    int64_t value = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    return value;
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    return run(db, sql, "");
}

static void add_member(sqlite3 *db, const char *user, int conversation, int option)
{
    char sql[200];
    run(db, W_MEMBER_SET, "itiiiiii", conversation, user, 1, 0, 0, 0, 0, 0);
    snprintf(sql, sizeof sql, "UPDATE member SET receive_option = %d WHERE user = '%s'", option, user);
    ask(db, sql);
}

/* A device that is away, with a token of the device's own name. */
static void add_device(sqlite3 *db, const char *client, const char *user)
{
    run(db, W_DEVICE_LOGIN, "ttii", client, user, 1, 1);
    run(db, W_TOKEN_SAY, "tttti", client, "apns", NULL, client, 1);
    run(db, W_DEVICE_OFFLINE, "ti", client, 2);
}

/* Conversation 1: alice, bob (phone and pad), carol who does not want to be notified. */
static int set_up(void **state)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    migrate(db, 0, database_migration_count);
    run(db, W_CONVERSATION_ADD, "itt", 1, NULL, NULL);
    add_member(db, "alice", 1, 0);
    add_member(db, "bob", 1, 0);
    add_member(db, "carol", 1, 1);
    add_device(db, "alice:ios", "alice");
    add_device(db, "bob:ios", "bob");
    add_device(db, "bob:ipad", "bob");
    add_device(db, "carol:ios", "carol");
    *state = db;
    return 0;
}

static int tear_down(void **state)
{
    return sqlite3_close(*state);
}

static void say(sqlite3 *db, int message, const char *sender)
{
    run(db, W_PUSH_ADD, "iitii", 1, message, sender, 1000, 0);
}

static void a_message_makes_a_job_for_each_device_that_is_away(void **state)
{
    say(*state, 10, "alice");
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE user = 'bob' AND message = 10"), 2);
}

static void the_sender_gets_no_job(void **state)
{
    say(*state, 10, "alice");
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE user = 'alice'"), 0);
}

static void who_accepts_but_is_not_to_be_notified_gets_no_job(void **state)
{
    say(*state, 10, "alice");
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE user = 'carol'"), 0);
}

static void at_all_reaches_who_is_not_to_be_notified(void **state)
{
    run(*state, W_PUSH_ADD, "iitii", 1, 10, "alice", 1000, 1);
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE user = 'carol'"), 1);
}

static void who_discards_gets_no_job_even_by_at_all(void **state)
{
    ask(*state, "UPDATE member SET receive_option = 2 WHERE user = 'carol'");
    run(*state, W_PUSH_ADD, "iitii", 1, 10, "alice", 1000, 1);
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE user = 'carol'"), 0);
}

static void who_has_left_gets_no_job(void **state)
{
    run(*state, W_MEMBER_ROLE, "iti", 1, "bob", 0);
    say(*state, 10, "alice");
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job"), 0);
}

static void a_connected_device_gets_no_job(void **state)
{
    run(*state, W_DEVICE_LOGIN, "ttii", "bob:ios", "bob", 1, 5);
    say(*state, 10, "alice");
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE client = 'bob:ios'"), 0);
}

static void a_connected_device_in_the_background_gets_a_job(void **state)
{
    ask(*state, "UPDATE device SET online = 1, background = 1 WHERE client = 'bob:ios'");
    say(*state, 10, "alice");
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE client = 'bob:ios'"), 1);
}

static void one_job_waits_for_a_device_and_conversation(void **state)
{
    say(*state, 10, "alice");
    say(*state, 11, "alice");
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE client = 'bob:ios'"), 1);
}

static void a_job_that_is_out_lets_a_new_one_wait(void **state)
{
    say(*state, 10, "alice");
    ask(*state, "UPDATE push_job SET state = 1");
    say(*state, 11, "alice");
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE client = 'bob:ios' AND state = 0"), 1);
}

static void a_named_user_gets_a_job_although_he_is_not_to_be_notified(void **state)
{
    run(*state, W_PUSH_ADD_AT, "iiti", 1, 10, "carol", 1000);
    assert_int_equal(ask(*state, "SELECT only_this FROM push_job WHERE user = 'carol'"), 1);
}

static void a_named_user_has_one_job_for_the_last_time_he_was_named(void **state)
{
    run(*state, W_PUSH_ADD_AT, "iiti", 1, 10, "carol", 1000);
    run(*state, W_PUSH_ADD_AT, "iiti", 1, 12, "carol", 1001);
    assert_int_equal(ask(*state, "SELECT sum(message) FROM push_job WHERE user = 'carol'"), 12);
}

static void a_token_taken_takes_the_jobs_of_its_old_device_along(void **state)
{
    say(*state, 10, "alice");
    run(*state, W_TOKEN_TAKE_JOBS, "ttt", "apns", "bob:ios", "alice:ios");
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job"), 1);
}

static void a_token_can_change_its_device(void **state)
{
    run(*state, W_TOKEN_TAKE, "ttt", "apns", "bob:ios", "alice:ios");
    run(*state, W_TOKEN_SET, "tttt", "alice:ios", "apns", NULL, "bob:ios");
    assert_int_equal(ask(*state, "SELECT client = 'alice:ios' FROM device WHERE token = 'bob:ios'"), 1);
}

static void due_rows_come_oldest_first_without_dead_ones(void **state)
{
    ask(*state,
        "INSERT INTO push_job (job, client, user, conversation, message, only_this, created, due, state) "
        "VALUES (1, 'bob:ios', 'bob', 1, 1, 0, 9, 9, 0), (2, 'bob:ios', 'bob', 2, 1, 0, 5, 5, 2), "
        "(3, 'bob:ios', 'bob', 3, 1, 0, 1, 1, 3), (4, 'bob:ios', 'bob', 4, 1, 0, 11, 11, 0)");
    assert_int_equal(run(*state, R_PUSH_DUE, "ii", 10, 10), 2);
}

static void a_job_of_a_device_that_is_another_users_now_has_no_token(void **state)
{
    say(*state, 10, "alice");
    ask(*state, "UPDATE device SET user = 'dave' WHERE client = 'bob:ios'");
    char sql[600];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM (%s) WHERE token IS NULL", R_PUSH_DUE);
    assert_int_equal(run(*state, sql, "ii", 2000, 10), 1);
}

static void a_newer_job_that_goes_out_replaces_one_that_waits_for_its_next_attempt(void **state)
{
    say(*state, 10, "alice");
    ask(*state, "UPDATE push_job SET state = 2");
    say(*state, 11, "alice");
    int64_t newer = ask(*state, "SELECT job FROM push_job WHERE client = 'bob:ios' AND state = 0");
    run(*state, W_PUSH_SUPERSEDE, "iti", (int)newer, "bob:ios", 1);
    assert_int_equal(ask(*state, "SELECT min(job) FROM push_job WHERE client = 'bob:ios'"), newer);
}

static void a_job_that_has_never_been_out_cannot_be_done(void **state)
{
    say(*state, 10, "alice");
    run(*state, W_PUSH_DONE, "i", (int)ask(*state, "SELECT min(job) FROM push_job"));
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job"), 2);
}

static void the_newest_ten_thousand_dead_jobs_stay(void **state)
{
    ask(*state,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000) "
        "INSERT INTO push_job (job, client, user, conversation, message, only_this, created, due, state) "
        "SELECT i, 'bob:ios', 'bob', 1, 1, 0, 1, 1, 3 FROM n");
    run(*state, W_PUSH_DEAD_KEEP, "");
    assert_int_equal(ask(*state, "SELECT count(*) * 100000 + min(job) FROM push_job"), 1000005001);
}

/* 0 waits, 1 out, 2 failed, 3 dead: they become what they are here. */
static void only_what_has_failed_or_died_is_tried_again(void **state)
{
    ask(*state,
        "INSERT INTO push_job (job, client, user, conversation, message, only_this, created, due, state, "
        "attempt) "
        "SELECT value + 1, 'bob:ios', 'bob', value, 1, 0, 1, 1, value, 8 FROM json_each('[0,1,2,3]')");
    for (int job = 1; job <= 4; job++)
        run(*state, W_PUSH_AGAIN, "ii", job, 500);
    assert_int_equal(ask(*state, "SELECT group_concat(state, '') FROM push_job"), 122);
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job WHERE attempt = 0 AND due = 500"), 2);
}

static void counts_tell_dead_jobs_from_those_that_wait(void **state)
{
    say(*state, 10, "alice");
    ask(*state, "UPDATE push_job SET state = 3 WHERE client = 'bob:ipad'");
    assert_int_equal(run(*state, R_PUSH_COUNTS, ""), 1);
}

static void what_was_handed_and_not_read_makes_a_job(void **state)
{
    run(*state, W_CONVERSATION_TOUCH, "iiii", 1, 1, 20, 20);
    run(*state, W_PUSH_ADD_DOUBTFUL, "tii", "bob:ios", 15, 1000);
    assert_int_equal(ask(*state, "SELECT message * 100 + handed FROM push_job WHERE client = 'bob:ios'"),
                     1620);
}

static void what_was_handed_and_read_makes_no_job(void **state)
{
    run(*state, W_CONVERSATION_TOUCH, "iiii", 1, 1, 20, 20);
    run(*state, W_MEMBER_READ, "itiii", 1, "bob", 20, 1, 0);
    run(*state, W_PUSH_ADD_DOUBTFUL, "tii", "bob:ios", 15, 1000);
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job"), 0);
}

/* The lowest of its cursors is the inbox's. */
static void what_a_group_s_own_cursor_has_passed_makes_no_job(void **state)
{
    run(*state, W_CONVERSATION_TOUCH, "iiii", 1, 1, 20, 20);
    ask(*state,
        "INSERT INTO chat_group (conversation, group_id, type, name, introduction, notification, face_url, "
        "add_opt, invite_opt, created) VALUES (1, 'g', 0, '', '', '', '', 0, 0, 1)");
    run(*state, W_SUBSCRIPTION_SET, "ttii", "bob:ios", "inbox", 1, 15);
    run(*state, W_SUBSCRIPTION_SET, "ttii", "bob:ios", "group/g", 1, 20);
    run(*state, W_PUSH_ADD_DOUBTFUL, "tii", "bob:ios", 15, 1000);
    assert_int_equal(ask(*state, "SELECT count(*) FROM push_job"), 0);
    run(*state, W_SUBSCRIPTION_END, "tt", "bob:ios", "group/g"); /* nothing of it has come since */
    run(*state, W_PUSH_ADD_DOUBTFUL, "tii", "bob:ios", 15, 1000);
    assert_int_equal(ask(*state, "SELECT message FROM push_job WHERE client = 'bob:ios'"), 16);
}

static void unread_elsewhere_leaves_the_conversation_itself_out(void **state)
{
    run(*state, W_CONVERSATION_TOUCH, "iiii", 1, 7, 20, 20);
    run(*state, W_CONVERSATION_ADD, "itt", 2, "bob", "dave");
    run(*state, W_CONVERSATION_TOUCH, "iiii", 2, 3, 21, 21);
    add_member(*state, "bob", 2, 0);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 3);
}

static void unread_elsewhere_leaves_notices_out(void **state)
{
    run(*state, W_CONVERSATION_ADD, "itt", 2, "@system", "bob");
    run(*state, W_CONVERSATION_TOUCH, "iiii", 2, 3, 21, 21);
    add_member(*state, "bob", 2, 0);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 0);
}

static void unread_elsewhere_leaves_out_what_was_recalled_or_deleted(void **state)
{
    run(*state, W_CONVERSATION_ADD, "itt", 2, "bob", "dave");
    run(*state, W_CONVERSATION_TOUCH, "iiii", 2, 4, 24, 24);
    add_member(*state, "bob", 2, 0);
    for (int64_t id = 21; id <= 24; id++)
        run(*state, W_MESSAGE_ADD, "iiittiiiitt", id, 2, id - 20, "dave", "", id, 0, 0, 1, NULL, "x");
    run(*state, W_MESSAGE_RECALL, "i", 22);
    run(*state, W_CONVERSATION_RECALLED, "ii", 2, 22);
    run(*state, W_MESSAGE_DELETE, "tiii", "bob", 2, 22, 1); /* both: counts once */
    run(*state, W_MESSAGE_DELETE, "tiii", "bob", 2, 24, 1);
    run(*state, W_MEMBER_DELETED, "iti", 2, "bob", 24);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 2);
}

/* Bob's group 2: messages 21 to 24 of dave's, 23 is bob's own; he has read 21. */
static void add_group(sqlite3 *db)
{
    run(db, W_CONVERSATION_ADD, "itt", 2, NULL, NULL);
    run(db, W_CONVERSATION_TOUCH, "iiii", 2, 4, 24, 24);
    add_member(db, "bob", 2, 0);
    for (int id = 21; id <= 24; id++)
        run(db, W_MESSAGE_ADD, "iiittiiiitt", id, 2, id - 20, id == 23 ? "bob" : "dave", "", id, 0, 0, 1,
            NULL, "x");
    run(db, W_MEMBER_SENT, "itii", 2, "bob", 1, 23);
    run(db, W_MEMBER_READ, "itiii", 2, "bob", 21, 1, 0);
}

static void recall(sqlite3 *db, int id)
{
    run(db, W_MESSAGE_RECALL, "i", id);
    run(db, W_CONVERSATION_RECALLED, "ii", 2, 24);
}

static void take_away(sqlite3 *db, int id, int counts)
{
    run(db, W_MESSAGE_DELETE, "tiii", "bob", 2, id, counts);
    run(db, W_MEMBER_DELETED, "iti", 2, "bob", 24);
}

static void unread_elsewhere_is_not_less_for_what_was_read_and_recalled_or_deleted(void **state)
{
    add_group(*state);
    recall(*state, 21);
    take_away(*state, 21, 1);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 2);
}

static void unread_elsewhere_is_not_less_for_own_messages_recalled_or_deleted(void **state)
{
    add_group(*state);
    recall(*state, 23);
    take_away(*state, 23, 0);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 2);
}

static void unread_elsewhere_is_not_less_for_what_somebody_else_has_deleted(void **state)
{
    add_group(*state);
    add_member(*state, "carol", 2, 0);
    take_away(*state, 24, 1);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 1);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "carol", 1, 0), 4);
}

static void unread_elsewhere_leaves_out_groups_that_were_dismissed_or_left(void **state)
{
    add_group(*state);
    run(*state, W_MEMBER_ROLE, "iti", 2, "bob", 0);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 0);
    run(*state, W_MEMBER_ROLE, "iti", 2, "bob", 1);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 2);
    run(*state, W_MEMBERS_END, "i", 2);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 0);
}

static void unread_elsewhere_leaves_out_what_retention_has_taken(void **state)
{
    run(*state, W_CONVERSATION_ADD, "itt", 2, "bob", "dave");
    run(*state, W_CONVERSATION_TOUCH, "iiii", 2, 9, 29, 29);
    add_member(*state, "bob", 2, 0);
    run(*state, W_MEMBER_SENT, "itii", 2, "bob", 3, 28);
    for (int64_t id = 27; id <= 29; id++) /* of nine: 1..6 are gone, 28 is his own */
        run(*state, W_MESSAGE_ADD, "iiittiiiitt", id, 2, id - 20, id == 28 ? "bob" : "dave", "", id, 0, 0, 1,
            NULL, "x");
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 27), 2);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 30), 0);
}

/* Seven of dave's, of which 22, 23 and 25 are quiet: `quiet` says how many up to there. */
static void add_quiet(sqlite3 *db)
{
    static const int quiet[] = {0, 1, 2, 2, 3, 3, 3};
    run(db, W_CONVERSATION_ADD, "itt", 2, "bob", "dave");
    run(db, W_CONVERSATION_TOUCH, "iiii", 2, 7, 27, 27);
    run(db, W_CONVERSATION_QUIET, "ii", 2, 3);
    add_member(db, "bob", 2, 0);
    for (int i = 0; i < 7; i++)
        run(db, W_MESSAGE_ADD_QUIET, "iiittiiiitit", 21 + i, 2, i + 1, "dave", "", 21 + i,
            i > 0 && quiet[i] > quiet[i - 1] ? 4 : 0, 0, 1, NULL, quiet[i], "x");
}

static void unread_elsewhere_leaves_out_what_is_quiet(void **state)
{
    add_quiet(*state);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 4);
    run(*state, W_MEMBER_READ, "itiii", 2, "bob", 23, 1, 0);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 3);
    recall(*state, 24);
    recall(*state, 25);
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 2);
}

static void unread_elsewhere_leaves_out_what_is_discarded(void **state)
{
    add_quiet(*state);
    ask(*state, "UPDATE member SET receive_option = 1 WHERE conversation = 2");
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 4);
    ask(*state, "UPDATE member SET receive_option = 2 WHERE conversation = 2");
    assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 0), 0);
}

static void retention_that_ends_at_a_quiet_one_is_counted_right(void **state)
{
    static const int unread[] = {4, 3, 3, 3, 2, 2, 1, 0};
    add_quiet(*state);
    for (int gone = 0; gone <= 7; gone++) {
        run(*state, "DELETE FROM message WHERE id < ?1", "i", 21 + gone);
        assert_int_equal(run(*state, R_PUSH_UNREAD, "tii", "bob", 1, 21 + gone), unread[gone]);
    }
}

/* bob's phone is away. */
static void a_device_that_comes_back_keeps_its_token(void **state)
{
    run(*state, W_DEVICE_RETURNS, "ttiii", "bob:ios", "bob", 1, 9, 5);
    assert_int_equal(ask(*state, "SELECT count(*) FROM device WHERE client = 'bob:ios' AND token = 'bob:ios' "
                                 "AND online = 1 AND last_used = 9 AND place = 5"),
                     1);
}

static void a_device_that_comes_as_another_users_has_no_token(void **state)
{
    run(*state, W_DEVICE_COMES, "ttiii", "bob:ios", "carol", 1, 9, 5);
    assert_int_equal(ask(*state, "SELECT count(*) FROM device WHERE client = 'bob:ios' AND user = 'carol' "
                                 "AND token IS NULL AND online = 1 AND last_used = 9 AND place = 5"),
                     1);
}

static void a_device_that_was_forgotten_while_it_came_back_is_there(void **state)
{
    ask(*state, "DELETE FROM device WHERE client = 'bob:ios'");
    run(*state, W_DEVICE_RETURNS, "ttiii", "bob:ios", "bob", 1, 9, 5);
    assert_int_equal(ask(*state, "SELECT count(*) FROM device WHERE client = 'bob:ios' AND user = 'bob' "
                                 "AND online = 1 AND place = 5"),
                     1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Of an earlier release, which took every spelling for a token of its own. */
static void one_token_in_two_spellings_stays_with_the_device_used_last(void **state)
{
    (void)state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    migrate(db, 0, 1);
    run(db, W_DEVICE_LOGIN, "ttii", "a", "alice", 1, 1);
    run(db, W_TOKEN_SET, "tttt", "a", "apns", NULL, "AABB");
    run(db, W_DEVICE_LOGIN, "ttii", "b", "bob", 1, 2);
    run(db, W_TOKEN_SET, "tttt", "b", "apns", NULL, "AaBb");
    run(db, W_DEVICE_LOGIN, "ttii", "c", "carol", 1, 3);
    run(db, W_TOKEN_SET, "tttt", "c", "fcm", NULL, "AaBb");
    migrate(db, 1, database_migration_count);
    assert_int_equal(ask(db, "SELECT count(*) FROM device WHERE token IS NULL AND client = 'a'"), 1);
    assert_int_equal(ask(db, "SELECT count(*) FROM device WHERE token = 'aabb' AND client = 'b'"), 1);
    assert_int_equal(ask(db, "SELECT count(*) FROM device WHERE token = 'AaBb' AND client = 'c'"), 1);
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_token_in_two_spellings_stays_with_the_device_used_last),
        TEST(a_message_makes_a_job_for_each_device_that_is_away),
        TEST(the_sender_gets_no_job),
        TEST(who_accepts_but_is_not_to_be_notified_gets_no_job),
        TEST(at_all_reaches_who_is_not_to_be_notified),
        TEST(who_discards_gets_no_job_even_by_at_all),
        TEST(who_has_left_gets_no_job),
        TEST(a_connected_device_gets_no_job),
        TEST(a_connected_device_in_the_background_gets_a_job),
        TEST(one_job_waits_for_a_device_and_conversation),
        TEST(a_job_that_is_out_lets_a_new_one_wait),
        TEST(a_named_user_gets_a_job_although_he_is_not_to_be_notified),
        TEST(a_named_user_has_one_job_for_the_last_time_he_was_named),
        TEST(a_token_taken_takes_the_jobs_of_its_old_device_along),
        TEST(a_token_can_change_its_device),
        TEST(due_rows_come_oldest_first_without_dead_ones),
        TEST(a_job_of_a_device_that_is_another_users_now_has_no_token),
        TEST(a_newer_job_that_goes_out_replaces_one_that_waits_for_its_next_attempt),
        TEST(a_job_that_has_never_been_out_cannot_be_done),
        TEST(the_newest_ten_thousand_dead_jobs_stay),
        TEST(only_what_has_failed_or_died_is_tried_again),
        TEST(counts_tell_dead_jobs_from_those_that_wait),
        TEST(what_was_handed_and_not_read_makes_a_job),
        TEST(what_was_handed_and_read_makes_no_job),
        TEST(what_a_group_s_own_cursor_has_passed_makes_no_job),
        TEST(unread_elsewhere_leaves_the_conversation_itself_out),
        TEST(unread_elsewhere_leaves_notices_out),
        TEST(unread_elsewhere_leaves_out_what_was_recalled_or_deleted),
        TEST(unread_elsewhere_leaves_out_what_retention_has_taken),
        TEST(unread_elsewhere_leaves_out_what_is_quiet),
        TEST(unread_elsewhere_leaves_out_what_is_discarded),
        TEST(retention_that_ends_at_a_quiet_one_is_counted_right),
        TEST(unread_elsewhere_is_not_less_for_what_was_read_and_recalled_or_deleted),
        TEST(unread_elsewhere_is_not_less_for_own_messages_recalled_or_deleted),
        TEST(unread_elsewhere_is_not_less_for_what_somebody_else_has_deleted),
        TEST(unread_elsewhere_leaves_out_groups_that_were_dismissed_or_left),
        TEST(a_device_that_comes_back_keeps_its_token),
        TEST(a_device_that_comes_as_another_users_has_no_token),
        TEST(a_device_that_was_forgotten_while_it_came_back_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
