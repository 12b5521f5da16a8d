/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/properties.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "plugin/core/broker.h"
#include "plugin/core/mosquitto.h"

#define LIBRARY "libmosquitto.so.1"

/* NULL where the broker does not export them. */
#pragma weak mosquitto_property_read_string
#pragma weak mosquitto_property_read_binary

static bool find_in_broker(struct properties *properties, bool is_2_1)
{
    if (!mosquitto_property_read_string || !mosquitto_property_read_binary)
        return false;
    properties->read_string = mosquitto_property_read_string;
    properties->read_binary = mosquitto_property_read_binary;
    properties->release = is_2_1 ? mosquitto_free : free;
    return true;
}

/* The structs are the same throughout 2.0, and all of its libraries allocate with malloc. A 2.1 library would
 * take part of its memory from the broker. */
static bool is_2_0(void *library)
{
    int (*version)(int *, int *, int *) = dlsym(library, "mosquitto_lib_version");
    int major = 0, minor = 0, revision = 0;
    if (version)
        version(&major, &minor, &revision);
    return major == 2 && minor == 0;
}

static bool find_in_library(struct properties *properties)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return false;
    properties->library = library;
    properties->read_string = dlsym(library, "mosquitto_property_read_string");
    properties->read_binary = dlsym(library, "mosquitto_property_read_binary");
    properties->release = free;
    return properties->read_string && properties->read_binary && is_2_0(library);
}

void properties_open(struct properties *properties, bool is_2_1)
{
    *properties = (struct properties){0};
    if (find_in_broker(properties, is_2_1) || find_in_library(properties))
        return;
    properties_close(properties);
    broker_warn("neither this broker nor a " LIBRARY
                " of Mosquitto 2.0 reads MQTT 5 properties: response topics "
                "and correlation data of commands are ignored");
}

void properties_close(struct properties *properties)
{
    if (properties->library)
        dlclose(properties->library);
    *properties = (struct properties){0};
}

struct answer_properties answer_properties_read(const struct properties *properties,
                                                const struct mqtt5__property *list)
{
    struct answer_properties answer = {0};
    if (!properties->read_string)
        return answer;
    properties->read_string(list, MQTT_PROP_RESPONSE_TOPIC, &answer.topic, false);
    properties->read_binary(list, MQTT_PROP_CORRELATION_DATA, &answer.correlation, &answer.correlation_len,
                            false);
    return answer;
}

void answer_properties_clear(const struct properties *properties, struct answer_properties *answer)
{
    if (properties->release) {
        properties->release(answer->topic);
        properties->release(answer->correlation);
    }
    *answer = (struct answer_properties){0};
}
