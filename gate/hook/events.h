/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What has happened, as chat/feed tells it (docs/protocol.md, section 13), and which callback says so, with what body.
 * One table. Pure, no state. */
#ifndef GATE_HOOK_EVENTS_H
#define GATE_HOOK_EVENTS_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "gate/hook/callbacks.h"

#define EVENT_LANE_MAX    96
#define EVENT_ADDRESS_MAX 46

struct hook_event {
    enum callback callback;    /* CALLBACK_COUNT: there is none for it */
    int64_t id;                /* of the message that was stored; 0: it does not come again */
    char lane[EVENT_LANE_MAX]; /* those of one lane are called one after the other */
    char address[EVENT_ADDRESS_MAX];
    const char *platform; /* as Tencent writes it; a constant */
};

void event_read(const cJSON *item, struct hook_event *out);
/* What the callback of that item says, for cJSON_free. NULL: out of memory. */
char *event_body(const cJSON *item);

/* Names of platforms and addresses, which reviews have as well. */
const char *event_platform(const cJSON *item);
void event_address(const cJSON *item, char out[EVENT_ADDRESS_MAX]);

#endif
