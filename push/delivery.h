/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The life of one job: authorized, sent, judged, answered. For deliveries.c, which takes jobs and looks after all of
 * them. One that ended without an answer of its provider's on a connection that broke is sent once more at once, one
 * whose authorization was refused once more with a new one; everything else is left to the broker's queue. All of it
 * is over before the usual lease of 30 s ends, or another worker would send the same. */
#ifndef PUSH_DELIVERY_H
#define PUSH_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/keyed_hash.h"
#include "push/config.h"
#include "push/job.h"
#include "push/permit.h"
#include "push/provider.h"
#include "push/standing.h"

struct deliveries;
struct http;

/* What a section has done since the start. */
struct counters {
    long long taken, done, retry, invalid_token, dead;
    long long answers, took_ms; /* of the provider */
};

/* A section of the configuration: its keys, and its jobs. */
struct app {
    struct app_config config;
    struct account account;
    struct permit permit;
    struct standing standing;
    struct delivery *running, *waiting; /* sent; without authorization yet. The oldest first */
    size_t held;                        /* all of its deliveries */
    int64_t last_answer;
    struct counters counters;
    struct deliveries *all;
    bool retired;     /* by a reload: what is sent is answered here, and nothing new is begun */
    struct app *heir; /* then: which has taken its place; NULL: none */
    struct app *prev, *next;
};

struct delivery {
    struct job job;
    struct app *app;
    struct delivery **home; /* the list it is in */
    struct transfer *transfer;
    int64_t taken, since; /* since: in that list */
    unsigned bearer_number;
    bool repeated, renewed;
    /* not in by_job: the broker has given the same job again for another message or token, and that one will be
     * answered; or no memory for the table */
    bool unlisted;
    struct delivery *prev, *next;
    UT_hash_handle hh;
};

/* deliveries.c makes and ends it. */
struct deliveries {
    struct http *http;
    delivery_answer *answer;
    void *context;
    struct app *apps, *retired;
    struct delivery *by_job; /* uthash */
    struct delivery *ready;
    size_t held, running, most;
};

/* Puts it at the end of one of these lists, NULL: of none. */
void delivery_move(struct delivery *delivery, struct delivery **home);
/* Puts it among those that are ready, as one of the heir's where its section has been replaced. */
void delivery_ready(struct delivery *delivery);
/* A job that is ready begins: it is sent, waits for authorization, or has ended. */
void delivery_start(struct delivery *delivery);
/* Answers the broker, unless another delivery will; the delivery is gone. */
void delivery_finish(struct delivery *delivery, const struct outcome *outcome);
/* The same, to be tried again, for this reason. */
__attribute__((format(printf, 2, 3))) void delivery_give_back(struct delivery *delivery, const char *format,
                                                              ...);
/* Without an answer. */
void delivery_free(struct delivery *delivery);
/* Of permit.h, for an app: what waited for an access token can go, or has failed. */
void deliveries_fetched(void *app, const struct outcome *failure);

#endif
