/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/request.h"

#include <stdbool.h>
#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "lib/json.h"

#define REQUEST_MAX      262144
#define COMMANDS_MAX     50
#define TOPIC_LEVELS_MAX 200 /* the broker's own limit */

/* CODE_OK and *tree, or a code and what is wrong with the request as a whole ("": the code says it). */
static int read_tree(const struct control_request *request, cJSON **tree, const char **error)
{
    struct json_facts facts = {0};
    const char *twice;
    *error = "the request is not valid JSON";
    if (request->len == 0 || !json_scan(request->payload, request->len, &facts))
        return CODE_BAD_REQUEST;
    *error = "";
    *tree = json_parse(request->payload, request->len, &facts);
    if (!*tree)
        return CODE_BUSY;
    if (json_unique(*tree, &twice))
        return CODE_OK;
    if (!twice)
        return CODE_BUSY;
    *error = "the request has an object with the same name twice";
    return CODE_BAD_REQUEST;
}

int request_read(const struct control_request *request, cJSON **tree, const cJSON **commands,
                 const char **error)
{
    *error = "the request is larger than 262144 bytes";
    if (request->len > REQUEST_MAX)
        return CODE_BAD_REQUEST;
    int code = read_tree(request, tree, error);
    if (code != CODE_OK)
        return code;
    *error = "commands: must be a list";
    *commands = cJSON_GetObjectItemCaseSensitive(*tree, "commands");
    if (!cJSON_IsArray(*commands))
        return CODE_BAD_REQUEST;
    *error = "commands: 1 to 50 in one request";
    int count = cJSON_GetArraySize(*commands);
    return count >= 1 && count <= COMMANDS_MAX ? CODE_OK : CODE_BAD_REQUEST;
}

/* A topic of the client's own choosing. $SYS is the broker's voice alone. */
static bool topic_usable(const char *topic)
{
    unsigned levels = 1;
    for (const char *c = topic; *c; c++)
        if (*c == '/')
            levels++;
    return topic[0] != '\0' && levels <= TOPIC_LEVELS_MAX && !strpbrk(topic, "+#") &&
           strncmp(topic, "$SYS", 4) != 0;
}

const char *request_answer_topic(const struct control_request *request)
{
    const char *topic = request->response_topic;
    return topic && topic_usable(topic) ? topic : RESPONSE_TOPIC;
}
