/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What goes with age and what stays: the steps themselves, on a database without a writer thread, with a
 * clock of their own. When the writer takes them is in test_writer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "schema/database.h"
#include "schema/retention.h"
#include "tests/unit/store_fixture.h"

#define KEEP 1000
#define NOW  10000 /* what is from before 9000 is old */

struct aging {
    struct fixture *f;
    sqlite3 *db;
    struct retention *retention;
};

static int set_up_aging(void **state)
{
    struct aging *a = calloc(1, sizeof *a);
    if (!a || set_up(state) != 0)
        return -1;
    a->f = *state;
    *state = a;
    return database_open(&a->db, a->f->database, true, SYNC_OFF, a->f->error, sizeof a->f->error) ||
           database_migrate(a->db, a->f->error, sizeof a->f->error);
}

static int tear_down_aging(void **state)
{
    struct aging *a = *state;
    void *fixture = a->f;
    retention_free(a->retention);
    sqlite3_close(a->db);
    free(a);
    return tear_down(&fixture);
}

/* As the writer does with the frame. */
static void execute(sqlite3 *db, const struct retention_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        sqlite3_stmt *s = NULL;
        const char *sql = write_statements[plan->records[i].op].sql;
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_bind_int64(s, 1, plan->records[i].parameter), SQLITE_OK);
        assert_int_equal(sqlite3_step(s), SQLITE_DONE);
        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    }
}

/* Rows are made before the first step. */
static bool step(struct aging *a)
{
    if (!a->retention && retention_open(&a->retention, a->db, a->f->error, sizeof a->f->error) != 0)
        fail_msg("%s", a->f->error);
    struct retention_plan plan;
    if (retention_next(a->retention, NOW, KEEP, &plan))
        execute(a->db, &plan);
    else
        plan.count = 0;
    return retention_give_back(a->retention) || plan.count > 0;
}

static void age(struct aging *a)
{
    int steps = 0;
    while (step(a))
        assert_in_range(++steps, 1, 1000);
}

static void put_messages(struct aging *a, int64_t first, int64_t last, int64_t conversation, int64_t time)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (id) AS (SELECT %lld UNION ALL SELECT id + 1 FROM n WHERE id < %lld) "
             "INSERT INTO message (id, conversation, seq, sender, client, time, kind, random, push, body) "
             "SELECT id, %lld, id, 'alice', 'alice:ios', %lld, 0, 0, 0, '' FROM n",
             (long long)first, (long long)last, (long long)conversation, (long long)time);
    change_in(a->db, sql);
}

static void put_group(struct aging *a, int64_t conversation, const char *dismissed, int64_t last_id)
{
    char sql[1200];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO conversation (id, last_id) VALUES (%1$lld, %3$lld);"
        "INSERT INTO chat_group (conversation, group_id, type, name, introduction, notification, face_url, "
        "add_opt, "
        "invite_opt, created, dismissed) VALUES (%1$lld, 'g%1$lld', 1, '', '', '', '', 0, 0, 1, %2$s);"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250) "
        "INSERT INTO member (conversation, user, role) SELECT %1$lld, 'u' || i, i %% 2 - 1 FROM n;"
        "INSERT INTO application (conversation, user, kind, message, time) VALUES (%1$lld, 'eve', 0, '', 1)",
        (long long)conversation, dismissed, (long long)last_id);
    change_in(a->db, sql);
}

static int64_t left_of_group(struct aging *a, int64_t conversation)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT (SELECT count(*) FROM conversation WHERE id = %1$lld) + (SELECT count(*) FROM "
             "chat_group WHERE "
             "conversation = %1$lld) + (SELECT count(*) FROM member WHERE conversation = %1$lld) + (SELECT "
             "count(*) "
             "FROM application WHERE conversation = %1$lld)",
             (long long)conversation);
    return ask_in(a->db, sql);
}

#define WHOLE_GROUP (250 + 3)

