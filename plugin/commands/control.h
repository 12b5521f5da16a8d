/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands: a publish to $CONTROL/chat/v1, dispatched from one table, acl/commands.def. Parsing, fields, who
 * may, the answer and its size are seen to here, once, around the command's function (commands.h). */
#ifndef PLUGIN_COMMANDS_CONTROL_H
#define PLUGIN_COMMANDS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct session;

/* One publish of commands. */
struct control_request {
    const void *payload;
    size_t len;
    int qos;
    const char *response_topic; /* MQTT 5; NULL: the usual one */
    const void *correlation;
    uint16_t correlation_len;
};
/* Executes them and sends the answer. false: it cannot be answered (out of memory): close the connection. */
bool control_execute(struct chat *chat, struct session *session, const struct control_request *request);

#endif
