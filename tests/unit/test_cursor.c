/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a device has had, over the turns of the broker's loop: neither store nor broker is asked. */
#include "plugin/session/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/core/wire.h"
#include "plugin/people/conversation.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"

#define START     1700000000000
#define KEEPALIVE 60
#define RATE      45
#define QUEUE     1000

static struct chat chat;
static struct session session;
static struct subscription *inbox;
static struct group club_group = {.id = "club"};
static struct conversation pair = {.id = 1, .a = "alice", .b = "bob"}, club = {.id = 2, .group = &club_group};

/* Nobody knows whose socket is whose. */
bool wire_look(const struct mosquitto *client, struct wire *wire)
{
    (void)client, (void)wire;
    return false;
}

static int set_up(void **state)
{
    (void)state;
    chat = (struct chat){.steady = START, .tick = 5};
    chat.options.device_rate = RATE;
    chat.limits.max_queued_messages = QUEUE;
    session = (struct session){.keepalive_seconds = KEEPALIVE};
    inbox = session.inbox = subscription_create(&session, SUBSCRIPTION_INBOX, NULL);
    return inbox ? sessions_open(&chat) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    while (session.subscriptions) {
        struct subscription *subscription = session.subscriptions;
        subscription_unlink(subscription);
        subscription_free(subscription);
    }
    sessions_close(&chat);
    return 0;
}

static int64_t position(void)
{
    return subscription_position(&chat, inbox);
}

/* Mosquitto 2.1: what the last turn has queued is flushed when TICK comes. */
static void tick(void)
{
    chat.tick++;
}

/* Mosquitto 2.0 flushes it a little later. */
static void begin_tick(void)
{
    chat.tick++;
    chat.unflushed = true;
}

static void flush(void)
{
    chat.unflushed = false;
}

static void what_went_natively_is_had_at_once(void **state)
{
    (void)state;
    subscription_hand(&chat, inbox, 10, false);
    assert_int_equal(position(), 10);
    assert_int_equal(subscription_given(&chat, inbox), 10);
}

static void what_is_queued_is_had_when_it_has_been_flushed(void **state)
{
    (void)state;
    subscription_hand(&chat, inbox, 10, true);
    assert_int_equal(position(), 0);
    assert_int_equal(subscription_given(&chat, inbox), 10);
    tick();
    assert_int_equal(position(), 10);
}

static void on_mosquitto_2_0_it_is_not_flushed_before_tick_is_over(void **state)
{
    (void)state;
    subscription_hand(&chat, inbox, 10, true);
    begin_tick();
    assert_int_equal(position(), 0);
    flush();
    assert_int_equal(position(), 10);
}

static void what_two_turns_have_queued_is_had_turn_by_turn(void **state)
{
    (void)state;
    subscription_hand(&chat, inbox, 10, true);
    begin_tick();
    subscription_hand(&chat, inbox, 11, true);
    assert_int_equal(position(), 0);
    begin_tick();
    assert_int_equal(position(), 10);
    flush();
    assert_int_equal(position(), 11);
}

static void a_position_never_goes_back(void **state)
{
    (void)state;
    subscription_hand(&chat, inbox, 10, false);
    subscription_hand(&chat, inbox, 9, false);
    subscription_hand(&chat, inbox, 9, true);
    tick();
    assert_int_equal(position(), 10);
}

static void a_connection_that_died_unnoticed_is_given_what_came_since(void **state)
{
    (void)state;
    for (int64_t id = 1; id <= 30; id++) {
        chat.steady = START + id * 10000; /* message 15 comes 150 s before the last one, 16 140 s, ... */
        subscription_hand(&chat, inbox, id, false);
    }
    const int64_t sure = 30 - KEEPALIVE * 15 / 100; /* one and a half keepalives ago */
    assert_in_range(subscriptions_doubtful_after(&chat, &session), sure - 2, sure);
    subscriptions_rewind(&chat, &session, true);
    assert_in_range(position(), sure - 2, sure);
    assert_int_equal(subscription_given(&chat, inbox), position());
}

/* Messages first to last of the inbox, at QoS 1, natively and all at once. */
static void hand_many(int64_t first, int64_t last)
{
    for (int64_t id = first; id <= last; id++) {
        subscription_hand(&chat, inbox, id, false);
        session_handed(&chat, &session, 200, 1);
    }
}

/* Where the device goes on after a proper end. */
static int64_t leave(void)
{
    subscriptions_rewind(&chat, &session, false);
    return position();
}

static void who_takes_few_messages_and_leaves_has_had_them(void **state)
{
    (void)state;
    hand_many(1, 20);
    assert_int_equal(leave(), 20);
}

static void what_may_wait_in_the_broker_has_not_been_had(void **state)
{
    (void)state;
    hand_many(1, 400);
    assert_int_equal(leave(), 0);
}