static void test_old_messages_go_and_younger_ones_stay(void **state)
{
    struct aging *a = *state;
    put_messages(a, 1, 1700, 1, NOW - KEEP - 1);
    put_messages(a, 1701, 2000, 1, NOW - KEEP);
    age(a);
    assert_int_equal(ask_in(a->db, "SELECT min(id) FROM message"), 1701);
    assert_int_equal(ask_in(a->db, "SELECT count(*) FROM message"), 300);
}

static void test_a_step_is_small(void **state)
{
    struct aging *a = *state;
    put_messages(a, 1, 2000, 1, 1);
    assert_true(step(a));
    assert_in_range(ask_in(a->db, "SELECT count(*) FROM message"), 1500, 1900);
}

/* The clock of the machine went back, or a conversation's stamps waited for it. */
static void test_nothing_goes_that_has_a_younger_one_before_it(void **state)
{
    struct aging *a = *state;
    put_messages(a, 1, 10, 1, 1);
    put_messages(a, 11, 11, 2, NOW - 1);
    put_messages(a, 12, 20, 1, 1);
    age(a);
    assert_int_equal(ask_in(a->db, "SELECT min(id) FROM message"), 11);
    assert_int_equal(ask_in(a->db, "SELECT count(*) FROM message"), 10);
}

static void test_messages_from_the_future_go_with_those_around_them(void **state)
{
    struct aging *a = *state;
    put_messages(a, 1, 10, 1, 1);
    put_messages(a, 11, 1000, 2, NOW + 100000000);
    put_messages(a, 1001, 1001, 1, 1);
    put_messages(a, 1002, 1002, 2, NOW + 100000000);
    put_messages(a, 1003, 1003, 1, NOW);
    age(a);
    assert_int_equal(ask_in(a->db, "SELECT min(id) FROM message"), 1002);
}

static void test_the_newest_message_stays_however_old(void **state)
{
    struct aging *a = *state;
    put_messages(a, 1, 700, 1, 1);
    age(a);
    assert_int_equal(ask_in(a->db, "SELECT count(*) FROM message"), 1);
    assert_int_equal(ask_in(a->db, "SELECT id FROM message"), 700);
}

static void test_what_users_had_deleted_goes_with_the_messages(void **state)
{
    struct aging *a = *state;
    put_messages(a, 1, 700, 1, 1);
    put_messages(a, 701, 710, 1, NOW);
    change_in(a->db, "INSERT INTO deleted (user, conversation, id, counts) "
                     "SELECT 'bob', conversation, id, 1 FROM message WHERE id % 2 = 0");
    change_in(a->db, "INSERT INTO deleted (user, conversation, id, counts) "
                     "SELECT 'carol', conversation, id, 1 FROM message");
    age(a);
    assert_int_equal(ask_in(a->db, "SELECT min(id) FROM deleted"), 701);
    assert_int_equal(ask_in(a->db, "SELECT count(*) FROM deleted"), 5 + 10);
}

static void test_a_group_dismissed_long_ago_goes_with_its_members_and_applications(void **state)
{
    struct aging *a = *state;
    put_messages(a, 7, 7, 1, NOW);
    put_group(a, 1, "NULL", 7);
    put_group(a, 2, "8999", 6);
    put_group(a, 3, "9000", 5);
    age(a);
    assert_int_equal(left_of_group(a, 1), WHOLE_GROUP);
    assert_int_equal(left_of_group(a, 2), 0);
    assert_int_equal(left_of_group(a, 3), WHOLE_GROUP);
}

static void test_a_large_group_goes_in_steps(void **state)
{
    struct aging *a = *state;
    put_group(a, 2, "1", 0);
    put_group(a, 3, "NULL", 0);
    assert_true(step(a));
    assert_in_range(left_of_group(a, 2), WHOLE_GROUP - 150, WHOLE_GROUP - 1);
    age(a);
    assert_int_equal(left_of_group(a, 2), 0);
}

