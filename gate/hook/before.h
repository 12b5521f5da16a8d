/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Callbacks whose answer decides about what waits for a reviewer (docs/protocol.md, section 14). Each has its time from
 * when it came; without a proper answer by then it is decided by `before_default`. One thread. */
#ifndef GATE_HOOK_BEFORE_H
#define GATE_HOOK_BEFORE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct before;
struct post_target;

#define BEFORE_AT_ONCE  64
#define BEFORE_WAIT_MAX 1000 /* the broker gives 500 */

/* Gives a command to the broker, over the connection on which the reviews come. */
typedef void before_send(void *context, cJSON *command_take);

/* `target` is borrowed. NULL: out of memory. */
struct before *before_open(struct post_target *target, before_send *send, void *context);
/* The requests under way have to be gone: http_close comes first. NULL is fine. */
void before_close(struct before *before);

/* The connection has ended, or will now: the broker gives what it had to the next one. What is decided meanwhile is kept
 * until then. */
void before_lost(struct before *before);
/* Takes a review. One that is here already, from an earlier connection, is not asked about again. */
void before_take(struct before *before, const char *payload, size_t len);
/* The broker has not taken a decision: then it is decided by `before_default`, once. */
void before_refused(struct before *before, int64_t review);
/* Sends what can be sent, and decides what is late. `now`: milliseconds of clock_steady. */
void before_tick(struct before *before, int64_t now);
size_t before_waiting(const struct before *before);

#endif
