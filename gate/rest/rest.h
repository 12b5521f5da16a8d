/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Tencent IM's REST interface: POST /v4/<service>/<command>?sdkappid=..&identifier=..&usersig=.. with a JSON body.
 * HTTP is 200 whatever a command answers. One thread. */
#ifndef GATE_REST_REST_H
#define GATE_REST_REST_H

#include <stddef.h>
#include <stdint.h>

struct asks;
struct counts;
struct exchange;
struct keys;
struct rest_api;

#define REST_PATH     "/v4/"
#define REST_BODY_MAX 65536 /* bytes; beyond: 80002 */

struct rest_config {
    char *admins; /* userIDs with blanks or commas between: who may call; NULL: nobody */
    int64_t rate; /* requests a second and command; 0: as many as come */
};

/* All borrowed. NULL: out of memory. */
struct rest_api *rest_open(const struct rest_config *config, int64_t sdkappid, const struct keys *keys,
                           struct asks *asks);
/* Another configuration, borrowed from now on. */
void rest_take(struct rest_api *rest, const struct rest_config *config, int64_t sdkappid);
/* NULL is fine. Nothing may be under way: close the asks first. */
void rest_close(struct rest_api *rest);

/* What has been asked, by command and code; borrowed. */
const struct counts *rest_counts(const struct rest_api *rest);

/* An exchange_handler; `context` is the struct rest_api. */
void rest_serve(void *context, struct exchange *exchange);

#endif
