/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How a conversation goes on with each message, and what a restart finds of it. */
#include "plugin/people/conversation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin/core/chat.h"
#include "schema/log.h"
#include "tests/unit/store_fixture.h"

#define NOW 1700000000000

static struct chat chat;
static struct conversation *pair;

static void open_chat(struct fixture *f)
{
    open_store(f);
    chat = (struct chat){.now = NOW, .store = f->store};
    assert_int_equal(log_open(&chat.log, chat.store), 0);
    assert_int_equal(conversations_open(&chat), 0);
}

static void close_chat(struct fixture *f)
{
    conversations_close(&chat);
    log_close(chat.log);
    close_store(f);
}

static int open_pair(void **state)
{
    if (set_up(state) != 0)
        return -1;
    open_chat(*state);
    assert_true(store_begin(chat.store));
    pair = conversation_pair_create(&chat, "alice", "bob");
    assert_non_null(pair);
    conversation_put(&chat, pair);
    store_commit(chat.store);
    return 0;
}

static int close_pair(void **state)
{
    close_chat(*state);
    return tear_down(state);
}

/* Counts or not, as messages and notices do. */
static struct message append(bool counts)
{
    assert_true(store_begin(chat.store));
    struct message message = {
        .id = store_next_id(chat.store), .sender = "alice", .client = "", .body = "}", .body_len = 1};
    conversation_place(&chat, pair, &message, counts);
    assert_true(conversation_append(&chat, pair, &message));
    store_commit(chat.store);
    return message;
}

static void a_message_is_one_further_a_notice_repeats_its_seq(void **state)
{
    (void)state;
    const struct message first = append(true), second = append(true), notice = append(false),
                         third = append(true);
    assert_int_equal(first.seq, 1);
    assert_int_equal(second.seq, 2);
    assert_int_equal(notice.seq, 2);
    assert_int_equal(third.seq, 3);
    assert_int_equal(third.conversation, pair->id);
    assert_int_equal(pair->last_seq, 3);
    assert_int_equal(pair->last_id, third.id);
}

static void time_never_goes_back_though_the_clock_does(void **state)
{
    (void)state;
    assert_int_equal(append(true).time, NOW);
    chat.now = NOW - 5000;
    assert_int_equal(append(true).time, NOW);
    chat.now = NOW + 1;
    assert_int_equal(append(false).time, NOW + 1);
}

static void what_is_only_passed_on_is_remembered_until_the_restart(void **state)
{
    struct fixture *f = *state;
    const struct message stored = append(true);
    struct message passed = {.sender = "alice"};
    chat.now = NOW + 7;
    conversation_place(&chat, pair, &passed, false);
    passed.seq = -1;
    conversation_advance(pair, &passed);
    assert_int_equal(pair->last_time, NOW + 7);
    assert_int_equal(pair->last_seq, stored.seq);
    assert_int_equal(pair->last_id, stored.id);
    close_chat(f);
    open_chat(f);
    pair = conversation_pair(&chat, "bob", "alice");
    assert_non_null(pair);
    assert_int_equal(pair->last_time, NOW);
    assert_int_equal(pair->last_seq, stored.seq);
    assert_int_equal(pair->last_id, stored.id);
}

static void the_stamp_names_the_other_side(void **state)
{
    (void)state;
    char stamp[400] = "";
    const struct message message = {.id = 7, .seq = 2, .time = 3, .sender = "bob"};
    conversation_stamp(stamp, pair, &message);
    assert_string_equal(stamp, "{\"id\":7,\"seq\":2,\"sender\":\"bob\",\"to\":\"alice\",\"time\":3,");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_one_further_a_notice_repeats_its_seq),
        TEST(time_never_goes_back_though_the_clock_does),
        TEST(what_is_only_passed_on_is_remembered_until_the_restart),
        TEST(the_stamp_names_the_other_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
