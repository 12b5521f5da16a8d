/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What waits for a reviewer: its order, its clock, who gets it, what fits. The kinds here are the test's own, and end
 * by being written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/review.h"
#include "plugin/people/conversation.h"
#include "plugin/session/backlog.h"
#include "plugin/session/session.h"
#include "schema/store.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/store_fixture.h"

#define SECOND 1000
#define STEADY INT64_C(86400000)

static struct chat chat;
static struct session anna = {.client_id = (char *)"anna"}, otto = {.client_id = (char *)"otto"};

/* What has come to an end, "pass:m1 " and so on, and what the reviewers got. */
static char ended[60000];
static struct {
    char client[8];
    int64_t number;
} given[12000];
static size_t given_count;
static bool busy, reads_nothing;

/* The nouns */

bool broker_send(const char *client_id, const char *topic, const void *head, size_t head_len,
                 const void *tail, size_t tail_len, int qos, uint32_t identifier)
{
    (void)tail, (void)tail_len, (void)identifier;
    assert_string_equal(topic, "chat/review");
    assert_int_equal(qos, 1);
    assert_true(given_count < COUNT(given) && head_len > 12);
    snprintf(given[given_count].client, sizeof given->client, "%s", client_id);
    given[given_count++].number = atoll((const char *)head + strlen("{\"review\":"));
    return true;
}

void backlog_look(struct chat *c, struct session *session)
{
    (void)c;
    session->backlog.over_since = reads_nothing;
}

struct conversation *conversation_group(struct chat *c, const char *group_id)
{
    (void)c, (void)group_id;
    return NULL;
}

const struct group_traits *conversation_traits(const struct conversation *conversation)
{
    (void)conversation;
    return NULL;
}

struct session *session_by_client_id(struct chat *c, const char *client_id)
{
    (void)c, (void)client_id;
    return NULL;
}

/* Kinds */

static bool note_end(struct chat *c, struct review *review, const struct review_verdict *verdict)
{
    static const char *const names[] = {"pass", "refuse", "drop", "replace"};
    if (busy || !review_end(c, review))
        return false;
    size_t used = strlen(ended);
    snprintf(ended + used, sizeof ended - used, "%s:%s ", names[verdict->action],
             verdict->action == REVIEW_REPLACE ? verdict->text : review->text);
    return true;
}

static const struct review_kind in_order = {.number = 0, .name = "message", .ordered = true, .end = note_end};
static const struct review_kind in_none = {.number = 1, .name = "command", .end = note_end};
static const struct review_kind *const kinds[] = {&in_order, &in_none, NULL};

static void open_all(struct fixture *f)
{
    chat.store = f->store;
    assert_int_equal(reviews_open(&chat, kinds), 0);
}

static int set_up_reviews(void **state)
{
    if (set_up(state) != 0)
        return -1;
    struct fixture *f = *state;
    f->config.ring_bytes = 16 << 20;
    open_store(f);
    chat = (struct chat){.now = 1, .steady = STEADY, .options = {.review_seconds = 5}};
    ended[0] = '\0';
    given_count = 0;
    busy = reads_nothing = false;
    open_all(f);
    return 0;
}

static int tear_down_reviews(void **state)
{
    reviews_close(&chat);
    return tear_down(state);
}

static void restart(struct fixture *f)
{
    reviews_close(&chat);
    reopen_store(f);
    chat.reviewing = 0;
    open_all(f);
}

static struct review *begin_kind(const struct review_kind *kind, const char *sender, const char *topic,
                                 const char *text, int64_t random)
{
    const struct review plan = {.kind = kind,
                                .sender = sender,
                                .client = "phone",
                                .platform = "ios",
                                .address = "::1",
                                .topic = topic,
                                .text = text,
                                .time = chat.now,
                                .random = random,
                                .qos = 1};
    return review_begin(&chat, &plan);
}

static struct review *begin(const char *sender, const char *topic, const char *text)
{
    struct review *review = begin_kind(&in_order, sender, topic, text, 0);
    assert_non_null(review);
    return review;
}

static int decide(struct review *review, enum review_action action)
{
    const struct review_verdict verdict = {.action = action, .code = 1, .error = "", .text = "other"};
    return review_decide(&chat, review, &verdict);
}

/* Turns until there is nothing more to do at once. */
static void turn(void)
{
    while (reviews_tick(&chat))
        store_poll(chat.store);
}

static void pass_time(int64_t ms)
{
    chat.steady += ms;
    turn();
}

/* Order */

