/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How a user's devices learn what another one has deleted: by the event `deleted`, at once (erasing.h), or, where they
 * were away, before a replay. A cursor that has passed the place of a deletion (erasures.h) says that the device has
 * been told. Broker thread only. */
#ifndef PLUGIN_DELIVERY_ERASED_H
#define PLUGIN_DELIVERY_ERASED_H

#include <stdbool.h>

struct chat;
struct subscription;

/* Before a page of a replay: tells what was deleted since the cursor, and not on this connection, some events at a
 * time. A device that is new is told nothing. Returns true when all is told; otherwise it is to be called again in a
 * later turn, and *stuck says that nothing could be done. */
__attribute__((warn_unused_result)) bool erased_tell(struct chat *chat, struct subscription *subscription,
                                                     bool *stuck);

#endif
