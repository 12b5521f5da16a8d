/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Devices of a user that send each other away over and over: two whose libraries connect again by themselves, and
 * a login policy that has room for one. Who is sent away for another may come back, as somebody who insists; when
 * that happens again within five minutes, after a second only, then after two, four and so on, a minute at most.
 * Pure, but for the table that belongs to the user. Broker thread only. */
#ifndef PLUGIN_SESSION_RIVALS_H
#define PLUGIN_SESSION_RIVALS_H

#include "plugin/people/user.h" /* RIVAL_CALM_MS */
#include <stdint.h>

#define RIVAL_WAIT_MIN_MS 1000
#define RIVAL_WAIT_MAX_MS 60000

/* Those of a user that were sent away last; to be freed by its owner. */
struct rivals;

/* The device has been sent away for another one, at `now` (ms of a clock that never jumps). `rivals` is made when
 * it is NULL; out of memory, or with more rivals than there is room for, the device need not wait, or less. */
void rivals_add(struct rivals **rivals, const char *client_id, int64_t now);
/* How long (ms) it has to wait still; 0: it may come. `rivals` may be NULL. */
int64_t rivals_wait(const struct rivals *rivals, const char *client_id, int64_t now);

#endif