static void what_passes_waits_for_those_before_it_in_its_conversation(void **state)
{
    (void)state;
    struct review *m1 = begin("a", "chat/user/b", "m1"), *m2 = begin("b", "chat/user/a", "m2"),
                  *m3 = begin("a", "chat/user/b", "m3"), *other = begin("a", "chat/user/c", "o");
    assert_int_equal(decide(m3, REVIEW_PASS), CODE_OK);
    assert_int_equal(decide(m2, REVIEW_REPLACE), CODE_OK);
    turn();
    assert_string_equal(ended, "");
    assert_int_equal(decide(other, REVIEW_PASS), CODE_OK);
    assert_string_equal(ended, "pass:o ");
    assert_int_equal(decide(m1, REVIEW_PASS), CODE_OK);
    turn();
    assert_string_equal(ended, "pass:o pass:m1 replace:other pass:m3 ");
    assert_int_equal(chat.reviewing, 0);
}

static void what_is_refused_or_dropped_waits_for_nothing(void **state)
{
    (void)state;
    struct review *m1 = begin("a", "chat/group/g", "m1"), *m2 = begin("b", "chat/group/g", "m2"),
                  *m3 = begin("c", "chat/group/g", "m3");
    assert_int_equal(decide(m3, REVIEW_PASS), CODE_OK);
    assert_int_equal(decide(m2, REVIEW_DROP), CODE_OK);
    assert_int_equal(decide(m1, REVIEW_REFUSE), CODE_OK);
    turn();
    assert_string_equal(ended, "drop:m2 refuse:m1 pass:m3 ");
}

static void commands_keep_no_order(void **state)
{
    (void)state;
    assert_non_null(begin_kind(&in_none, "a", "chat/group/g", "c1", 0));
    struct review *c2 = begin_kind(&in_none, "a", "chat/group/g", "c2", 0),
                  *c3 = begin_kind(&in_none, "a", "", "c3", 0);
    assert_int_equal(decide(c3, REVIEW_PASS), CODE_OK);
    assert_int_equal(decide(c2, REVIEW_PASS), CODE_OK);
    assert_string_equal(ended, "pass:c3 pass:c2 ");
}

static void a_user_called_like_a_group_is_another_conversation(void **state)
{
    (void)state;
    begin("a", "chat/group/b", "g");
    struct review *private = begin("a", "chat/user/b", "p");
    assert_int_equal(decide(private, REVIEW_PASS), CODE_OK);
    assert_string_equal(ended, "pass:p ");
}

static void what_cannot_be_ended_now_stays(void **state)
{
    (void)state;
    struct review *m1 = begin("a", "chat/user/b", "m1"), *m2 = begin("a", "chat/user/b", "m2");
    busy = true;
    assert_int_equal(decide(m1, REVIEW_PASS), CODE_BUSY);
    assert_int_equal(decide(m2, REVIEW_PASS), CODE_OK);
    busy = false;
    assert_int_equal(decide(m1, REVIEW_PASS), CODE_OK);
    busy = true;
    assert_false(reviews_tick(&chat));
    busy = false;
    pass_time(100);
    assert_string_equal(ended, "pass:m1 pass:m2 ");
}

static void a_long_row_that_was_waiting_for_one_goes_in_several_turns(void **state)
{
    (void)state;
    struct review *first = begin("a", "chat/group/g", "x"), *others[500];
    for (size_t i = 0; i < COUNT(others); i++)
        others[i] = begin("a", "chat/group/g", "x");
    for (size_t i = 0; i < COUNT(others); i++)
        assert_int_equal(decide(others[i], REVIEW_PASS), CODE_OK);
    assert_int_equal(decide(first, REVIEW_PASS), CODE_OK);
    assert_true(chat.reviewing == 500);
    assert_true(reviews_tick(&chat));
    assert_in_range(chat.reviewing, 1, 499);
    turn();
    assert_int_equal(chat.reviewing, 0);
}

/* The clock */

static void what_nobody_decides_is_as_the_default_says(void **state)
{
    (void)state;
    assert_true(reviewer_add(&chat, &anna));
    begin("a", "chat/user/b", "m1");
    pass_time(1 * SECOND);
    begin("a", "chat/user/b", "m2");
    pass_time(4 * SECOND - 1);
    assert_string_equal(ended, "");
    pass_time(1);
    assert_string_equal(ended, "pass:m1 ");
    chat.options.review_default = REVIEW_DEFAULT_REFUSE;
    pass_time(1 * SECOND);
    assert_string_equal(ended, "pass:m1 refuse:m2 ");
    reviewer_remove(&chat, &anna);
}

