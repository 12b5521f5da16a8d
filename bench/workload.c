/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "bench/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/meter.h"

#define WINDOW          20 /* publishes of one sender that are not acked, or not delivered, yet */
#define LOGINS_IN_BATCH 2000
#define LOGINS_AT_ONCE  64 /* less than Mosquitto's listen backlog of 100 */
#define GIVE_UP_SECONDS 120
#define SETTLE_SECONDS  1 /* for the plugin's writer and for tips; the bare broker waits as long */
#define GROUP           "team"
#define MEMBERS_AT_ONCE 100 /* of one command */
#define TOPIC_MAX       100

/* Waiting */

void await(const long *counter, long wanted)
{
    long long limit = meter_now() + GIVE_UP_SECONDS * 1000000000LL;
    while (*counter < wanted) {
        clients_turn();
        if (meter_now() > limit)
            die("%ld of %ld came in %d s", *counter, wanted, GIVE_UP_SECONDS);
    }
}

static void settle(void)
{
    long long end = meter_now() + SETTLE_SECONDS * 1000000000LL;
    while (meter_now() < end)
        clients_turn();
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

static void disconnect_all(struct client *clients, int count)
{
    long before = totals.closed;
    for (int i = 0; i < count; i++)
        client_disconnect(&clients[i]);
    await(&totals.closed, before + count);
}

static void subscribe_all(struct load *load, const char *format, int qos)
{
    char topic[TOPIC_MAX];
    for (int i = 0; i < load->receivers; i++) {
        snprintf(topic, sizeof topic, format, load->to[i].user);
        client_subscribe(&load->to[i], topic, qos);
    }
    await(&totals.subscribed, load->receivers);
}

/* Where a sender's next message goes; NULL: all were sent. */
typedef const char *(*next_topic)(const struct load *load, int sender, char *topic);

static const char *to_partner(const struct load *load, int sender, char *topic)
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

/* One publish of every sender that may, and has something left. */
static bool publish_round(struct load *load, next_topic next)
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

/* Receivers of one message; 0: nobody waits for it. Publishes are held back also while too many of their
 * deliveries are under way, so that a slow reader here does not fill the broker's queues. */
static void publish_all(struct load *load, next_topic next, long fan_out)
{
    const long all = (long)load->senders * load->messages, commands = totals.acked;
    const long lag = (long)load->senders * WINDOW;
    long long limit = meter_now() + GIVE_UP_SECONDS * 1000000000LL;
    while (totals.acked - commands < all || totals.received < all * fan_out) {
        long sent = totals.sent - commands;
        bool may = fan_out == 0 || sent - totals.received / fan_out < lag;
        while (may && publish_round(load, next))
            ;
        clients_turn();
        if (meter_now() > limit)
            die("%ld of %ld acked, %ld of %ld received in %d s", totals.acked - commands, all,
                totals.received, all * fan_out, GIVE_UP_SECONDS);
    }
}

/* Commands */

static void command(struct client *client, const char *json)
{
    client_command(client, json);
    for (long long limit = meter_now() + 10000000000LL; !client->response;) {
        clients_turn();
        if (meter_now() > limit)
            die("no answer to %s", json);
    }
    if (strstr(client->response, "\"code\":") || strstr(client->response, "\"result\":0"))
        die("%s was answered %s", json, client->response);
}

static void create_group(struct load *load, const char *type)
{
    char json[300];
    snprintf(json, sizeof json,
             "{\"commands\":[{\"command\":\"createGroup\",\"groupID\":\"" GROUP
             "\",\"groupType\":\"%s\"%s}]}",
             type, strcmp(type, "Public") == 0 ? ",\"inviteOpt\":\"FreeAccess\"" : "");
    if (!load->bare)
        command(&load->from[0], json);
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
    command(&load->from[0], json);
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

static long count_messages(const struct load *load)
{
    return (long)load->senders * load->messages;
}

static long count_deliveries(const struct load *load)
{
    return count_messages(load) * load->receivers;
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
    {"logins", "login", 0, 8000, 0, 0, run_logins, count_logins},
    {"returns", "login", 0, 8000, 0, 0, run_returns, count_logins},
};
#define WORKLOADS (sizeof workloads / sizeof *workloads)

const struct workload *workload_find(const char *name)
{
    for (size_t i = 0; i < WORKLOADS; i++)
        if (strcmp(workloads[i].name, name) == 0)
            return &workloads[i];
    for (size_t i = 0; i < readings_count; i++)
        if (strcmp(readings[i].name, name) == 0)
            return &readings[i];
    return NULL;
}

void workload_list(void)
{
    for (size_t i = 0; i < WORKLOADS; i++)
        puts(workloads[i].name);
}
