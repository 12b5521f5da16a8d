/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* To begin a feed reads all that its user is a member of. Where a thousand clients come back at once, many of their
 * SUBSCRIBEs come in one turn of the loop, in which everybody else would wait: what is too much for one turn begins in
 * later ones. Nothing is lost by that, since a feed begins with what its device has missed. Broker thread only. */
#ifndef PLUGIN_DELIVERY_FEED_LATER_H
#define PLUGIN_DELIVERY_FEED_LATER_H

#include <stdbool.h>
#include <stdint.h>

struct chat;
struct session;

/* May one more begin in this turn? Not after two milliseconds of that, nor before those that wait. */
bool feed_may_begin(const struct chat *chat);
/* One has begun, or nearly: `began`, in us of clock_steady_us, is when that was. */
void feed_begun(struct chat *chat, int64_t began);
struct feed_later {
    struct session *session;
    int qos;
    uint32_t identifier; /* what an MQTT 5 client calls it; 0: nothing, or it is still to be told */
    struct feed_later *prev, *next;
};

/* It waits for a later turn; if it does already, it has this QoS from now on. false: out of memory. */
__attribute__((warn_unused_result)) bool feed_put_off(struct chat *chat, struct session *session, int qos);
/* What waits of this session; NULL: nothing. */
struct feed_later *feed_later(const struct chat *chat, const struct session *session);
/* It waits no more. One that does not is fine. */
void feed_wait_ends(struct chat *chat, struct session *session);
/* At TICK: whose feed is to begin now; NULL: nobody's, or enough have begun. */
struct session *feed_next(const struct chat *chat);

#endif
