/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the broker is to be told: pushDone and pushFailed, gathered for a few milliseconds into one publish,
 * and kept until the broker has said that it took them. After a lost connection they are told again: an
 * answer told twice is fine, one that is lost would push twice. */
#ifndef PUSH_ANSWERS_H
#define PUSH_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/job.h"
#include "push/provider.h"

struct answers;

/* Publishes to the commands' topic; false: not now. */
typedef bool answers_send(void *context, const char *payload, size_t len);

struct answers *answers_open(answers_send *send, void *context);
void answers_close(struct answers *answers);

/* false: out of memory; the job comes again. */
bool answers_add(struct answers *answers, const struct job *job, const struct outcome *outcome);
/* Sends what has been gathered long enough and what is to be told again, which is also what has had no
 * response for 20 s; `all`: everything that has been gathered. */
void answers_tick(struct answers *answers, int64_t now, bool all);
/* A response of the broker's to commands. */
void answers_heard(struct answers *answers, int64_t now, const char *payload, size_t len);
/* A new connection: all that has not been confirmed is told again at once. */
void answers_reconnected(struct answers *answers, int64_t now);
/* Not confirmed yet. */
size_t answers_count(const struct answers *answers);

#endif