static void what_a_slow_device_can_have_taken_has_been_had(void **state)
{
    (void)state;
    hand_many(1, 400);
    chat.steady += 6000;
    const int64_t taken = RATE * 5; /* and one second in which it may have taken nothing */
    assert_in_range(leave(), taken - 100, taken);
}

static void what_fits_on_the_wire_when_a_device_leaves_has_been_had(void **state)
{
    (void)state;
    chat.limits.max_inflight_messages = 100;
    hand_many(1, 20);
    assert_int_equal(leave(), 20);
    chat.limits.max_inflight_messages = 0;
    assert_int_equal(leave(), 20);
    chat.limits.max_inflight_messages = 5;
    assert_in_range(leave(), 0, 5);
}

static void after_a_rest_all_has_been_had(void **state)
{
    (void)state;
    hand_many(1, 400);
    chat.steady += 1000 * 380 / RATE + 100;
    assert_int_equal(leave(), 400);
}

static void what_was_had_before_a_flood_is_in_no_doubt(void **state)
{
    (void)state;
    hand_many(1, 10);
    chat.steady += 3600000;
    hand_many(11, 400);
    assert_int_equal(leave(), 10);
}

static void at_QoS_0_nothing_waits(void **state)
{
    (void)state;
    for (int64_t id = 1; id <= 400; id++) {
        subscription_hand(&chat, inbox, id, false);
        session_handed(&chat, &session, 200, 0);
    }
    assert_int_equal(leave(), 400);
}

static void what_is_saved_is_what_a_connection_that_lives_has_had(void **state)
{
    (void)state;
    hand_many(1, 5);
    assert_int_equal(subscription_sure(&chat, inbox), 0);
    chat.steady += KEEPALIVE * 1500 + 1;
    assert_int_equal(subscription_sure(&chat, inbox), 5);
}

/* The broker's queue: a quarter is left for others. */

static void more_than_the_broker_can_queue_is_not_handed(void **state)
{
    (void)state;
    hand_many(1, QUEUE * 3 / 4 - 1);
    assert_false(session_full(&chat, &session));
    hand_many(QUEUE, QUEUE);
    assert_true(session_full(&chat, &session));
    chat.steady += 1000;
    assert_false(session_full(&chat, &session));
}

static void nor_more_bytes_than_it_can_queue(void **state)
{
    (void)state;
    chat.limits.max_queued_bytes = 1000000;
    for (int i = 0; i < 75; i++) {
        assert_false(session_full(&chat, &session));
        session_handed(&chat, &session, 10000, 1);
    }
    assert_true(session_full(&chat, &session));
    chat.steady += 1000; /* whatever of it was taken first */
    assert_false(session_full(&chat, &session));
}

static void without_a_limit_the_broker_is_never_full(void **state)
{
    (void)state;
    chat.limits.max_queued_messages = 0;
    hand_many(1, 100000);
    assert_false(session_full(&chat, &session));
}

static void what_the_feed_brings_has_been_had_by_the_narrower_filter_too(void **state)
{
    (void)state;
    struct subscription *feed = session.feed = subscription_create(&session, SUBSCRIPTION_FEED, NULL);
    struct subscription *group = subscription_create(&session, SUBSCRIPTION_GROUP, &club);
    assert_true(feed && group);
    subscription_hand_all(&chat, feed, &pair, 10, false);
    assert_int_equal(position(), 10);
    assert_int_equal(subscription_position(&chat, group), 0);
    subscription_hand_all(&chat, feed, &club, 11, true);
    tick();
    assert_int_equal(position(), 10);
    assert_int_equal(subscription_position(&chat, group), 11);
    assert_int_equal(subscription_position(&chat, feed), 11);
    subscription_hand_all(&chat, inbox, &pair, 12, false);
    assert_int_equal(subscription_position(&chat, feed), 11);
}

static void whoever_acks_by_hand_moves_the_cursor_alone(void **state)
{
    (void)state;
    subscription_hand(&chat, inbox, 10, false);
    assert_int_equal(subscription_cursor(&chat, inbox), 10);
    session.device.acks = true;
    inbox->acked = 7;
    assert_int_equal(subscription_cursor(&chat, inbox), 7);
}

/* Natively, at QoS 1. */
static void hand_one(struct subscription *subscription, int64_t id)
{
    subscription_hand(&chat, subscription, id, false);
    session_handed(&chat, &session, 200, 1);
}

/* In memory only: what subscriptions_ack() puts into the store is test_slow_devices.py's. */

/* An inbox is replayed first, then a group's older messages: those have not been taken when the last of the
 * inbox is acked. */
