/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The push queue with a real store; the nouns around it are a few lines of memory here. */
#include "plugin/people/member.h"
#include "plugin/push/push.h"
#include "plugin/push/push_answer.h"
#include "plugin/push/push_put.h"
#include "plugin/push/push_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "acl/code.h"
#include "acl/rules.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/cursor.h"
#include "plugin/session/departed.h"
#include "plugin/session/device.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/log.h"

#define SENT_MAX 2000

/* alice writes to bob; bob's phone is away, with a token. worker1 and worker2 are push workers. */
static struct chat chat;
static struct user bob;
static struct conversation pair;
static struct member bob_in_pair;
static struct session worker1, worker2, phone;
static struct {
    char client[32];
    char text[700];
} sent[SENT_MAX];
static int sent_count;
static bool phone_connected;
static int64_t phone_position;
static char folder[64];

/* The nouns */

bool broker_send(const char *client_id, const char *topic, const void *head, size_t head_len,
                 const void *tail, size_t tail_len, int qos, uint32_t identifier)
{
    (void)identifier;
    (void)tail;
    assert_string_equal(topic, "chat/push");
    assert_int_equal(qos, 1);
    assert_int_equal(tail_len, 0);
    assert_true(sent_count < SENT_MAX);
    snprintf(sent[sent_count].client, sizeof sent->client, "%s", client_id);
    snprintf(sent[sent_count].text, sizeof sent->text, "%.*s", (int)head_len, (const char *)head);
    sent_count++;
    return true;
}

void broker_warn(const char *format, ...)
{
    (void)format;
}

struct conversation *conversation_by_id(struct chat *c, int64_t id)
{
    (void)c;
    static struct conversation others[SENT_MAX];
    if (id == pair.id)
        return &pair;
    others[id % SENT_MAX] = pair;
    others[id % SENT_MAX].id = id;
    return &others[id % SENT_MAX];
}

const struct group_traits *conversation_traits(const struct conversation *conversation)
{
    return group_traits(conversation->group->type);
}

struct member *member_find(struct chat *c, struct conversation *conversation, const char *user_id)
{
    (void)c, (void)conversation;
    return strcmp(user_id, "bob") == 0 ? &bob_in_pair : NULL;
}

int64_t visible_since(const struct member *member)
{
    return member->joined_id;
}

bool visible_deleted(struct chat *c, const struct member *member, int64_t id)
{
    (void)c, (void)member, (void)id;
    return false;
}

int64_t member_unread(struct chat *c, const struct member *member)
{
    (void)c;
    return member->conversation->last_seq;
}

struct user *user_in_memory(struct chat *c, const char *id)
{
    (void)c, (void)id;
    return NULL;
}

struct user *user_find(struct chat *c, const char *id)
{
    (void)c, (void)id;
    return NULL;
}

const char *user_name(const struct user *user)
{
    return user->id;
}

int64_t user_total_unread(struct chat *c, struct user *user)
{
    (void)c, (void)user;
    return 0;
}

bool memberships_load(struct chat *c, struct user *user)
{
    (void)c, (void)user;
    return true;
}

bool devices_stale(const struct chat *c, const struct user *user)
{
    (void)c, (void)user;
    return false;
}

void departed_tokens_lost(struct chat *c, const char *user)
{
    (void)c, (void)user;
}

void departed_token_lost(struct chat *c, const char *client_id)
{
    (void)c, (void)client_id;
}

struct session *session_by_client_id(struct chat *c, const char *client_id)
{
    (void)c;
    return phone_connected && strcmp(client_id, phone.client_id) == 0 ? &phone : NULL;
}

void subscription_topic(char out[STORED_TOPIC_MAX], enum subscription_kind kind,
                        const struct conversation *conversation)
{
    (void)kind, (void)conversation;
    strcpy(out, "inbox");
}

struct subscription *subscription_named(const struct session *session,
                                        const struct conversation *conversation)
{
    (void)session, (void)conversation;
    return NULL;
}

int64_t subscription_position(struct chat *c, struct subscription *subscription)
{
    (void)c, (void)subscription;
    return phone_position;
}

/* Steps */

static void settle(void)
{
    store_poll(chat.store);
    while (store_counters(chat.store).ring_used > 0) {
        usleep(200);
        store_poll(chat.store);
    }
}

