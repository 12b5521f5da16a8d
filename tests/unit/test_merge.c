/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Many conversations read in the order of their ids, from a real store. alice is in three pairs, one group. */
#include "plugin/people/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/people/application.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "tests/unit/store_fixture.h"

#define MESSAGES  2300 /* more than are looked up at a time, twice */
#define NOT_TAKEN INT64_MAX

static struct chat chat;
static struct user *alice;
static struct conversation *talks[4]; /* three pairs, then the group */
static int64_t ids[MESSAGES];         /* all, in the order in which they were said */
static struct conversation *said_in[MESSAGES];
static size_t count;

static void begin(void)
{
    AWAIT(chat.store, store_begin(chat.store));
}

static void meet(const char *peer, struct conversation **talk)
{
    assert_non_null(user_create(&chat, peer));
    *talk = pair_join(&chat, "alice", peer);
    assert_non_null(*talk);
}

static int open_people(void **state)
{
    if (set_up(state) != 0)
        return -1;
    struct fixture *f = *state;
    const struct group club = {.id = "club", .type = GROUP_PUBLIC};
    open_store(f);
    chat = (struct chat){.now = 1700000000000, .store = f->store};
    if (log_open(&chat.log, chat.store) || users_open(&chat) || conversations_open(&chat) ||
        visible_open(&chat) || applications_open(&chat))
        return -1;
    begin();
    alice = user_create(&chat, "alice");
    assert_non_null(alice);
    meet("bob", &talks[0]);
    meet("carol", &talks[1]);
    meet("dave", &talks[2]);
    talks[3] = group_create(&chat, &club, alice, NULL, 0);
    assert_non_null(talks[3]);
    store_commit(chat.store);
    count = 0;
    return 0;
}

static int close_people(void **state)
{
    applications_close(&chat);
    visible_close(&chat);
    members_close(&chat);
    conversations_close(&chat);
    users_close(&chat);
    log_close(chat.log);
    return tear_down(state);
}

static void say(struct conversation *talk)
{
    begin();
    struct message message = {
        .id = store_next_id(chat.store), .sender = "bob", .client = "", .body = "x}", .body_len = 2};
    conversation_place(&chat, talk, &message, true);
    assert_true(conversation_append(&chat, talk, &message));
    store_commit(chat.store);
    said_in[count] = talk;
    ids[count++] = message.id;
}

/* Some are in the database by the time they are read, some in the ring only. */
static void say_all_over(size_t messages)
{
    uint64_t random = 11;
    for (size_t i = 0; i < messages; i++)
        say(talks[next_random(&random) % COUNT(talks)]);
}

/* A reader that expects what alice was told, from ids[next] on, of `only` (NULL: of all). */
struct reader {
    size_t next;
    const struct conversation *only;
    int64_t refused; /* this one it does not take */
};

static bool take(void *context, struct conversation *conversation, const struct message *message)
{
    struct reader *reader = context;
    while (reader->only && said_in[reader->next] != reader->only)
        reader->next++;
    assert_true(reader->next < count);
    assert_int_equal(message->id, ids[reader->next]);
    assert_ptr_equal(conversation, said_in[reader->next]);
    if (message->id == reader->refused)
        return false;
    reader->next++;
    return true;
}

static struct merge *open_all(int64_t after)
{
    struct merge *merge = merge_open(&chat, alice, MERGE_ALL, NULL, after);
    assert_non_null(merge);
    return merge;
}

static void ids_rise_over_all_conversations(void **state)
{
    (void)state;
    struct reader reader = {0};
    bool complete = false;
    say_all_over(500);
    struct merge *merge = open_all(0);
    while (!complete)
        assert_true(merge_read(merge, 7, take, &reader, &complete) == 7 || complete);
    assert_int_equal(reader.next, 500);
    assert_int_equal(merge_position(merge), ids[499]);
    merge_close(merge);
}

static void it_begins_behind_what_was_had(void **state)
{
    (void)state;
    struct reader reader = {.next = 20};
    bool complete;
    say_all_over(50);
    struct merge *merge = open_all(ids[19]);
    assert_int_equal(merge_read(merge, 100, take, &reader, &complete), 30);
    assert_true(complete);
    merge_close(merge);
}

static void one_conversation_is_read_alone(void **state)
{
    (void)state;
    struct reader reader = {.only = talks[3]};
    bool complete;
    say_all_over(100);
    struct merge *merge = merge_open(&chat, alice, MERGE_ONE, talks[3], 0);
    assert_non_null(merge);
    assert_int_equal(merge_read(merge, 200, take, &reader, &complete), (size_t)talks[3]->last_seq);
    merge_close(merge);
}

static bool is_of_a_pair(void *context, struct conversation *conversation, const struct message *message)
{
    (void)context, (void)message;
    return !conversation->group;
}

