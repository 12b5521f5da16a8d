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
};

struct workload {
    const char *name, *unit;
    int senders, receivers, readers, messages;
    void (*run)(struct load *load);
    long (*count)(const struct load *load); /* units of the rate */
};

/* In reading.c: those that need a database of bench/fill. */
extern const struct workload readings[];
extern const size_t readings_count;

/* NULL: no such workload. */
const struct workload *workload_find(const char *name);
void workload_list(void); /* of an empty database */

/* Steps that both have. */
void connect_all(struct client *clients, int count, bool clean);
void await(const long *counter, long wanted);

#endif