static void an_ack_counts_for_a_subscription_up_to_what_had_been_handed_by_it(void **state)
{
    (void)state;
    struct subscription *group = subscription_create(&session, SUBSCRIPTION_GROUP, &club);
    assert_non_null(group);
    for (int64_t id = 301; id <= 613; id++)
        hand_one(inbox, id);
    for (int64_t id = 1; id <= 300; id++)
        hand_one(group, id);
    subscriptions_take_ack(&chat, &session, 613, inbox);
    assert_int_equal(inbox->acked, 613);
    assert_int_equal(group->acked, 0);
    subscriptions_take_ack(&chat, &session, 300, group);
    assert_int_equal(inbox->acked, 613);
    assert_int_equal(group->acked, 300);
}

static void an_ack_of_the_last_message_counts_for_all_that_came_before_it(void **state)
{
    (void)state;
    struct subscription *group = subscription_create(&session, SUBSCRIPTION_GROUP, &club);
    assert_non_null(group);
    for (int64_t id = 1; id <= 9; id++)
        hand_one(id % 2 ? inbox : group, id);
    subscriptions_take_ack(&chat, &session, 9, inbox);
    assert_int_equal(inbox->acked, 9);
    assert_int_equal(group->acked, 8);
}

static void the_first_ack_of_a_connection_may_go_back(void **state)
{
    (void)state;
    inbox->handed = inbox->queued = inbox->acked = inbox->cursor = inbox->begun = 100;
    subscriptions_take_ack(&chat, &session, 60, inbox);
    assert_int_equal(inbox->acked, 60);
    subscriptions_take_ack(&chat, &session, 50, inbox);
    assert_int_equal(inbox->acked, 60);
}

static void what_overtook_others_at_QoS_0_acks_none_of_them(void **state)
{
    (void)state;
    hand_many(1, 400);
    subscription_hand(&chat, inbox, 401, false);
    session_handed(&chat, &session, 200, 0);
    subscriptions_take_ack(&chat, &session, 401, inbox);
    assert_int_equal(inbox->acked, 0);
}

static void who_acks_is_given_more(void **state)
{
    (void)state;
    hand_many(1, QUEUE);
    assert_true(session_full(&chat, &session));
    subscriptions_take_ack(&chat, &session, QUEUE, inbox);
    assert_false(session_full(&chat, &session));
}

/* Whatever the order of events: the highest id that is flushed for sure, by its own list of what was queued
 * when. */
static void nothing_counts_as_had_before_it_is_flushed(void **state)
{
    (void)state;
    static uint64_t queued_at[3000]; /* the tick in which the id was queued */
    unsigned seed = 7;
    int64_t last = 0, flushed_to = 0;
    while (last + 1 < (int64_t)COUNT(queued_at)) {
        int event = rand_r(&seed) % 4;
        if (event == 0) {
            begin_tick();
            if (rand_r(&seed) % 2)
                flush();
        } else if (event == 1) {
            flush();
        } else {
            queued_at[++last] = chat.tick;
            subscription_hand(&chat, inbox, last, true);
        }
        while (flushed_to < last && queued_at[flushed_to + 1] + (chat.unflushed ? 2 : 1) <= chat.tick)
            flushed_to++;
        assert_true(position() <= flushed_to);
    }
    begin_tick();
    flush();
    assert_int_equal(position(), last);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_went_natively_is_had_at_once),
        TEST(what_is_queued_is_had_when_it_has_been_flushed),
        TEST(on_mosquitto_2_0_it_is_not_flushed_before_tick_is_over),
        TEST(what_two_turns_have_queued_is_had_turn_by_turn),
        TEST(a_position_never_goes_back),
        TEST(a_connection_that_died_unnoticed_is_given_what_came_since),
        TEST(who_takes_few_messages_and_leaves_has_had_them),
        TEST(what_may_wait_in_the_broker_has_not_been_had),
        TEST(what_a_slow_device_can_have_taken_has_been_had),
        TEST(what_fits_on_the_wire_when_a_device_leaves_has_been_had),
        TEST(after_a_rest_all_has_been_had),
        TEST(what_was_had_before_a_flood_is_in_no_doubt),
        TEST(at_QoS_0_nothing_waits),
        TEST(what_is_saved_is_what_a_connection_that_lives_has_had),
        TEST(more_than_the_broker_can_queue_is_not_handed),
        TEST(nor_more_bytes_than_it_can_queue),
        TEST(without_a_limit_the_broker_is_never_full),
        TEST(what_the_feed_brings_has_been_had_by_the_narrower_filter_too),
        TEST(whoever_acks_by_hand_moves_the_cursor_alone),
        TEST(an_ack_counts_for_a_subscription_up_to_what_had_been_handed_by_it),
        TEST(an_ack_of_the_last_message_counts_for_all_that_came_before_it),
        TEST(the_first_ack_of_a_connection_may_go_back),
        TEST(what_overtook_others_at_QoS_0_acks_none_of_them),
        TEST(who_acks_is_given_more),
        TEST(nothing_counts_as_had_before_it_is_flushed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
