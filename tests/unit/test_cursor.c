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
#include "plugin/people/conversation.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"

#define START     1700000000000
#define KEEPALIVE 60

static struct chat chat;
static struct session session;
static struct subscription *inbox;
static struct group club_group = {.id = "club"};
static struct conversation pair = {.id = 1, .a = "alice", .b = "bob"}, club = {.id = 2, .group = &club_group};

static int set_up(void **state)
{
    (void)state;
    chat = (struct chat){.now = START, .tick = 5};
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
        free(subscription);
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
        chat.now = START + id * 10000; /* message 15 comes 150 s before the last one, 16 140 s, ... */
        subscription_hand(&chat, inbox, id, false);
    }
    const int64_t sure = 30 - KEEPALIVE * 15 / 100; /* one and a half keepalives ago */
    assert_in_range(subscriptions_doubtful_after(&chat, &session), sure - 2, sure);
    subscriptions_rewind(&chat, &session);
    assert_in_range(position(), sure - 2, sure);
    assert_int_equal(subscription_given(&chat, inbox), position());
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
        TEST(what_the_feed_brings_has_been_had_by_the_narrower_filter_too),
        TEST(whoever_acks_by_hand_moves_the_cursor_alone),
        TEST(nothing_counts_as_had_before_it_is_flushed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
