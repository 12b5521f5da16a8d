/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/metrics.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/broker/asks.h"
#include "gate/hook/hook_counts.h"
#include "gate/hook/hooks.h"
#include "gate/http/exchange.h"
#include "gate/http/server.h"
#include "gate/rest/counts.h"
#include "lib/basics.h"

#define TYPE   "text/plain; version=0.0.4; charset=utf-8"
#define PREFIX "mosquitto_chat_"

/* What getStats has, as docs/protocol.md, section 9, lists it. */
static const struct {
    const char *ours, *name, *type, *help;
    double unit; /* ours in theirs */
} broker_rows[] = {
    {"connections", "connections", "gauge", "Connections of chat users.", 1},
    {"usersOnline", "users_online", "gauge", "Users with a connected device.", 1},
    {"messagesStored", "messages_stored_total", "counter", "Messages stored since the broker's start.", 1},
    {"messagesRejected", "messages_rejected_total", "counter", "Messages refused since the broker's start.",
     1},
    {"messagesReplayed", "messages_replayed_total", "counter", "Messages given to devices that came back.",
     1},
    {"ringBytes", "ring_bytes", "gauge", "Bytes of the write ring in use.", 1},
    {"ringBad", "ring_bad_total", "counter", "Frames that could not be executed since the broker's start.",
     1},
    {"logBytes", "log_bytes", "gauge", "Bytes of the database's write-ahead log.", 1},
    {"stalled", "stalled", "gauge", "1 while the database cannot be written.", 1},
    {"pushPending", "push_pending", "gauge", "Push jobs that wait.", 1},
    {"pushDead", "push_dead", "gauge", "Push jobs that were given up.", 1},
    {"commitMilliseconds", "commit_seconds", "gauge", "What the last commits took.", 0.001},
};

/* One request for them. */
struct scrape {
    const struct metrics *metrics;
    struct exchange *exchange;
};

static void print_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void print_number(FILE *out, const char *name, const char *type, const char *help, double value)
{
    print_head(out, name, type, help);
    fprintf(out, PREFIX "%s %.15g\n", name, value);
}

static void print_broker(FILE *out, const cJSON *stats)
{
    for (size_t i = 0; i < COUNT(broker_rows); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(stats, broker_rows[i].ours);
        if (cJSON_IsNumber(item))
            print_number(out, broker_rows[i].name, broker_rows[i].type, broker_rows[i].help,
                         item->valuedouble * broker_rows[i].unit);
    }
}

static void print_count(void *context, const char *service, const char *command, int code, int64_t count)
{
    fprintf(context, PREFIX "gate_rest_requests_total{service=\"%s\",command=\"%s\",code=\"%d\"} %lld\n",
            service, command, code, (long long)count);
}

static void print_outcomes(FILE *out, const struct hook_counts *counts, enum callback callback)
{
    for (int i = 0; i < HOOK_OUTCOMES; i++)
        if (counts->outcomes[callback][i] > 0)
            fprintf(out, PREFIX "gate_hooks_total{command=\"%s\",outcome=\"%s\"} %lld\n",
                    callback_name(callback), hook_outcome_name((enum hook_outcome)i),
                    (long long)counts->outcomes[callback][i]);
}

static void print_seconds(FILE *out, const struct hook_counts *counts, enum callback callback)
{
    const char *name = callback_name(callback);
    const long long attempts = (long long)counts->attempts[callback];
    int64_t sum = 0;
    for (int i = 0; i < HOOK_BUCKETS; i++) {
        sum += counts->buckets[callback][i];
        fprintf(out, PREFIX "gate_hook_seconds_bucket{command=\"%s\",le=\"%g\"} %lld\n", name,
                hook_bucket_seconds[i], (long long)sum);
    }
    fprintf(out, PREFIX "gate_hook_seconds_bucket{command=\"%s\",le=\"+Inf\"} %lld\n", name, attempts);
    fprintf(out, PREFIX "gate_hook_seconds_sum{command=\"%s\"} %.15g\n", name, counts->seconds[callback]);
    fprintf(out, PREFIX "gate_hook_seconds_count{command=\"%s\"} %lld\n", name, attempts);
}

/* Of those that have been called. */
static void print_hooks(FILE *out, const struct hooks *hooks)
{
    const struct hook_counts *counts = hooks_counts(hooks);
    print_number(out, "gate_hooks_waiting", "gauge", "Web hooks that wait or are under way.",
                 (double)hooks_waiting(hooks));
    print_head(out, "gate_hooks_total", "counter", "Attempts to call web hooks by command and outcome.");
    for (int i = 0; i < CALLBACK_COUNT; i++)
        print_outcomes(out, counts, (enum callback)i);
    print_head(out, "gate_hook_seconds", "histogram", "What attempts to call web hooks took.");
    for (int i = 0; i < CALLBACK_COUNT; i++)
        if (counts->attempts[i] > 0)
            print_seconds(out, counts, (enum callback)i);
}

static void print_gate(FILE *out, const struct metrics *metrics, bool connected)
{
    print_number(out, "gate_broker_connected", "gauge", "1 while the gateway is connected to the broker.",
                 connected);
    print_number(out, "gate_http_connections", "gauge", "Connections of HTTP clients.",
                 (double)server_connections(metrics->server));
    print_number(out, "gate_http_requests_total", "counter", "Requests over HTTP since the gateway's start.",
                 (double)server_requests(metrics->server));
    print_head(out, "gate_rest_requests_total", "counter",
               "Requests to the REST interface by command and code.");
    counts_each(metrics->counts, print_count, out);
    if (metrics->hooks)
        print_hooks(out, metrics->hooks);
}

/* `stats` NULL: the broker said nothing. */
static void answer(struct scrape *scrape, const cJSON *stats)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out) {
        print_broker(out, stats);
        print_gate(out, scrape->metrics, stats != NULL);
    }
    if (!out || fclose(out)) {
        free(text);
        exchange_refuse(scrape->exchange, 500, 0, "out of memory");
    } else {
        exchange_answer(scrape->exchange, 200, TYPE, text, len);
    }
    free(scrape);
}

static void on_stats(void *context, struct ask_answer *found)
{
    answer(context, found->code == 0 ? found->data : NULL);
}

void metrics_serve(void *context, struct exchange *exchange)
{
    const struct metrics *metrics = context;
    struct scrape *scrape = malloc(sizeof *scrape);
    if (!scrape) {
        exchange_refuse(exchange, 500, 0, "out of memory");
        return;
    }
    *scrape = (struct scrape){metrics, exchange};
    cJSON *command = asks_fault(metrics->asks) ? NULL : cJSON_CreateObject();
    if (!command || !cJSON_AddStringToObject(command, "command", "getStats")) {
        cJSON_Delete(command);
        answer(scrape, NULL);
    } else if (!asks_send(metrics->asks, command, on_stats, scrape)) {
        answer(scrape, NULL);
    }
}
