/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/hook_counts.h"

#include <stdio.h>

#include "lib/say.h"

#define LINE_EVERY_MS 60000

const double hook_bucket_seconds[HOOK_BUCKETS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5};

static const char *const outcome_names[HOOK_OUTCOMES] = {[HOOK_ANSWERED] = "answered",
                                                         [HOOK_LATE] = "late",
                                                         [HOOK_UNREACHABLE] = "unreachable",
                                                         [HOOK_STATUS] = "status",
                                                         [HOOK_NOT_JSON] = "not_json"};

const char *hook_outcome_name(enum hook_outcome outcome)
{
    return outcome_names[outcome];
}

void hook_counts_add(struct hook_counts *counts, enum callback callback, enum hook_outcome outcome,
                     int64_t took_ms, const char *why)
{
    const double seconds = (double)took_ms / 1000;
    counts->outcomes[callback][outcome]++;
    counts->attempts[callback]++;
    counts->seconds[callback] += seconds;
    for (int i = 0; i < HOOK_BUCKETS; i++)
        if (seconds <= hook_bucket_seconds[i]) {
            counts->buckets[callback][i]++;
            break;
        }
    if (outcome == HOOK_ANSWERED)
        return;
    counts->failed++;
    snprintf(counts->last_failure, sizeof counts->last_failure, "%s: %s", callback_name(callback), why);
}

void hook_counts_log(struct hook_counts *counts, int64_t now, unsigned long waiting)
{
    if (counts->failed == 0 || now < counts->next_line)
        return;
    say_line("[callback] %lld attempts have failed, the last was %s; %lu hooks wait",
             (long long)counts->failed, counts->last_failure, waiting);
    counts->failed = 0;
    counts->next_line = now + LINE_EVERY_MS;
}
