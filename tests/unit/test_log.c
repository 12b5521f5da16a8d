/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The message log against a model, at every mixture of what is in the database and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "schema/log.h"
#include "tests/unit/store_fixture.h"

#define TALKS     4
#define SENDERS   3
#define MODEL_MAX 4000

static const char *const senders[SENDERS] = {"alice", "bob", "carol"};

/* What was appended, by whom to where. */
struct log_model {
    struct {
        int64_t conversation;
        int sender;
        enum message_kind kind;
        size_t body_len;
    } message[MODEL_MAX + 1]; /* by id */
    int64_t last[TALKS];
    int64_t count;
    struct fixture *f;
    struct log *log;
};

static struct log_model *model;

static int set_up_log(void **state)
{
    if (set_up(state) != 0)
        return -1;
    model = calloc(1, sizeof *model);
    if (!model)
        return -1;
    model->f = *state;
    open_store(model->f);
    return log_open(&model->log, model->f->store);
}

static int tear_down_log(void **state)
{
    log_close(model->log);
    free(model);
    return tear_down(state);
}

static void body_of(int64_t id, char *body)
{
    memset(body, 'a' + (int)(id % 26), 200);
    snprintf(body, 24, "%lld:", (long long)id);
    body[strlen(body)] = '.';
    body[model->message[id].body_len] = '\0';
}

static bool append(int64_t conversation, int sender, enum message_kind kind)
{
    char body[201];
    int64_t id = model->count + 1;
    model->message[id].conversation = conversation;
    model->message[id].sender = sender;
    model->message[id].kind = kind;
    model->message[id].body_len = 30 + (size_t)(id % 170);
    body_of(id, body);
    const struct message message = {.id = id,
                                    .conversation = conversation,
                                    .seq = id * 2,
                                    .time = id * 3,
                                    .random = id * 5,
                                    .sender = senders[sender],
                                    .client = "device",
                                    .kind = kind,
                                    .push = PUSH_WILLING,
                                    .body = body,
                                    .body_len = strlen(body)};
    if (!log_append(model->log, &message, model->last[conversation]))
        return false;
    model->count = id;
    model->last[conversation] = id;
    return true;
}

static void append_frame(int messages, uint64_t *random)
{
    if (!store_begin_sized(model->f->store, (size_t)messages * 300)) /* polls only when the ring is full */
        AWAIT(model->f->store, store_begin_sized(model->f->store, (size_t)messages * 300));
    for (int i = 0; i < messages; i++) {
        uint64_t n = next_random(random);
        assert_true(
            append((int64_t)(n % TALKS), (int)((n >> 8) % SENDERS), (enum message_kind)(n >> 16 & 3)));
    }
    store_commit(model->f->store);
}

static void append_one(int64_t conversation)
{
    AWAIT(model->f->store, store_begin(model->f->store));
    assert_true(append(conversation, 0, MESSAGE_CONTENT));
    store_commit(model->f->store);
}

/* A read that is checked row by row: the next id that the model expects. */
struct log_check {
    int64_t conversation, next;
    int step; /* +1 rising, -1 falling */
    int left; /* rows until the callback has had enough */
    bool ids_only;
    int rows;
};

static void seek(struct log_check *check)
{
    while (check->next >= 1 && check->next <= model->count &&
           model->message[check->next].conversation != check->conversation)
        check->next += check->step;
}

static void check_content(const struct message *m)
{
    char body[201];
    body_of(m->id, body);
    assert_int_equal(m->conversation, model->message[m->id].conversation);
    assert_string_equal(m->sender, senders[model->message[m->id].sender]);
    assert_string_equal(m->client, "device");
    assert_int_equal(m->kind, model->message[m->id].kind);
    assert_true(m->seq == m->id * 2 && m->time == m->id * 3 && m->random == m->id * 5 &&
                m->push == PUSH_WILLING);
    assert_int_equal(m->body_len, model->message[m->id].body_len);
    assert_memory_equal(m->body, body, m->body_len);
}

