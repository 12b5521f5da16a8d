/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Messages of the past, for those commands of Tencent's that page backwards: what people wrote, without tips, recalls
 * and edits, which have no place there. */
#ifndef GATE_REST_HISTORY_H
#define GATE_REST_HISTORY_H

#include "gate/rest/call.h"

#define HISTORY_PAGE_MAX 100

struct history_query {
    const char *as;         /* who looks; NULL: the administrator */
    const char *to, *group; /* one of the two */
    int64_t wanted;         /* messages; HISTORY_PAGE_MAX at most are given */
    int64_t after_ms;       /* not before this time; 0: any */
    int64_t before_ms, seq; /* up to that time, or up to that seq; 0: not given */
};

struct history {
    cJSON *messages; /* as the broker gives them, newest first */
    bool complete;   /* there are none before them */
};

/* Asks until there are as many as wanted, and goes on with `then`, where history_found has them; it is what the call
 * keeps (call_keep). Texts of the query are borrowed until the call ends. */
void history_collect(struct call *call, const struct history_query *query, call_step *then);
const struct history *history_found(const struct call *call);

#endif
