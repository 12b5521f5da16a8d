/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What has become of hooks, for figures and for a line of the log now and then. One thread. */
#ifndef GATE_HOOK_HOOK_COUNTS_H
#define GATE_HOOK_HOOK_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "gate/hook/callbacks.h"

/* Of one attempt. */
enum hook_outcome {
    HOOK_ANSWERED,
    HOOK_LATE,        /* no answer in time */
    HOOK_UNREACHABLE, /* no connection, or it broke */
    HOOK_STATUS,      /* another status than 200 */
    HOOK_NOT_JSON,    /* the body is no JSON object, or too long, or says nothing that is known */
    HOOK_OUTCOMES
};
const char *hook_outcome_name(enum hook_outcome outcome);

#define HOOK_BUCKETS 10
extern const double hook_bucket_seconds[HOOK_BUCKETS];

struct hook_counts {
    int64_t outcomes[CALLBACK_COUNT][HOOK_OUTCOMES];
    int64_t buckets[CALLBACK_COUNT]
                   [HOOK_BUCKETS]; /* attempts that took so long, each in the first that fits */
    int64_t attempts[CALLBACK_COUNT];
    double seconds[CALLBACK_COUNT]; /* of all of them */
    int64_t failed;                 /* since the last line */
    int64_t next_line;              /* not before, in milliseconds of clock_steady */
    char last_failure[200];
};

/* `why` is for people, where it was not answered. */
void hook_counts_add(struct hook_counts *counts, enum callback callback, enum hook_outcome outcome,
                     int64_t took_ms, const char *why);
/* One line, at most once a minute, when something has failed: so many of them wait. */
void hook_counts_log(struct hook_counts *counts, int64_t now, unsigned long waiting);

#endif