static bool check_row(void *context, const struct message *m)
{
    struct log_check *check = context;
    seek(check);
    if (m->id != check->next)
        fail_msg("id %lld, expected %lld", (long long)m->id, (long long)check->next);
    if (!check->ids_only)
        check_content(m);
    check->next += check->step;
    check->rows++;
    return --check->left != 0;
}

static void check_complete(struct log_check *check)
{
    seek(check);
    if (check->left > 0 && check->next >= 1 && check->next <= model->count)
        fail_msg("message %lld did not come", (long long)check->next);
}

static void check_after(int64_t conversation, int64_t after, int most, bool ids_only)
{
    struct log_check check = {
        .conversation = conversation, .next = after + 1, .step = 1, .left = most, .ids_only = ids_only};
    assert_true((ids_only ? log_ids_after : log_after)(model->log, conversation, after, check_row, &check));
    check_complete(&check);
}

static bool check_any_row(void *context, const struct message *m)
{
    struct log_check *check = context;
    assert_int_equal(m->id, check->next);
    check_content(m);
    check->next++;
    return --check->left != 0;
}

static void check_all_after(int64_t after, int most)
{
    struct log_check check = {.next = after + 1, .left = most};
    assert_true(log_all_after(model->log, after, check_any_row, &check));
    if (check.left > 0)
        assert_int_equal(check.next, larger(after, model->count) + 1);
}

static void check_before(int64_t conversation, int64_t before, int most, bool ids_only)
{
    int64_t next = before > model->count ? model->count : before - 1;
    struct log_check check = {
        .conversation = conversation, .next = next, .step = -1, .left = most, .ids_only = ids_only};
    assert_true(
        (ids_only ? log_ids_before : log_before)(model->log, conversation, before, check_row, &check));
    check_complete(&check);
}

static void check_count(int64_t conversation, int sender, int64_t from, int64_t to)
{
    int64_t expected = 0;
    for (int64_t id = from + 1; id <= to && id <= model->count; id++)
        expected += model->message[id].conversation == conversation && model->message[id].sender == sender &&
                    model->message[id].kind == MESSAGE_CONTENT;
    assert_int_equal(log_count_sent(model->log, conversation, senders[sender], from, to, -1), expected);
}

static void check_somewhere(uint64_t *random)
{
    uint64_t n = next_random(random);
    int64_t conversation = (int64_t)(n % TALKS), at = (int64_t)((n >> 8) % (uint64_t)(model->count + 2));
    int64_t to = at + (int64_t)((n >> 24) % 200);
    int most = (n >> 40) % 3 == 0 ? 1 + (int)((n >> 42) % 20) : MODEL_MAX;
    check_after(conversation, at, most, false);
    check_after(conversation, at, most, true);
    check_after(conversation, model->count - (int64_t)((n >> 48) % 8), most, (n >> 35) % 2);
    check_all_after((n >> 36) % 2 ? at : model->count - (int64_t)((n >> 48) % 8), most);
    check_before(conversation, (n >> 32) % 2 ? INT64_MAX : at, most, false);
    check_before(conversation, (n >> 33) % 2 ? INT64_MAX : at, most, true);
    check_count(conversation, (int)((n >> 50) % SENDERS), at, (n >> 34) % 2 ? INT64_MAX : to);
}

static void run_seed(uint64_t random)
{
    while (model->count < MODEL_MAX - 50) {
        append_frame(1 + (int)(next_random(&random) % 5), &random);
        if (next_random(&random) % 16 == 0)
            store_poll(model->f->store);
        if (next_random(&random) % 64 == 0)
            await_all(model->f->store);
        if (next_random(&random) % 8 == 0)
            check_somewhere(&random);
    }
}

static void test_reads_give_every_message_exactly_once_whatever_is_committed(void **state)
{
    (void)state;
    run_seed(UINT64_C(0x9E3779B97F4A7C15));
}

static void test_reads_give_every_message_exactly_once_while_nothing_is_committed(void **state)
{
    struct fixture *f = *state;
    uint64_t random = 42;
    append_frame(40, &random);
    await_all(f->store);
    sqlite3 *db = hold_writes(f);
    for (int i = 0; i < 60; i++) {
        append_frame(3, &random);
        check_somewhere(&random);
    }
    let_writes(db);
    await_all(f->store);
    for (int i = 0; i < 60; i++)
        check_somewhere(&random);
}