static void test_a_group_stays_while_a_member_waits_for_the_notice_of_its_end(void **state)
{
    struct aging *a = *state;
    put_group(a, 2, "1", 0);
    put_group(a, 3, "NULL", 0);
    change_in(a->db, "INSERT INTO notice_task (conversation, group_id, operator) VALUES (2, 'g2', 'alice')");
    age(a);
    assert_int_equal(left_of_group(a, 2), WHOLE_GROUP);
    change_in(a->db, "DELETE FROM notice_task");
    age(a);
    assert_int_equal(left_of_group(a, 2), 0);
}

static void test_a_group_stays_while_it_has_messages(void **state)
{
    struct aging *a = *state;
    put_messages(a, 1, 1, 1, NOW);
    put_messages(a, 2, 2, 2, NOW);
    put_group(a, 2, "1", 2);
    put_group(a, 3, "NULL", 0);
    age(a);
    assert_int_equal(left_of_group(a, 2), WHOLE_GROUP);
}

static void test_the_number_of_the_newest_conversation_does_not_come_again(void **state)
{
    struct aging *a = *state;
    put_group(a, 2, "1", 0);
    age(a);
    assert_int_equal(ask_in(a->db, "SELECT max(id) FROM conversation"), 2);
    assert_int_equal(left_of_group(a, 2), 1);
}

static void put_device(struct aging *a, const char *client, bool online, int64_t last_used)
{
    char sql[600];
    snprintf(sql, sizeof sql,
             "INSERT INTO device (client, user, platform, last_used, online) VALUES ('%1$s', 'alice', 1, "
             "%2$lld, %3$d);"
             "INSERT INTO subscription (client, topic, qos, active, cursor) VALUES ('%1$s', 'feed', 1, 1, 5)",
             client, (long long)last_used, online);
    change_in(a->db, sql);
}

static void test_devices_go_with_their_cursors_the_longest_unused_first(void **state)
{
    struct aging *a = *state;
    char client[16];
    for (int i = 1; i <= 250; i++) {
        snprintf(client, sizeof client, "d%d", i);
        put_device(a, client, false, i);
    }
    put_device(a, "connected", true, 1);
    put_device(a, "young", false, NOW - KEEP);
    assert_true(step(a));
    assert_int_equal(ask_in(a->db, "SELECT min(last_used) FROM device WHERE online = 0"), 101);
    age(a);
    assert_int_equal(ask_in(a->db, "SELECT count(*) FROM device"), 2);
    assert_int_equal(ask_in(a->db, "SELECT count(*) FROM subscription JOIN device USING (client)"), 2);
    assert_int_equal(ask_in(a->db, "SELECT count(*) FROM subscription"), 2);
}

static void test_a_small_file_shrinks_too(void **state)
{
    struct aging *a = *state;
    put_messages(a, 1, 3000, 1, 1);
    change_in(a->db, "UPDATE message SET body = hex(zeroblob(400))");
    int64_t pages = ask_in(a->db, "PRAGMA page_count");
    age(a);
    assert_in_range(ask_in(a->db, "PRAGMA page_count"), 1, pages / 3);
}

static int64_t messages_of_a_step(struct aging *a)
{
    int64_t before = ask_in(a->db, "SELECT count(*) FROM message");
    step(a);
    return before - ask_in(a->db, "SELECT count(*) FROM message");
}

static void test_a_step_that_took_long_makes_the_next_ones_smaller_until_they_do_not(void **state)
{
    struct aging *a = *state;
    put_messages(a, 1, 4000, 1, 1);
    assert_int_equal(messages_of_a_step(a), 500);
    retention_note(a->retention, 20000);
    assert_int_equal(messages_of_a_step(a), 250);
    for (int i = 0; i < 10; i++)
        retention_note(a->retention, 20000);
    assert_int_equal(messages_of_a_step(a), 20);
    for (int i = 0; i < 10; i++)
        retention_note(a->retention, 100);
    assert_int_equal(messages_of_a_step(a), 500);
}

