/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Mosquitto's headers, of 2.0 or 2.1, and what 2.1 has and those of 2.0 have not. A number or a struct here is as in
 * its include/mosquitto/broker.h and include/mosquitto/defs.h (2.1.2); built with the headers of 2.1, the
 * compiler holds one against the other. A broker of 2.0 refuses to register the events, and closes a
 * connection without a word for the codes. */
#ifndef PLUGIN_CORE_MOSQUITTO_H
#define PLUGIN_CORE_MOSQUITTO_H

#include <mosquitto.h>
#include <stdint.h>
#include <time.h>
#if LIBMOSQUITTO_VERSION_NUMBER < 2001000 /* from then on mosquitto.h is all of it */
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>
#define next_ms next_ns /* of struct mosquitto_evt_tick */
#endif

/* enum mosquitto_plugin_event */
#define EVENT_CONNECT        11 /* after CONNACK, and for who is not asked for a password, too */
#define EVENT_SUBSCRIBE      12 /* after ACL_CHECK, with the subscription identifier */
#define EVENT_CLIENT_OFFLINE 28 /* a kept session goes away */

/* struct mosquitto_evt_connect */
struct event_connect {
    void *future;
    struct mosquitto *client;
    void *future2[4];
};

/* struct mosquitto_evt_subscribe, and in it struct mosquitto_subscription */
struct event_subscribe {
    void *future;
    struct mosquitto *client;
    struct {
        char *clientid;
        char *topic_filter;
        mosquitto_property *properties;
        uint32_t identifier;
        uint8_t options;
        uint8_t padding[3];
        void *future2[8];
    } data;
    void *future2[8];
};

/* enum mosq_err_t, for BASIC_AUTH: MQTT 5 clients are given the number as the reason code of CONNACK */
#define ERROR_CLIENT_ID_NOT_VALID 133
#define ERROR_BAD_PASSWORD        134
#define ERROR_BANNED              138
#define ERROR_SERVER_BUSY         137

/* For `mosquitto_ctrl broker listPlugins`. NULL in 2.0. */
__attribute__((weak)) int mosquitto_plugin_set_info(mosquitto_plugin_id_t *identifier, const char *name,
                                                    const char *version);

/* Sessions that a plugin makes and ends. NULL in 2.0. */
#if LIBMOSQUITTO_VERSION_NUMBER < 2001000
struct mosquitto_client {
    char *clientid, *username, *auth_method; /* the broker's once they have been given to it */
    time_t will_delay_time, session_expiry_time;
    uint32_t will_delay_interval, session_expiry_interval, max_packet_size;
    uint16_t listener_port; /* 0: none */
    uint8_t max_qos;
    bool retain_available;
    void *future2[8];
};
int mosquitto_persist_client_add(struct mosquitto_client *client);
int mosquitto_persist_client_delete(const char *client_id);
#endif
#pragma weak mosquitto_persist_client_add
#pragma weak mosquitto_persist_client_delete

#if LIBMOSQUITTO_VERSION_NUMBER >= 2001000
_Static_assert((int)EVENT_CONNECT == (int)MOSQ_EVT_CONNECT, "the same event");
_Static_assert((int)EVENT_SUBSCRIBE == (int)MOSQ_EVT_SUBSCRIBE, "the same event");
_Static_assert(sizeof(struct event_subscribe) == sizeof(struct mosquitto_evt_subscribe), "the same struct");
_Static_assert((int)EVENT_CLIENT_OFFLINE == (int)MOSQ_EVT_CLIENT_OFFLINE, "the same event");
_Static_assert(sizeof(struct event_connect) == sizeof(struct mosquitto_evt_connect), "the same struct");
_Static_assert(ERROR_CLIENT_ID_NOT_VALID == MOSQ_ERR_CLIENT_IDENTIFIER_NOT_VALID, "the same code");
_Static_assert(ERROR_BAD_PASSWORD == MOSQ_ERR_BAD_USERNAME_OR_PASSWORD, "the same code");
_Static_assert(ERROR_BANNED == MOSQ_ERR_BANNED, "the same code");
_Static_assert(ERROR_SERVER_BUSY == MOSQ_ERR_SERVER_BUSY, "the same code");
#endif

#endif