static void test_reads_give_what_is_committed_but_not_yet_released(void **state)
{
    struct fixture *f = *state;
    uint64_t random = 43;
    for (int i = 0; i < 100; i++)
        append_frame(2, &random);
    sqlite3 *db = look(f); /* the store is not polled: the messages are young and in the database */
    for (int tries = 0; tries < 5000 && ask_in(db, "SELECT count(*) FROM message") < 200; tries++)
        pause_ms(1);
    assert_int_equal(ask_in(db, "SELECT count(*) FROM message"), 200);
    sqlite3_close(db);
    for (int i = 0; i < TALKS * SENDERS; i++)
        check_count(i / SENDERS, i % SENDERS, 0, INT64_MAX);
    for (int i = 0; i < 60; i++)
        check_somewhere(&random);
}

static void test_an_append_is_seen_inside_its_frame(void **state)
{
    struct fixture *f = *state;
    append_one(1);
    assert_true(store_begin(f->store));
    assert_true(append(1, 0, MESSAGE_CONTENT));
    check_after(1, 0, MODEL_MAX, false);
    check_before(1, INT64_MAX, MODEL_MAX, false);
    store_commit(f->store);
}

static void forget_last(int count)
{
    model->count -= count;
    model->last[1] = model->count;
}

static void test_what_was_aborted_is_forgotten_and_what_was_not_stays(void **state)
{
    struct fixture *f = *state;
    uint64_t random = 44;
    sqlite3 *db = hold_writes(f);
    append_one(1);
    append_one(1);
    assert_true(store_begin(f->store));
    assert_true(append(1, 0, MESSAGE_CONTENT));
    assert_true(append(1, 0, MESSAGE_CONTENT));
    store_abort(f->store);
    forget_last(2);
    check_after(1, 0, MODEL_MAX, false);
    check_before(1, INT64_MAX, MODEL_MAX, false);
    assert_true(store_begin(f->store));
    assert_true(append(2, 0, MESSAGE_CONTENT)); /* a conversation that has nothing else */
    store_abort(f->store);
    forget_last(1);
    append_frame(5, &random);
    check_after(1, 0, MODEL_MAX, false);
    check_after(2, 0, MODEL_MAX, false);
    let_writes(db);
    await_all(f->store);
    check_after(1, 0, MODEL_MAX, false);
}

static bool look_at_body(void *context, const struct message *m)
{
    size_t *sum = context;
    for (size_t i = 0; i < m->body_len; i++)
        *sum += (unsigned char)m->body[i];
    return true;
}

static void test_a_broken_frame_can_be_read_until_it_ends_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    size_t sum = 0;
    append_one(1);
    assert_true(store_begin(f->store));
    for (int i = 0; i < 200; i++)
        assert_true(append(1, 0, MESSAGE_CONTENT));
    assert_null(store_last_blob(f->store));
    assert_true(log_after(model->log, 1, 0, look_at_body, &sum));
    store_commit(f->store);
    forget_last(200);
    check_after(1, 0, MODEL_MAX, false);
    append_one(1);
    check_after(1, 0, MODEL_MAX, false);
}

static void test_a_read_leaves_no_transaction_open(void **state)
{
    struct fixture *f = *state;
    int left, done;
    for (int i = 0; i < 50; i++)
        append_one(1);
    await_all(f->store);
    check_after(1, 0, 3, false);
    check_before(1, INT64_MAX, 3, false);
    check_before(1, INT64_MAX, 3, true);
    check_count(1, 0, 0, INT64_MAX);
    sqlite3 *db = look(f);
    sqlite3_busy_timeout(db, 0);
    assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, &done),
                     SQLITE_OK);
    sqlite3_close(db);
}

static void test_messages_are_found_after_the_store_was_opened_again(void **state)
{
    struct fixture *f = *state;
    uint64_t random = 45;
    for (int i = 0; i < 20; i++)
        append_frame(4, &random);
    log_close(model->log);
    close_store(f);
    open_store(f);
    assert_int_equal(log_open(&model->log, f->store), 0);
    for (int i = 0; i < 20; i++)
        check_somewhere(&random);
}

