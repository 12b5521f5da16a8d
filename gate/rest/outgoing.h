/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a request says about a message, beside whom it is for: its elements, how it is pushed and counted. One
 * thread. */
#ifndef GATE_REST_OUTGOING_H
#define GATE_REST_OUTGOING_H

#include <cjson/cJSON.h>

struct call;

/* Adds to a command the members of the message in `request`: MsgBody, CloudCustomData, OfflinePushInfo,
 * SendMsgControl, MsgPriority. What is wrong fails the call. */
void outgoing_put(struct call *call, const cJSON *request, cJSON *command);

#endif
