/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The memory of `random`, with room for 2,048 instead of a million. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SLOTS_MAX 2048u
#include "plugin/delivery/recent.c"

#include "tests/unit/store_fixture.h"

#define NOW     INT64_C(1700000000000)
#define MINUTES 60000
#define STEADY  INT64_C(86400000)
#define PLACE   5 /* the conversation */

static struct chat chat;

static int set_up_recents(void **state)
{
    if (set_up(state) != 0)
        return -1;
    open_store(*state);
    chat = (struct chat){.store = ((struct fixture *)*state)->store, .now = NOW, .steady = STEADY};
    return recents_open(&chat);
}

static int tear_down_recents(void **state)
{
    recents_close(&chat);
    return tear_down(state);
}

static void pass(int64_t ms)
{
    chat.now += ms;
    chat.steady += ms;
}

static void add(const char *sender, int64_t random, int64_t time)
{
    const struct recent recent = {
        .random = random, .id = random * 10, .seq = random, .time = time, .conversation = PLACE};
    assert_true(recent_add(&chat, sender, &recent));
}

static int64_t id_of(const char *sender, int64_t random)
{
    const struct recent *found = recent_find(&chat, sender, PLACE, random);
    return found ? found->id : 0;
}

static void test_nothing_is_found_in_the_beginning(void **state)
{
    (void)state;
    assert_null(recent_find(&chat, "alice", PLACE, 1));
}

static void test_a_message_is_found_for_five_minutes_and_not_after(void **state)
{
    (void)state;
    add("alice", 7, NOW);
    const struct recent *found = recent_find(&chat, "alice", PLACE, 7);
    assert_non_null(found);
    assert_true(found->id == 70 && found->seq == 7 && found->time == NOW && found->conversation == PLACE);
    pass(5 * MINUTES);
    assert_int_equal(id_of("alice", 7), 70);
    pass(1);
    assert_int_equal(id_of("alice", 7), 0);
}

static void test_sender_conversation_and_random_all_count(void **state)
{
    (void)state;
    add("alice", 7, NOW);
    assert_null(recent_find(&chat, "alice", PLACE + 1, 7));
    assert_int_equal(id_of("alic", 7), 0);
    assert_int_equal(id_of("alicf", 7), 0);
    assert_int_equal(id_of("alice", 8), 0);
}

static void test_the_newest_of_two_is_found(void **state)
{
    (void)state;
    const struct recent again = {.random = 7, .id = 99, .time = NOW + 6 * MINUTES, .conversation = PLACE};
    add("alice", 7, NOW);
    pass(6 * MINUTES);
    assert_true(recent_add(&chat, "alice", &again));
    assert_int_equal(id_of("alice", 7), 99);
}

static void test_when_it_is_full_the_oldest_is_forgotten(void **state)
{
    (void)state;
    for (int64_t random = 1; random <= 5000; random++)
        add(random % 2 ? "alice" : "bob", random, NOW);
    for (int64_t random = 1; random <= 5000; random++)
        assert_int_equal(id_of(random % 2 ? "alice" : "bob", random), random > 5000 - 2048 ? random * 10 : 0);
}

static void test_old_ones_make_room_before_it_grows(void **state)
{
    (void)state;
    for (int64_t random = 1; random <= 20000; random++) {
        pass(1000); /* 300 in five minutes */
        add("alice", random, chat.now);
    }
    assert_int_equal(chat.recents->capacity, 1024);
    assert_int_equal(id_of("alice", 20000 - 300), 10 * (20000 - 300));
    assert_int_equal(id_of("alice", 20000 - 301), 0);
}