static void test_a_conversation_without_messages_gives_nothing(void **state)
{
    (void)state;
    append_one(1);
    check_after(3, 0, MODEL_MAX, false);
    check_before(3, INT64_MAX, MODEL_MAX, false);
    check_before(3, INT64_MAX, MODEL_MAX, true);
    check_count(3, 0, 0, INT64_MAX);
}

/* Single messages: their finding, recall, and whom they name. */

static void append_naming(int64_t conversation, int sender, const char *mentions)
{
    int64_t id = model->count + 1;
    const struct message message = {.id = id,
                                    .conversation = conversation,
                                    .seq = id,
                                    .sender = senders[sender],
                                    .client = "device",
                                    .kind = MESSAGE_CONTENT,
                                    .mentions = mentions,
                                    .body = "\"text\":\"secret\"}",
                                    .body_len = strlen("\"text\":\"secret\"}")};
    AWAIT(model->f->store, store_begin(model->f->store));
    assert_true(log_append(model->log, &message, model->last[conversation]));
    store_commit(model->f->store);
    model->count = model->last[conversation] = id;
}

struct copy {
    int found;
    int64_t id, conversation;
    bool recalled;
    char sender[32], body[64], mentions[32];
};

static bool copy_message(void *context, const struct message *m)
{
    struct copy *copy = context;
    copy->found++;
    copy->id = m->id;
    copy->conversation = m->conversation;
    copy->recalled = m->recalled;
    snprintf(copy->sender, sizeof copy->sender, "%s", m->sender);
    snprintf(copy->body, sizeof copy->body, "%.*s", (int)m->body_len, m->body);
    snprintf(copy->mentions, sizeof copy->mentions, "%s", m->mentions ? m->mentions : "");
    return false;
}

static struct copy find(int64_t id)
{
    struct copy copy = {0};
    assert_true(log_find(model->log, id, copy_message, &copy));
    return copy;
}

/* The message as the three ways to it give it, which must be the same. */
static struct copy look_at(int64_t id)
{
    struct copy copy = find(id), after = {0}, before = {0};
    assert_int_equal(copy.found, 1);
    assert_true(log_after(model->log, copy.conversation, id - 1, copy_message, &after));
    assert_true(log_before(model->log, copy.conversation, id + 1, copy_message, &before));
    assert_memory_equal(&copy, &after, sizeof copy);
    assert_memory_equal(&copy, &before, sizeof copy);
    return copy;
}

static void assert_recalled(int64_t id)
{
    struct copy copy = look_at(id);
    assert_true(copy.recalled);
    assert_string_equal(copy.body, "\"recalled\":true}");
    assert_string_equal(copy.mentions, "");
    assert_string_equal(copy.sender, "alice");
}

static void assert_whole(int64_t id)
{
    struct copy copy = look_at(id);
    assert_false(copy.recalled);
    assert_string_equal(copy.body, "\"text\":\"secret\"}");
    assert_string_equal(copy.mentions, "@all");
}

static void put_recall(int64_t id)
{
    struct copy copy = find(id);
    const struct message message = {.id = id, .conversation = copy.conversation, .sender = copy.sender};
    assert_true(log_recall(model->log, &message));
}

static void recall(int64_t id)
{
    AWAIT(model->f->store, store_begin(model->f->store));
    put_recall(id);
    store_commit(model->f->store);
}

/* The different ids that log_recalled gives, as a sum of powers of two. */
static int recalled_after(int64_t conversation, int64_t after, const char *user)
{
    struct ids ids = {0};
    int sum = 0;
    log_recalled(model->log, conversation, after, user, &ids);
    for (size_t i = 0; i < ids.count; i++)
        sum |= 1 << ids.list[i];
    ids_clear(&ids);
    return sum;
}

/* What is done while nothing can be committed. */
static sqlite3 *stall(struct fixture *f)
{
    sqlite3 *db = hold_writes(f);
    return db;
}

static void let_write(struct fixture *f, sqlite3 *db)
{
    let_writes(db);
    await_all(f->store);
}

