/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The push queue as an operator sees it, and what he does with it: jobs are looked at, tried again, dropped. What is
 * told is what the database has: what happened a moment ago may be missing. Each call looks at JOBS_MAX rows at most
 * and says where the next one goes on. Broker thread only. */
#ifndef PLUGIN_PUSH_PUSH_QUEUE_H
#define PLUGIN_PUSH_PUSH_QUEUE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acl/limits.h"

struct chat;
struct user;

/* Which jobs are meant: all that fit. */
struct push_wish {
    const struct user *user; /* NULL: anybody's */
    const char *state;       /* "waiting", "out" or "dead"; NULL: any */
    const char *provider;    /* NULL: any, none too */
    int64_t after;           /* jobs with higher numbers only */
    size_t limit;            /* so many at most, 1..JOBS_MAX */
};

/* A page of them as `list`, an array. `next`: the `after` to go on with; 0: there are no more. false: out of memory.
 * store_reads_failed tells whether the store could not be read. */
__attribute__((warn_unused_result)) bool push_queue_list(struct chat *chat, const struct push_wish *wish,
                                                         cJSON *list, int64_t *next);

/* Jobs that are chosen to be changed. */
struct push_choice {
    struct chosen_job {
        int64_t job, conversation;
    } jobs[JOBS_MAX];
    size_t count;
    int64_t next; /* as above */
};
void push_queue_choose(struct chat *chat, const struct push_wish *wish, struct push_choice *choice);
/* The same for jobs that are named. For `retry` those that are dead or wait for their next attempt, else all. */
void push_queue_choose_named(struct chat *chat, const int64_t *jobs, size_t count, bool retry,
                             struct push_choice *choice);

/* In the open frame: they are due now, with all attempts before them. Of what a worker has nothing changes. */
void push_queue_put_retry(struct chat *chat, const struct push_choice *choice);
/* In the open frame: they are no more, and the next message there makes a new job. What a worker has it may deliver. */
void push_queue_put_drop(struct chat *chat, const struct push_choice *choice);

#endif
