/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What of it has come to the client, by what TCP says: a model of broker and client is asked in the kernel's place. */
#include "plugin/session/handover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/core/wire.h"

#define START      1700000000000
#define QUEUE      1000
#define WINDOW     20
#define TOPIC_LEN  (sizeof "chat/user/bob" - 1)
#define LEN        200
#define PUBACK_LEN 4
#define ANSWER_LEN 5000 /* of a command; at QoS 0 */
#define REPLIES    2    /* bytes: PINGRESP */

static struct chat chat;
static struct session session;
static struct wire wire;
static bool known; /* which socket is whose */
static struct {
    int64_t given, sent, acknowledged;
} model;

bool wire_look(const struct mosquitto *client, struct wire *found)
{
    (void)client;
    *found = wire;
    return known;
}

static void log_in(bool mqtt5)
{
    handover_begin(&chat, &session, &(struct handover_login){.mqtt5 = mqtt5, .user_len = 3, .sig_len = 180});
    wire.acked += 4;
}

static int set_up(void **state)
{
    (void)state;
    chat = (struct chat){.steady = START, .keeps_window = true};
    chat.options.device_rate = 45;
    chat.limits.max_queued_messages = QUEUE;
    chat.limits.max_inflight_messages = WINDOW;
    session = (struct session){.clean = true};
    wire = (struct wire){.received = 14 + 4 + 3 + 3 + 180, .idle = true};
    known = true;
    model.given = model.sent = model.acknowledged = 0;
    return 0;
}

static void give(int64_t messages)
{
    for (int64_t i = 0; i < messages; i++) {
        proof_given(&session, TOPIC_LEN, LEN);
        session_handed(&chat, &session, LEN, 1);
        model.given++;
    }
}

static int64_t packet_len(void)
{
    return (int64_t)proof_packet(&session, TOPIC_LEN, LEN);
}

static void send(void)
{
    while (model.sent < model.given && model.sent - model.acknowledged < WINDOW) {
        model.sent++;
        wire.acked += packet_len();
    }
}

/* The client takes so many more. */
static void take(int64_t messages)
{
    send();
    for (; messages > 0 && model.acknowledged < model.sent; messages--) {
        model.acknowledged++;
        wire.received += PUBACK_LEN;
        send();
    }
}

static int64_t in_broker(void)
{
    return model.given - model.sent;
}

static void who_takes_all_at_once_is_never_full(void **state)
{
    (void)state;
    log_in(false);
    for (int i = 0; i < 1000; i++) {
        give(100);
        assert_false(session_full(&chat, &session));
        take(100);
        chat.steady += 500;
    }
    assert_int_equal(handover_taken(&chat, &session), 100000);
}

static void nor_one_of_MQTT_5_for_so_long_that_what_is_not_known_of_it_fills_the_queue(void **state)
{
    (void)state;
    chat.limits.max_queued_messages = 20000;
    log_in(true);
    for (int i = 0; i < 3000; i++) {
        give(100);
        assert_false(session_full(&chat, &session));
        take(100);
        chat.steady += 500;
    }
}

static void what_waits_never_fills_the_queue(void **state)
{
    const int64_t paces[] = {0, 1, 3, 10, 30};
    (void)state;
    for (size_t i = 0; i < COUNT(paces); i++) {
        set_up(state);
        chat.options.device_rate = 0; /* the kernel alone frees it */
        log_in(false);
        for (int turn = 0; turn < 2000; turn++) {
            for (int n = 0; n < 50 && !session_full(&chat, &session); n++)
                give(1);
            assert_in_range(in_broker(), 0, QUEUE * 3 / 4 + 1);
            take(paces[i]);
            chat.steady += 20;
        }
        if (paces[i] > 0)
            assert_true(model.given > 1000); /* and it goes on */
    }
}

