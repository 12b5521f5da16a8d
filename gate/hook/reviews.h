/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A review as chat/review gives it (docs/protocol.md, section 14): which callback asks about it, with what body, and
 * what an answer decides. Pure, no state. */
#ifndef GATE_HOOK_REVIEWS_H
#define GATE_HOOK_REVIEWS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "gate/hook/callbacks.h"

/* CALLBACK_COUNT: there is none for it. */
enum callback review_callback(const cJSON *review);
/* For cJSON_free. NULL: out of memory. */
char *review_body(const cJSON *review);

/* The command `reviewed` as the answer to the callback has it, without `review`. NULL: the answer is none, or memory
 * ran out. */
cJSON *review_decision(enum callback callback, const cJSON *answer);
/* The same for "pass" or "refuse". */
cJSON *review_default(const char *action);

#endif
