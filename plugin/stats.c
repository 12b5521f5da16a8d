/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/stats.h"

#include <inttypes.h>
#include <stdio.h>

#include "plugin/broker.h"
#include "plugin/chat.h"
#include "plugin/push.h"
#include "plugin/session.h"
#include "schema/store.h"

#define EVERY_MS 10000

static void count(const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    broker_stat(name, text);
}

void stats_tick(struct chat *chat)
{
    char text[32];
    int64_t pending, dead;
    if (chat->now < chat->stats_due && chat->stats_due - chat->now <= EVERY_MS)
        return;
    chat->stats_due = chat->now + EVERY_MS;
    const struct store_counters store = store_counters(chat->store);
    push_counts(chat, &pending, &dead);
    count("connections", sessions_count(chat));
    count("users/online", sessions_user_count(chat));
    count("messages/stored", (int64_t)chat->count.stored);
    count("messages/rejected", (int64_t)chat->count.rejected);
    count("messages/replayed", (int64_t)chat->count.replayed);
    count("ring/bytes", (int64_t)store.ring_used);
    count("ring/bad", (int64_t)store.frames_bad);
    count("push/pending", pending);
    count("push/dead", dead);
    snprintf(text, sizeof text, "%.1f", store.commit_ms);
    broker_stat("commit/milliseconds", text);
}