/* Of the chains that start at the buckets the longest one. */
static unsigned longest_chain(const struct recents *recents)
{
    unsigned longest = 0;
    for (uint32_t i = 0; i < recents->capacity; i++) {
        unsigned length = 0;
        for (uint32_t at = recents->buckets[i]; at != NONE; at = recents->slots[at].next)
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Without a secret in the hash these had one bucket: 300,000 of such a kind made each further message cost a
 * millisecond. */
static void test_a_client_cannot_choose_randoms_that_are_found_slowly(void **state)
{
    (void)state;
    for (int64_t n = 1; n < 1024; n++)
        add("alice", n << 43, NOW);
    assert_in_range(longest_chain(chat.recents), 2, 16);
}

static void test_a_message_from_the_future_does_not_push_out_the_present(void **state)
{
    (void)state;
    add("alice", 1, NOW);
    add("bob", 2,
        NOW + 60 * MINUTES); /* the time of a conversation never goes back, whatever the clock does */
    add("alice", 3, NOW);
    assert_int_equal(id_of("alice", 1), 10);
    assert_int_equal(id_of("alice", 3), 30);
}

static void store_message(int64_t id, int64_t random, int64_t time)
{
    AWAIT(chat.store, store_begin(chat.store));
    store_put(chat.store, W_MESSAGE_ADD, "iiittiiiitt", id, (int64_t)PLACE, id, "alice", "alice", time,
              (int64_t)0, random, (int64_t)1, NULL, "\"text\":\"hello\"}");
    store_commit(chat.store);
}

static void open_again(struct fixture *f, int64_t now)
{
    recents_close(&chat);
    close_store(f);
    open_store(f);
    chat = (struct chat){.store = f->store, .now = now, .steady = STEADY};
    assert_int_equal(recents_open(&chat), 0);
}

static void test_they_survive_a_restart(void **state)
{
    store_message(1, 1001, NOW - 6 * MINUTES);
    store_message(2, 1002, NOW - 4 * MINUTES);
    store_message(3, 0, NOW - 3 * MINUTES);
    store_message(4, 1004, NOW - 1);
    open_again(*state, NOW);
    assert_int_equal(id_of("alice", 1001), 0);
    assert_int_equal(id_of("alice", 0), 0);
    assert_int_equal(id_of("alice", 1004), 4);
    const struct recent *found = recent_find(&chat, "alice", PLACE, 1002);
    assert_non_null(found);
    assert_true(found->id == 2 && found->seq == 2 && found->conversation == PLACE &&
                found->time == NOW - 4 * MINUTES);
}

static void test_a_clock_that_is_set_makes_nothing_older(void **state)
{
    (void)state;
    add("alice", 7, NOW);
    chat.now = NOW + 10 * MINUTES;
    assert_int_equal(id_of("alice", 7), 70);
    chat.now = NOW - 60 * MINUTES;
    assert_int_equal(id_of("alice", 7), 70);
    pass(5 * MINUTES + 1);
    assert_int_equal(id_of("alice", 7), 0);
}

static void test_they_survive_a_restart_after_which_the_clock_is_ahead(void **state)
{
    store_message(1, 1001, NOW - 6 * MINUTES);
    store_message(2, 1002, NOW - 4 * MINUTES);
    store_message(3, 1003, NOW);
    open_again(*state, NOW + 10 * MINUTES);
    assert_int_equal(id_of("alice", 1001), 0);
    assert_int_equal(id_of("alice", 1002), 2);
    assert_int_equal(id_of("alice", 1003), 3);
}

static void test_one_stamped_in_the_future_does_not_hide_those_before_it(void **state)
{
    store_message(1, 1001, NOW - 1 * MINUTES);
    store_message(2, 1002, NOW + 60 * MINUTES);
    open_again(*state, NOW);
    assert_int_equal(id_of("alice", 1001), 1);
}

static void test_a_restart_remembers_as_many_as_there_is_room_for(void **state)
{
    for (int64_t id = 1; id <= 3000; id++)
        store_message(id, 10000 + id, NOW);
    open_again(*state, NOW);
    assert_int_equal(id_of("alice", 13000), 3000);
    assert_int_equal(id_of("alice", 10000 + 3000 - 2040), 3000 - 2040);
    assert_int_equal(id_of("alice", 10001), 0);
}

static void test_a_restart_leaves_no_read_open(void **state)
{
    struct fixture *f = *state;
    int left, done;
    store_message(1, 1001, NOW);
    open_again(f, NOW);
    sqlite3 *db = look(f);
    sqlite3_busy_timeout(db, 0);
    assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, &done),
                     SQLITE_OK);
    sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_recents, tear_down_recents)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_found_in_the_beginning),
        TEST(test_a_message_is_found_for_five_minutes_and_not_after),
        TEST(test_sender_conversation_and_random_all_count),
        TEST(test_a_client_cannot_choose_randoms_that_are_found_slowly),
        TEST(test_the_newest_of_two_is_found),
        TEST(test_when_it_is_full_the_oldest_is_forgotten),
        TEST(test_old_ones_make_room_before_it_grows),
        TEST(test_a_message_from_the_future_does_not_push_out_the_present),
        TEST(test_they_survive_a_restart),
        TEST(test_a_clock_that_is_set_makes_nothing_older),
        TEST(test_they_survive_a_restart_after_which_the_clock_is_ahead),
        TEST(test_one_stamped_in_the_future_does_not_hide_those_before_it),
        TEST(test_a_restart_remembers_as_many_as_there_is_room_for),
        TEST(test_a_restart_leaves_no_read_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