static void pairs_are_read_without_groups(void **state)
{
    (void)state;
    bool complete;
    say_all_over(100);
    struct merge *merge = merge_open(&chat, alice, MERGE_PAIRS, NULL, 0);
    assert_non_null(merge);
    assert_int_equal(merge_read(merge, 200, is_of_a_pair, NULL, &complete), 100 - (size_t)talks[3]->last_seq);
    assert_true(complete);
    merge_close(merge);
}

static void what_was_not_taken_comes_again(void **state)
{
    (void)state;
    bool complete;
    say_all_over(30);
    struct reader reader = {.refused = ids[10]};
    struct merge *merge = open_all(0);
    merge_read(merge, 100, take, &reader, &complete);
    assert_false(complete);
    assert_int_equal(reader.next, 10);
    assert_int_equal(merge_position(merge), ids[9]);
    reader.refused = NOT_TAKEN;
    merge_read(merge, 100, take, &reader, &complete);
    assert_true(complete);
    assert_int_equal(reader.next, 30);
    merge_close(merge);
}

/* Or its device would be taken to have had everything. */
static void what_cannot_be_read_comes_again(void **state)
{
    bool complete;
    say_all_over(30);
    await_all(chat.store);
    struct reader reader = {.refused = ids[10]};
    struct merge *begun = open_all(0), *fresh = open_all(0);
    merge_read(begun, 100, take, &reader, &complete);
    reader.refused = NOT_TAKEN;
    store_end_reads(chat.store);
    change(*state, "ALTER TABLE message RENAME TO hidden");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(merge_read(begun, 100, take, &reader, &complete), 0);
        assert_false(complete);
        assert_int_equal(merge_read(fresh, 100, take, &reader, &complete), 0);
        assert_false(complete);
    }
    store_end_reads(chat.store);
    change(*state, "ALTER TABLE hidden RENAME TO message");
    store_reads_begin(chat.store);
    merge_read(begun, 100, take, &reader, &complete);
    assert_true(complete);
    assert_int_equal(reader.next, 30);
    reader.next = 0;
    merge_read(fresh, 100, take, &reader, &complete);
    assert_true(complete);
    assert_int_equal(reader.next, 30);
    merge_close(begun);
    merge_close(fresh);
}

static void what_is_said_meanwhile_is_the_next_ones(void **state)
{
    (void)state;
    struct reader reader = {0};
    bool complete;
    say_all_over(30);
    struct merge *merge = open_all(0);
    assert_int_equal(merge_end(merge), ids[29]);
    say(talks[0]);
    say(talks[2]);
    merge_read(merge, 100, take, &reader, &complete);
    assert_true(complete);
    assert_int_equal(reader.next, 30);
    struct merge *next = open_all(merge_end(merge));
    assert_false(merge_empty(next));
    merge_read(next, 100, take, &reader, &complete);
    assert_int_equal(reader.next, 32);
    struct merge *last = open_all(merge_end(next));
    assert_true(merge_empty(last));
    merge_close(merge);
    merge_close(next);
    merge_close(last);
}

static void nothing_is_there_from_before_joining(void **state)
{
    (void)state;
    struct reader reader = {0};
    bool complete;
    begin();
    struct user *erin = user_create(&chat, "erin");
    store_commit(chat.store);
    say(talks[3]);
    say(talks[3]);
    begin();
    assert_true(erin && member_add(&chat, talks[3], erin, ROLE_MEMBER));
    store_commit(chat.store);
    struct merge *merge = merge_open(&chat, erin, MERGE_ALL, NULL, 0);
    assert_true(merge && merge_empty(merge));
    merge_close(merge);
    say(talks[3]);
    reader.next = 2;
    merge = merge_open(&chat, erin, MERGE_ALL, NULL, 0);
    assert_non_null(merge);
    assert_int_equal(merge_read(merge, 100, take, &reader, &complete), 1);
    merge_close(merge);
}

static void what_is_deleted_meanwhile_is_passed_over(void **state)
{
    (void)state;
    bool complete;
    say_all_over(40);
    struct merge *merge = open_all(0);
    struct reader reader = {.refused = ids[5]};
    merge_read(merge, 100, take, &reader, &complete);
    begin();
    const struct message gone = {.id = ids[5], .conversation = said_in[5]->id, .sender = "bob"};
    assert_true(visible_delete(&chat, member_find(&chat, said_in[5], "alice"), &gone, 1));
    store_commit(chat.store);
    reader.next = 6;
    merge_read(merge, 100, take, &reader, &complete);
    assert_true(complete);
    assert_int_equal(reader.next, 40);
    merge_close(merge);
}

