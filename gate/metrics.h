/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* GET /metrics: figures of the broker and of the gateway, in Prometheus' text format (version 0.0.4). */
#ifndef GATE_METRICS_H
#define GATE_METRICS_H

struct asks;
struct counts;
struct exchange;
struct hooks;
struct server;

#define METRICS_PATH "/metrics"

/* Where they come from; all borrowed. */
struct metrics {
    struct asks *asks;
    const struct counts *counts;
    const struct server *server;
    const struct hooks *hooks; /* NULL: there are none */
};

/* An exchange_handler; `context` is a struct metrics. Without the broker, its figures are missing, and
 * mosquitto_chat_gate_broker_connected is 0. */
void metrics_serve(void *context, struct exchange *exchange);

#endif
