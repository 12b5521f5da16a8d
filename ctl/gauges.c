/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/gauges.h"

#include <stdio.h>

#include "lib/basics.h"

#define COUNTERS_MAX 6

enum gauge_kind {
    GAUGE_NUMBER,
    GAUGE_MS,
    GAUGE_BYTES,
    GAUGE_SHARE, /* the first counter in percent of the second */
    GAUGE_RATE,  /* how much the counters rise in a second */
    GAUGE_BYTES_RATE
};

enum worry {
    WORRY_NEVER,
    WORRY_ABOVE, /* `limit` */
    WORRY_RISING /* more than before, or, before there was anything to compare with, more than `limit` */
};

static const struct gauge {
    const char *label, *name;
    enum gauge_kind kind;
    enum worry worry;
    double limit;
    const char *counters[COUNTERS_MAX]; /* added up; those that are not there count nothing */
} gauges[] = {
    {"connections", "connections", GAUGE_NUMBER, WORRY_NEVER, 0, {"connections"}},
    {"users online", "usersOnline", GAUGE_NUMBER, WORRY_NEVER, 0, {"usersOnline"}},
    {"logins/s", "loginsPerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"logins"}},
    {"messages in/s",
     "messagesPerSecond",
     GAUGE_RATE,
     WORRY_NEVER,
     0,
     {"messagesC2C", "messagesPrivate", "messagesPublic", "messagesChatRoom", "messagesAVChatRoom"}},
    {"deliveries/s",
     "deliveriesPerSecond",
     GAUGE_RATE,
     WORRY_NEVER,
     0,
     {"deliveriesC2C", "deliveriesPrivate", "deliveriesPublic", "deliveriesChatRoom",
      "deliveriesAVChatRoom"}},
    {"stored/s", "storedPerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"messagesStored"}},
    {"replayed/s", "replayedPerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"messagesReplayed"}},
    {"refused/s", "refusedPerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"messagesRejected"}},
    {"live in/s", "livePerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"messagesAVChatRoom"}},
    {"live out/s", "liveDeliveriesPerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"deliveriesAVChatRoom"}},
    {"shed/s",
     "shedPerSecond",
     GAUGE_RATE,
     WORRY_ABOVE,
     0,
     {"shedRate", "shedReaders", "shedEvents", "shedFeed"}},
    {"stalled", "stalled", GAUGE_NUMBER, WORRY_ABOVE, 0, {"stalled"}},
    {"ring full", "ringPercent", GAUGE_SHARE, WORRY_ABOVE, 50, {"ringBytes", "ringSize"}},
    {"ring", "ringBytes", GAUGE_BYTES, WORRY_NEVER, 0, {"ringBytes"}},
    {"ring frames", "ringFrames", GAUGE_NUMBER, WORRY_NEVER, 0, {"ringFrames"}},
    {"bad frames", "ringBad", GAUGE_NUMBER, WORRY_ABOVE, 0, {"ringBad"}},
    {"commit", "commitMilliseconds", GAUGE_MS, WORRY_ABOVE, 1000, {"commitMilliseconds"}},
    {"commits/s", "commitsPerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"commits"}},
    {"longest commit", "commitLongest", GAUGE_MS, WORRY_NEVER, 0, {"commitLongest"}},
    {"log", "logBytes", GAUGE_BYTES, WORRY_ABOVE, 1 << 30, {"logBytes"}},
    {"pushes waiting", "pushPending", GAUGE_NUMBER, WORRY_NEVER, 0, {"pushPending"}},
    {"pushes dead", "pushDead", GAUGE_NUMBER, WORRY_RISING, 1e300, {"pushDead"}},
    {"reviews waiting", "reviewsWaiting", GAUGE_NUMBER, WORRY_NEVER, 0, {"reviewsWaiting"}},
    {"overdue/s", "reviewsOverduePerSecond", GAUGE_RATE, WORRY_ABOVE, 0, {"reviewsOverdue"}},
    {"uploads/s", "uploadsPerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"uploadsFinished"}},
    {"uploaded/s", "uploadBytesPerSecond", GAUGE_BYTES_RATE, WORRY_NEVER, 0, {"uploadsBytes"}},
    {"refused uploads/s", "uploadsRefusedPerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"uploadsRefused"}},
    {"banned away/s", "bansRefusedPerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"bansRefused"}},
    {"turns over 20 ms/s", "turnsOver20PerSecond", GAUGE_RATE, WORRY_NEVER, 0, {"turnsOver20"}},
    {"longest turn", "turnLongest", GAUGE_MS, WORRY_NEVER, 0, {"turnLongest"}},
    {"memory", "memoryBytes", GAUGE_BYTES, WORRY_NEVER, 0, {"memoryBytes"}},
};

size_t gauge_count(void)
{
    return COUNT(gauges);
}

const char *gauge_label(size_t i)
{
    return gauges[i].label;
}

const char *gauge_name(size_t i)
{
    return gauges[i].name;
}

static const cJSON *find(const cJSON *counters, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(counters, name);
    return cJSON_IsNumber(item) ? item : NULL;
}

/* How many of them are there? */
static size_t add_up(const struct gauge *gauge, const cJSON *counters, double *sum)
{
    size_t there = 0;
    *sum = 0;
    for (size_t i = 0; i < COUNTERS_MAX && gauge->counters[i]; i++) {
        const cJSON *item = find(counters, gauge->counters[i]);
        *sum += item ? item->valuedouble : 0;
        there += item != NULL;
    }
    return there;
}

static bool is_rate(const struct gauge *gauge)
{
    return gauge->kind == GAUGE_RATE || gauge->kind == GAUGE_BYTES_RATE;
}

static void print_bytes(char text[GAUGE_TEXT_MAX], double bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    size_t unit = 0;
    for (; bytes >= 1000 && unit + 1 < COUNT(units); unit++)
        bytes /= 1000;
    snprintf(text, GAUGE_TEXT_MAX, "%.*f %s", unit > 0, bytes, units[unit]);
}

static void print_value(const struct gauge *gauge, struct gauge_value *value)
{
    switch (gauge->kind) {
    case GAUGE_NUMBER:
        snprintf(value->text, sizeof value->text, "%.0f", value->number);
        break;
    case GAUGE_MS:
        snprintf(value->text, sizeof value->text, "%.1f ms", value->number);
        break;
    case GAUGE_SHARE:
        snprintf(value->text, sizeof value->text, "%.0f %%", value->number);
        break;
    case GAUGE_BYTES:
    case GAUGE_BYTES_RATE:
        print_bytes(value->text, value->number);
        break;
    case GAUGE_RATE:
        snprintf(value->text, sizeof value->text, "%.1f", value->number);
        break;
    }
}

/* A counter that has fallen is one of a broker that was started again. */
static bool compare(const struct gauge *gauge, const struct gauge_pair *pair, struct gauge_value *value)
{
    double before;
    if (!pair->before || pair->seconds <= 0 || add_up(gauge, pair->before, &before) == 0 ||
        value->number < before)
        return false;
    value->number = (value->number - before) / pair->seconds;
    return true;
}

static bool is_alarming(const struct gauge *gauge, const struct gauge_pair *pair,
                        const struct gauge_value *value)
{
    double before;
    if (gauge->worry == WORRY_ABOVE)
        return value->number > gauge->limit;
    if (gauge->worry == WORRY_RISING && pair->before && add_up(gauge, pair->before, &before) > 0)
        return value->number > before;
    return gauge->worry == WORRY_RISING && value->number > gauge->limit;
}

struct gauge_value gauge_read(size_t i, const struct gauge_pair *pair)
{
    const struct gauge *gauge = &gauges[i];
    struct gauge_value value = {.known = true, .text = "-"};
    value.there = add_up(gauge, pair->now, &value.number) > 0;
    if (gauge->kind == GAUGE_SHARE) {
        const cJSON *part = find(pair->now, gauge->counters[0]), *whole = find(pair->now, gauge->counters[1]);
        value.there = part && whole && whole->valuedouble > 0;
        value.number = value.there ? 100 * part->valuedouble / whole->valuedouble : 0;
    } else if (is_rate(gauge)) {
        value.known = compare(gauge, pair, &value);
    }
    if (!value.there || !value.known)
        return value;
    value.alarming = is_alarming(gauge, pair, &value);
    print_value(gauge, &value);
    return value;
}
