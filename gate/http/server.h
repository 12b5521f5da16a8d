/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The HTTP server: libmicrohttpd in the caller's loop. It refuses by itself what is no proper request, a path or
 * method that no route has, and whoever is too slow; all else is a handler's. One thread. */
#ifndef GATE_HTTP_SERVER_H
#define GATE_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;
struct server;

struct server_config {
    char *address; /* of this machine, IPv4 or IPv6 */
    int64_t port;
    int64_t max_connections;               /* from more, none is accepted until one ends */
    int64_t timeout_seconds;               /* in which nothing comes or goes */
    int64_t max_upload_bytes, max_uploads; /* of a body that is kept in a file; so many at a time */
    char *temp_dir;                        /* where; NULL: TMPDIR, else /tmp */
    char *trust_proxy;                     /* proxies.h; NULL: nobody */
    char *allow_origin;                    /* origins.h; NULL: no page from elsewhere */
};

/* Called when the request is there as a whole. It is answered, now or later, once. */
typedef void exchange_handler(void *context, struct exchange *exchange);

/* A row keeps its place and its path for as long as the server is there; the rest may change between two turns. */
struct route {
    const char *method;        /* GET serves HEAD, too */
    const char *path;          /* with '/' at its end: and everything below */
    size_t body_max;           /* bytes; more is read and forgotten */
    exchange_handler *handler; /* NULL: the row is not there, at present */
    void *context;
    /* NULL, or: the body is kept in a file, and this is called before it comes; it may refuse. */
    exchange_handler *admit;
};

/* NULL, or what is wrong with its lists. */
const char *server_config_fault(const struct server_config *config);

/* Listens. `config` and `routes` are borrowed, the first that fits counts; the last has no path. NULL: `error` says why. */
struct server *server_open(const struct server_config *config, const struct route *routes, char *error,
                           size_t error_size);
/* For a reload: can server_take be called with this one? -1: `error` says why not. */
__attribute__((warn_unused_result)) int server_prepare(const struct server_config *config, char *error,
                                                       size_t error_size);
/* Another configuration, borrowed from now on, whose address, port and max_connections are the same. Connections that
 * are there have the new time limit from their next request on. */
void server_take(struct server *server, const struct server_config *config);
/* Takes no more requests. What is under way is to be answered now. */
void server_stop(struct server *server);
/* Has everything been answered and sent? */
bool server_is_idle(const struct server *server);
/* Ends connections as they are. NULL is fine. */
void server_close(struct server *server);

/* For figures: connections now, requests since the start. */
size_t server_connections(const struct server *server);
int64_t server_requests(const struct server *server);

/* To be waited for (POLLIN), for no longer than server_pause says; then server_run. */
int server_fd(const struct server *server);
int server_pause(const struct server *server, int most_ms);
void server_run(struct server *server);

#endif
