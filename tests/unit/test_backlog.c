/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What waits for a client that does not read, by what TCP says. */
#include "plugin/session/backlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin/core/chat.h"
#include "plugin/core/wire.h"

#define KEEPALIVE 60
#define BOUND     1000000 /* half of what the broker queues, in bytes */
#define COUNT_MAX 500     /* and in messages */

static struct chat chat;
static struct session bob;
static struct wire wire;
static bool known; /* which socket is whose */

bool wire_look(const struct mosquitto *client, struct wire *found)
{
    (void)client;
    *found = wire;
    return known;
}

static int set_up(void **state)
{
    (void)state;
    chat = (struct chat){.steady = 1000000};
    chat.options.device_rate = 45;
    chat.limits.max_queued_messages = 2 * COUNT_MAX;
    chat.limits.max_queued_bytes = 2 * BOUND;
    bob = (struct session){.keepalive_seconds = KEEPALIVE};
    wire = (struct wire){0};
    known = true;
    return 0;
}

static void give(int messages, size_t len)
{
    while (messages-- > 0)
        backlog_add(&bob, len);
}

/* So much comes to the client, and then a look is taken. */
static void read_some(int64_t bytes)
{
    wire.acked += bytes;
    backlog_look(&chat, &bob);
}

static void who_reads_is_never_over(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        give(100, 5000);
        wire.acked += 500000;
        assert_false(backlog_over(&chat, &bob));
    }
    assert_null(backlogs_over(&chat));
}

static void who_does_not_read_is_over_at_the_bound_until_half_of_it_has_come(void **state)
{
    (void)state;
    give(99, BOUND / 100);
    assert_false(backlog_over(&chat, &bob));
    give(50, BOUND / 100);
    assert_true(backlog_over(&chat, &bob));
    assert_ptr_equal(backlogs_over(&chat), &bob);
    read_some(BOUND * 9 / 10);
    assert_true(backlog_over(&chat, &bob));
    read_some(BOUND / 5);
    assert_false(backlog_over(&chat, &bob));
    assert_null(backlogs_over(&chat));
}

static void many_small_messages_count_by_their_number(void **state)
{
    (void)state;
    give(COUNT_MAX + COUNT_MAX / 8 + 1, 10);
    assert_true(backlog_over(&chat, &bob));
    read_some(10 * COUNT_MAX);
    assert_false(backlog_over(&chat, &bob));
}

static void without_a_limit_of_the_broker_there_is_one_of_8_MiB(void **state)
{
    (void)state;
    chat.limits = (struct broker_limits){0};
    give(7, 1 << 20);
    assert_false(backlog_over(&chat, &bob));
    give(2, 1 << 20);
    assert_true(backlog_over(&chat, &bob));
}

static void who_goes_on_far_over_the_bound_is_known(void **state)
{
    (void)state;
    give(1, BOUND);
    assert_false(backlog_far_over(&chat, &bob));
    give(1, BOUND / 2);
    assert_true(backlog_far_over(&chat, &bob));
}

static void stuck_is_who_has_read_nothing_for_a_keepalive(void **state)
{
    (void)state;
    give(2, BOUND);
    assert_true(backlog_over(&chat, &bob));
    chat.steady += KEEPALIVE * 1000 - 1;
    read_some(0);
    assert_false(backlog_stuck(&chat, &bob));
    read_some(1);
    chat.steady += KEEPALIVE * 1000 - 1;
    read_some(0);
    assert_false(backlog_stuck(&chat, &bob));
    chat.steady++;
    read_some(0);
    assert_true(backlog_stuck(&chat, &bob));
}

/* It may be that the broker has dropped what is counted. */
static void where_TCP_has_nothing_for_a_client_it_takes_what_every_device_takes(void **state)
{
    (void)state;
    give(450, BOUND / 400);
    assert_true(backlog_over(&chat, &bob));
    wire.idle = true;
    chat.steady += 6000;
    read_some(0);
    assert_false(backlog_over(&chat, &bob));
}

static void where_no_socket_is_known_the_same(void **state)
{
    (void)state;
    known = false;
    give(450, BOUND / 400);
    assert_true(backlog_over(&chat, &bob));
    chat.steady += 6000;
    read_some(0);
    assert_false(backlog_over(&chat, &bob));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(who_reads_is_never_over),
        TEST(who_does_not_read_is_over_at_the_bound_until_half_of_it_has_come),
        TEST(many_small_messages_count_by_their_number),
        TEST(without_a_limit_of_the_broker_there_is_one_of_8_MiB),
        TEST(who_goes_on_far_over_the_bound_is_known),
        TEST(stuck_is_who_has_read_nothing_for_a_keepalive),
        TEST(where_TCP_has_nothing_for_a_client_it_takes_what_every_device_takes),
        TEST(where_no_socket_is_known_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
