/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/connection.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>

#include "lib/clock.h"

#define KEEPALIVE_S 60
#define PATIENCE_MS 10000 /* for CONNACK */
#define MISC_MS     1000

struct connection {
    struct mosquitto *mosq;
    const struct connection_handlers *handlers;
    void *context;
    int64_t give_up; /* 0: it is connected */
    int64_t next_misc;
    bool down;
};

static void go_down(struct connection *connection, bool refused, int reason)
{
    if (connection->down)
        return;
    connection->down = true;
    connection->handlers->down(connection->context, refused, reason);
}

static void on_connect(struct mosquitto *mosq, void *context, int reason, int flags,
                       const mosquitto_property *list)
{
    struct connection *connection = context;
    (void)mosq, (void)flags, (void)list;
    connection->give_up = 0;
    if (reason)
        go_down(connection, true, reason);
    else
        connection->handlers->up(connection->context);
}

static void on_disconnect(struct mosquitto *mosq, void *context, int reason, const mosquitto_property *list)
{
    (void)mosq, (void)list;
    go_down(context, false, reason);
}

static void on_message(struct mosquitto *mosq, void *context, const struct mosquitto_message *message,
                       const mosquitto_property *list)
{
    struct connection *connection = context;
    (void)mosq, (void)list;
    if (message->payloadlen > 0)
        connection->handlers->message(connection->context, message->topic, message->payload,
                                      (size_t)message->payloadlen);
}

static void on_publish(struct mosquitto *mosq, void *context, int mid, int reason,
                       const mosquitto_property *list)
{
    struct connection *connection = context;
    (void)mosq, (void)list;
    connection->handlers->published(connection->context, mid, reason);
}

static void on_subscribe(struct mosquitto *mosq, void *context, int mid, int count, const int *granted,
                         const mosquitto_property *list)
{
    struct connection *connection = context;
    (void)mosq, (void)list;
    connection->handlers->subscribed(connection->context, mid, count > 0 ? granted[0] : MQTT_RC_UNSPECIFIED);
}

static bool set_up(struct connection *connection, const struct connection_config *config, const char *user,
                   const char *sig)
{
    struct mosquitto *mosq = connection->mosq;
    mosquitto_connect_v5_callback_set(mosq, on_connect);
    mosquitto_disconnect_v5_callback_set(mosq, on_disconnect);
    mosquitto_message_v5_callback_set(mosq, on_message);
    mosquitto_publish_v5_callback_set(mosq, on_publish);
    mosquitto_subscribe_v5_callback_set(mosq, on_subscribe);
    return !mosquitto_int_option(mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) &&
           !mosquitto_int_option(mosq, MOSQ_OPT_TCP_NODELAY, 1) &&
           !mosquitto_username_pw_set(mosq, user, sig) &&
           (!config->ca_file || !mosquitto_tls_set(mosq, config->ca_file, NULL, NULL, NULL, NULL));
}

struct connection *connection_open(const struct connection_config *config, const char *user, const char *sig,
                                   const char *client_id, const struct connection_handlers *handlers,
                                   void *context)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    *connection = (struct connection){.handlers = handlers, .context = context};
    connection->mosq = mosquitto_new(client_id, true, connection);
    if (!connection->mosq || !set_up(connection, config, user, sig)) {
        connection_close(connection);
        return NULL;
    }
    connection->give_up = clock_steady() + PATIENCE_MS;
    if (mosquitto_connect_async(connection->mosq, config->host, (int)config->port, KEEPALIVE_S))
        connection->give_up = 1; /* the next tick says so */
    return connection;
}

void connection_close(struct connection *connection)
{
    if (!connection)
        return;
    connection->down = true;
    if (connection->mosq) {
        mosquitto_disconnect(connection->mosq);
        mosquitto_destroy(connection->mosq);
    }
    free(connection);
}

int connection_fd(struct connection *connection)
{
    return connection->down ? -1 : mosquitto_socket(connection->mosq);
}

bool connection_wants_write(struct connection *connection)
{
    return mosquitto_want_write(connection->mosq);
}

static void check(struct connection *connection, int result)
{
    if (result != MOSQ_ERR_SUCCESS)
        go_down(connection, false, MQTT_RC_UNSPECIFIED);
}

void connection_serve(struct connection *connection, bool readable, bool writable)
{
    if (writable && !connection->down)
        check(connection, mosquitto_loop_write(connection->mosq, 1));
    if (readable && !connection->down)
        check(connection, mosquitto_loop_read(connection->mosq, 1));
}

void connection_tick(struct connection *connection, int64_t now)
{
    if (connection->down)
        return;
    if (connection->give_up != 0 && now >= connection->give_up) {
        go_down(connection, false, MQTT_RC_SERVER_UNAVAILABLE);
    } else if (now >= connection->next_misc) {
        connection->next_misc = now + MISC_MS;
        check(connection, mosquitto_loop_misc(connection->mosq));
    }
}

int connection_publish(struct connection *connection, const char *topic, const void *payload, size_t len,
                       int qos)
{
    int mid = 0;
    if (connection->down || mosquitto_publish(connection->mosq, &mid, topic, (int)len, payload, qos, false))
        return 0;
    return mid;
}

int connection_subscribe(struct connection *connection, const char *filter, int qos)
{
    int mid = 0;
    return connection->down || mosquitto_subscribe(connection->mosq, &mid, filter, qos) ? 0 : mid;
}

int connection_unsubscribe(struct connection *connection, const char *filter)
{
    int mid = 0;
    return connection->down || mosquitto_unsubscribe(connection->mosq, &mid, filter) ? 0 : mid;
}
