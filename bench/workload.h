/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is measured. Each workload prepares its clients, starts the clock, and stops it when everything has
 * arrived; docs/bench.md says what they mean. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stdbool.h>

#include "bench/client.h"

struct load {
    const struct workload *workload;
    bool bare; /* a broker without the plugin: no commands, and a group is a topic */
    int senders, receivers;
    int readers;         /* users that bench/fill has made, each with a device */
    int messages;        /* of each sender */
    struct client *all;  /* senders first */
    struct client *from; /* senders */
    struct client *to;   /* receivers */
    struct client *of;   /* readers */
    bool absent;         /* the plugin does not know the command: there is nothing to measure */
    bool printed;        /* the workload has printed its own line */
};

struct workload {
    const char *name, *unit;
    int senders, receivers, readers, messages;
    void (*run)(struct load *load);
    long (*count)(const struct load *load); /* units of the rate */
};

/* Where a sender's next message goes, written to `topic` (TOPIC_MAX bytes) or a constant. */
typedef const char *(*next_topic)(const struct load *load, int sender, char *topic);
#define TOPIC_MAX 100

/* In reading.c: those that need a database of bench/fill. */
extern const struct workload readings[];
extern const size_t readings_count;

/* In kept.c: for bench/peers. */
extern const struct workload peer_workloads[];
extern const size_t peer_workloads_count;

/* In growing.c: for bench/growth. */
extern const struct workload growths[];
extern const size_t growths_count;

/* NULL: no such workload. */
const struct workload *workload_find(const char *name);
void workload_list(void); /* of an empty database */

/* Steps that several files have. They end the program when the broker takes too long. */
void connect_all(struct client *clients, int count, bool clean);
void disconnect_all(struct client *clients, int count);
void subscribe_all(struct load *load, const char *format, int qos); /* %s: the receiver */
void await(const long *counter, long wanted);
void settle(void);
const char *to_partner(const struct load *load, int sender, char *topic);
long count_messages(const struct load *load);

/* One publish of every sender that has a place in its window and something left; false: of none. */
bool publish_round(struct load *load, next_topic next);
/* What is left of `messages` of all senders. fan_out: receivers of one message that are waited for; 0: none. */
void publish_all(struct load *load, next_topic next, long fan_out);
#define GROUP "team"
/* By the first sender; nothing with a bare broker. */
void create_group(struct load *load, const char *type);

#endif