static void time_begins_anew_after_a_restart(void **state)
{
    (void)state;
    begin("a", "chat/user/b", "m1");
    pass_time(4 * SECOND);
    restart(*state);
    pass_time(4 * SECOND);
    assert_string_equal(ended, "");
    pass_time(1 * SECOND);
    assert_string_equal(ended, "pass:m1 ");
    restart(*state);
    assert_int_equal(chat.reviewing, 0);
}

static bool would_wait(const char *sender, const char *topic)
{
    bool waits;
    assert_int_equal(review_check(&chat, &in_order, sender, topic, &waits), CODE_OK);
    return waits;
}

static void without_a_reviewer_for_ten_seconds_nothing_waits(void **state)
{
    bool waits;
    (void)state;
    chat.options.review_seconds = 30;
    assert_true(reviewer_add(&chat, &anna));
    pass_time(60 * SECOND);
    reviewer_remove(&chat, &anna);
    begin("a", "chat/user/b", "m1");
    pass_time(10 * SECOND - 1);
    assert_true(would_wait("a", "chat/user/b"));
    chat.steady++;
    assert_true(would_wait("b", "chat/user/a")); /* behind m1, which is still there */
    assert_false(would_wait("a", "chat/user/c"));
    turn();
    assert_string_equal(ended, "pass:m1 ");
    assert_false(would_wait("a", "chat/user/b"));
    chat.options.review_default = REVIEW_DEFAULT_REFUSE;
    assert_int_equal(review_check(&chat, &in_order, "a", "chat/user/b", &waits), CODE_REFUSED);
    assert_int_equal(review_check(&chat, &in_order, "a", "chat/group/g", &waits), CODE_GROUP_REFUSED);
    assert_int_equal(review_check(&chat, &in_none, "a", "", &waits), CODE_GROUP_REFUSED);
    assert_true(reviewer_add(&chat, &anna));
    assert_true(would_wait("a", "chat/user/b"));
    reviewer_remove(&chat, &anna);
}

/* Reviewers */

static size_t given_to(const char *client)
{
    size_t count = 0;
    for (size_t i = 0; i < given_count; i++)
        count += strcmp(given[i].client, client) == 0;
    return count;
}

static void reviewers_take_turns_and_get_five_hundred_each(void **state)
{
    (void)state;
    assert_true(reviewer_add(&chat, &anna) && reviewer_add(&chat, &otto) && reviewer_add(&chat, &otto));
    for (int i = 0; i < 1001; i++)
        begin(i % 2 ? "a" : "b", "chat/group/g", "x");
    assert_true(given_to("anna") == 500 && given_to("otto") == 500);
    assert_true(given[0].number < given[1].number && strcmp(given[0].client, given[1].client) != 0);
    struct review *one = review_of(&chat, &anna, given[0].number);
    assert_non_null(one);
    assert_null(review_of(&chat, &otto, given[0].number));
    assert_int_equal(decide(one, REVIEW_REFUSE), CODE_OK);
    turn();
    assert_int_equal(given_to("anna"), 501);
    reviewer_remove(&chat, &anna);
    reviewer_remove(&chat, &otto);
}

static void what_one_had_who_goes_is_given_to_the_next(void **state)
{
    (void)state;
    assert_true(reviewer_add(&chat, &anna));
    for (int i = 0; i < 500; i++)
        begin("a", "chat/group/g", "x");
    begin("b", "chat/group/g", "nobody has had it");
    assert_true(reviewer_add(&chat, &otto));
    turn();
    assert_int_equal(given_to("otto"), 1);
    reviewer_remove(&chat, &anna);
    turn();
    assert_int_equal(given_to("otto"), 500);
    assert_int_equal(given[501].number, given[0].number);
    assert_null(review_of(&chat, &anna, given[0].number));
    assert_non_null(review_of(&chat, &otto, given[0].number));
    reviewer_remove(&chat, &otto);
}

static void who_does_not_read_is_given_nothing(void **state)
{
    (void)state;
    assert_true(reviewer_add(&chat, &anna));
    reads_nothing = true;
    begin("a", "chat/group/g", "x");
    turn();
    assert_int_equal(given_count, 0);
    reads_nothing = false;
    turn();
    assert_int_equal(given_count, 1);
    reviewer_remove(&chat, &anna);
}

/* What fits */

