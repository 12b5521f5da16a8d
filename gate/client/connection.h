/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One user's connection to the broker, MQTT 5, with the client id and the userSig that came over HTTP: so the broker
 * decides everything. It is made once, and not again by itself. One thread. */
#ifndef GATE_CLIENT_CONNECTION_H
#define GATE_CLIENT_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;

struct connection_config {
    const char *host, *ca_file; /* ca_file NULL: no TLS */
    int64_t port;
};

/* All are called from connection_serve and connection_tick. */
struct connection_handlers {
    void (*up)(void *context);
    /* It has ended, or never was: for good. `refused`: the broker did not let it in. `reason` is MQTT 5's code. */
    void (*down)(void *context, bool refused, int reason);
    void (*message)(void *context, const char *topic, const char *payload, size_t len);
    void (*published)(void *context, int mid, int reason);
    void (*subscribed)(void *context, int mid, int reason);
};

/* Borrowed: config, handlers. NULL: out of memory. */
struct connection *connection_open(const struct connection_config *config, const char *user, const char *sig,
                                   const char *client_id, const struct connection_handlers *handlers,
                                   void *context);
/* Says good-bye; no handler is called any more. NULL is fine. */
void connection_close(struct connection *connection);

/* For epoll: -1, there is none; does it have something to send? */
int connection_fd(struct connection *connection);
bool connection_wants_write(struct connection *connection);
void connection_serve(struct connection *connection, bool readable, bool writable);
/* Keepalive, and patience with a broker that says nothing. `now`: milliseconds of clock_steady. */
void connection_tick(struct connection *connection, int64_t now);

/* Message ids above 0, or 0: it cannot be sent. */
int connection_publish(struct connection *connection, const char *topic, const void *payload, size_t len,
                       int qos);
int connection_subscribe(struct connection *connection, const char *filter, int qos);
int connection_unsubscribe(struct connection *connection, const char *filter);

#endif
