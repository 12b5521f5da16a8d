/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The connection to the broker: an MQTT client of an administrator. Connects again by itself, after 0.5 s, 1
 * s, 2 s ... 30 s; makes a userSig for each connection. Never waits but for the broker's name to be looked
 * up. */
#ifndef PUSH_LINK_H
#define PUSH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/config.h"

struct link;
struct curl_waitfd;

struct link_handlers {
    void *context;
    /* Logged in, not subscribed yet: what is sent now is heard before the first job comes. */
    void (*up)(void *context);
    void (*job)(void *context, const char *payload, size_t len);
    void (*response)(void *context, const char *payload, size_t len);
};

/* Reads the key file. `config` is borrowed; takes_jobs: subscribes to them. NULL: `error` says why. */
struct link *link_open(const struct broker_config *config, const struct link_handlers *handlers,
                       bool takes_jobs, char *error, size_t error_size);
/* Says good-bye. NULL is fine. */
void link_close(struct link *link);

/* Connects when it is time, keeps alive. */
void link_tick(struct link *link, int64_t now);
/* What to wait for; false: nothing. */
bool link_wants(struct link *link, struct curl_waitfd *fd);
/* Reads and writes what can be. */
void link_serve(struct link *link, const struct curl_waitfd *fd);
/* To the commands' topic, QoS 0. false: not connected, or out of memory. */
bool link_command(struct link *link, const char *payload, size_t len);
/* A few bytes, so that the broker's loop turns (docs/push.md, "wake_milliseconds"). */
void link_wake(struct link *link);

bool link_up(const struct link *link);
/* Why it is not up, for people; "" before the first try. */
const char *link_fault(const struct link *link);

#endif
