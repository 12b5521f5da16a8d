/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What Mosquitto 2.1 has and the headers of 2.0, with which this is built, have not. A number or a struct here
 * is as in its include/mosquitto/broker.h and include/mosquitto/defs.h (2.1.2); built with the headers of 2.1,
 * the compiler holds one against the other. A broker of 2.0 refuses to register the events, and closes a
 * connection without a word for the codes. */
#ifndef PLUGIN_CORE_MOSQUITTO_2_1_H
#define PLUGIN_CORE_MOSQUITTO_2_1_H

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <stdint.h>

/* enum mosquitto_plugin_event */
#define EVENT_CLIENT_OFFLINE 28 /* a kept session goes away */

#if LIBMOSQUITTO_VERSION_NUMBER >= 2001000
_Static_assert((int)EVENT_CLIENT_OFFLINE == (int)MOSQ_EVT_CLIENT_OFFLINE, "the same event");
#endif

#endif
