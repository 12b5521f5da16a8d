/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/stats.h"

#include <stdint.h>
#include <stdio.h>

#include "lib/basics.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/push/push_answer.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define EVERY_MS 10000

static const struct {
    const char *topic, *name;
    int decimals;
} counters[] = {
    {"connections", "connections", 0},
    {"users/online", "usersOnline", 0},
    {"messages/stored", "messagesStored", 0},
    {"messages/rejected", "messagesRejected", 0},
    {"messages/replayed", "messagesReplayed", 0},
    {"reviews/waiting", "reviewsWaiting", 0},
    {"reviews/seconds", "reviewSeconds", 0},
    {"ring/bytes", "ringBytes", 0},
    {"ring/bad", "ringBad", 0},
    {"log/bytes", "logBytes", 0},
    {"stalled", "stalled", 0},
    {"push/pending", "pushPending", 0},
    {"push/dead", "pushDead", 0},
    {"commit/milliseconds", "commitMilliseconds", 1},
};
#define COUNTERS COUNT(counters)

/* In the order of the table. */
static void count(struct chat *chat, double values[COUNTERS])
{
    int64_t pending, dead;
    const struct store_counters store = store_counters(chat->store);
    push_counts(chat, &pending, &dead);
    const double found[COUNTERS] = {(double)sessions_count(chat),
                                    (double)sessions_user_count(chat),
                                    (double)chat->count.stored,
                                    (double)chat->count.rejected,
                                    (double)chat->count.replayed,
                                    (double)chat->reviewing,
                                    (double)chat->options.review_seconds,
                                    (double)store.ring_used,
                                    (double)store.frames_bad,
                                    (double)store.log_bytes,
                                    (double)store.stalled,
                                    (double)pending,
                                    (double)dead,
                                    store.commit_ms};
    for (size_t i = 0; i < COUNTERS; i++)
        values[i] = found[i];
}

bool stats_tick(struct chat *chat)
{
    char text[32];
    double values[COUNTERS];
    if (chat->steady < chat->stats_due)
        return false;
    chat->stats_due = chat->steady + EVERY_MS;
    count(chat, values);
    for (size_t i = 0; i < COUNTERS; i++) {
        snprintf(text, sizeof text, "%.*f", counters[i].decimals, values[i]);
        broker_stat(counters[i].topic, text);
    }
    return false;
}

bool stats_add(struct chat *chat, cJSON *data)
{
    double values[COUNTERS];
    bool good = true;
    count(chat, values);
    for (size_t i = 0; i < COUNTERS; i++)
        good = good && cJSON_AddNumberToObject(data, counters[i].name, values[i]);
    return good;
}