/* Time passes: a turn of the broker every 25 ms, each with everything committed. */
static void wait_ms(int64_t ms)
{
    chat.now += ms;
    chat.steady += ms;
    for (int i = 0; i < 4; i++) {
        settle();
        push_tick(&chat);
        chat.now += 25;
        chat.steady += 25;
    }
    settle();
}

static void commit(void)
{
    store_commit(chat.store);
    settle();
}

static int64_t say_as(const char *sender, const char *body, enum message_push push)
{
    assert_true(store_begin(chat.store));
    struct message message = {.id = store_next_id(chat.store),
                              .conversation = pair.id,
                              .seq = ++pair.last_seq,
                              .time = chat.now,
                              .sender = sender,
                              .client = "",
                              .push = push,
                              .body = body,
                              .body_len = strlen(body)};
    assert_true(log_append(chat.log, &message, pair.last_id));
    push_put(&chat, &pair, &message, NULL, 0);
    pair.last_id = message.id;
    commit();
    return message.id;
}

static int64_t say(const char *body)
{
    return say_as("alice", body, PUSH_WILLING);
}

/* worker1 comes, and a turn passes. */
static void serve(void)
{
    push_worker_add(&chat, &worker1);
    wait_ms(100);
}

/* alice writes, and worker1 has the job. */
static void send_out(void)
{
    push_worker_add(&chat, &worker1);
    say("\"text\":\"one\"}");
    wait_ms(100);
}

static int64_t member_number(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    return atoll(at + strlen(name));
}

static const char *last(void)
{
    assert_true(sent_count > 0);
    return sent[sent_count - 1].text;
}

static int64_t last_job(void)
{
    return member_number(last(), "\"job\":");
}

static int64_t rows(void)
{
    int64_t pending, dead;
    settle();
    chat.steady += 10000;
    push_counts(&chat, &pending, &dead);
    chat.steady -= 10000;
    return pending * 1000 + dead;
}

static void fail_last(int64_t retry_after, bool invalid)
{
    const struct push_failure failure = {
        .retry_after_seconds = retry_after, .error = "no", .invalid_token = invalid};
    assert_int_equal(push_failed(&chat, last_job(), &failure), CODE_OK);
    settle();
}

static int set_up(void **state)
{
    char database[100], ring[100], error[500];
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_push.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(database, sizeof database, "%s/db", folder);
    snprintf(ring, sizeof ring, "%s/ring", folder);
    chat = (struct chat){.now = 1700000000000,
                         .steady = 86400000,
                         .options = {.push_lease_seconds = 30, .push_ttl_seconds = 86400}};
    const struct store_config config = {
        .database = database, .ring_file = ring, .ring_bytes = 4 << 20, .sync = SYNC_OFF};
    if (store_open(&chat.store, &config, error, sizeof error) || log_open(&chat.log, chat.store) ||
        push_open(&chat))
        return -1;
    sent_count = 0;
    phone_connected = false;
    phone_position = 0;
    bob = (struct user){.id = "bob"};
    pair = (struct conversation){.id = 1, .a = "alice", .b = "bob"};
    bob_in_pair = (struct member){.conversation = &pair, .user_id = "bob", .user = &bob, .role = ROLE_MEMBER};
    bob.memberships = &bob_in_pair;
    static char name1[] = "worker1", name2[] = "worker2", phone_name[] = "bob:ios";
    worker1 = (struct session){.client_id = name1};
    worker2 = (struct session){.client_id = name2};
    phone = (struct session){.client_id = phone_name, .user = &bob};
    assert_true(store_begin(chat.store));
    store_put(chat.store, W_CONVERSATION_ADD, "itt", (int64_t)1, "alice", "bob");
    store_put(chat.store, W_MEMBER_SET, "itiiiiii", (int64_t)1, "bob", (int64_t)1, (int64_t)0, (int64_t)0,
              (int64_t)0, (int64_t)0, (int64_t)0);
    store_put(chat.store, W_DEVICE_LOGIN, "ttii", "bob:ios", "bob", (int64_t)1, chat.now);
    store_put(chat.store, W_DEVICE_OFFLINE, "ti", "bob:ios", chat.now);
    commit();
    assert_int_equal(push_set_token(&chat, &phone, "apns", NULL, "t1"), CODE_OK);
    settle();
    return 0;
}

