/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Callbacks about what has happened: those that wait, in lanes, of which each is called one after the other; up to
 * which message all has been answered. One thread. */
#ifndef GATE_HOOK_AFTER_H
#define GATE_HOOK_AFTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct after;
struct post_target;

#define AFTER_AT_ONCE   64
#define AFTER_WAIT_MAX  10000
#define AFTER_BYTES_MAX (64 << 20)

/* `target` is borrowed. NULL: out of memory. */
struct after *after_open(struct post_target *target);
/* The requests under way have to be gone: http_close comes first. NULL is fine. */
void after_close(struct after *after);

/* Takes an item of chat/feed. What has come before by its id is left alone. */
void after_take(struct after *after, const char *payload, size_t len);
/* Sends what can be sent. `now`: milliseconds of clock_steady. */
void after_tick(struct after *after, int64_t now);
/* No request is begun any more. */
void after_stop(struct after *after);

/* All messages up to this id have been answered; 0: nothing is known. */
int64_t after_done(const struct after *after);
/* So many wait or are under way. */
size_t after_waiting(const struct after *after);
size_t after_under_way(const struct after *after);
/* Nothing more should be taken; it stays so until there is room for a tenth. */
bool after_is_full(struct after *after);

#endif
