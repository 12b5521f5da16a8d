/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands to the broker over one connection of an administrator, and their answers. What is asked in one turn of
 * the loop goes out together, up to 50 commands in a publish. One thread. */
#ifndef GATE_BROKER_ASKS_H
#define GATE_BROKER_ASKS_H

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/daemon/link.h"

struct asks;

#define ASK_LOST        (-1) /* in the place of a code: the broker is away, or said nothing for ASK_PATIENCE_MS */
#define ASK_PATIENCE_MS 6000 /* a slow disk takes some of them: sent_after committed */

struct ask_answer {
    int code;          /* 0, a code of the broker's, or ASK_LOST */
    const char *error; /* "" when it is 0 */
    cJSON *data; /* NULL unless it is 0; freed when the callback returns, unless it puts NULL in its place */
};
/* Called once for each command, never before asks_send has returned. It may send more. */
typedef void ask_callback(void *context, struct ask_answer *answer);

/* `config` is copied. NULL: `error` says why. */
struct asks *asks_open(const struct link_config *config, char *error, size_t error_size);
/* Everybody who waits is answered ASK_LOST. NULL is fine. */
void asks_close(struct asks *asks);

/* For a reload: a link with this configuration, for asks_take or link_close. NULL: `error` says why. */
struct link *asks_prepare(struct asks *asks, const struct link_config *config, char *error,
                          size_t error_size);
/* What has gone out is answered on the old connection, what has not waits for the new one: link_renew. */
void asks_take(struct asks *asks, struct link *fresh_take);

/* Takes the command, an object without `correlationData`; NULL counts as memory that ran out. false: out of memory,
 * nobody is called back. */
__attribute__((warn_unused_result)) bool asks_send(struct asks *asks, cJSON *command_take,
                                                   ask_callback *callback, void *context);

/* Once a turn. `now`: milliseconds of clock_steady. Sends what is to be sent, and gives up on what is late. */
void asks_tick(struct asks *asks, int64_t now);
/* For how long to wait: `most_ms`, or less. */
int asks_pause(const struct asks *asks, int most_ms);
/* What to wait for, and what to do then: link.h. */
bool asks_wants(struct asks *asks, struct pollfd *fd);
void asks_serve(struct asks *asks, const struct pollfd *fd);

/* NULL: connected; or why not, for people. */
const char *asks_fault(const struct asks *asks);

#endif