static void other_traffic_is_not_mistaken_for_messages(void **state)
{
    (void)state;
    chat.options.device_rate = 0;
    log_in(false);
    for (int turn = 0; turn < 2000; turn++) {
        for (int n = 0; n < 50 && !session_full(&chat, &session); n++)
            give(1);
        send();
        proof_given(&session, TOPIC_LEN, ANSWER_LEN);
        wire.acked += (int64_t)proof_packet(&session, TOPIC_LEN, ANSWER_LEN) - 2 + REPLIES; /* no packet id */
        wire.received += REPLIES;
        chat.steady += 20;
        assert_in_range(in_broker(), 0, QUEUE * 3 / 4 + 1);
    }
}

static void what_its_own_messages_are_answered_with_keeps_no_room(void **state)
{
    (void)state;
    log_in(false);
    for (int i = 0; i < 1000; i++) {
        give(100);
        assert_false(session_full(&chat, &session));
        take(100);
        proof_sent(&session, 3000);
        wire.received += 3000 + 20;
        wire.acked += PUBACK_LEN;
        chat.steady += 500;
    }
}

static void at_an_end_nothing_is_in_doubt_where_nothing_waits(void **state)
{
    (void)state;
    log_in(false);
    give(300);
    take(300);
    assert_int_equal(handover_taken(&chat, &session), 300);
}

static void what_waits_at_an_end_has_not_been_taken_nor_what_is_on_the_wire_before_it(void **state)
{
    (void)state;
    for (int64_t taken = 0; taken < 300 - WINDOW; taken++) {
        set_up(state);
        log_in(false);
        give(300);
        take(taken);
        assert_in_range(handover_taken(&chat, &session), 0, taken);
    }
}

static void a_window_of_unknown_size_may_be_in_doubt_at_an_end(void **state)
{
    (void)state;
    log_in(true);
    give(300);
    take(300);
    assert_int_equal(handover_taken(&chat, &session), 0);
}

static void assert_paced(void)
{
    give(QUEUE);
    take(QUEUE);
    chat.steady += 1000;
    assert_true(session_full(&chat, &session));
    assert_in_range(handover_taken(&chat, &session), 0, 45);
}

static void bytes_that_TLS_or_WebSockets_have_said_before_are_no_evidence(void **state)
{
    (void)state;
    wire.acked = 129;
    log_in(false);
    assert_paced();
}

static void nor_what_has_not_been_acked_yet(void **state)
{
    (void)state;
    wire.idle = false;
    log_in(false);
    assert_paced();
}

static void where_the_broker_keeps_to_no_window_the_rate_counts(void **state)
{
    (void)state;
    chat.keeps_window = false;
    log_in(false);
    assert_paced();
}

static void without_a_socket_the_rate_counts(void **state)
{
    (void)state;
    known = false;
    log_in(false);
    assert_paced();
}

static void TCP_is_asked_only_where_it_matters(void **state)
{
    (void)state;
    log_in(false);
    give(QUEUE / 2);
    assert_false(session_full(&chat, &session));
    assert_int_equal(session.handover.looked_at, 0);
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_takes_all_at_once_is_never_full),
        TEST(nor_one_of_MQTT_5_for_so_long_that_what_is_not_known_of_it_fills_the_queue),
        TEST(what_waits_never_fills_the_queue),
        TEST(other_traffic_is_not_mistaken_for_messages),
        TEST(what_its_own_messages_are_answered_with_keeps_no_room),
        TEST(at_an_end_nothing_is_in_doubt_where_nothing_waits),
        TEST(what_waits_at_an_end_has_not_been_taken_nor_what_is_on_the_wire_before_it),
        TEST(a_window_of_unknown_size_may_be_in_doubt_at_an_end),
        TEST(bytes_that_TLS_or_WebSockets_have_said_before_are_no_evidence),
        TEST(nor_what_has_not_been_acked_yet),
        TEST(where_the_broker_keeps_to_no_window_the_rate_counts),
        TEST(without_a_socket_the_rate_counts),
        TEST(TCP_is_asked_only_where_it_matters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
