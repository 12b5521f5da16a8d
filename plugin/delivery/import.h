/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A message that was sent elsewhere, some time ago, is put at the end of its conversation. Nobody is given it: history,
 * `sync` and the list of conversations have it (people/past.h). Each has a frame of its own. Broker thread only. */
#ifndef PLUGIN_DELIVERY_IMPORT_H
#define PLUGIN_DELIVERY_IMPORT_H

#include "plugin/delivery/message.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct user;

/* All borrowed. */
struct import {
    struct user *sender;        /* need not be in the group */
    const char *to;             /* NULL: to the group */
    struct conversation *group; /* NULL: a private message */
    int64_t time;               /* ms: when it was sent */
    bool unread;                /* it counts as unread; otherwise everybody has read it */
    const char *payload;        /* as it would have been published */
    size_t len;
};

/* CODE_OK and the receipt, which for the repetition of a `random` is the earlier one's; or a code, perhaps a reason, and
 * nothing has changed: CODE_NO_USER, CODE_LIVE_NOT_RECALLED, those of a payload that is no message, CODE_BAD_REQUEST when
 * the time is before that of the last message there or to come, CODE_BUSY. */
__attribute__((warn_unused_result)) int import_message(struct chat *chat, const struct import *import,
                                                       struct receipt *receipt, char reason[REASON_BYTES]);

#endif
