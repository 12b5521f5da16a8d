/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Sessions over the whole plugin but the broker, which is a few lines of memory here: what they cost, and
 * that many may end at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acl/limits.h"
#include "acl/topic.h"
#include "lib/text.h"
#include "lib/usersig.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/core/wire.h"
#include "plugin/delivery/deliver.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/life/closing.h"
#include "plugin/life/leaving.h"
#include "plugin/life/login.h"
#include "plugin/life/presence.h"
#include "plugin/people/application.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/push/push.h"
#include "plugin/session/cursor.h"
#include "plugin/session/departed.h"
#include "plugin/session/device.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/log.h"
#include "schema/store.h"
#include "tests/unit/failing_memory.h"

#define SESSIONS 3000
#define NOW      1700000000000
#define LIFE     1000 /* seconds that a userSig lasts */

static struct chat chat;
static char folder[64], database[100];
static sqlite3 *other;         /* keeps the writer from the database; NULL: does not */
static char clients[SESSIONS]; /* their addresses are the broker's client pointers */
static char names[SESSIONS][40];
static int events, closed;
static bool warnings; /* are expected */
static size_t ring_bytes = 64 << 20;
static long memory = -1; /* for the next login: memory_left of failing_memory.h */

/* The broker */

bool wire_look(const struct mosquitto *client, struct wire *wire)
{
    (void)client, (void)wire;
    return false;
}

void broker_error(const char *format, ...)
{
    fail_msg("%s", format);
}

void broker_warn(const char *format, ...)
{
    if (memory < 0 && !warnings)
        fail_msg("%s", format);
}

void broker_info(const char *format, ...)
{
    (void)format;
}

bool broker_send(const char *client_id, const char *topic, const void *head, size_t head_len,
                 const void *tail, size_t tail_len, int qos, uint32_t identifier)
{
    (void)identifier;
    (void)client_id, (void)topic, (void)head, (void)head_len, (void)tail, (void)tail_len, (void)qos;
    events++;
    return true;
}

bool broker_respond(const char *client_id, const char *topic, const char *payload, size_t len, int qos,
                    const void *correlation, uint16_t correlation_len, uint32_t identifier)
{
    (void)identifier;
    (void)client_id, (void)topic, (void)payload, (void)len, (void)qos, (void)correlation,
        (void)correlation_len;
    return true;
}

void broker_kick(const char *client_id)
{
    closed++;
    session_end(&chat, session_by_client_id(&chat, client_id)->client, false);
}

const char *broker_address(const struct mosquitto *client)
{
    (void)client;
    return NULL;
}

int broker_subscription_count(const struct mosquitto *client)
{
    (void)client;
    return 0;
}

/* The plugin */

static void log_line(enum store_log priority, const char *line)
{
    if (priority == STORE_ERROR && !other)
        fail_msg("%s", line);
}

