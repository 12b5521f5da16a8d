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
    int messages;        /* of each sender */
    struct client *all;  /* senders first */
    struct client *from; /* senders */
    struct client *to;   /* receivers */
};

struct workload {
    const char *name, *unit;
    int senders, receivers, messages;
    void (*run)(struct load *load);
    long (*count)(const struct load *load); /* units of the rate */
};

/* NULL: no such workload. */
const struct workload *workload_find(const char *name);
void workload_list(void);

#endif
