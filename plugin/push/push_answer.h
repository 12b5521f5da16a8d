/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What push workers answer to their jobs, and what an administrator is told of the queue. Broker thread only. */
#ifndef PLUGIN_PUSH_PUSH_ANSWER_H
#define PLUGIN_PUSH_PUSH_ANSWER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;

/* Each opens its own frame. CODE_OK or a code; CODE_BUSY: the ring is full. What is answered twice, or is not
 * known any more, is fine. */
int push_done(struct chat *chat, const int64_t *jobs, size_t count);
struct push_failure {
    int64_t
        retry_after_seconds; /* < 0: by the schedule (10 s, 20 s, ... at most 1 h; the 8th failure is the last) */
    const char *error;       /* NULL: none */
    bool invalid_token;
    bool dead;      /* this one is the last */
    bool uncounted; /* this one was none: nothing was said of the job */
};
int push_failed(struct chat *chat, int64_t job, const struct push_failure *failure);
void push_counts(struct chat *chat, int64_t *pending, int64_t *dead);
/* The newest dead jobs, DEAD_GIVEN_MAX at most, as `dead` of `data`. What died a moment ago may be missing.
 * false: out of memory. */
#define DEAD_GIVEN_MAX 100
bool push_add_dead(struct chat *chat, cJSON *data);

#endif
