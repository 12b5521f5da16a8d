/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is in a message: Tencent's `MsgBody`, a list of elements, and the content of docs/protocol.md, section 4.
 * One table for both directions. Pure: no state, any thread. */
#ifndef GATE_TENCENT_ELEMENTS_H
#define GATE_TENCENT_ELEMENTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds the content of `msg_body` to `message`: that of its one element, or `elements` where there are several.
 * false: `error` says what is wrong, "" is memory; `message` may have a part of it then. */
__attribute__((warn_unused_result)) bool elements_read(const cJSON *msg_body, cJSON *message, char *error,
                                                       size_t error_size);
/* The list of elements of a message, as it was published or is stamped; empty when it has no content (any more).
 * NULL: out of memory. */
cJSON *elements_write(const cJSON *message);

#endif
