/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/stats.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/basics.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/push/push_answer.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define EVERY_MS 10000

/* Everything that is told, as of one moment. */
struct snapshot {
    struct sums count;
    struct turns turns;
    struct store_counters store;
    uint64_t connections, users_online, reviewing, review_seconds, events_shed, memory;
    int64_t push_pending, push_dead;
};

#define AT_WHOLE(field) false, offsetof(struct snapshot, field)
#define AT_REAL(field)  true, offsetof(struct snapshot, field)

static const struct counter {
    const char *topic, *name;
    bool real; /* a double, which is told with one decimal; else a uint64_t */
    size_t at;
} counters[] = {
    {"connections", "connections", AT_WHOLE(connections)},
    {"logins", "logins", AT_WHOLE(count.logins)},
    {"users/online", "usersOnline", AT_WHOLE(users_online)},
    {"messages/stored", "messagesStored", AT_WHOLE(count.stored)},
    {"messages/rejected", "messagesRejected", AT_WHOLE(count.rejected)},
    {"messages/replayed", "messagesReplayed", AT_WHOLE(count.replayed)},
    {"messages/c2c", "messagesC2C", AT_WHOLE(count.messages[COUNTED_C2C])},
    {"messages/private", "messagesPrivate", AT_WHOLE(count.messages[GROUP_PRIVATE])},
    {"messages/public", "messagesPublic", AT_WHOLE(count.messages[GROUP_PUBLIC])},
    {"messages/chatroom", "messagesChatRoom", AT_WHOLE(count.messages[GROUP_CHATROOM])},
    {"messages/avchatroom", "messagesAVChatRoom", AT_WHOLE(count.messages[GROUP_LIVE])},
    {"deliveries/c2c", "deliveriesC2C", AT_WHOLE(count.deliveries[COUNTED_C2C])},
    {"deliveries/private", "deliveriesPrivate", AT_WHOLE(count.deliveries[GROUP_PRIVATE])},
    {"deliveries/public", "deliveriesPublic", AT_WHOLE(count.deliveries[GROUP_PUBLIC])},
    {"deliveries/chatroom", "deliveriesChatRoom", AT_WHOLE(count.deliveries[GROUP_CHATROOM])},
    {"deliveries/avchatroom", "deliveriesAVChatRoom", AT_WHOLE(count.deliveries[GROUP_LIVE])},
    {"shed/rate", "shedRate", AT_WHOLE(count.shed.rate)},
    {"shed/readers", "shedReaders", AT_WHOLE(count.shed.readers)},
    {"shed/events", "shedEvents", AT_WHOLE(events_shed)},
    {"shed/feed", "shedFeed", AT_WHOLE(count.shed.feed)},
    {"reviews/waiting", "reviewsWaiting", AT_WHOLE(reviewing)},
    {"reviews/seconds", "reviewSeconds", AT_WHOLE(review_seconds)},
    {"reviews/held", "reviewsHeld", AT_WHOLE(count.reviews.held)},
    {"reviews/passed", "reviewsPassed", AT_WHOLE(count.reviews.passed)},
    {"reviews/refused", "reviewsRefused", AT_WHOLE(count.reviews.refused)},
    {"reviews/dropped", "reviewsDropped", AT_WHOLE(count.reviews.dropped)},
    {"reviews/overdue", "reviewsOverdue", AT_WHOLE(count.reviews.overdue)},
    {"uploads/begun", "uploadsBegun", AT_WHOLE(count.uploads.begun)},
    {"uploads/finished", "uploadsFinished", AT_WHOLE(count.uploads.finished)},
    {"uploads/refused", "uploadsRefused", AT_WHOLE(count.uploads.refused)},
    {"uploads/ended", "uploadsEnded", AT_WHOLE(count.uploads.ended)},
    {"uploads/bytes", "uploadsBytes", AT_WHOLE(count.uploads.bytes)},
    {"bans/made", "bansMade", AT_WHOLE(count.bans.made)},
    {"bans/lifted", "bansLifted", AT_WHOLE(count.bans.lifted)},
    {"bans/refused", "bansRefused", AT_WHOLE(count.bans.refused)},
    {"push/pending", "pushPending", AT_WHOLE(push_pending)},
    {"push/dead", "pushDead", AT_WHOLE(push_dead)},
    {"stalled", "stalled", AT_WHOLE(store.stalled)},
    {"commits", "commits", AT_WHOLE(store.commits)},
    {"commit/milliseconds", "commitMilliseconds", AT_REAL(store.commit_ms)},
    {"commit/longest", "commitLongest", AT_REAL(store.commit_longest_ms)},
    {"checkpoints", "checkpoints", AT_WHOLE(store.checkpoints)},
    {"ring/bytes", "ringBytes", AT_WHOLE(store.ring_used)},
    {"ring/size", "ringSize", AT_WHOLE(store.ring_capacity)},
    {"ring/frames", "ringFrames", AT_WHOLE(store.frames_waiting)},
    {"ring/bad", "ringBad", AT_WHOLE(store.frames_bad)},
    {"log/bytes", "logBytes", AT_WHOLE(store.log_bytes)},
    {"database/bytes", "databaseBytes", AT_WHOLE(store.database_bytes)},
    {"disk/free", "diskFree", AT_WHOLE(store.disk_free)},
    {"disk/percent", "diskPercent", AT_REAL(store.disk_percent)},
    {"disk/least", "diskLeast", AT_REAL(store.disk_least)},
    {"memory/bytes", "memoryBytes", AT_WHOLE(memory)},
    {"turns", "turns", AT_WHOLE(turns.all)},
    {"turns/over/1", "turnsOver1", AT_WHOLE(turns.over[0])},
    {"turns/over/5", "turnsOver5", AT_WHOLE(turns.over[1])},
    {"turns/over/20", "turnsOver20", AT_WHOLE(turns.over[2])},
    {"turns/over/100", "turnsOver100", AT_WHOLE(turns.over[3])},
    {"turns/milliseconds", "turnsMilliseconds", AT_REAL(turns.milliseconds)},
    {"turn/longest", "turnLongest", AT_REAL(turns.longest)},
};
#define COUNTERS COUNT(counters)