static int set_up(void **state)
{
    char ring[100], error[200];
    (void)state;
    strcpy(folder, "/tmp/test_session.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(database, sizeof database, "%s/db", folder);
    snprintf(ring, sizeof ring, "%s/ring", folder);
    chat = (struct chat){.now = NOW, .steady = 86400000};
    chat.options.sdkappid = 1;
    chat.options.login_policy = LOGIN_MULTI;
    chat.options.instances_per_platform = chat.options.web_instances = 1;
    chat.options.replay_limit = 10;
    chat.keys.count = 1;
    text_copy(chat.keys.key[0], sizeof chat.keys.key[0], "key");
    const struct store_config config = {
        .database = database, .ring_file = ring, .ring_bytes = ring_bytes, .sync = SYNC_OFF, .log = log_line};
    events = closed = 0;
    if (store_open(&chat.store, &config, error, sizeof error))
        return -1;
    return log_open(&chat.log, chat.store) || users_open(&chat) || conversations_open(&chat) ||
           applications_open(&chat) || visible_open(&chat) || sessions_open(&chat) || departed_open(&chat) ||
           devices_open(&chat) || closing_open(&chat) || presence_open(&chat) || delivery_open(&chat) ||
           push_open(&chat);
}

static int tear_down(void **state)
{
    char command[100];
    (void)state;
    sessions_end(&chat);
    presence_close(&chat);
    closing_close(&chat);
    devices_close(&chat);
    departed_close(&chat);
    sessions_close(&chat);
    push_close(&chat);
    delivery_close(&chat);
    applications_close(&chat);
    visible_close(&chat);
    members_close(&chat);
    conversations_close(&chat);
    users_close(&chat);
    log_close(chat.log);
    store_close(chat.store);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static bool turn(void)
{
    chat.now += 10;
    chat.steady += 10;
    chat.tick++;
    store_poll(chat.store);
    logins_tick(&chat);
    bool more = closing_tick(&chat);
    leaving_tick(&chat);
    cursors_tick(&chat);
    departed_tick(&chat);
    store_end_reads(chat.store);
    return more;
}

/* Until the store knows everything. */
static void settle(void)
{
    uint64_t mark = store_last_mark(chat.store);
    while (!store_has(chat.store, mark)) {
        usleep(1000);
        turn();
    }
    for (int i = 0; i < SESSIONS / 50 + 2; i++)
        turn();
}

/* What the database says of one thing, when it has been told of everything. */
static int stored(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int found = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return found;
}

/* From here on the ring is full. */
static void fill_ring(void)
{
    static const char filler[4000];
    assert_int_equal(sqlite3_open(database, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, 5000);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    while (store_begin_session(chat.store, sizeof filler, true)) {
        store_put(chat.store, W_BROADCAST_ADD, "ib", (int64_t)0, filler, sizeof filler);
        store_put(chat.store, W_BROADCAST_END, "i", (int64_t)0);
        store_commit(chat.store);
    }
}

/* The writer goes on; when the ring has been emptied nothing has been done about it yet. */
static void empty_ring(void)
{
    uint64_t mark = store_last_mark(chat.store);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    while (!store_has(chat.store, mark)) {
        usleep(1000);
        store_poll(chat.store);
    }
    sqlite3_close(other);
    other = NULL;
}

static struct session *session_of(int client)
{
    return session_find(&chat, (const struct mosquitto *)&clients[client]);
}

static enum login_result try_to_log_in(int client, int number, const char *device)
{
    char user[16];
    snprintf(user, sizeof user, "u%d", number);
    snprintf(names[client], sizeof *names, "%s:%s", user, device);
    char *sig = usersig_mint(user, 1, chat.now / 1000, LIFE, NULL, 0, &chat.keys);
    const struct login login = {.client = (const struct mosquitto *)&clients[client],
                                .client_id = names[client],
                                .user = user,
                                .password = sig,
                                .clean = true,
                                .keepalive_seconds = 60};
    memory_left = memory;
    enum login_result result = session_login(&chat, &login);
    memory = memory_left;
    memory_left = -1;
    free(sig);
    store_end_reads(chat.store); /* many logins in one turn would keep the log from being taken over */
    return result;
}

static void log_in_from(int client, int number, const char *device)
{
    char feed[TOPIC_MAX], user[16];
    snprintf(user, sizeof user, "u%d", number);
    topic_print_feed(feed, user);
    assert_int_equal(try_to_log_in(client, number, device), LOGIN_OK);
    struct topic topic = filter_parse(feed);
    chat.feeds.used = 0; /* as if there were few: none is put off to a later turn */
    assert_int_equal(subscription_add(&chat, session_of(client), &topic, 1), 0);
}

static void log_in(int number, const char *device)
{
    log_in_from(number, number, device);
}

static void log_out(int number)
{
    session_end(&chat, (const struct mosquitto *)&clients[number], false);
}

/* SQLite's own memory is its page cache, which has a limit of its own. 0: this malloc does not count. */
static int64_t memory_in_use(void)
{
#if defined __GLIBC__ && !defined __SANITIZE_ADDRESS__
    return (int64_t)mallinfo2().uordblks - sqlite3_memory_used();
#else
    return 0;
#endif
}

/* Tests */

static void an_idle_session_with_its_feed_costs_less_than_a_kibibyte(void **state)
{
    (void)state;
    if (memory_in_use() == 0)
        skip();
    for (int i = 0; i < SESSIONS; i++) {
        log_in(i, "ios:phone-1234567890");
        log_out(i);
    }
    settle(); /* the users stay in memory */
    int64_t before = memory_in_use();
    for (int i = 0; i < SESSIONS; i++)
        log_in(i, "ios:phone-1234567890");
    settle();
    int64_t each = (memory_in_use() - before) / SESSIONS;
    print_message("%lld bytes a session\n", (long long)each);
    assert_in_range(each, sizeof(struct session) + sizeof(struct subscription), 1024);
}

static void sessions_that_came_and_went_leave_nothing_behind(void **state)
{
    (void)state;
    if (memory_in_use() == 0)
        skip();
    int64_t after_first = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < SESSIONS; i++)
            log_in(i, round % 2 ? "ios:1" : "ios:2"); /* the other one is displaced while it is away */
        for (int i = 0; i < SESSIONS; i++)
            log_out(i);
        settle();
        if (round == 1)
            after_first = memory_in_use();
    }
    assert_true(memory_in_use() - after_first < 64 * 1024);
}

static void all_who_expire_at_once_are_told_within_a_few_turns(void **state)
{
    (void)state;
    for (int i = 0; i < SESSIONS; i++)
        log_in(i, "ios:1");
    settle();
    events = 0;
    chat.now = NOW + (LIFE + 1) * 1000 + 60000;
    int turns = 0;
    while (events < SESSIONS && ++turns < 10)
        turn();
    assert_int_equal(events, SESSIONS);
    assert_true(turns <= 3);
    for (int i = 0; i < 200 && closed < SESSIONS; i++)
        turn();
    assert_int_equal(closed, SESSIONS);
    assert_int_equal(sessions_count(&chat), 0);
}

static void before_its_last_second_is_over_nobody_is_told(void **state)
{
    (void)state;
    log_in(0, "ios:1");
    int64_t end = chat.now / 1000 + LIFE;
    settle();
    chat.now = end * 1000 + 980;
    turn();
    assert_int_equal(events, 0);
    turn();
    assert_int_equal(events, 1);
}

static void who_has_to_go_before_its_first_tick_is_closed_after_it(void **state)
{
    const struct displacement why = {.reason = OFFLINE_ADMIN};
    (void)state;
    log_in(0, "ios:1");
    assert_int_equal(session_of(0)->state, SESSION_FRESH);
    session_force_offline(&chat, session_of(0), &why);
    session_force_offline(&chat, session_of(0), &why);
    assert_int_equal(session_of(0)->state, SESSION_FRESH_CLOSING);
    assert_true(session_leaves(session_of(0)));
    turn();
    assert_int_equal(session_of(0)->state, SESSION_CLOSING);
    assert_true(session_told(&chat, session_of(0)));
    for (int i = 0; i < 48; i++)
        turn();
    assert_int_equal(closed, 0); /* what was said has half a second to be read */
    for (int i = 0; i < 4; i++)
        turn();
    assert_int_equal(closed, 1);
    assert_null(session_of(0));
    assert_int_equal(sessions_count(&chat), 0);
}

static void a_session_that_ends_in_any_state_is_in_no_list(void **state)
{
    const struct displacement why = {.reason = OFFLINE_ADMIN};
    (void)state;
    for (int i = 0; i < 4; i++)
        log_in(i, "ios:1");
    session_close_soon(&chat, session_of(1));
    log_out(0);
    log_out(1);
    assert_ptr_equal(sessions_fresh(&chat), session_of(2));
    turn();
    assert_null(sessions_fresh(&chat));
    session_force_offline(&chat, session_of(2), &why);
    assert_ptr_equal(sessions_closing(&chat), session_of(2));
    log_out(2);
    log_out(3);
    assert_null(sessions_closing(&chat));
    assert_null(sessions_first(&chat));
}

static void a_takeover_ends_with_the_newer_connection(void **state)
{
    (void)state;
    log_in_from(0, 0, "ios:1");
    log_in_from(1, 0, "ios:1");
    assert_true(session_of(0)->taken_over);
    assert_ptr_equal(session_by_client_id(&chat, names[0]), session_of(1));
    log_out(1);
    assert_false(session_of(0)->taken_over);
    assert_ptr_equal(session_by_client_id(&chat, names[0]), session_of(0));
    settle();
    assert_int_equal(stored("SELECT online FROM device"), 1);
    log_out(0);
    settle();
    assert_int_equal(stored("SELECT online FROM device"), 0);
}

/* Too many of one user */

static int staying(void)
{
    int count = 0;
    for (const struct session *session = sessions_first(&chat); session; session = session->next)
        count += !session_closing(session);
    return count;
}

static void the_earliest_of_too_many_connections_goes(void **state)
{
    (void)state;
    char device[20];
    for (int i = 0; i < 60; i++) {
        snprintf(device, sizeof device, "iot:%d", i);
        log_in_from(i, 0, device);
        turn();
    }
    assert_int_equal(staying(), CONNECTIONS_MAX);
    assert_int_equal(events, 10); /* they are told */
    for (int i = 0; i < 10; i++)
        assert_true(!session_of(i) || session_closing(session_of(i)));
    for (int i = 0; i < 60; i++)
        turn();
    assert_int_equal(sessions_count(&chat), CONNECTIONS_MAX);
    log_in_from(60, 0, "iot:59"); /* a takeover takes nobody else's place */
    turn();
    assert_int_equal(events, 10);
}

static void those_that_have_to_go_are_not_many_either(void **state)
{
    (void)state;
    char device[20];
    int refused = 0;
    warnings = true;
    for (int i = 0; i < 200; i++) {
        snprintf(device, sizeof device, "iot:%d", i);
        refused += try_to_log_in(i, 0, device) == LOGIN_BUSY;
    }
    warnings = false;
    assert_int_equal(refused, 100);
    assert_int_equal(sessions_count(&chat), 2 * CONNECTIONS_MAX);
}

static void of_too_many_devices_those_away_the_longest_are_forgotten(void **state)
{
    (void)state;
    char device[20];
    log_in_from(0, 0, "other:stays");
    for (int i = 1; i <= 1030; i++) {
        snprintf(device, sizeof device, "other:%d", i);
        log_in_from(i, 0, device);
        chat.now++;
        log_out(i);
    }
    settle();
    assert_in_range(stored("SELECT count(*) FROM device"), 980, 1000);
    assert_int_equal(
        stored("SELECT count(*) FROM subscription WHERE client NOT IN (SELECT client FROM device)"), 0);
    assert_int_equal(
        stored("SELECT count(*) FROM device WHERE client IN ('u0:other:stays', 'u0:other:1030')"), 2);
    assert_int_equal(stored("SELECT count(*) FROM device WHERE client IN ('u0:other:1', 'u0:other:20')"), 0);
}

static void leave_devices(int from, int to)
{
    char device[20];
    for (int i = from; i <= to; i++) {
        snprintf(device, sizeof device, "other:%d", i);
        log_in_from(i, 0, device);
        chat.now++;
        log_out(i);
    }
    settle();
}

/* What a new one would begin with, and what that takes. */
static int64_t furthest(int *steps)
{
    sqlite3_stmt *row = store_read(chat.store, R_CURSOR_OF_OTHERS);
    sqlite3_bind_text(row, 1, "u0", -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, "u0:other:new", -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, "feed", -1, SQLITE_STATIC);
    (void)sqlite3_stmt_status(row, SQLITE_STMTSTATUS_VM_STEP, 1);
    assert_true(store_row(chat.store, row));
    *steps = sqlite3_stmt_status(row, SQLITE_STMTSTATUS_VM_STEP, 1);
    int64_t cursor = sqlite3_column_int64(row, 0);
    store_done(row);
    return cursor;
}

static void a_new_device_looks_at_a_hundred_others_at_most(void **state)
{
    int few, many;
    (void)state;
    leave_devices(1, 100);
    assert_true(store_write(chat.store, W_SUBSCRIPTION_CURSOR, "tti", "u0:other:1", "feed", (int64_t)7));
    assert_true(store_write(chat.store, W_SUBSCRIPTION_CURSOR, "tti", "u0:other:99", "feed", (int64_t)9));
    settle();
    assert_int_equal(furthest(&few), 9);
    leave_devices(101, 500);
    assert_int_equal(furthest(&many), 9); /* where all these have begun */
    assert_in_range(many, few - 10, few + 10);
}

/* Who comes back again and again */

static void who_is_sent_away_again_and_again_waits_before_it_comes_back(void **state)
{
    (void)state;
    struct device device;
    for (int i = 0; i < 3; i++) { /* the first time one may insist */
        log_in_from(i, 0, i % 2 ? "ios:2" : "ios:1");
        turn();
        if (i > 0)
            log_out(i - 1);
    }
    log_in_from(3, 0, "ios:2");
    turn();
    log_out(2);
    warnings = true;
    assert_int_equal(try_to_log_in(4, 0, "ios:1"), LOGIN_BUSY);
    warnings = false;
    assert_true(device_load(&chat, names[3], &device));
    assert_true(device.place > 0);
    assert_false(session_closing(session_of(3)));
    assert_int_equal(try_to_log_in(5, 0, "android:1"), LOGIN_OK);
    assert_int_equal(try_to_log_in(6, 1, "ios:1"), LOGIN_OK);
}

/* The ring is full */

static void who_goes_while_the_ring_is_full_is_away_in_the_end(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++)
        log_in(i, "ios:1");
    fill_ring();
    for (int i = 0; i < 500; i++)
        log_out(i);
    turn();
    empty_ring();
    log_in(0, "ios:1"); /* before anything of its end is written */
    int turns = 0;
    while (departed_late(&chat) && ++turns < 10)
        turn();
    assert_true(turns < 10);
    settle();
    assert_int_equal(stored("SELECT count(*) FROM device WHERE online = 1"), 1);
    log_out(0);
    settle();
    assert_int_equal(stored("SELECT count(*) FROM device WHERE online = 1"), 0);
}

