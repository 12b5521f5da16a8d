/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/metrics.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/broker/asks.h"
#include "gate/hook/hook_counts.h"
#include "gate/hook/hooks.h"
#include "gate/http/exchange.h"
#include "gate/http/server.h"
#include "gate/rest/counts.h"
#include "lib/basics.h"

#define TYPE   "text/plain; version=0.0.4; charset=utf-8"
#define PREFIX "mosquitto_chat_"

/* What getStats has, as docs/protocol.md, section 9, lists it; but for the turns, which are a histogram. Rows of one
 * name are one behind the other. */
static const struct broker_row {
    const char *ours, *name, *type, *help;
    const char *label; /* NULL: none */
    double unit;       /* ours in theirs */
} broker_rows[] = {
    {"connections", "connections", "gauge", "Connections of chat users.", NULL, 1},
    {"logins", "logins_total", "counter", "Logins that were let in.", NULL, 1},
    {"memoryBytes", "memory_bytes", "gauge", "Memory of the broker's process.", NULL, 1},
    {"usersOnline", "users_online", "gauge", "Users with a connected device.", NULL, 1},
    {"messagesStored", "messages_stored_total", "counter", "Messages stored since the broker's start.", NULL,
     1},
    {"messagesRejected", "messages_rejected_total", "counter", "Messages refused since the broker's start.",
     NULL, 1},
    {"messagesReplayed", "messages_replayed_total", "counter", "Messages given to devices that came back.",
     NULL, 1},
    {"messagesC2C", "messages_total", "counter", "Messages accepted, by what they are said in.",
     "type=\"c2c\"", 1},
    {"messagesPrivate", "messages_total", "counter", "Messages accepted, by what they are said in.",
     "type=\"private\"", 1},
    {"messagesPublic", "messages_total", "counter", "Messages accepted, by what they are said in.",
     "type=\"public\"", 1},
    {"messagesChatRoom", "messages_total", "counter", "Messages accepted, by what they are said in.",
     "type=\"chatroom\"", 1},
    {"messagesAVChatRoom", "messages_total", "counter", "Messages accepted, by what they are said in.",
     "type=\"avchatroom\"", 1},
    {"deliveriesC2C", "deliveries_total", "counter", "Messages given to devices as they came.",
     "type=\"c2c\"", 1},
    {"deliveriesPrivate", "deliveries_total", "counter", "Messages given to devices as they came.",
     "type=\"private\"", 1},
    {"deliveriesPublic", "deliveries_total", "counter", "Messages given to devices as they came.",
     "type=\"public\"", 1},
    {"deliveriesChatRoom", "deliveries_total", "counter", "Messages given to devices as they came.",
     "type=\"chatroom\"", 1},
    {"deliveriesAVChatRoom", "deliveries_total", "counter", "Messages given to devices as they came.",
     "type=\"avchatroom\"", 1},
    {"shedRate", "shed_total", "counter", "What was dropped under load, by what it is.", "what=\"rate\"", 1},
    {"shedReaders", "shed_total", "counter", "What was dropped under load, by what it is.",
     "what=\"readers\"", 1},
    {"shedEvents", "shed_total", "counter", "What was dropped under load, by what it is.", "what=\"events\"",
     1},
    {"shedFeed", "shed_total", "counter", "What was dropped under load, by what it is.", "what=\"feed\"", 1},
    {"reviewsWaiting", "reviews_waiting", "gauge", "What waits for a reviewer.", NULL, 1},
    {"reviewSeconds", "review_limit_seconds", "gauge", "How long a reviewer has.", NULL, 1},
    {"reviewsHeld", "reviews_held_total", "counter", "What was held for a reviewer.", NULL, 1},
    {"reviewsPassed", "reviews_decided_total", "counter", "What became of it.", "decision=\"passed\"", 1},
    {"reviewsRefused", "reviews_decided_total", "counter", "What became of it.", "decision=\"refused\"", 1},
    {"reviewsDropped", "reviews_decided_total", "counter", "What became of it.", "decision=\"dropped\"", 1},
    {"reviewsOverdue", "reviews_overdue_total", "counter", "Of these, decided by review_default.", NULL, 1},
    {"uploadsBegun", "uploads_begun_total", "counter", "Uploads begun.", NULL, 1},
    {"uploadsFinished", "uploads_over_total", "counter", "What became of uploads.", "end=\"finished\"", 1},
    {"uploadsRefused", "uploads_over_total", "counter", "What became of uploads.", "end=\"refused\"", 1},
    {"uploadsEnded", "uploads_over_total", "counter", "What became of uploads.", "end=\"ended\"", 1},
    {"uploadsBytes", "uploads_bytes_total", "counter", "Bytes of the finished uploads.", NULL, 1},
    {"bansMade", "bans_made_total", "counter", "Bans of users and of members of groups.", NULL, 1},
    {"bansLifted", "bans_lifted_total", "counter", "Bans that were lifted.", NULL, 1},
    {"bansRefused", "bans_refused_total", "counter", "Logins and joins refused for a ban.", NULL, 1},
    {"pushPending", "push_pending", "gauge", "Push jobs that wait.", NULL, 1},
    {"pushDead", "push_dead", "gauge", "Push jobs that were given up.", NULL, 1},
    {"stalled", "stalled", "gauge", "1 while the database cannot be written.", NULL, 1},
    {"commits", "commits_total", "counter", "Commits to the database.", NULL, 1},
    {"commitMilliseconds", "commit_seconds", "gauge", "What the last commit took.", NULL, 0.001},
    {"commitLongest", "commit_longest_seconds", "gauge",
     "What the longest commit since the broker's start took.", NULL, 0.001},
    {"checkpoints", "checkpoints_total", "counter", "Checkpoints of the database's write-ahead log.", NULL,
     1},
    {"ringBytes", "ring_bytes", "gauge", "Bytes of the write ring in use.", NULL, 1},
    {"ringSize", "ring_size_bytes", "gauge", "Bytes that the write ring has.", NULL, 1},
    {"ringFrames", "ring_frames", "gauge", "Frames in the write ring that wait for the database.", NULL, 1},
    {"ringBad", "ring_bad_total", "counter", "Frames that could not be executed since the broker's start.",
     NULL, 1},
    {"databaseBytes", "database_bytes", "gauge", "Bytes of the database's file.", NULL, 1},
    {"diskFree", "disk_free_bytes", "gauge", "Bytes that are free on the database's disk.", NULL, 1},
    {"diskPercent", "disk_free_ratio", "gauge", "Part of the database's disk that is free.", NULL, 0.01},
    {"diskLeast", "disk_least_free_ratio", "gauge",
     "The same of the fullest disk with database, ring, media or backups.", NULL, 0.01},
    {"logBytes", "log_bytes", "gauge", "Bytes of the database's write-ahead log.", NULL, 1},
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

static double number_of(const cJSON *stats, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(stats, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static void print_row(FILE *out, const struct broker_row *row, bool first, double value)
{
    if (first)
        print_head(out, row->name, row->type, row->help);
    fprintf(out, PREFIX "%s", row->name);
    if (row->label)
        fprintf(out, "{%s}", row->label);
    fprintf(out, " %.15g\n", value * row->unit);
}

/* How long turns of the broker's loop were. */
static void print_turns(FILE *out, const cJSON *stats)
{
    static const struct {
        const char *ours, *seconds;
    } bounds[] = {
        {"turnsOver1", "0.001"}, {"turnsOver5", "0.005"}, {"turnsOver20", "0.02"}, {"turnsOver100", "0.1"}};
    const double all = number_of(stats, "turns");
    if (!cJSON_HasObjectItem(stats, "turns"))
        return; /* a broker of before */
    print_head(out, "turn_seconds", "histogram", "How long turns of the broker's loop were.");
    for (size_t i = 0; i < COUNT(bounds); i++)
        fprintf(out, PREFIX "turn_seconds_bucket{le=\"%s\"} %.15g\n", bounds[i].seconds,
                all - number_of(stats, bounds[i].ours));
    fprintf(out, PREFIX "turn_seconds_bucket{le=\"+Inf\"} %.15g\n", all);
    fprintf(out, PREFIX "turn_seconds_sum %.15g\n", number_of(stats, "turnsMilliseconds") / 1000);
    fprintf(out, PREFIX "turn_seconds_count %.15g\n", all);
    print_number(out, "turn_longest_seconds", "gauge", "How long the longest turn was.",
                 number_of(stats, "turnLongest") / 1000);
}

static void print_broker(FILE *out, const cJSON *stats)
{
    const char *last = "";
    for (size_t i = 0; i < COUNT(broker_rows); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(stats, broker_rows[i].ours);
        if (!cJSON_IsNumber(item))
            continue;
        print_row(out, &broker_rows[i], strcmp(last, broker_rows[i].name) != 0, item->valuedouble);
        last = broker_rows[i].name;
    }
    if (stats)
        print_turns(out, stats);
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
    if (hooks_wanted(metrics->hooks))
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
