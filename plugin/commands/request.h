/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One publish of commands as it came. Pure. */
#ifndef PLUGIN_COMMANDS_REQUEST_H
#define PLUGIN_COMMANDS_REQUEST_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

struct control_request {
    const void *payload;
    size_t len;
    int qos;
    const char *response_topic; /* MQTT 5; NULL: the usual one */
    const void *correlation;
    uint16_t correlation_len;
};

/* CODE_OK, *tree, to be deleted, and in it the list of 1 to 50 commands; or a code, and what is wrong with the
 * request as a whole ("": the code says it). *tree may have been set all the same. */
int request_read(const struct control_request *request, cJSON **tree, const cJSON **commands,
                 const char **error);
/* Where the answer goes: the topic that the request names, if it can be used. Good as long as the request. */
const char *request_answer_topic(const struct control_request *request);

#endif