static void what_may_have_been_deleted_waits(void **state)
{
    bool complete;
    say_all_over(10);
    begin();
    const struct message gone = {.id = ids[5], .conversation = said_in[5]->id, .sender = "bob"};
    assert_true(visible_delete(&chat, member_find(&chat, said_in[5], "alice"), &gone, 1));
    store_commit(chat.store);
    await_all(chat.store);
    count--;
    memmove(&ids[5], &ids[6], (count - 5) * sizeof *ids);
    memmove(&said_in[5], &said_in[6], (count - 5) * sizeof *said_in);
    struct reader reader = {.refused = NOT_TAKEN};
    struct merge *merge = open_all(0);
    store_end_reads(chat.store);
    change(*state, "ALTER TABLE deleted RENAME TO hidden");
    merge_read(merge, 100, take, &reader, &complete);
    assert_false(complete);
    assert_true(reader.next <= 5);
    store_end_reads(chat.store);
    change(*state, "ALTER TABLE hidden RENAME TO deleted");
    store_reads_begin(chat.store);
    merge_read(merge, 100, take, &reader, &complete);
    assert_true(complete);
    assert_int_equal(reader.next, 9);
    merge_close(merge);
}

static bool is_not_of_the_first(void *context, struct conversation *conversation,
                                const struct message *message)
{
    (void)context, (void)message;
    assert_ptr_not_equal(conversation, talks[0]);
    return true;
}

static void a_conversation_deleted_meanwhile_is_passed_over(void **state)
{
    (void)state;
    bool complete;
    say_all_over(40);
    struct merge *merge = open_all(0);
    begin();
    visible_clear(&chat, member_find(&chat, talks[0], "alice"), 1);
    store_commit(chat.store);
    assert_int_equal(merge_read(merge, 100, is_not_of_the_first, NULL, &complete),
                     40 - (size_t)talks[0]->last_seq);
    assert_true(complete);
    merge_close(merge);
}

static void the_newest_are_kept_whatever_conversation_they_are_in(void **state)
{
    (void)state;
    struct reader reader = {.next = 75};
    bool complete;
    say_all_over(100);
    struct merge *merge = open_all(0);
    assert_int_equal(merge_newest(merge, 100, NULL, NULL), 0);
    assert_int_equal(merge_newest(merge, 25, NULL, NULL), ids[75]);
    assert_int_equal(merge_read(merge, 200, take, &reader, &complete), 25);
    merge_close(merge);
    merge = open_all(0);
    assert_int_equal(merge_newest(merge, 0, NULL, NULL), ids[99] + 1);
    assert_int_equal(merge_read(merge, 200, take, &reader, &complete), 0);
    assert_true(complete);
    merge_close(merge);
}

static void of_many_messages_each_comes_once(void **state)
{
    (void)state;
    struct reader reader = {.next = 100};
    bool complete;
    say_all_over(MESSAGES);
    struct merge *merge = open_all(0);
    assert_int_equal(merge_newest(merge, MESSAGES, NULL, NULL), 0);
    assert_int_equal(merge_newest(merge, MESSAGES - 100, NULL, NULL), ids[100]);
    assert_int_equal(merge_read(merge, MESSAGES, take, &reader, &complete), MESSAGES - 100);
    assert_true(complete);
    merge_close(merge);
}

static void what_was_found_before_the_first_page_is_what_comes(void **state)
{
    (void)state;
    struct reader reader = {0};
    bool complete;
    say_all_over(100);
    struct merge *merge = open_all(0);
    assert_int_equal(merge_newest(merge, 100, NULL, NULL), 0);
    say(talks[1]);
    for (size_t page = 1; page <= 4; page++) {
        assert_int_equal(merge_read(merge, 25, take, &reader, &complete), 25);
        assert_int_equal(complete, page == 4);
    }
    merge_close(merge);
}

/* Every other one. */
static bool is_even(void *context, struct conversation *conversation, const struct message *message)
{
    (void)context, (void)conversation;
    return message->id % 2 == 0;
}

static void only_what_counts_is_counted_for_the_newest(void **state)
{
    (void)state;
    say_all_over(100);
    const int64_t last_even = ids[99] - ids[99] % 2;
    struct merge *merge = open_all(0);
    assert_int_equal(merge_newest(merge, 50, is_even, NULL), 0);
    assert_int_equal(merge_newest(merge, 20, is_even, NULL), last_even - 38);
    merge_close(merge);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_people, close_people)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ids_rise_over_all_conversations),
        TEST(it_begins_behind_what_was_had),
        TEST(one_conversation_is_read_alone),
        TEST(pairs_are_read_without_groups),
        TEST(what_was_not_taken_comes_again),
        TEST(what_cannot_be_read_comes_again),
        TEST(what_is_said_meanwhile_is_the_next_ones),
        TEST(nothing_is_there_from_before_joining),
        TEST(what_is_deleted_meanwhile_is_passed_over),
        TEST(what_may_have_been_deleted_waits),
        TEST(a_conversation_deleted_meanwhile_is_passed_over),
        TEST(the_newest_are_kept_whatever_conversation_they_are_in),
        TEST(of_many_messages_each_comes_once),
        TEST(what_was_found_before_the_first_page_is_what_comes),
        TEST(only_what_counts_is_counted_for_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
