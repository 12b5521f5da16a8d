/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/broker.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "acl/topic.h"
#include "lib/say.h"
#include "plugin/core/mosquitto.h"

static void print_line(int level, const char *format, va_list list)
{
    char line[800];
    vsnprintf(line, sizeof line, format, list);
    say_safely(line);
    mosquitto_log_printf(level, "chat: %s", line);
}

#define LOG_FUNCTION(name, level)                                                                            \
    void name(const char *format, ...)                                                                       \
    {                                                                                                        \
        va_list list;                                                                                        \
        va_start(list, format);                                                                              \
        print_line(level, format, list);                                                                     \
        va_end(list);                                                                                        \
    }
LOG_FUNCTION(broker_error, MOSQ_LOG_ERR)
LOG_FUNCTION(broker_warn, MOSQ_LOG_WARNING)
LOG_FUNCTION(broker_info, MOSQ_LOG_INFO)

static uint64_t queued;

uint64_t broker_queued(void)
{
    return queued;
}

void *broker_payload(const void *head, size_t head_len, const void *tail, size_t tail_len)
{
    char *whole = mosquitto_malloc(head_len + tail_len + 1);
    if (!whole)
        return NULL;
    memcpy(whole, head, head_len);
    if (tail_len > 0)
        memcpy(whole + head_len, tail, tail_len);
    whole[head_len + tail_len] = '\0';
    return whole;
}

void broker_free(void *memory)
{
    mosquitto_free(memory);
}

/* mosquitto_broker_publish takes the payload over on success only (2.0.11, 2.1.2). */
static bool publish_take(const char *client_id, const char *topic, void *payload, size_t len, int qos,
                         bool retain, mosquitto_property *properties)
{
    queued++;
    if (mosquitto_broker_publish(client_id, topic, (int)len, payload, qos, retain, properties) ==
        MOSQ_ERR_SUCCESS)
        return true;
    mosquitto_free(payload);
    mosquitto_property_free_all(&properties);
    return false;
}

static bool add_identifier(mosquitto_property **properties, uint32_t identifier)
{
    return identifier == 0 || mosquitto_property_add_varint(properties, MQTT_PROP_SUBSCRIPTION_IDENTIFIER,
                                                            identifier) == MOSQ_ERR_SUCCESS;
}

bool broker_send(const char *client_id, const char *topic, const void *head, size_t head_len,
                 const void *tail, size_t tail_len, int qos, uint32_t identifier)
{
    mosquitto_property *properties = NULL;
    if (!add_identifier(&properties, identifier))
        return false;
    char *payload = broker_payload(head, head_len, tail, tail_len);
    if (payload)
        return publish_take(client_id, topic, payload, head_len + tail_len, qos, false, properties);
    mosquitto_property_free_all(&properties);
    return false;
}

bool broker_respond(const char *client_id, const char *topic, const char *payload, size_t len, int qos,
                    const void *correlation, uint16_t correlation_len, uint32_t identifier)
{
    mosquitto_property *properties = NULL;
    if (correlation && mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA, correlation,
                                                     correlation_len) != MOSQ_ERR_SUCCESS)
        return false;
    char *copy = add_identifier(&properties, identifier) ? broker_payload(payload, len, NULL, 0) : NULL;
    if (copy)
        return publish_take(client_id, topic, copy, len, qos, false, properties);
    mosquitto_property_free_all(&properties);
    return false;
}

void broker_stat(const char *name, const char *value)
{
    char topic[sizeof STATS_TOPIC + 64];
    snprintf(topic, sizeof topic, STATS_TOPIC "%s", name);
    char *payload = broker_payload(value, strlen(value), NULL, 0);
    if (payload)
        publish_take(NULL, topic, payload, strlen(value), 0, true, NULL);
}

static bool kicking;

int broker_subscription_count(const struct mosquitto *client)
{
    return mosquitto_client_sub_count(client);
}

const char *broker_address(const struct mosquitto *client)
{
    return client ? mosquitto_client_address(client) : NULL;
}

void broker_kick(const char *client_id)
{
    kicking = true;
    mosquitto_kick_client_by_clientid(client_id, false);
    kicking = false;
}

bool broker_kicking(void)
{
    return kicking;
}