static int tear_down(void **state)
{
    char command[100];
    (void)state;
    push_close(&chat);
    log_close(chat.log);
    store_close(chat.store);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* Tests */

static void a_job_goes_to_a_worker_as_described(void **state)
{
    (void)state;
    char expected[700];
    push_worker_add(&chat, &worker1);
    int64_t time = chat.now, id = say("\"text\":\"hi\"}");
    wait_ms(100);
    snprintf(
        expected, sizeof expected,
        "{\"job\":1,\"attempt\":1,\"provider\":\"apns\",\"token\":\"t1\",\"tokenTime\":1700000000000,"
        "\"userID\":\"bob\",\"clientID\":"
        "\"bob:ios\",\"title\":\"alice\",\"body\":\"hi\",\"badge\":1,\"collapse\":\"user/alice\",\"message\":"
        "{\"id\":%lld,\"sender\":\"alice\",\"to\":\"bob\"},\"time\":%lld,\"expire\":%lld}",
        (long long)id, (long long)time, (long long)time + 86400000);
    assert_string_equal(last(), expected);
}

static void a_worker_that_waits_gets_a_job_at_the_first_tick_after_its_commit(void **state)
{
    (void)state;
    serve();
    say("\"text\":\"hi\"}");
    assert_true(push_tick(&chat)); /* now it is known what has to be committed */
    settle();
    push_tick(&chat);
    assert_int_equal(sent_count, 1);
}

static void a_job_goes_out_once(void **state)
{
    (void)state;
    push_worker_add(&chat, &worker1);
    say("\"text\":\"hi\"}");
    wait_ms(100);
    wait_ms(5000);
    assert_int_equal(sent_count, 1);
}

static void a_job_that_waited_stands_for_the_newest_message(void **state)
{
    (void)state;
    say("\"text\":\"one\"}");
    int64_t id = say("\"text\":\"two\"}");
    serve();
    assert_int_equal(member_number(last(), "\"id\":"), id);
}

static void a_message_after_a_job_went_out_makes_another(void **state)
{
    (void)state;
    send_out();
    say("\"text\":\"two\"}");
    wait_ms(100);
    assert_int_equal(sent_count, 2);
}

static void an_answer_of_the_other_side_makes_jobs_for_who_wrote_before(void **state)
{
    (void)state;
    say_as("bob", "\"text\":\"anybody there?\"}", PUSH_WILLING);
    say("\"text\":\"yes\"}");
    serve();
    assert_int_equal(sent_count, 1);
}

static void a_done_job_is_gone(void **state)
{
    (void)state;
    send_out();
    assert_int_equal(push_done(&chat, &(int64_t){last_job()}, 1), CODE_OK);
    assert_int_equal(rows(), 0);
}

static void an_answer_gives_its_worker_credit_back(void **state)
{
    (void)state;
    send_out();
    assert_int_equal(push_done(&chat, &(int64_t){last_job()}, 1), CODE_OK);
    assert_int_equal(worker1.push.out, 0);
}

static void a_job_without_an_answer_goes_out_again(void **state)
{
    (void)state;
    send_out();
    wait_ms(30000);
    assert_int_equal(member_number(last(), "\"attempt\":"), 2);
}

static void a_lease_that_ended_costs_its_worker_no_credit(void **state)
{
    (void)state;
    send_out();
    wait_ms(30000);
    assert_int_equal(worker1.push.out, 1);
}

static void a_job_never_answered_is_dead_after_eight_attempts(void **state)
{
    (void)state;
    push_worker_add(&chat, &worker1);
    say("\"text\":\"one\"}");
    for (int i = 0; i < 10; i++)
        wait_ms(30000);
    assert_int_equal(sent_count * 10 + rows(), 81);
}

static void a_worker_that_goes_leaves_its_jobs_to_the_next_at_once(void **state)
{
    (void)state;
    send_out();
    push_worker_remove(&chat, &worker1);
    push_worker_add(&chat, &worker2);
    wait_ms(100);
    assert_string_equal(sent[sent_count - 1].client, "worker2");
}

static void a_failed_job_waits_ten_seconds(void **state)
{
    (void)state;
    send_out();
    fail_last(-1, false);
    wait_ms(9000);
    assert_int_equal(sent_count, 1);
    wait_ms(1000);
    assert_int_equal(sent_count, 2);
}

static void a_worker_may_say_when_to_try_again(void **state)
{
    (void)state;
    send_out();
    fail_last(0, false);
    wait_ms(100);
    assert_int_equal(member_number(last(), "\"attempt\":"), 2);
}

static void a_newer_job_that_went_out_ends_one_that_waits_for_its_next_attempt(void **state)
{
    (void)state;
    send_out();
    fail_last(-1, false);
    say("\"text\":\"two\"}");
    wait_ms(100);
    assert_int_equal(push_done(&chat, &(int64_t){last_job()}, 1), CODE_OK);
    wait_ms(10000);
    assert_int_equal(sent_count, 2);
}

static void the_eighth_failure_is_the_last(void **state)
{
    (void)state;
    push_worker_add(&chat, &worker1);
    say("\"text\":\"one\"}");
    for (int i = 0; i < 8; i++) {
        wait_ms(100);
        fail_last(0, false);
    }
    wait_ms(100);
    assert_int_equal(sent_count * 10 + rows(), 81);
}

static void a_failure_that_is_dead_is_the_last(void **state)
{
    (void)state;
    send_out();
    const struct push_failure failure = {.retry_after_seconds = -1, .error = "no", .dead = true};
    assert_int_equal(push_failed(&chat, last_job(), &failure), CODE_OK);
    assert_int_equal(rows(), 1);
}

static void an_invalid_token_is_dropped_with_its_jobs(void **state)
{
    (void)state;
    send_out();
    fail_last(-1, true);
    say("\"text\":\"two\"}");
    wait_ms(100);
    assert_int_equal(sent_count * 10 + rows(), 10);
}

static void an_invalid_token_that_was_replaced_meanwhile_costs_nothing(void **state)
{
    (void)state;
    send_out();
    assert_int_equal(push_set_token(&chat, &phone, "apns", NULL, "t2"), CODE_OK);
    fail_last(-1, true);
    wait_ms(100);
    assert_non_null(strstr(last(), "\"token\":\"t2\""));
}

static void what_was_read_is_not_pushed(void **state)
{
    (void)state;
    bob_in_pair.read_id = say("\"text\":\"one\"}");
    serve();
    assert_int_equal(sent_count + rows(), 0);
}

static void what_the_device_has_received_is_not_pushed(void **state)
{
    (void)state;
    struct subscription feed = {.kind = SUBSCRIPTION_FEED};
    phone_position = say("\"text\":\"one\"}");
    phone_connected = true;
    phone.feed = &feed;
    serve();
    assert_int_equal(sent_count + rows(), 0);
}

static void a_device_in_the_background_is_pushed_what_it_has_received(void **state)
{
    (void)state;
    struct subscription feed = {.kind = SUBSCRIPTION_FEED};
    phone_position = say("\"text\":\"one\"}");
    phone_connected = phone.presence.background = true;
    phone.feed = &feed;
    serve();
    assert_int_equal(sent_count, 1);
}

static void what_was_handed_to_a_dying_connection_is_pushed(void **state)
{
    (void)state;
    int64_t id = say("\"text\":\"one\"}");
    assert_true(store_begin(chat.store));
    store_put(chat.store, W_PUSH_DROP_DEVICE, "t", "bob:ios");
    store_put(chat.store, W_CONVERSATION_TOUCH, "iiii", pair.id, pair.last_seq, id, chat.now);
    store_put(chat.store, W_SUBSCRIPTION_SET, "ttii", "bob:ios", "feed", (int64_t)1, id - 1);
    push_put_handed(&chat, "bob:ios", id - 1);
    store_put(chat.store, W_SUBSCRIPTION_CURSOR, "tti", "bob:ios", "feed", id);
    commit();
    serve();
    assert_int_equal(sent_count, 1);
}

static void who_has_left_is_not_pushed(void **state)
{
    (void)state;
    say("\"text\":\"one\"}");
    bob_in_pair.role = ROLE_NONE;
    serve();
    assert_int_equal(sent_count + rows(), 0);
}

static void at_all_is_pushed_to_who_is_not_to_be_notified_and_later_talk_is_not(void **state)
{
    (void)state;
    bob_in_pair.receive_option = RECEIVE_NOT_NOTIFY;
    int64_t id = say_as("alice", "\"text\":\"all\"}", PUSH_EVERYBODY);
    say("\"text\":\"talk\"}");
    serve();
    assert_int_equal(member_number(last(), "\"id\":"), id);
}

static void a_job_is_found_behind_more_of_his_own_messages_than_are_looked_at(void **state)
{
    (void)state;
    int64_t id = say("\"text\":\"one\"}");
    for (int i = 0; i < 250; i++)
        say_as("bob", "\"text\":\"me\"}", PUSH_WILLING);
    serve();
    assert_int_equal(member_number(last(), "\"id\":"), id);
}

static void an_expired_job_goes_without_any_worker(void **state)
{
    (void)state;
    say("\"text\":\"one\"}");
    wait_ms(86400000 + 10000);
    assert_int_equal(rows(), 0);
}

static void an_old_job_with_a_new_message_stays(void **state)
{
    (void)state;
    say("\"text\":\"one\"}");
    chat.now += 86000000;
    say("\"text\":\"two\"}");
    wait_ms(500000);
    assert_int_equal(rows(), 1000);
}

/* Jobs of many conversations for the one device. */
static void make_jobs(int count)
{
    int64_t id = say("\"text\":\"one\"}");
    for (int i = 2; i <= count; i++) {
        assert_true(store_begin(chat.store));
        store_put(chat.store, W_MESSAGE_ADD, "iiittiiiitb", id + i, (int64_t)i, (int64_t)1, "alice", "",
                  chat.now, (int64_t)0, (int64_t)0, (int64_t)1, NULL, "\"text\":\"x\"}", (size_t)11);
        store_put(chat.store, W_MEMBER_SET, "itiiiiii", (int64_t)i, "bob", (int64_t)1, (int64_t)0, (int64_t)0,
                  (int64_t)0, (int64_t)0, (int64_t)0);
        store_put(chat.store, W_PUSH_ADD, "iitii", (int64_t)i, id + i, "alice", chat.now, (int64_t)0);
        store_commit(chat.store);
    }
    settle();
}

static void a_worker_has_at_most_500_jobs(void **state)
{
    (void)state;
    make_jobs(600);
    push_worker_add(&chat, &worker1);
    for (int i = 0; i < 40; i++)
        wait_ms(50);
    assert_int_equal(sent_count, 500);
}

static void two_workers_share(void **state)
{
    (void)state;
    int of_first = 0;
    push_worker_add(&chat, &worker1);
    push_worker_add(&chat, &worker2);
    make_jobs(40);
    wait_ms(50);
    wait_ms(50);
    for (int i = 0; i < sent_count; i++)
        of_first += strcmp(sent[i].client, "worker1") == 0;
    assert_int_equal(sent_count * 100 + of_first, 4020);
}

static void a_device_whose_token_is_taken_has_none(void **state)
{
    (void)state;
    static char pad_name[] = "bob:ipad";
    struct session pad = {.client_id = pad_name, .user = &bob};
    assert_true(store_begin(chat.store));
    store_put(chat.store, W_DEVICE_LOGIN, "ttii", "bob:ipad", "bob", (int64_t)1, chat.now);
    store_put(chat.store, W_DEVICE_OFFLINE, "ti", "bob:ipad", chat.now);
    commit();
    phone_connected = true;
    assert_int_equal(push_set_token(&chat, &pad, "apns", NULL, "t1"), CODE_OK);
    assert_false(phone.device.has_token);
}

/* The database may show that the phone has it before it shows that the pad took it. */
static void a_token_that_was_given_a_moment_ago_can_be_taken_too(void **state)
{
    (void)state;
    static char pad_name[] = "bob:ipad";
    struct session pad = {.client_id = pad_name, .user = &bob};
    phone_connected = true;
    assert_int_equal(push_set_token(&chat, &phone, "apns", NULL, "t9"), CODE_OK);
    assert_int_equal(push_set_token(&chat, &pad, "apns", NULL, "t9"), CODE_OK);
    assert_false(phone.device.has_token);
}

/* Of two changes that are not committed the last one counts. */
static void a_token_that_was_given_up_a_moment_ago_is_taken_from_nobody(void **state)
{
    (void)state;
    static char pad_name[] = "bob:ipad";
    struct session pad = {.client_id = pad_name, .user = &bob};
    phone_connected = true;
    assert_int_equal(push_set_token(&chat, &phone, "apns", NULL, "t9"), CODE_OK);
    assert_int_equal(push_set_token(&chat, &phone, "apns", NULL, "t10"), CODE_OK);
    assert_int_equal(push_set_token(&chat, &pad, "apns", NULL, "t9"), CODE_OK);
    assert_true(phone.device.has_token);
}

static void a_failure_that_does_not_count_is_no_attempt(void **state)
{
    (void)state;
    const struct push_failure failure = {.error = "no", .uncounted = true};
    send_out();
    for (int i = 0; i < 20; i++) {
        assert_int_equal(push_failed(&chat, last_job(), &failure), CODE_OK);
        settle();
        wait_ms(100);
        assert_int_equal(member_number(last(), "\"attempt\":"), 1);
    }
    assert_int_equal(sent_count * 10 + rows() / 1000, 211);
}

static void a_frame_that_cannot_begin_is_told_as_busy(void **state)
{
    (void)state;
    assert_true(store_begin(chat.store));
    assert_int_equal(push_set_token(&chat, &phone, "apns", NULL, "t3"), CODE_BUSY);
    store_abort(chat.store);
}

static void a_device_with_an_assigned_id_cannot_set_a_token(void **state)
{
    (void)state;
    phone.assigned_id = true;
    assert_int_equal(push_set_token(&chat, &phone, "apns", NULL, "t3"), CODE_BAD_REQUEST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_goes_to_a_worker_as_described),
        TEST(a_worker_that_waits_gets_a_job_at_the_first_tick_after_its_commit),
        TEST(a_job_goes_out_once),
        TEST(a_job_that_waited_stands_for_the_newest_message),
        TEST(a_message_after_a_job_went_out_makes_another),
        TEST(an_answer_of_the_other_side_makes_jobs_for_who_wrote_before),
        TEST(a_done_job_is_gone),
        TEST(an_answer_gives_its_worker_credit_back),
        TEST(a_job_without_an_answer_goes_out_again),
        TEST(a_lease_that_ended_costs_its_worker_no_credit),
        TEST(a_job_never_answered_is_dead_after_eight_attempts),
        TEST(a_worker_that_goes_leaves_its_jobs_to_the_next_at_once),
        TEST(a_failed_job_waits_ten_seconds),
        TEST(a_worker_may_say_when_to_try_again),
        TEST(a_newer_job_that_went_out_ends_one_that_waits_for_its_next_attempt),
        TEST(the_eighth_failure_is_the_last),
        TEST(a_failure_that_is_dead_is_the_last),
        TEST(an_invalid_token_is_dropped_with_its_jobs),
        TEST(an_invalid_token_that_was_replaced_meanwhile_costs_nothing),
        TEST(what_was_read_is_not_pushed),
        TEST(what_the_device_has_received_is_not_pushed),
        TEST(a_device_in_the_background_is_pushed_what_it_has_received),
        TEST(what_was_handed_to_a_dying_connection_is_pushed),
        TEST(who_has_left_is_not_pushed),
        TEST(at_all_is_pushed_to_who_is_not_to_be_notified_and_later_talk_is_not),
        TEST(a_job_is_found_behind_more_of_his_own_messages_than_are_looked_at),
        TEST(an_expired_job_goes_without_any_worker),
        TEST(an_old_job_with_a_new_message_stays),
        TEST(a_worker_has_at_most_500_jobs),
        TEST(two_workers_share),
        TEST(a_device_whose_token_is_taken_has_none),
        TEST(a_token_that_was_given_a_moment_ago_can_be_taken_too),
        TEST(a_token_that_was_given_up_a_moment_ago_is_taken_from_nobody),
        TEST(a_failure_that_does_not_count_is_no_attempt),
        TEST(a_frame_that_cannot_begin_is_told_as_busy),
        TEST(a_device_with_an_assigned_id_cannot_set_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