/* What the store tells of it */

static void test_the_first_id_is_0_in_an_empty_store(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_int_equal(store_first_id(f->store), 0);
}

static void test_what_is_too_old_goes_in_frames(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_messages(f->store, 1, 700);
    await_all(f->store);
    assert_int_equal(ask(f, "SELECT number FROM state"), 700);
    store_set_retention(f->store, 7 * DAY_MS);
    AWAIT(f->store, store_first_id(f->store) == 700);
    assert_in_range(ask(f, "SELECT number FROM state"), 702,
                    705); /* of 500 messages each, and what was deleted of them */
    assert_int_equal(store_counters(f->store).frames_bad, 0);
}

static void wake_retention(struct fixture *f)
{
    store_set_retention(f->store, 7 * DAY_MS);
    assert_true(store_write(f->store, W_GROUP_FORGET, "i", (int64_t)0));
}

static void test_the_first_id_rises_as_messages_go(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_messages(f->store, 5, 700);
    await_all(f->store);
    assert_in_range(store_first_id(f->store), 0, 1);
    wake_retention(f);
    AWAIT(f->store, store_first_id(f->store) > 1);
    assert_true(ask(f, "SELECT min(id) FROM message") >= store_first_id(f->store));
    AWAIT(f->store, store_first_id(f->store) == 700);
}

static void test_the_first_id_is_known_right_after_a_start(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    add_messages(f->store, 5, 300);
    wake_retention(f);
    AWAIT(f->store, store_first_id(f->store) == 300);
    close_store(f);
    open_store(f);
    assert_int_equal(store_first_id(f->store), 300);
}

static int64_t second(const struct fixture *f)
{
    return ask(f, "SELECT last_used / 1000 FROM device");
}

static void test_a_device_that_was_connected_at_a_crash_has_been_used_until_then(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_true(store_write(f->store, W_DEVICE_LOGIN, "ttii", "d", "alice", (int64_t)1, (int64_t)1));
    close_store(f); /* nothing says that the device has gone */
    open_store(f);
    assert_int_equal(ask(f, "SELECT online FROM device"), 0);
    assert_in_range(second(f), time(NULL) - 5, time(NULL));
    close_store(f);
    change(f, "UPDATE device SET last_used = 1");
    open_store(f);
    assert_int_equal(second(f), 0);
}

#define AGING(name) cmocka_unit_test_setup_teardown(name, set_up_aging, tear_down_aging)
#define STORE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AGING(test_old_messages_go_and_younger_ones_stay),
        AGING(test_a_step_is_small),
        AGING(test_nothing_goes_that_has_a_younger_one_before_it),
        AGING(test_messages_from_the_future_go_with_those_around_them),
        AGING(test_the_newest_message_stays_however_old),
        AGING(test_what_users_had_deleted_goes_with_the_messages),
        AGING(test_a_group_dismissed_long_ago_goes_with_its_members_and_applications),
        AGING(test_a_large_group_goes_in_steps),
        AGING(test_a_group_stays_while_a_member_waits_for_the_notice_of_its_end),
        AGING(test_a_group_stays_while_it_has_messages),
        AGING(test_the_number_of_the_newest_conversation_does_not_come_again),
        AGING(test_devices_go_with_their_cursors_the_longest_unused_first),
        AGING(test_a_small_file_shrinks_too),
        AGING(test_a_step_that_took_long_makes_the_next_ones_smaller_until_they_do_not),
        STORE(test_the_first_id_is_0_in_an_empty_store),
        STORE(test_what_is_too_old_goes_in_frames),
        STORE(test_the_first_id_rises_as_messages_go),
        STORE(test_the_first_id_is_known_right_after_a_start),
        STORE(test_a_device_that_was_connected_at_a_crash_has_been_used_until_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
