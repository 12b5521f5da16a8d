/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which pages may call from elsewhere (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol). Pure. */
#ifndef GATE_HTTP_ORIGINS_H
#define GATE_HTTP_ORIGINS_H

#include <stdbool.h>

#define ORIGINS_PATH "/v1/" /* what they may call */

/* A list: "*" for all, or origins like https://example.org:8443 with blanks or commas between. */
bool origins_valid(const char *list);
/* What is answered to a page of this origin, as Access-Control-Allow-Origin: `origin` itself, or "*"; NULL: it may not
 * call. */
const char *origins_allow(const char *list, const char *origin);

#endif