static void who_was_told_while_the_ring_was_full_is_told_once(void **state)
{
    (void)state;
    struct device device;
    log_in_from(0, 0, "ios:1");
    turn();
    log_in_from(1, 0, "ios:2");
    turn();
    assert_int_equal(events, 1);
    fill_ring();
    log_out(0);
    turn();
    assert_non_null(departed_late(&chat));
    assert_true(device_load(&chat, names[0], &device));
    assert_int_equal(device.displacement.reason, OFFLINE_NONE);
    empty_ring();
    turn();
    settle();
    assert_int_equal(stored("SELECT displaced FROM device WHERE client = 'u0:ios:1'"), OFFLINE_NONE);
    assert_true(device_load(&chat, names[0], &device));
    assert_int_equal(device.displacement.reason, OFFLINE_NONE);
}

/* A cursor that goes back brings its messages a second time. */
static void who_has_come_back_before_its_end_is_written_keeps_what_it_has_had_since(void **state)
{
    (void)state;
    log_in(0, "ios:1");
    turn();
    fill_ring();
    log_out(0);
    turn();
    empty_ring();
    log_in(0, "ios:1");
    struct subscription *feed = session_of(0)->feed;
    assert_true(store_begin(chat.store));
    const int64_t id = store_next_id(chat.store);
    subscription_hand(&chat, feed, id, false);
    subscriptions_ack(&chat, session_of(0), id, feed);
    store_commit(chat.store);
    assert_non_null(departed_late(&chat));
    turn();
    assert_null(departed_late(&chat));
    settle();
    assert_int_equal(stored("SELECT cursor FROM subscription WHERE client = 'u0:ios:1'"), id);
}

