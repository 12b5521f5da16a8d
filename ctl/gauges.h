/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What chatctl top shows: numbers made of the broker's counters, by a table of names. A counter that the broker has not
 * is left out. */
#ifndef CTL_GAUGES_H
#define CTL_GAUGES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Counters of two moments, and the seconds between them; NULL before: nothing is known of how they change. */
struct gauge_pair {
    const cJSON *now, *before;
    double seconds;
};

#define GAUGE_TEXT_MAX 32

struct gauge_value {
    bool there; /* the broker has such counters */
    bool known; /* false: it takes a second look */
    bool alarming;
    double number;
    char text[GAUGE_TEXT_MAX]; /* "12.3 MB"; "-" when it is not known */
};

/* 0..gauge_count() - 1, the most important first. */
size_t gauge_count(void);
const char *gauge_label(size_t i); /* for people: "in/s" */
const char *gauge_name(size_t i);  /* for programs: "messagesInPerSecond" */
struct gauge_value gauge_read(size_t i, const struct gauge_pair *pair);

#endif
