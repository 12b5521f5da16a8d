/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "bench/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/die.h"
#include "bench/meter.h"
#include "lib/basics.h"

#define WINDOW          20 /* publishes of one sender that are not acked, or not delivered, yet */
#define LOGINS_IN_BATCH 2000
#define LOGINS_AT_ONCE  64 /* less than Mosquitto's listen backlog of 100 */
#define GIVE_UP_SECONDS 120
#define SETTLE_SECONDS  1   /* for the plugin's writer and for tips; the bare broker waits as long */
#define MEMBERS_AT_ONCE 100 /* of one command */
#define TURN_MS         100
#define SECOND          1000000000LL

/* The crowd: half of its receivers stay, the others come and go. */
#define CROWD_MESSAGES_A_SECOND 20
#define CROWD_MOVES_A_SECOND    500
#define CROWD_TURN_MS           1

/* Waiting */

void await(const long *counter, long wanted)
{
    long long limit = meter_now() + GIVE_UP_SECONDS * SECOND;
    while (*counter < wanted) {
        clients_turn(TURN_MS);
        if (meter_now() > limit)
            die("%ld of %ld came in %d s", *counter, wanted, GIVE_UP_SECONDS);
    }
}

void settle(void)
{
    long long end = meter_now() + SETTLE_SECONDS * SECOND;
    while (meter_now() < end)
        clients_turn(TURN_MS);
}

/* Steps */

void connect_all(struct client *clients, int count, bool clean)
{
    long before = totals.connected;
    for (int i = 0; i < count; i++) {
        client_connect(&clients[i], clean);
        await(&totals.connected, before + i + 1 - LOGINS_AT_ONCE);
    }
    await(&totals.connected, before + count);
}

void disconnect_all(struct client *clients, int count)
{
    long before = totals.closed;
    for (int i = 0; i < count; i++)
        client_disconnect(&clients[i]);
    await(&totals.closed, before + count);
}

void subscribe_all(struct load *load, const char *format, int qos)
{
    char topic[TOPIC_MAX];
    long before = totals.subscribed;
    for (int i = 0; i < load->receivers; i++) {
        snprintf(topic, sizeof topic, format, load->to[i].user);
        client_subscribe(&load->to[i], topic, qos);
    }
    await(&totals.subscribed, before + load->receivers);
}

const char *to_partner(const struct load *load, int sender, char *topic)
{
    snprintf(topic, TOPIC_MAX, "chat/user/%s", load->to[sender % load->receivers].user);
    return topic;
}

/* Everybody writes to everybody in turn. */
static const char *to_everybody(const struct load *load, int sender, char *topic)
{
    int receiver = (sender + load->from[sender].published) % load->receivers;
    snprintf(topic, TOPIC_MAX, "chat/user/%s", load->to[receiver].user);
    return topic;
}

static const char *to_group(const struct load *load, int sender, char *topic)
{
    (void)load, (void)sender, (void)topic;
    return "chat/group/" GROUP;
}

bool publish_round(struct load *load, next_topic next)
{
    char topic[TOPIC_MAX];
    bool any = false;
    for (int i = 0; i < load->senders; i++) {
        struct client *sender = &load->from[i];
        if (sender->published >= load->messages || sender->sent - sender->acked >= WINDOW)
            continue;
        client_publish(sender, next(load, i, topic));
        any = true;
    }
    return any;
}

/* Publishes are held back also while too many of their deliveries are under way, so that a slow reader here
 * does not fill the broker's queues. */
void publish_all(struct load *load, next_topic next, long fan_out)
{
    const long all = (long)load->senders * (load->messages - load->from->published);
    const long acked = totals.acked, received = totals.received;
    const long lag = (long)load->senders * WINDOW;
    long long limit = meter_now() + GIVE_UP_SECONDS * SECOND;
    while (totals.acked - acked < all || totals.received - received < all * fan_out) {
        long sent = totals.sent - acked;
        bool may = fan_out == 0 || sent - (totals.received - received) / fan_out < lag;
        while (may && publish_round(load, next))
            ;
        clients_turn(TURN_MS);
        if (meter_now() > limit)
            die("%ld of %ld acked, %ld of %ld received in %d s", totals.acked - acked, all,
                totals.received - received, all * fan_out, GIVE_UP_SECONDS);
    }
}

/* Commands */

static void send_command(struct client *client, const char *json)
{
    client_command(client, json);
    for (long long limit = meter_now() + 10 * SECOND; !client->response;) {
        clients_turn(TURN_MS);
        if (meter_now() > limit)
            die("no answer to %s", json);
    }
    if (strstr(client->response, "\"code\":") || strstr(client->response, "\"result\":0"))
        die("%s was answered %s", json, client->response);
}

void create_group(struct load *load, const char *type)
{
    char json[300];
    snprintf(json, sizeof json,
             "{\"commands\":[{\"command\":\"createGroup\",\"groupID\":\"" GROUP
             "\",\"groupType\":\"%s\"%s}]}",
             type, strcmp(type, "Public") == 0 ? ",\"inviteOpt\":\"FreeAccess\"" : "");
    if (!load->bare)
        send_command(&load->from[0], json);
}

