/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/hook_body.h"

#include "acl/identity.h"
#include "gate/tencent/elements.h"
#include "gate/tencent/message_key.h"
#include "lib/json.h"

/* Reading */

const cJSON *item_get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *item_text(const cJSON *object, const char *name)
{
    const cJSON *item = item_get(object, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

int64_t item_number(const cJSON *object, const char *name)
{
    return json_number(item_get(object, name), 0);
}

/* Filling */

static void hold(struct hook_body *body, bool good)
{
    if (!good)
        body->failed = true;
}

static void put_item(struct hook_body *body, const char *name, cJSON *item_take)
{
    if (item_take && cJSON_AddItemToObject(body->object, name, item_take))
        return;
    cJSON_Delete(item_take);
    body->failed = true;
}

void body_text_in(struct hook_body *body, cJSON *object, const char *name, const char *text)
{
    hold(body, object && cJSON_AddStringToObject(object, name, text));
}

void body_text(struct hook_body *body, const char *name, const char *text)
{
    body_text_in(body, body->object, name, text);
}

void body_number(struct hook_body *body, const char *name, int64_t number)
{
    hold(body, json_add_whole(body->object, name, number));
}

void body_group(struct hook_body *body, const char *id)
{
    char foreign[GROUP_ID_MAX + 3];
    group_id_print_foreign(foreign, id);
    body_text(body, "GroupId", foreign);
}

cJSON *body_list(struct hook_body *body, const char *name)
{
    cJSON *list = cJSON_AddArrayToObject(body->object, name);
    hold(body, list != NULL);
    return list;
}

cJSON *body_object(struct hook_body *body, const char *name)
{
    cJSON *object = cJSON_AddObjectToObject(body->object, name);
    hold(body, object != NULL);
    return object;
}

cJSON *body_entry(struct hook_body *body, cJSON *list)
{
    cJSON *entry = list ? json_add_object(list) : NULL;
    hold(body, entry != NULL);
    return entry;
}

void body_members(struct hook_body *body, const char *list, const cJSON *names)
{
    const cJSON *name;
    cJSON *entries = body_list(body, list);
    cJSON_ArrayForEach (name, names)
        if (cJSON_IsString(name))
            body_text_in(body, body_entry(body, entries), "Member_Account", name->valuestring);
}

void body_number_list(struct hook_body *body, const char *list, const char *name, const int64_t *number)
{
    cJSON *entries = body_list(body, list);
    if (number)
        hold(body, json_add_whole(body_entry(body, entries), name, *number));
}

void body_content(struct hook_body *body, const cJSON *message)
{
    put_item(body, "MsgBody", elements_write(message));
    body_text(body, "CloudCustomData", item_text(message, "cloudCustomData"));
}

void body_c2c_key(struct hook_body *body, int64_t seq, int64_t random, int64_t time)
{
    char key[MESSAGE_KEY_MAX];
    message_key_print(key, seq, random, time / 1000);
    body_text(body, "MsgKey", key);
}

void body_c2c_numbers(struct hook_body *body, int64_t seq, int64_t random, int64_t time)
{
    body_number(body, "MsgSeq", seq);
    body_number(body, "MsgRandom", message_their_random(random));
    body_number(body, "MsgTime", time / 1000);
    body_c2c_key(body, seq, random, time);
}

char *body_finish(struct hook_body *body)
{
    char *text = body->failed ? NULL : cJSON_PrintUnformatted(body->object);
    cJSON_Delete(body->object);
    body->object = NULL;
    return text;
}
