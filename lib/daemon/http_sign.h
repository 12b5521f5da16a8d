/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How those who get requests from us know that they are ours: X-Chat-Timestamp, and X-Chat-Signature over it and the
 * body. Pure, any thread. */
#ifndef LIB_DAEMON_HTTP_SIGN_H
#define LIB_DAEMON_HTTP_SIGN_H

#include <stdbool.h>
#include <stdint.h>

struct http_request;

/* Adds both headers for the body that is there, which is a text. `now_ms`: of clock_wall. false: out of memory. */
__attribute__((warn_unused_result)) bool http_sign(struct http_request *request, const char *key,
                                                   int64_t now_ms);

#endif