static void invite(struct load *load, int first, int count)
{
    char json[8000];
    int len =
        snprintf(json, sizeof json,
                 "{\"commands\":[{\"command\":\"inviteGroupMember\",\"groupID\":\"" GROUP "\",\"members\":[");
    for (int i = first; i < first + count; i++)
        len += snprintf(json + len, sizeof json - (size_t)len, "%s\"%s\"", i > first ? "," : "",
                        load->to[i].user);
    snprintf(json + len, sizeof json - (size_t)len, "]}]}");
    send_command(&load->from[0], json);
}

static void invite_all(struct load *load)
{
    for (int i = 0; !load->bare && i < load->receivers; i += MEMBERS_AT_ONCE)
        invite(load, i, load->receivers - i < MEMBERS_AT_ONCE ? load->receivers - i : MEMBERS_AT_ONCE);
}

/* Workloads */

static void run_delivered(struct load *load)
{
    connect_all(load->all, load->senders + load->receivers, true);
    subscribe_all(load, "chat/user/%s", 1);
    meter_start();
    publish_all(load, to_partner, 1);
    meter_stop();
}

/* The receivers have been there once: the plugin refuses messages to nobody. */
static void run_stored(struct load *load)
{
    connect_all(load->all, load->senders + load->receivers, true);
    disconnect_all(load->to, load->receivers);
    meter_start();
    publish_all(load, to_partner, 0);
    meter_stop();
}

/* Kept sessions: both brokers know the subscription, and the clients send nothing but CONNECT. */
static void replay_from(struct load *load, next_topic next)
{
    connect_all(load->from, load->senders, true);
    connect_all(load->to, load->receivers, false);
    subscribe_all(load, "chat/user/%s", 1);
    disconnect_all(load->to, load->receivers);
    publish_all(load, next, 0);
    settle();
    meter_start();
    connect_all(load->to, load->receivers, false);
    await(&totals.received, (long)load->senders * load->messages);
    meter_stop();
}

static void run_replay(struct load *load)
{
    replay_from(load, to_partner);
}

static void run_replay_many(struct load *load)
{
    for (int i = 0; i < load->receivers; i++)
        load->to[i].unordered = true;
    replay_from(load, to_everybody);
}

static void live_at(struct load *load, int qos)
{
    connect_all(load->all, load->senders + load->receivers, true);
    create_group(load, "AVChatRoom");
    subscribe_all(load, "chat/group/" GROUP, qos);
    settle();
    meter_start();
    publish_all(load, to_group, load->receivers);
    meter_stop();
}

static void run_live(struct load *load)
{
    live_at(load, 0);
}

static void run_live_qos1(struct load *load)
{
    live_at(load, 1);
}

static void run_feeds(struct load *load)
{
    connect_all(load->all, load->senders + load->receivers, true);
    create_group(load, "Public");
    invite_all(load);
    subscribe_all(load, load->bare ? "chat/group/" GROUP : "chat/user/%s/#", 1);
    settle();
    meter_start();
    publish_all(load, to_group, load->receivers);
    meter_stop();
}

/* What somebody in the crowd does, over and over; half the time he is there. */
enum crowd_move { COME, UNSUBSCRIBE, SUBSCRIBE, LEAVE, MOVES };

struct crowd {
    struct load *load;
    struct client *comers;
    int stayers, comer_count;
    enum crowd_move *next; /* of each comer */
    long turn, moves;
    long long begin;
};

static void make_move(struct client *client, enum crowd_move move)
{
    if (move == COME)
        client_connect(client, true);
    if (move == COME || move == SUBSCRIBE)
        client_subscribe(client, "chat/group/" GROUP, 0);
    else if (move == UNSUBSCRIBE)
        client_unsubscribe(client, "chat/group/" GROUP);
    else
        client_disconnect(client);
}

/* The comers in turn; one whose connection is still being made or ended is left out. */
static void move_next(struct crowd *crowd)
{
    int i = (int)(crowd->turn++ % crowd->comer_count);
    struct client *client = &crowd->comers[i];
    if (client->leaving || (client->fd >= 0 && !client->connected))
        return;
    make_move(client, crowd->next[i]);
    crowd->next[i] = (crowd->next[i] + 1) % MOVES;
    crowd->moves++;
}

/* How many times it was due since the beginning. */
static long due(const struct crowd *crowd, int a_second)
{
    return (long)((meter_now() - crowd->begin) * a_second / SECOND);
}

/* Everybody has been there before; they begin in all states. */
static void gather(struct crowd *crowd)
{
    struct load *load = crowd->load;
    connect_all(load->all, load->senders + load->receivers, true);
    create_group(load, "AVChatRoom");
    subscribe_all(load, "chat/group/" GROUP, 0);
    for (int i = 0; i < crowd->comer_count; i++) {
        enum crowd_move next = crowd->next[i] = i % MOVES;
        crowd->comers[i].passing = true;
        if (next == COME)
            client_disconnect(&crowd->comers[i]);
        else if (next == SUBSCRIBE)
            client_unsubscribe(&crowd->comers[i], "chat/group/" GROUP);
    }
    settle();
}