static void of_one_user_a_thousand_wait(void **state)
{
    bool waits;
    (void)state;
    for (int i = 0; i < USER_REVIEWS_MAX; i++)
        begin("a", "chat/group/g", "x");
    assert_int_equal(review_check(&chat, &in_order, "a", "chat/user/b", &waits), CODE_TOO_FAST);
    assert_true(would_wait("b", "chat/group/g"));
}

static void of_one_user_so_many_bytes_wait(void **state)
{
    bool waits;
    char *text = malloc(1 << 20);
    (void)state;
    assert_non_null(text);
    memset(text, 'x', (1 << 20) - 1);
    text[(1 << 20) - 1] = '\0';
    for (int i = 0; i < 8; i++)
        begin("a", "chat/group/g", text);
    free(text);
    assert_int_equal(review_check(&chat, &in_order, "a", "chat/user/b", &waits), CODE_TOO_FAST);
    assert_true(would_wait("b", "chat/group/g"));
}

static void of_all_ten_thousand_wait_and_then_it_is_the_default(void **state)
{
    bool waits;
    char user[8];
    (void)state;
    for (int i = 0; i < REVIEWS_MAX; i++) {
        snprintf(user, sizeof user, "u%d", i / 900);
        begin(user, "chat/group/g", "x");
    }
    assert_false(would_wait("new", "chat/group/g"));
    chat.options.review_default = REVIEW_DEFAULT_REFUSE;
    assert_int_equal(review_check(&chat, &in_order, "new", "chat/group/g", &waits), CODE_GROUP_REFUSED);
}

/* random */

static void the_same_random_is_known_while_it_waits(void **state)
{
    struct review *review = begin_kind(&in_order, "a", "chat/user/b", "m", 7);
    assert_true(review_is_waiting(&chat, "a", "chat/user/b", 7));
    assert_false(review_is_waiting(&chat, "a", "chat/user/c", 7));
    assert_false(review_is_waiting(&chat, "c", "chat/user/b", 7));
    assert_false(review_is_waiting(&chat, "a", "chat/user/b", 8));
    assert_int_equal(decide(review, REVIEW_DROP), CODE_OK);
    assert_false(review_is_waiting(&chat, "a", "chat/user/b", 7));
    assert_non_null(begin_kind(&in_order, "a", "chat/user/b", "m", 9));
    restart(*state);
    assert_true(review_is_waiting(&chat, "a", "chat/user/b", 9));
}

/* A restart */

static void after_a_restart_all_is_as_it_was_and_what_was_decided_is_not_asked_again(void **state)
{
    struct review *m1 = begin("a", "chat/user/b", "m1"), *m2 = begin("a", "chat/user/b", "m2"),
                  *m3 = begin("a", "chat/user/b", "m3");
    const int64_t first = m1->number, third = m3->number;
    assert_int_equal(decide(m2, REVIEW_REPLACE), CODE_OK);
    restart(*state);
    assert_true(reviewer_add(&chat, &anna));
    turn();
    assert_true(given_count == 2 && given[0].number == first && given[1].number == third);
    m1 = review_of(&chat, &anna, first);
    assert_true(strcmp(m1->sender, "a") == 0 && strcmp(m1->client, "phone") == 0 && m1->qos == 1 &&
                strcmp(m1->platform, "ios") == 0 && strcmp(m1->address, "::1") == 0 && m1->time == 1 &&
                strcmp(m1->topic, "chat/user/b") == 0 && strcmp(m1->text, "m1") == 0);
    assert_int_equal(decide(review_of(&chat, &anna, third), REVIEW_PASS), CODE_OK);
    assert_int_equal(decide(m1, REVIEW_PASS), CODE_OK);
    turn();
    assert_string_equal(ended, "pass:m1 pass:other pass:m3 ");
    assert_true(begin("a", "chat/user/b", "m4")->number > third);
    reviewer_remove(&chat, &anna);
}

/* Without memory */

static bool try_to_begin(void *context)
{
    (void)context;
    return begin_kind(&in_order, "a", "chat/user/b", "m", 7) != NULL;
}

static bool nothing_waits(void *context)
{
    (void)context;
    chat.steady += 60 * SECOND;
    turn();
    return chat.reviewing == 0 && !review_is_waiting(&chat, "a", "chat/user/b", 7) && ended[0] == '\0';
}

static void without_memory_nothing_begins_to_wait(void **state)
{
    assert_true(fail_each(try_to_begin, nothing_waits, NULL) >= 6);
    assert_int_equal(chat.reviewing, 1);
    restart(*state);
    assert_int_equal(chat.reviewing, 1);
}

