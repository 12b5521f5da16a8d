/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the push queue keeps in memory, for push.c and push_answer.c: jobs out to workers, and whatever the
 * committed rows do not show yet. Reads see committed rows only, so a row whose change is still in the ring
 * must be passed over. Broker thread only. */
#ifndef PLUGIN_PUSH_PUSH_OUT_H
#define PLUGIN_PUSH_PUSH_OUT_H

#include "lib/keyed_hash.h"
#include "schema/young.h"
#include <stdbool.h>
#include <stdint.h>

struct chat;
struct session;

#define PUSH_ATTEMPTS 8

/* A job that a worker has, or one that has just ended or changed. */
struct job_out {
    struct young young; /* when it has ended; its mark always */
    int64_t id;
    struct session *worker; /* who has it; NULL: he has gone, or it has ended */
    int attempt;
    bool ended;
    bool token_changed; /* since it went out: what the worker says of the token is about another one */
    int64_t lease_end;  /* by the steady clock, as all here but next_due */
    struct job_out *prev, *next; /* when it is out */
    UT_hash_handle hh;
    char client[];
};

struct push_worker {
    struct session *session;
    struct push_worker *prev, *next;
};

/* A device whose token has just changed: its committed rows still show the old one. */
struct changed {
    struct young young;
    const char *provider, *token; /* what it has now; NULL: none */
    char client[];
};

struct push {
    struct job_out *jobs; /* uthash, by id */
    struct job_out *out;  /* utlist DL, in the order of their records */
    struct young_list *ended, *changed;
    int gone;                    /* jobs out to workers that have gone */
    struct push_worker *workers; /* whose turn it is first */
    int64_t turn;                /* when rows were last gone through */
    int64_t next_due;            /* ms since 1970, as in the rows */
    int64_t clock_moved;         /* rows do not know yet that the clock was set so far, in ms */
    int64_t next_expiry;
    bool fresh;       /* records have been put that may make something due */
    uint64_t awaited; /* ... once the store has this mark; 0: not reckoned yet */
    bool more;        /* the last turn has left due rows */
    uint64_t dropped; /* nothing goes out before the store has this mark: an operator has dropped jobs */
    uint64_t died;    /* since the start */
    int64_t counted, pending, dead;
};

__attribute__((warn_unused_result)) int push_out_open(struct push *push, struct store *store);
void push_out_close(struct push *push);
struct job_out *push_out_find(struct push *push, int64_t id);
/* A job that ends, or goes out, in the open frame. NULL: out of memory. */
struct job_out *push_out_add(struct push *push, int64_t id, const char *client);
/* The job, which was added in the open frame, has been given to a worker in it. */
void push_out_lease(struct push *push, struct job_out *job, struct session *worker, int attempt,
                    int64_t lease_end);
/* Its row is changed by the open frame. */
void push_out_end(struct push *push, struct job_out *job);
void push_out_free(struct push *push, struct job_out *job);

/* The device's token is changed by the open frame; NULL, NULL: it has none now. */
void push_out_token_changed(struct push *push, const char *client, const char *provider, const char *token);
bool push_out_token_fresh(const struct push *push, const char *client);
/* Who has just been given this token, besides `client`, and has it still; good until something changes. NULL:
 * nobody. Who has had it for longer is in the committed rows. */
const char *push_out_token_holder(const struct push *push, const char *client, const char *provider,
                                  const char *token);

/* Forgets leases that have ended. */
void push_out_end_leases(struct chat *chat);

/* The token and all that waits for the device go, in the open frame. */
void push_put_token_gone(struct chat *chat, const char *client);
/* The job is kept for the operator, in the open frame. */
void push_put_dead(struct chat *chat, int64_t job, const char *error);

#endif
