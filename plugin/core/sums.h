/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How often what has happened since the broker's start: for commands/stats.h. Who does it adds one, there and then.
 * Broker thread only. */
#ifndef PLUGIN_CORE_SUMS_H
#define PLUGIN_CORE_SUMS_H

#include "acl/rules.h"
#include <stdint.h>

/* What a message is said in: a group, by its type, or a pair of users (conversation_counts_as). */
#define COUNTED_C2C GROUP_TYPES
#define COUNTED     (GROUP_TYPES + 1)

struct sums {
    uint64_t logins; /* that were let in */
    uint64_t stored, rejected, replayed;
    uint64_t messages[COUNTED];   /* accepted, but imports */
    uint64_t deliveries[COUNTED]; /* given to the broker for one device as they came; with tips and notices */
    struct {
        uint64_t held, passed, refused, dropped;
        uint64_t overdue; /* ... of these, decided by nobody */
    } reviews;
    struct {
        uint64_t begun, finished, refused;
        uint64_t ended; /* by the client, or since nothing came any more */
        uint64_t bytes; /* of the finished */
    } uploads;
    struct {
        uint64_t made, lifted;
        uint64_t refused; /* what somebody was not let do for a ban */
    } bans;
    struct {
        uint64_t rate;    /* messages to live groups that are sent too many */
        uint64_t readers; /* deliveries of what is not stored to devices that do not read */
        uint64_t feed;    /* items of chat/feed, for the same reason or for being too many */
    } shed;
};

#endif
