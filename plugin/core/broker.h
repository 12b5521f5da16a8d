/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What we ask of Mosquitto: send to a client, close a client, log. Only plugin.c, properties.c and scope.c call the
 * broker's API besides. Broker thread only. */
#ifndef PLUGIN_CORE_BROKER_H
#define PLUGIN_CORE_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mosquitto;

__attribute__((format(printf, 1, 2))) void broker_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void broker_warn(const char *format, ...);
__attribute__((format(printf, 1, 2))) void broker_info(const char *format, ...);

/* A payload in the broker's own memory: head, then tail, and a NUL that does not count. It is the broker's
 * once it has been given to it, before that for broker_free. NULL: out of memory. */
void *broker_payload(const void *head, size_t head_len, const void *tail, size_t tail_len);
void broker_free(void *memory);

/* Queues a message to the client with this id, subscribed or not, without an ACL check; it is written at the
 * start of a later loop turn (see deliver.h on order). The payload is copied (head, then tail). identifier: of the
 * subscription by which it comes, for an MQTT 5 client; 0: none. false: out of memory. */
bool broker_send(const char *client_id, const char *topic, const void *head, size_t head_len,
                 const void *tail, size_t tail_len, int qos, uint32_t identifier);
#define CORRELATION_HEAD 5 /* bytes of a packet, at most, that correlation data brings besides itself */
/* The same with MQTT 5 correlation data (NULL: none). Takes nothing over. */
bool broker_respond(const char *client_id, const char *topic, const char *payload, size_t len, int qos,
                    const void *correlation, uint16_t correlation_len, uint32_t identifier);
/* How much has been queued in this life: 2.1 must be asked for another turn of its loop to flush what TICK
 * queues. */
uint64_t broker_queued(void);
/* A retained number below $SYS/broker/chat/. */
void broker_stat(const char *name, const char *value);
/* How many subscriptions the broker has for the client. */
int broker_subscription_count(const struct mosquitto *client);
/* Where a connected client has come from; NULL: nobody knows, and for NULL. */
const char *broker_address(const struct mosquitto *client);
/* Closes the client's connection (MQTT 5: DISCONNECT 0x98), without its will. */
void broker_kick(const char *client_id);
/* Within that call: the broker asks about a kept session's subscriptions again then, at QoS 0. */
bool broker_kicking(void);

#endif
