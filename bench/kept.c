/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* delivered and stored with kept sessions, which a broker without the plugin needs if messages are to outlive it;
 * and what is left of the acked ones when it was killed in the middle of them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/die.h"
#include "bench/meter.h"
#include "bench/workload.h"
#include "lib/basics.h"

#define TURN_MS       100
#define SECOND        1000000000LL
#define DEATH_SECONDS 10 /* of the connections, after the broker's */
#define QUIET_SECONDS 10 /* without a message: nothing more comes */

static void leave_sessions(struct load *load)
{
    connect_all(load->from, load->senders, true);
    connect_all(load->to, load->receivers, false);
    subscribe_all(load, "chat/user/%s", 1);
    disconnect_all(load->to, load->receivers);
}

static void run_delivered_kept(struct load *load)
{
    connect_all(load->from, load->senders, true);
    connect_all(load->to, load->receivers, false);
    subscribe_all(load, "chat/user/%s", 1);
    meter_start();
    publish_all(load, to_partner, 1);
    meter_stop();
}

static void run_stored_kept(struct load *load)
{
    leave_sessions(load);
    meter_start();
    publish_all(load, to_partner, 0);
    meter_stop();
}

/* Each sender has a receiver of his own: their messages have the same numbers. */
static void watch_all(struct load *load)
{
    if (load->senders != load->receivers)
        die("as many senders as receivers are needed");
    for (int i = 0; i < load->senders + load->receivers; i++) {
        struct client *client = &load->all[i];
        client->bereaved = true;
        client->seens = load->messages;
        client->seen = calloc((size_t)load->messages, sizeof *client->seen);
        if (!client->seen)
            die("out of memory");
    }
}

/* Until half of the messages were acked; the others' acks that were on their way count too. */
static void kill_in_the_middle(struct load *load)
{
    long long limit = meter_now() + 120 * SECOND;
    long closed = totals.closed;
    while (totals.acked < count_messages(load) / 2) {
        while (publish_round(load, to_partner))
            ;
        clients_turn(TURN_MS);
        if (meter_now() > limit)
            die("%ld acked in 120 s", totals.acked);
    }
    meter_kill_broker();
    for (limit = meter_now() + DEATH_SECONDS * SECOND; totals.closed < closed + load->senders;) {
        clients_turn(TURN_MS);
        if (meter_now() > limit)
            die("connections outlive the broker");
    }
}

static long lost(const struct load *load)
{
    long count = 0;
    for (int i = 0; i < load->senders; i++)
        for (int number = 0; number < load->messages; number++)
            count += load->from[i].seen[number] && !load->to[i].seen[number];
    return count;
}

/* They subscribe again, as a client does that was told of no session. */
static void come_back(struct load *load)
{
    connect_all(load->to, load->receivers, false);
    subscribe_all(load, "chat/user/%s", 1);
    long before = -1;
    for (long long limit = 0; lost(load) > 0 && (totals.received > before || meter_now() < limit);) {
        if (totals.received > before)
            limit = meter_now() + QUIET_SECONDS * SECOND;
        before = totals.received;
        clients_turn(TURN_MS);
    }
}

static void run_killed(struct load *load)
{
    signal(SIGPIPE, SIG_IGN); /* a connection to the dead */
    leave_sessions(load);
    watch_all(load);
    kill_in_the_middle(load);
    meter_ask("killed");
    come_back(load);
    printf("{\"name\":\"%s\",\"acked\":%ld,\"received\":%ld,\"lost\":%ld}\n", load->workload->name,
           totals.acked, totals.received, lost(load));
    load->printed = true;
}

const struct workload peer_workloads[] = {
    {"delivered-kept", "msg", 50, 50, 0, 2000, run_delivered_kept, count_messages},
    {"stored-kept", "msg", 50, 50, 0, 4000, run_stored_kept, count_messages},
    {"killed", "msg", 50, 50, 0, 1000, run_killed, count_messages}, /* what the plugin replays unasked */
};
const size_t peer_workloads_count = COUNT(peer_workloads);
