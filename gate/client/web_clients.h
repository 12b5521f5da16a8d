/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* All clients that come over HTTP, by their client ids: one epoll for their connections, one clock. One thread. */
#ifndef GATE_CLIENT_WEB_CLIENTS_H
#define GATE_CLIENT_WEB_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

struct connection_config;
struct errand;
struct web_client;
struct web_clients;

#define WEB_CLIENTS_MAX 20000

/* `config` is borrowed. NULL: out of memory or of files. */
struct web_clients *web_clients_open(const struct connection_config *config);
/* The gateway ends soon: polls and streams are over, what else is under way goes on. */
void web_clients_stop(struct web_clients *clients);
/* Requests under way are answered with 503. NULL is fine. */
void web_clients_close(struct web_clients *clients);

/* The client of this id, a new one if there is none. NULL: out of memory, or there are WEB_CLIENTS_MAX. */
struct web_client *web_clients_get(struct web_clients *clients, const char *user, const char *client_id);

/* web_client_run, and the connection is watched from now on. */
void web_clients_run(struct web_clients *clients, struct web_client *client, struct errand *errand,
                     const char *sig);

/* To be waited for (POLLIN); then, and once a turn, web_clients_serve. `now`: milliseconds of clock_steady. */
int web_clients_fd(const struct web_clients *clients);
/* For how long: `most_ms`, or less. */
int web_clients_pause(const struct web_clients *clients, int most_ms);
void web_clients_serve(struct web_clients *clients, int64_t now);

/* For figures. */
size_t web_clients_count(const struct web_clients *clients);

#endif
