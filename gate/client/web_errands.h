/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What requests of clients want done (web_client.h): each makes an errand, which answers its exchange. NULL: out of
 * memory, or the request is none; the exchange has been answered then. */
#ifndef GATE_CLIENT_WEB_ERRANDS_H
#define GATE_CLIENT_WEB_ERRANDS_H

#include <stdbool.h>
#include <stdint.h>

struct errand;
struct exchange;
struct web_client;

/* POST /v1/user/<userID>, /v1/group/<groupID>: a publish. `receipt`: the broker gives one, so it is a message that is
 * stored; else the broker's ack is the answer. */
struct errand *errand_send(struct exchange *exchange, const char *topic, bool receipt);
/* POST /v1/command. */
struct errand *errand_command(struct exchange *exchange);
/* GET /v1/poll: at once if there is something, else when something comes, or after `wait_ms` with nothing. */
struct errand *errand_poll(struct exchange *exchange, int64_t wait_ms);
/* GET /v1/events: what comes, as long as the client is there. */
struct errand *errand_events(struct exchange *exchange);
/* POST and DELETE /v1/live/<groupID>: subscribes, unsubscribes. */
struct errand *errand_live(struct exchange *exchange, const char *group, bool join);
/* POST /v1/login: nothing but the connection. */
struct errand *errand_login(struct exchange *exchange);

/* POST /v1/media: the body is a file, of `most` bytes at most. */
struct errand *errand_media(struct exchange *exchange, uint64_t most);

/* The status that a code of the broker's is answered with. */
unsigned status_of_code(int code);

#endif