static bool try_to_come(void *context)
{
    (void)context;
    return reviewer_add(&chat, &anna);
}

static bool nobody_is_there(void *context)
{
    (void)context;
    return !reviewer_identifier(&chat, &anna);
}

static void without_memory_nobody_becomes_a_reviewer(void **state)
{
    (void)state;
    assert_true(fail_each(try_to_come, nobody_is_there, NULL) >= 1);
    assert_non_null(reviewer_identifier(&chat, &anna));
    reviewer_remove(&chat, &anna);
}

static bool try_to_replace(void *context)
{
    return decide(context, REVIEW_REPLACE) == CODE_OK;
}

static bool still_waits(void *context)
{
    const struct review *review = context;
    return !review->passed && chat.reviewing == 2;
}

static void without_memory_a_decision_is_not_noted(void **state)
{
    (void)state;
    begin("a", "chat/user/b", "first");
    assert_true(fail_each(try_to_replace, still_waits, begin("a", "chat/user/b", "second")) >= 1);
}

/* Who goes */

static void with_a_user_or_a_group_goes_what_waits(void **state)
{
    (void)state;
    assert_true(reviewer_add(&chat, &anna));
    begin("a", "chat/user/b", "from a");
    begin("b", "chat/user/a", "to a");
    struct review *passed = begin("c", "chat/user/a", "and passed"),
                  *last = begin("c", "chat/user/a", "more");
    begin("c", "chat/group/a", "a group");
    begin("c", "chat/user/b", "none of his");
    assert_int_equal(decide(last, REVIEW_PASS), CODE_OK);
    (void)passed;
    reviews_lose_user(&chat, "a");
    turn();
    assert_string_equal(ended, "refuse:from a refuse:to a refuse:and passed refuse:more ");
    reviews_lose_group(&chat, "a");
    turn();
    assert_non_null(strstr(ended, "refuse:a group "));
    assert_int_equal(chat.reviewing, 1);
    reviewer_remove(&chat, &anna);
}

static void codes_are_those_of_the_place(void **state)
{
    (void)state;
    struct review *private = begin("a", "chat/user/b", "x"), *group = begin("a", "chat/group/g", "x"),
                  *command = begin_kind(&in_none, "a", "", "x", 0);
    static const int64_t chosen[] = {0,     20006, 120000, 120001, 130000, 130001,
                                     10016, 10099, 10100,  10200,  10201,  -1};
    static const int of_private[] = {20006, 20006, 20006, 120001, 130000, 20006,
                                     20006, 20006, 20006, 20006,  20006,  20006};
    static const int of_group[] = {10016, 10016, 10016, 10016, 10016, 10016,
                                   10016, 10016, 10100, 10200, 10016, 10016};
    for (size_t i = 0; i < COUNT(chosen); i++) {
        assert_int_equal(review_code(private, chosen[i]), of_private[i]);
        assert_int_equal(review_code(group, chosen[i]), of_group[i]);
        assert_int_equal(review_code(command, chosen[i]), of_group[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_reviews, tear_down_reviews)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_passes_waits_for_those_before_it_in_its_conversation),
        TEST(what_is_refused_or_dropped_waits_for_nothing),
        TEST(commands_keep_no_order),
        TEST(a_user_called_like_a_group_is_another_conversation),
        TEST(what_cannot_be_ended_now_stays),
        TEST(a_long_row_that_was_waiting_for_one_goes_in_several_turns),
        TEST(what_nobody_decides_is_as_the_default_says),
        TEST(time_begins_anew_after_a_restart),
        TEST(without_a_reviewer_for_ten_seconds_nothing_waits),
        TEST(reviewers_take_turns_and_get_five_hundred_each),
        TEST(what_one_had_who_goes_is_given_to_the_next),
        TEST(who_does_not_read_is_given_nothing),
        TEST(of_one_user_a_thousand_wait),
        TEST(of_one_user_so_many_bytes_wait),
        TEST(of_all_ten_thousand_wait_and_then_it_is_the_default),
        TEST(the_same_random_is_known_while_it_waits),
        TEST(after_a_restart_all_is_as_it_was_and_what_was_decided_is_not_asked_again),
        TEST(without_memory_nothing_begins_to_wait),
        TEST(without_memory_nobody_becomes_a_reviewer),
        TEST(without_memory_a_decision_is_not_noted),
        TEST(with_a_user_or_a_group_goes_what_waits),
        TEST(codes_are_those_of_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
