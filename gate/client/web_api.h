/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* /v1/..: chat over plain HTTP, for clients. One thread. */
#ifndef GATE_CLIENT_WEB_API_H
#define GATE_CLIENT_WEB_API_H

#include <stddef.h>
#include <stdint.h>

#include "gate/client/connection.h"
#include "gate/http/server.h"

struct asks;
struct keys;
struct web_api;

#define WEB_BODY_MAX 1048576 /* bytes of a message, or of commands */

struct web_api_config {
    struct connection_config broker;
    int64_t sdkappid;
    const struct keys *keys;
    int64_t max_upload_bytes;
};

/* Borrowed: the asks and what `config` points to. NULL: out of memory or of files. */
struct web_api *web_api_open(const struct web_api_config *config, struct asks *asks);
/* Another configuration: connections to the broker that are there stay. */
void web_api_take(struct web_api *api, const struct web_api_config *config);
/* The gateway ends soon: polls and streams are over, what else is under way goes on. */
void web_api_stop(struct web_api *api);
/* Requests under way are answered with 503. NULL is fine. */
void web_api_close(struct web_api *api);

/* Its routes, with their contexts: how many of them; `out` has room for WEB_ROUTES. */
#define WEB_ROUTES 12
size_t web_api_routes(struct web_api *api, struct route *out);

/* To be waited for (POLLIN); then, and once a turn, web_api_serve. `now`: milliseconds of clock_steady. */
int web_api_fd(const struct web_api *api);
int web_api_pause(const struct web_api *api, int most_ms);
void web_api_serve(struct web_api *api, int64_t now);

/* For figures. */
size_t web_api_clients(const struct web_api *api);

#endif
