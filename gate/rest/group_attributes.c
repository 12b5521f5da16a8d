/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* group_open_http_svc: attributes of groups. */
#include "gate/rest/group_commands.h"

#include <string.h>

#include "acl/code.h"

#define ATTRIBUTES_MAX 16

const struct rest_field attributes_fields[] = {
    GROUP_FIELD, {"GroupAttr", NULL, REST_OBJECTS, true, ATTRIBUTES_MAX, 0}, {0}};

/* get_group_attr */

static void attributes_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const cJSON *attribute;
    if (call_refused(call, reply))
        return;
    cJSON *list = put_list(call, call_answer(call), "GroupAttrAry");
    cJSON_ArrayForEach (attribute, reply_member(reply, "attributes")) {
        cJSON *entry = add_object(call, list);
        put_text(call, entry, "key", attribute->string);
        put_copy(call, entry, "value", attribute);
    }
}

void get_attributes(struct call *call)
{
    (void)ask_group(call, "getGroupAttributes");
    call_then(call, attributes_came);
}

/* modify_group_attr: those that are named; set_group_attr: and no others; clear_group_attr names none */

/* The value of a key in the request; NULL: it is not in it. */
static const cJSON *wanted_value(const struct call *call, const char *key)
{
    const cJSON *entry;
    cJSON_ArrayForEach (entry, call_list(call, "GroupAttr")) {
        const char *here = object_text(entry, "key", NULL);
        if (here && strcmp(here, key) == 0)
            return cJSON_GetObjectItemCaseSensitive(entry, "value");
    }
    return NULL;
}

static void put_wanted(struct call *call, cJSON *command)
{
    const cJSON *entry;
    cJSON *set = put_object(call, command, "set");
    cJSON_ArrayForEach (entry, call_list(call, "GroupAttr")) {
        const char *key = object_text(entry, "key", NULL);
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(entry, "value");
        if (!key || !cJSON_IsString(value)) {
            call_refuse(call, CODE_BAD_REQUEST, "GroupAttr: key and value must be texts");
            return;
        }
        if (!cJSON_HasObjectItem(set, key))
            put_copy(call, set, key, value);
    }
}

void modify_attributes(struct call *call)
{
    put_wanted(call, ask_group(call, "setGroupAttributes"));
    call_then(call, group_done);
}

/* Deletes what is there and not wanted; all is done in one command, or nothing. */
static void replace(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const bool some = call_list(call, "GroupAttr") != NULL;
    const cJSON *attribute;
    cJSON *command = NULL, *gone = NULL;
    if (call_refused(call, reply))
        return;
    cJSON_ArrayForEach (attribute, reply_member(reply, "attributes")) {
        if (some && wanted_value(call, attribute->string))
            continue;
        if (!command) {
            command = ask_group(call, "setGroupAttributes");
            gone = put_list(call, command, "delete");
        }
        add_text(call, gone, attribute->string);
    }
    if (some && !command)
        command = ask_group(call, "setGroupAttributes");
    if (some)
        put_wanted(call, command);
    call_then(call, group_done);
}

void set_attributes(struct call *call)
{
    (void)ask_group(call, "getGroupAttributes");
    call_then(call, replace);
}
