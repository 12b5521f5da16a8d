/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a message costs where there is much besides: users, pairs and a group that are in the database already
 * (fill_plainly of bench/filling.py). Everybody has subscribed to a feed of his own, and before the clock
 * starts each way of a message has been gone once: what is counted is the next message, not the first. */
#include <stdio.h>

#include "bench/meter.h"
#include "bench/workload.h"
#include "lib/basics.h"

/* All messages of one part of a measurement, up to so many of each sender since the start. */
typedef void exchange_fn(struct load *load, int upto);

static void come(struct load *load)
{
    char topic[TOPIC_MAX];
    long before = totals.subscribed;
    connect_all(load->of, load->readers, true);
    for (int i = 0; i < load->readers; i++) {
        load->of[i].unordered = true;
        snprintf(topic, sizeof topic, "chat/user/%s/#", load->of[i].user);
        client_subscribe(&load->of[i], topic, 1);
    }
    await(&totals.subscribed, before + load->readers);
}

static void say(struct load *load, struct client *from, int senders, int upto, next_topic next, long fan_out)
{
    struct load part = *load;
    part.from = from;
    part.senders = senders;
    part.messages = upto;
    publish_all(&part, next, fan_out);
}

static void measure(struct load *load, exchange_fn *exchange)
{
    come(load);
    exchange(load, 1);
    settle();
    meter_start();
    exchange(load, 1 + load->messages);
    meter_stop();
}

/* A group: the first reader writes, the others hear it */

static const char *to_group(const struct load *load, int sender, char *topic)
{
    (void)load, (void)sender, (void)topic;
    return "chat/group/g1";
}

static void tell_group(struct load *load, int upto)
{
    say(load, load->of, 1, upto, to_group, load->readers - 1);
}

static void run_group(struct load *load)
{
    measure(load, tell_group);
}

static long count_told(const struct load *load)
{
    return load->messages;
}

/* A user who knows many: some of them write to him, and he to them in turn */

static const char *to_known(const struct load *load, int sender, char *topic)
{
    int place = load->from[sender].published % (load->readers - 1);
    snprintf(topic, TOPIC_MAX, "chat/user/%s", load->of[1 + place].user);
    return topic;
}

static const char *to_first(const struct load *load, int sender, char *topic)
{
    (void)sender;
    snprintf(topic, TOPIC_MAX, "chat/user/%s", load->of->user);
    return topic;
}

static void talk_with_many(struct load *load, int upto)
{
    int others = load->readers - 1;
    say(load, load->of, 1, upto * others, to_known, 1);
    say(load, load->of + 1, others, upto, to_first, 1);
}

static void run_known(struct load *load)
{
    measure(load, talk_with_many);
}

static long count_both_ways(const struct load *load)
{
    return 2L * (load->readers - 1) * load->messages;
}

/* Pairs: the first and the second, the third and the fourth, ... */

static const char *to_neighbour(const struct load *load, int sender, char *topic)
{
    snprintf(topic, TOPIC_MAX, "chat/user/%s", load->of[sender ^ 1].user);
    return topic;
}

static void talk_in_pairs(struct load *load, int upto)
{
    say(load, load->of, load->readers, upto, to_neighbour, 1);
}

static void run_pairs(struct load *load)
{
    measure(load, talk_in_pairs);
}

static long count_said(const struct load *load)
{
    return (long)load->readers * load->messages;
}

/* Memory: what they take is looked at when the clock starts, and when it stops */

static void run_idle(struct load *load)
{
    settle();
    meter_start();
    come(load);
    settle();
    meter_stop();
}

static void run_active(struct load *load)
{
    settle();
    meter_start();
    come(load);
    talk_in_pairs(load, load->messages);
    settle();
    meter_stop();
}

static long count_readers(const struct load *load)
{
    return load->readers;
}

const struct workload growths[] = {
    {"group", "msg", 0, 0, 2, 1000, run_group, count_told},
    {"known", "msg", 0, 0, 51, 100, run_known, count_both_ways},
    {"pairs", "msg", 0, 0, 100, 100, run_pairs, count_said},
    {"idle", "session", 0, 0, 10000, 0, run_idle, count_readers},
    {"active", "session", 0, 0, 10000, 1, run_active, count_readers},
};
const size_t growths_count = COUNT(growths);