static void test_a_message_is_found_by_its_id_wherever_it_is(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 6; i++)
        append_naming(i % 2, 0, "@all");
    await_all(f->store);
    sqlite3 *db = stall(f);
    for (int i = 0; i < 6; i++)
        append_naming(i % 2, 0, "@all");
    for (int64_t id = 1; id <= 12; id++)
        assert_int_equal(look_at(id).id, id);
    assert_int_equal(find(13).found + find(0).found + find(INT64_MAX).found, 0);
    let_write(f, db);
    for (int64_t id = 1; id <= 12; id++)
        assert_int_equal(look_at(id).id, id);
}

/* Up to `last`, their ids as a sum of powers of two: each must come after those before it. */
struct found_ids {
    int64_t last, sum;
};

static bool add_found(void *context, const struct message *m)
{
    struct found_ids *found = context;
    assert_true((INT64_C(1) << m->id) > found->sum);
    assert_int_equal(m->conversation, m->id % 2);
    found->sum |= INT64_C(1) << m->id;
    return m->id < found->last;
}

static int64_t find_all(int64_t first, int64_t step, size_t count, int64_t last)
{
    struct found_ids found = {.last = last};
    int64_t ids[LOG_FIND_MAX];
    for (size_t i = 0; i < count; i++)
        ids[i] = first + (int64_t)i * step;
    assert_true(log_find_all(model->log, ids, count, add_found, &found));
    return found.sum;
}

static void check_find_all(void)
{
    assert_int_equal(find_all(1, 1, LOG_FIND_MAX, 99), 0x1ffe); /* 1..12 are there, 13..16 are not */
    assert_int_equal(find_all(2, 3, 4, 99), 1 << 2 | 1 << 5 | 1 << 8 | 1 << 11);
    assert_int_equal(find_all(1, 1, LOG_FIND_MAX, 4), 0x1e);
    assert_int_equal(find_all(1, 1, LOG_FIND_MAX, 9), 0x3fe);
    assert_int_equal(find_all(12, 1, 1, 99), 1 << 12);
    assert_int_equal(find_all(13, 1, 3, 99) + find_all(0, 1, 1, 99) + find_all(1, 1, 0, 99), 0);
}

static void test_many_are_found_by_their_ids_in_their_order_wherever_they_are(void **state)
{
    struct fixture *f = *state;
    for (int i = 1; i <= 6; i++)
        append_naming(i % 2, 0, "@all");
    await_all(f->store);
    sqlite3 *db = stall(f);
    for (int i = 7; i <= 12; i++)
        append_naming(i % 2, 0, "@all");
    check_find_all();
    let_write(f, db);
    check_find_all();
}

static void test_a_recalled_message_has_no_content_wherever_it_is(void **state)
{
    struct fixture *f = *state;
    append_naming(1, 0, "@all");
    append_naming(1, 0, "@all");
    await_all(f->store);
    sqlite3 *db = stall(f);
    append_naming(1, 0, "@all");
    append_naming(1, 0, "@all");
    recall(1);
    recall(3);
    assert_recalled(1);
    assert_whole(2);
    assert_recalled(3);
    assert_whole(4);
    let_write(f, db);
    assert_recalled(1);
    assert_whole(2);
    assert_recalled(3);
    assert_whole(4);
    assert_int_equal(ask(f, "SELECT sum(id * recalled) FROM message WHERE recalled = (mentions IS NULL)"), 4);
}

static void test_a_recall_is_seen_inside_its_frame(void **state)
{
    struct fixture *f = *state;
    append_naming(1, 0, "@all");
    await_all(f->store);
    assert_true(store_begin(f->store));
    put_recall(1);
    assert_recalled(1);
    assert_int_equal(recalled_after(1, 0, "bob"), 1 << 1);
    store_commit(f->store);
}

static void test_a_recall_that_is_not_written_leaves_a_stored_message_whole(void **state)
{
    struct fixture *f = *state;
    append_naming(1, 0, "@all");
    append_naming(1, 0, "@all");
    await_all(f->store);
    sqlite3 *db = stall(f);
    recall(2);
    assert_true(store_begin(f->store));
    put_recall(1);
    store_abort(f->store);
    assert_whole(1);
    assert_recalled(2);
    assert_int_equal(recalled_after(1, 0, "bob"), 1 << 2);
    let_write(f, db);
    assert_whole(1);
    assert_recalled(2);
}