/* Memory */

static void check_refused(int old, int new, bool away)
{
    struct device device;
    assert_null(session_of(new));
    assert_int_equal(events, 0);
    assert_int_equal(sessions_count(&chat), away ? 0 : 1);
    assert_true(device_load(&chat, names[old], &device));
    assert_true(device.place > 0);
}

/* What counts only until the store has it may be missing. */
static void check_let_in(int old, int new, bool away)
{
    assert_int_equal(session_of(new)->state, SESSION_FRESH);
    assert_int_equal(events, away ? 0 : 1);
    if (!away)
        assert_int_equal(session_of(old)->state, SESSION_CLOSING);
}

/* A device of this user displaces another one, and an allocation of its login fails, if there are as many.
 * true: it is let in. */
static bool displace_without_memory(int user, int allocation, bool away)
{
    int old = 2 * user, new = old + 1;
    log_in_from(old, user, "ios:1");
    turn();
    if (away)
        log_out(old);
    events = 0;
    memory = allocation;
    bool in = try_to_log_in(new, user, "ios:2") == LOGIN_OK;
    if (in)
        check_let_in(old, new, away);
    else
        check_refused(old, new, away);
    log_out(old);
    log_out(new);
    return in;
}

static void who_cannot_be_let_in_for_want_of_memory_displaces_nobody(void **state)
{
    (void)state;
    int refused = 0, user = 0;
    for (int away = 0; away < 2; away++) {
        int allocation = 0;
        do
            refused += !displace_without_memory(user++, allocation++, away);
        while (memory < 0); /* it has failed */
        memory = -1;
    }
    assert_in_range(refused, 8, 20); /* the session, its client id, the list of those in its way, tables */
}

