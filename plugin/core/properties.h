/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What an MQTT 5 request says about its answer. The functions that read it are not among what a Mosquitto 2.0
 * lets plugins use (2.1 does, and so does Debian 12's build of 2.0.11): there libmosquitto 2.0, which packages of
 * the broker bring along, reads the same structs. Without either, requests are answered as if they had said
 * nothing. Broker thread only. */
#ifndef PLUGIN_CORE_PROPERTIES_H
#define PLUGIN_CORE_PROPERTIES_H

#include <stdbool.h>
#include <stdint.h>

struct mqtt5__property; /* mosquitto.h calls it mosquitto_property */

/* All zero: reads nothing. */
struct properties {
    void *library; /* NULL: the functions are the broker's own, or there are none */
    const struct mqtt5__property *(*read_string)(const struct mqtt5__property *list, int identifier,
                                                 char **value, bool skip_first);
    const struct mqtt5__property *(*read_binary)(const struct mqtt5__property *list, int identifier,
                                                 void **value, uint16_t *len, bool skip_first);
    void (*release)(void *value); /* of whoever has allocated the value */
};

/* What is not there is NULL. */
struct answer_properties {
    char *topic;
    void *correlation;
    uint16_t correlation_len; /* bytes */
};

/* Finds the functions; without any it logs one line, and what is read is empty from then on. is_2_1: the broker
 * counts what it hands out as memory of its own and wants it back. */
void properties_open(struct properties *properties, bool is_2_1);
/* Takes what was never opened. */
void properties_close(struct properties *properties);

/* list: NULL is an empty one. What memory does not suffice for is not there. To be given back with
 * answer_properties_clear, before properties_close. */
struct answer_properties answer_properties_read(const struct properties *properties,
                                                const struct mqtt5__property *list);
void answer_properties_clear(const struct properties *properties, struct answer_properties *answer);

#endif