static void test_a_recall_lasts_after_the_store_was_opened_again(void **state)
{
    struct fixture *f = *state;
    append_naming(1, 0, "@all");
    append_naming(1, 0, "@all");
    recall(1);
    log_close(model->log);
    close_store(f);
    open_store(f);
    assert_int_equal(log_open(&model->log, f->store), 0);
    assert_recalled(1);
    assert_whole(2);
}

static void test_recalled_messages_are_those_of_others_after_an_id(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 4; i++)
        append_naming(1, i == 1, "@all"); /* 2 is bob's */
    append_naming(2, 0, "@all");
    await_all(f->store);
    for (int waits = 0; waits < 2; waits++) {
        sqlite3 *db = waits ? NULL : stall(f);
        for (int64_t id = 1; !waits && id <= 5; id++)
            if (id != 3)
                recall(id);
        assert_int_equal(recalled_after(1, 0, "bob"), 1 << 1 | 1 << 4);
        assert_int_equal(recalled_after(1, 1, "bob"), 1 << 4);
        assert_int_equal(recalled_after(1, 0, "alice"), 1 << 2);
        assert_int_equal(recalled_after(1, 4, "carol") + recalled_after(3, 0, "carol"), 0);
        assert_int_equal(recalled_after(2, 0, "carol"), 1 << 5);
        if (db)
            let_write(f, db);
    }
}

static void test_recalls_are_found_once_when_they_are_in_the_database_and_not_released(void **state)
{
    struct fixture *f = *state;
    append_naming(1, 0, "@all");
    append_naming(1, 0, "@all");
    recall(1);
    recall(2);
    sqlite3 *db = look(f); /* the store is not polled */
    for (int tries = 0; tries < 5000 && ask_in(db, "SELECT sum(recalled) FROM message") != 2; tries++)
        pause_ms(1);
    sqlite3_close(db);
    assert_int_equal(recalled_after(1, 0, "bob"), 1 << 1 | 1 << 2);
    assert_recalled(1);
    await_all(f->store);
    assert_int_equal(recalled_after(1, 0, "bob"), 1 << 1 | 1 << 2);
    assert_recalled(1);
}

/* Edits */

static int64_t edits_of(int64_t id);

/* A message of its own says so: with the next id, in the frame of the edit. */
static void put_edit(int64_t id, const char *body, const char *mentions)
{
    struct copy copy = find(id);
    struct message message = {
        .id = id, .conversation = copy.conversation, .sender = copy.sender, .edits = edits_of(id)};
    assert_true(log_edit(model->log, &message, body, strlen(body), mentions));
    message = (struct message){.id = model->count + 1,
                               .conversation = copy.conversation,
                               .seq = 1,
                               .sender = copy.sender,
                               .client = "",
                               .kind = MESSAGE_EDIT,
                               .body = "\"edit\":{\"message\":{}}}",
                               .body_len = strlen("\"edit\":{\"message\":{}}}"),
                               .edit_of = id};
    assert_true(log_append(model->log, &message, model->last[copy.conversation]));
    model->count = model->last[copy.conversation] = message.id;
}

static void edit_message(int64_t id, const char *body, const char *mentions)
{
    AWAIT(model->f->store, store_begin(model->f->store));
    put_edit(id, body, mentions);
    store_commit(model->f->store);
}

static bool keep_edits(void *context, const struct message *m)
{
    *(int64_t *)context = m->edits;
    return false;
}

static int64_t edits_of(int64_t id)
{
    int64_t edits = -1;
    assert_true(log_find(model->log, id, keep_edits, &edits));
    return edits;
}

static void assert_edited(int64_t id, const char *body, const char *mentions)
{
    struct copy copy = look_at(id);
    assert_false(copy.recalled);
    assert_string_equal(copy.body, body);
    assert_string_equal(copy.mentions, mentions);
}

static void assert_edits(void)
{
    assert_edited(1, "first", ",bob,");
    assert_whole(2);
    assert_edited(3, "last", "");
    assert_int_equal(edits_of(1) * 10 + edits_of(3), 12);
}