/* Of the broker's process, this plugin included; 0: the kernel does not tell. A file of /proc is memory: it never waits. */
static uint64_t resident_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    const bool told = file && fscanf(file, "%*u %llu", &pages) == 1;
    if (file)
        (void)fclose(file);
    return told ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static struct snapshot take_snapshot(struct chat *chat)
{
    struct snapshot now = {.count = chat->count,
                           .turns = chat->turns,
                           .store = store_counters(chat->store),
                           .connections = (uint64_t)sessions_count(chat),
                           .users_online = (uint64_t)sessions_user_count(chat),
                           .reviewing = (uint64_t)chat->reviewing,
                           .review_seconds = (uint64_t)chat->options.review_seconds,
                           .events_shed = events_shed(),
                           .memory = resident_bytes()};
    push_counts(chat, &now.push_pending, &now.push_dead);
    return now;
}

static double value_of(const struct snapshot *now, const struct counter *counter)
{
    const char *at = (const char *)now + counter->at;
    uint64_t whole;
    double real;
    if (counter->real) {
        memcpy(&real, at, sizeof real);
        return real;
    }
    memcpy(&whole, at, sizeof whole);
    return (double)whole;
}

bool stats_tick(struct chat *chat)
{
    char text[32];
    if (chat->steady < chat->stats_due)
        return false;
    chat->stats_due = chat->steady + EVERY_MS;
    const struct snapshot now = take_snapshot(chat);
    for (size_t i = 0; i < COUNTERS; i++) {
        snprintf(text, sizeof text, "%.*f", counters[i].real ? 1 : 0, value_of(&now, &counters[i]));
        broker_stat(counters[i].topic, text);
    }
    return false;
}

bool stats_add(struct chat *chat, cJSON *data)
{
    bool good = true;
    const struct snapshot now = take_snapshot(chat);
    for (size_t i = 0; i < COUNTERS; i++)
        good = good && cJSON_AddNumberToObject(data, counters[i].name, value_of(&now, &counters[i]));
    return good;
}