static void a_connection_ends_without_memory(void **state)
{
    (void)state;
    for (int i = 0, left = -1; left < 0; i++) {
        log_in(i, "ios:1");
        turn();
        memory_left = i;
        log_out(i);
        left = (int)memory_left;
        memory_left = -1;
        assert_null(session_of(i));
        assert_int_equal(sessions_count(&chat), 0);
        log_in(i, "ios:1");
        log_out(i);
    }
}

static int set_up_small(void **state)
{
    ring_bytes = 1 << 20;
    int result = set_up(state);
    ring_bytes = 64 << 20;
    return result;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define RING(name) cmocka_unit_test_setup_teardown(name, set_up_small, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_idle_session_with_its_feed_costs_less_than_a_kibibyte),
        TEST(sessions_that_came_and_went_leave_nothing_behind),
        TEST(all_who_expire_at_once_are_told_within_a_few_turns),
        TEST(before_its_last_second_is_over_nobody_is_told),
        TEST(who_has_to_go_before_its_first_tick_is_closed_after_it),
        TEST(a_session_that_ends_in_any_state_is_in_no_list),
        TEST(a_takeover_ends_with_the_newer_connection),
        TEST(the_earliest_of_too_many_connections_goes),
        TEST(those_that_have_to_go_are_not_many_either),
        TEST(of_too_many_devices_those_away_the_longest_are_forgotten),
        TEST(a_new_device_looks_at_a_hundred_others_at_most),
        TEST(who_is_sent_away_again_and_again_waits_before_it_comes_back),
        RING(who_goes_while_the_ring_is_full_is_away_in_the_end),
        RING(who_was_told_while_the_ring_was_full_is_told_once),
        RING(who_has_come_back_before_its_end_is_written_keeps_what_it_has_had_since),
        TEST(who_cannot_be_let_in_for_want_of_memory_displaces_nobody),
        TEST(a_connection_ends_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