static void test_an_edited_message_has_its_last_body_wherever_it_is(void **state)
{
    struct fixture *f = *state;
    append_naming(1, 0, "@all");
    append_naming(1, 0, "@all");
    await_all(f->store);
    sqlite3 *db = stall(f);
    append_naming(1, 0, "@all");
    edit_message(1, "first", ",bob,");
    edit_message(3, "first", ",carol,");
    edit_message(3, "last", NULL);
    assert_edits();
    let_write(f, db);
    assert_edits();
    edit_message(1, "again", NULL);
    await_all(f->store);
    assert_edited(1, "again", "");
    assert_int_equal(edits_of(1), 2);
}

static void assert_edit_has_no_content(int64_t id, const char *body)
{
    struct copy copy = look_at(id);
    assert_true(copy.recalled);
    assert_string_equal(copy.body, body);
}

static void test_a_recall_takes_the_content_of_the_edits_wherever_they_are(void **state)
{
    struct fixture *f = *state;
    append_naming(1, 0, "@all");
    edit_message(1, "first", NULL); /* 2 */
    await_all(f->store);
    sqlite3 *db = stall(f);
    edit_message(1, "last", NULL); /* 3 */
    AWAIT(f->store, store_begin(f->store));
    const struct message message = {.id = 1, .conversation = 1, .sender = "alice", .edits = edits_of(1)};
    assert_true(log_recall(model->log, &message));
    store_commit(f->store);
    for (int done = 0; done < 2; done++) {
        assert_recalled(1);
        assert_edit_has_no_content(2, "\"edit\":{\"id\":1,\"operator\":\"alice\"}}");
        assert_edit_has_no_content(3, "\"edit\":{\"id\":1,\"operator\":\"alice\"}}");
        if (!done)
            let_write(f, db);
    }
}

/* The ids of those that name him and are not recalled, in the order in which they come: 5 and 3 are 53. */
struct digits {
    int64_t digits;
    int most;
};

static bool take_digit(void *context, const struct message *m)
{
    struct digits *named = context;
    if (!m->recalled)
        named->digits = named->digits * 10 + m->id;
    return --named->most != 0;
}

static int64_t naming(int64_t conversation, int64_t after, const char *user, int most)
{
    struct digits named = {0, most};
    log_mentioning(model->log, conversation, after, user, take_digit, &named);
    return named.digits;
}

static void check_naming(void)
{
    assert_int_equal(naming(1, 0, "bob", 9), 851);
    assert_int_equal(naming(1, 0, "alice", 9), 6);
    assert_int_equal(naming(1, 0, "carol", 9), 86521);
    assert_int_equal(naming(1, 5, "carol", 9), 86);
    assert_int_equal(naming(1, 0, "carol", 1), 8);
    assert_int_equal(naming(1, 0, "carol", 2), 86);
    assert_int_equal(naming(1, 8, "carol", 9) + naming(3, 0, "carol", 9), 0);
    assert_int_equal(naming(2, 0, "carol", 9), 0);
    assert_int_equal(naming(2, 0, "bo", 9), 7);
}

static const struct {
    int64_t conversation;
    int sender;
    const char *mentions;
} named_in[] = {
    {1, 0, ",bob,carol,"}, {1, 1, ",bob,carol,"}, {1, 0, NULL},   {1, 0, ",carola,bobo,"},
    {1, 0, "@all"},        {1, 1, "@all"},        {2, 0, ",bo,"}, {1, 0, ",carol,bob,"},
};

#define NAMED_IN (int)COUNT(named_in)

static void append_named(int first, int end)
{
    for (int i = first; i < end; i++)
        append_naming(named_in[i].conversation, named_in[i].sender, named_in[i].mentions);
}

static void test_messages_that_name_somebody_come_from_the_newest_on(void **state)
{
    struct fixture *f = *state;
    append_named(0, 5);
    await_all(f->store);
    sqlite3 *db = stall(f);
    append_named(5, NAMED_IN);
    check_naming();
    let_write(f, db);
    check_naming();
}

