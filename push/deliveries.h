/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* All jobs that the worker has: taken here, sent by delivery.h, counted for each section.
 *
 * The broker gives a worker 500 jobs at a time, so those of a provider that hangs would soon be all of them.
 * While fewer than 100 are free, the oldest of a provider that has not answered for a second go back to the
 * queue, and new ones for it are not even begun. */
#ifndef PUSH_DELIVERIES_H
#define PUSH_DELIVERIES_H

#include <stddef.h>

#include "push/config.h"
#include "push/provider.h"

#define DELIVERIES_MAX  500 /* sent and not answered, and what the broker gives at a time */
#define DELIVERIES_FREE 100 /* of them are kept free of providers that hang */

struct deliveries;
struct http;

/* Reads the keys of all sections. `config` is copied, `http` is borrowed. `answer` is told how each job that was taken has
 * ended, once. NULL: `error` says why. */
struct deliveries *deliveries_open(const struct push_config *config, struct http *http,
                                   delivery_answer *answer, void *context, char *error, size_t error_size);
/* What is under way ends without an answer. NULL is fine. */
void deliveries_close(struct deliveries *deliveries);

/* For a reload. */
struct deliveries_renewal;
/* Reads the keys, and changes nothing yet. `config` is copied. NULL: `error` says why. */
struct deliveries_renewal *deliveries_prepare(struct deliveries *deliveries, const struct push_config *config,
                                              char *error, size_t error_size);
/* From now on there are these sections. What has been sent is answered as before; what has not goes out in the new way,
 * or back to the broker when its section is gone. */
void deliveries_renew(struct deliveries *deliveries, struct deliveries_renewal *renewal_take);
/* It is not wanted. NULL is fine. */
void deliveries_renewal_free(struct deliveries_renewal *renewal);

/* No section is in doubt about itself when its provider refuses a token: standing_trust. */
void deliveries_trust(struct deliveries *deliveries);

/* A job as the broker sends it. One that is under way already is not begun a second time. */
void deliveries_take(struct deliveries *deliveries, const char *payload, size_t len);
/* Sends what can be sent, gives back what has to be; at least once in 100 ms while there are any. */
void deliveries_tick(struct deliveries *deliveries);
/* Taken and not answered. */
size_t deliveries_count(const struct deliveries *deliveries);
/* One line of counters for each section, and one of all. */
void deliveries_log(const struct deliveries *deliveries);

#endif
