/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the kernel knows of a client's connection. The broker tells no plugin which socket is whose, but the struct
 * behind its pointer begins alike in all of 2.0 and 2.1 built with epoll: what it is, and its socket. Broker
 * thread only. */
#ifndef PLUGIN_CORE_WIRE_H
#define PLUGIN_CORE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

struct mosquitto;

struct wire {
    int64_t acked;    /* bytes that have come to the client's machine, of whatever kind, since it connected */
    int64_t received; /* bytes that have come from there, whether the broker has read them or not */
    bool idle;        /* there is nothing else for it in the kernel */
};

/* `client` is one that is connected, or says at this moment that it leaves. false: nobody knows (a broker built
 * without epoll, no TCP, a connection that was reset). A system call. */
bool wire_look(const struct mosquitto *client, struct wire *wire);

#endif
