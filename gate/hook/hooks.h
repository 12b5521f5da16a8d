/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Web hooks: what happens, and what waits for a decision, is told to a URL of the operator's, as Tencent's callbacks
 * are. Two clients of the broker: one has chat/feed, the other chat/review. One thread. */
#ifndef GATE_HOOK_HOOKS_H
#define GATE_HOOK_HOOKS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hook_config;
struct hook_counts;
struct hooks;
struct http;
struct link_config;

#define HOOK_FDS         2   /* that hooks_wants fills at most */
#define HOOK_CONNECTIONS 128 /* of one host, for http_open */

/* `config` and `http` are borrowed. Without a URL there is nothing to do, until a reload brings one. NULL: `error` says
 * why. */
struct hooks *hooks_open(const struct hook_config *config, const struct link_config *broker,
                         struct http *http, char *error, size_t error_size);
/* The requests under way have to be gone: http_close comes first. NULL is fine, here and below. */
void hooks_close(struct hooks *hooks);

/* For a reload. */
struct hooks_renewal;
/* Reads files of keys, and changes nothing yet. `config` is borrowed. NULL: `error` says why. */
struct hooks_renewal *hooks_prepare(struct hooks *hooks, const struct hook_config *config,
                                    const struct link_config *broker, char *error, size_t error_size);
/* From now on it is as prepared. What waits is called in the new way, what is under way is answered. A connection that
 * is not wanted any more ends when its hooks have. */
void hooks_take(struct hooks *hooks, struct hooks_renewal *renewal_take);
/* It is not wanted. NULL is fine. */
void hooks_renewal_free(struct hooks_renewal *renewal);

/* Begins nothing new. */
void hooks_stop(struct hooks *hooks);
/* Nothing is under way, and the broker has been told. */
bool hooks_is_idle(const struct hooks *hooks);

/* Once a turn. `now`: milliseconds of clock_steady. */
void hooks_tick(struct hooks *hooks, int64_t now);
/* For how long to wait: `most_ms`, or less. */
int hooks_pause(const struct hooks *hooks, int most_ms);
/* Fills what to wait for, HOOK_FDS at most, and returns how many; then all of them are to be served. */
unsigned hooks_wants(struct hooks *hooks, struct pollfd *fds);
void hooks_serve(struct hooks *hooks, const struct pollfd *fds, unsigned count);

/* NULL: both are subscribed, as far as they are wanted; or why not, for people. */
const char *hooks_fault(const struct hooks *hooks, char *text, size_t size);

/* Figures. hooks_wanted: is there a URL, or is something still under way to one? */
bool hooks_wanted(const struct hooks *hooks);
const struct hook_counts *hooks_counts(const struct hooks *hooks);
size_t hooks_waiting(const struct hooks *hooks);

#endif
