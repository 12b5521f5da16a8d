/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* As much of Mosquitto 2.0 as the plugin notices, in one process with it and without a network: clients, the
 * events in the broker's order, READ for each receiver, messages that wait for the next turn of the loop, and
 * a clock that stands still until it is told how much time has passed.
 *
 * What the fake needs for itself never fails (failing_malloc.h); what Mosquitto allocates while the plugin
 * calls it does. */
#ifndef TESTS_MEMORY_FAKE_BROKER_H
#define TESTS_MEMORY_FAKE_BROKER_H

#include <stdbool.h>
#include <stdint.h>

struct mosquitto; /* a connection; the pointer is good until fake_release or fake_stop */

enum fake_answer {
    FAKE_DONE,    /* acked, granted, let in */
    FAKE_REFUSED, /* the client is told no */
    FAKE_CLOSED   /* the connection has ended without an ack */
};

/* The plugin's three entry points. Options are names and values in turn, NULL at the end. */
bool fake_start(const char *const *options);
void fake_stop(void);

struct fake_login {
    const char *client_id, *user, *password;
    int version; /* 4: MQTT 3.1.1; 5 */
    bool kept;   /* clean_session false */
};
/* NULL: refused. */
struct mosquitto *fake_connect(const struct fake_login *login);
/* The connection ends, whoever wanted it. Harmless when it has ended. */
void fake_disconnect(struct mosquitto *client);
bool fake_connected(const struct mosquitto *client); /* NULL is not */
/* The connection ends, and what the fake knows of it. `heir` (or NULL) takes over what it has received. */
void fake_release(struct mosquitto *client, struct mosquitto *heir);

enum fake_answer fake_subscribe(struct mosquitto *client, const char *filter, int qos);
void fake_unsubscribe(struct mosquitto *client, const char *filter);
enum fake_answer fake_publish(struct mosquitto *client, const char *topic, const char *payload, int qos);
/* A request to $CONTROL/chat/v1. FAKE_DONE: there is an answer, whatever it says, for fake_response after
 * the next turn. `correlation` (MQTT 5) may be NULL; with it the request names "answers" as its response
 * topic. */
enum fake_answer fake_command(struct mosquitto *client, const char *request, const char *correlation);

/* A turn of the loop: what is queued goes out, then TICK. true: the plugin asks for the next one at once. */
bool fake_turn(void);
/* What is queued goes out, as at the beginning of the next turn. */
void fake_flush(void);
/* SIGHUP: RELOAD, and the question about every login again, as 2.0 has it. */
void fake_reload(void);
void fake_pass(int64_t ms);
int64_t fake_now(void); /* ms since 1970 */

/* How many messages a client has received on topics that begin so, with these words and (or NULL) more. */
int fake_received(const struct mosquitto *client, const char *topics, const char *words, const char *more);
/* The last one on such a topic with these words, or "". */
const char *fake_last(const struct mosquitto *client, const char *topics, const char *words);
/* The last answer to a command; "" when there was none since the last command. */
const char *fake_response(const struct mosquitto *client);

/* The last line of the log with these words in it since the start, or NULL. */
const char *fake_log_find(const char *words);

#endif