/* One tip a second at most, and it must come; what has come before the clock started is not counted. */
static void check_tips(const struct crowd *crowd)
{
    long seconds = due(crowd, 1);
    for (int i = 0; i < crowd->stayers && !crowd->load->bare; i++) {
        int tips = crowd->load->to[i].tips;
        if (tips > seconds + 1 || tips < seconds / 2)
            die("%d tips in %ld s", tips, seconds);
    }
}

static void count_heads(struct load *load)
{
    if (!load->bare)
        client_command(&load->from[0],
                       "{\"commands\":[{\"command\":\"getGroupInfo\",\"groupID\":\"" GROUP "\"}]}");
}

static void live_on(struct crowd *crowd)
{
    struct load *load = crowd->load;
    const long wanted = (long)load->messages * crowd->stayers;
    long asked = 0;
    while (totals.received < wanted) {
        if (load->from->published < load->messages &&
            due(crowd, CROWD_MESSAGES_A_SECOND) > load->from->published)
            client_publish(load->from, "chat/group/" GROUP);
        while (due(crowd, CROWD_MOVES_A_SECOND) > crowd->turn)
            move_next(crowd);
        if (due(crowd, 1) > asked) {
            count_heads(load);
            asked++;
        }
        clients_turn(CROWD_TURN_MS);
        if (due(crowd, 1) > GIVE_UP_SECONDS)
            die("%ld of %ld received in %d s", totals.received, wanted, GIVE_UP_SECONDS);
    }
    if (crowd->moves < crowd->turn / 10 * 9)
        die("%ld of %ld came or went", crowd->moves, crowd->turn);
}

static void run_crowd(struct load *load)
{
    int stayers = load->receivers / 2;
    struct crowd crowd = {.load = load,
                          .comers = load->to + stayers,
                          .stayers = stayers,
                          .comer_count = load->receivers - stayers,
                          .next = calloc((size_t)load->receivers, sizeof *crowd.next)};
    if (!crowd.next)
        die("out of memory");
    gather(&crowd);
    for (int i = 0; i < stayers; i++)
        load->to[i].tips = 0;
    meter_start();
    crowd.begin = meter_now();
    live_on(&crowd);
    meter_stop();
    check_tips(&crowd);
    free(crowd.next);
}

/* The clock stands while a batch is leaving. */
static void log_in(struct load *load, bool measured)
{
    for (int i = 0; i < load->receivers; i += LOGINS_IN_BATCH) {
        int count = load->receivers - i < LOGINS_IN_BATCH ? load->receivers - i : LOGINS_IN_BATCH;
        if (measured)
            meter_start();
        connect_all(load->all + i, count, true);
        if (measured)
            meter_stop();
        disconnect_all(load->all + i, count);
    }
    settle();
}

static void run_logins(struct load *load)
{
    log_in(load, true);
}

/* The same, by users and devices that the broker has seen before. */
static void run_returns(struct load *load)
{
    log_in(load, false);
    log_in(load, true);
}

long count_messages(const struct load *load)
{
    return (long)load->senders * load->messages;
}

static long count_deliveries(const struct load *load)
{
    return count_messages(load) * load->receivers;
}

static long count_stayers(const struct load *load)
{
    return count_messages(load) * (load->receivers / 2);
}

static long count_logins(const struct load *load)
{
    return load->receivers;
}

static const struct workload workloads[] = {
    {"delivered", "msg", 50, 50, 0, 2000, run_delivered, count_messages},
    {"stored", "msg", 50, 50, 0, 4000, run_stored, count_messages},
    {"replay", "msg", 50, 50, 0, 1000, run_replay, count_messages},
    {"replay-many", "msg", 50, 50, 0, 1000, run_replay_many, count_messages},
    {"live", "delivery", 1, 1000, 0, 300, run_live, count_deliveries},
    {"live-qos1", "delivery", 1, 1000, 0, 150, run_live_qos1, count_deliveries},
    {"feeds", "delivery", 1, 200, 0, 750, run_feeds, count_deliveries},
    {"crowd", "delivery", 1, 4000, 0, 300, run_crowd, count_stayers},
    {"logins", "login", 0, 8000, 0, 0, run_logins, count_logins},
    {"returns", "login", 0, 8000, 0, 0, run_returns, count_logins},
};
static const size_t workloads_count = COUNT(workloads);

/* All there are, those of other files too. */
static const struct {
    const struct workload *rows;
    const size_t *count;
} tables[] = {
    {workloads, &workloads_count},
    {readings, &readings_count},
    {peer_workloads, &peer_workloads_count},
    {growths, &growths_count},
};

const struct workload *workload_find(const char *name)
{
    for (size_t table = 0; table < COUNT(tables); table++)
        for (size_t i = 0; i < *tables[table].count; i++)
            if (strcmp(tables[table].rows[i].name, name) == 0)
                return &tables[table].rows[i];
    return NULL;
}

void workload_list(void)
{
    for (size_t i = 0; i < workloads_count; i++)
        puts(workloads[i].name);
}