static void test_messages_that_name_somebody_come_once_when_not_released(void **state)
{
    struct fixture *f = *state;
    append_named(0, NAMED_IN);
    sqlite3 *db = look(f); /* the store is not polled */
    for (int tries = 0; tries < 5000 && ask_in(db, "SELECT count(*) FROM message") != NAMED_IN; tries++)
        pause_ms(1);
    sqlite3_close(db);
    check_naming();
}

static void test_a_recalled_message_names_nobody_wherever_it_is(void **state)
{
    struct fixture *f = *state;
    append_named(0, 5);
    await_all(f->store);
    sqlite3 *db = stall(f);
    append_named(5, NAMED_IN);
    recall(5);
    recall(8);
    assert_int_equal(naming(1, 0, "carol", 9), 621);
    let_write(f, db);
    assert_int_equal(naming(1, 0, "carol", 9), 621);
}

/* 3 and 4 are stored and get a name, 5 and 8 lose it, 1 keeps it; 6 is young. */
static void test_who_is_named_goes_by_the_last_edit_wherever_the_message_is(void **state)
{
    struct fixture *f = *state;
    append_named(0, 5);
    await_all(f->store);
    sqlite3 *db = stall(f);
    append_named(5, NAMED_IN);
    edit_message(5, "nobody", NULL);
    edit_message(3, "him", ",carol,");
    edit_message(8, "somebody else", ",bob,");
    edit_message(4, "all", "@all");
    edit_message(1, "him too", ",bob,carol,");
    for (int done = 0; done < 2; done++) {
        assert_int_equal(naming(1, 0, "carol", 9), 64321);
        assert_int_equal(naming(1, 0, "carol", 2), 64);
        assert_int_equal(naming(1, 3, "carol", 9), 64);
        assert_int_equal(naming(1, 0, "alice", 9), 6); /* own ones do not name anybody */
        if (!done)
            let_write(f, db);
    }
}

static void test_it_is_told_when_there_may_be_more_than_so_many(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        append_one(1);
    append_one(2);
    for (int written = 0; written < 2; written++) {
        assert_true(log_may_exceed(model->log, 1, 2, 2));
        await_all(model->f->store);
        assert_false(log_may_exceed(model->log, 1, 2, 3));
        assert_true(log_may_exceed(model->log, 1, 2, 2));
        assert_false(log_may_exceed(model->log, 3, 0, 0));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_log, tear_down_log)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_give_every_message_exactly_once_whatever_is_committed),
        TEST(test_reads_give_every_message_exactly_once_while_nothing_is_committed),
        TEST(test_reads_give_what_is_committed_but_not_yet_released),
        TEST(test_an_append_is_seen_inside_its_frame),
        TEST(test_what_was_aborted_is_forgotten_and_what_was_not_stays),
        TEST(test_a_broken_frame_can_be_read_until_it_ends_and_leaves_nothing),
        TEST(test_a_read_leaves_no_transaction_open),
        TEST(test_messages_are_found_after_the_store_was_opened_again),
        TEST(test_a_conversation_without_messages_gives_nothing),
        TEST(test_a_message_is_found_by_its_id_wherever_it_is),
        TEST(test_many_are_found_by_their_ids_in_their_order_wherever_they_are),
        TEST(test_it_is_told_when_there_may_be_more_than_so_many),
        TEST(test_a_recalled_message_has_no_content_wherever_it_is),
        TEST(test_an_edited_message_has_its_last_body_wherever_it_is),
        TEST(test_a_recall_takes_the_content_of_the_edits_wherever_they_are),
        TEST(test_a_recall_is_seen_inside_its_frame),
        TEST(test_a_recall_that_is_not_written_leaves_a_stored_message_whole),
        TEST(test_a_recall_lasts_after_the_store_was_opened_again),
        TEST(test_recalled_messages_are_those_of_others_after_an_id),
        TEST(test_recalls_are_found_once_when_they_are_in_the_database_and_not_released),
        TEST(test_messages_that_name_somebody_come_from_the_newest_on),
        TEST(test_messages_that_name_somebody_come_once_when_not_released),
        TEST(test_a_recalled_message_names_nobody_wherever_it_is),
        TEST(test_who_is_named_goes_by_the_last_edit_wherever_the_message_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
