/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* profile: what users say about themselves. */
#include "gate/rest/services.h"

#include <string.h>

#include "acl/code.h"
#include "lib/basics.h"

#define TAG_UNKNOWN   40009
#define CUSTOM_PREFIX "Tag_Profile_Custom_"

/* `ours` NULL: taken and left out, for we have no such thing. */
static const struct tag {
    const char *theirs, *ours;
} tags[] = {
    {"Tag_Profile_IM_Nick", "nickname"},
    {"Tag_Profile_IM_Image", "faceURL"},
    {"Tag_Profile_IM_SelfSignature", "selfSignature"},
    {"Tag_Profile_IM_Gender", NULL},
    {"Tag_Profile_IM_BirthDay", NULL},
    {"Tag_Profile_IM_Location", NULL},
    {"Tag_Profile_IM_AllowType", NULL},
    {"Tag_Profile_IM_Language", NULL},
    {"Tag_Profile_IM_MsgSettings", NULL},
    {"Tag_Profile_IM_AdminForbidType", NULL},
    {"Tag_Profile_IM_Level", NULL},
    {"Tag_Profile_IM_Role", NULL},
};

/* NULL: there is none. */
static const struct tag *tag_named(const char *name)
{
    static const struct tag custom = {CUSTOM_PREFIX, NULL};
    for (size_t i = 0; name && i < COUNT(tags); i++)
        if (strcmp(tags[i].theirs, name) == 0)
            return &tags[i];
    return name && strncmp(name, CUSTOM_PREFIX, strlen(CUSTOM_PREFIX)) == 0 ? &custom : NULL;
}

/* portrait_set */

static const struct rest_field set_fields[] = {
    {"From_Account", NULL, REST_TEXT, true, 0, 0}, {"ProfileItem", NULL, REST_OBJECTS, true, 0, 0}, {0}};

static void portrait_is_set(struct call *call)
{
    (void)call_refused(call, call_reply(call, 0));
}

static void user_came(struct call *call)
{
    const cJSON *users = reply_member(call_reply(call, 0), "users");
    if (!call_refused(call, call_reply(call, 0)) && cJSON_GetArraySize(users) == 0)
        call_refuse(call, CODE_NO_USER, "From_Account: there is no such user");
}

/* How many of the items we keep; -1: the call has failed. */
static int count_items(struct call *call)
{
    const cJSON *item;
    int count = 0;
    cJSON_ArrayForEach (item, call_list(call, "ProfileItem")) {
        const char *name = object_text(item, "Tag", NULL);
        const struct tag *tag = tag_named(name);
        if (!tag) {
            call_fail(call, TAG_UNKNOWN, "ProfileItem: there is no Tag %s", name ? name : "without a name");
            return -1;
        }
        if (tag->ours && object_text(item, "Value", NULL))
            count++;
    }
    return count;
}

static void set_portrait(struct call *call)
{
    const cJSON *item;
    const char *user = call_text(call, "From_Account");
    const int count = count_items(call);
    if (count < 0)
        return;
    if (count == 0) {
        add_text(call, put_list(call, call_ask(call, "getUsersInfo"), "userIDs"), user);
        call_then(call, user_came);
        return;
    }
    cJSON *command = call_ask_as(call, user, "setSelfInfo");
    cJSON_ArrayForEach (item, call_list(call, "ProfileItem")) {
        const struct tag *tag = tag_named(object_text(item, "Tag", NULL));
        if (tag && tag->ours && !cJSON_HasObjectItem(command, tag->ours))
            put_text(call, command, tag->ours, object_text(item, "Value", NULL));
    }
    call_then(call, portrait_is_set);
}

/* portrait_get */

static const struct rest_field get_fields[] = {
    {"To_Account", NULL, REST_TEXTS, true, 100, 0}, {"TagList", NULL, REST_TEXTS, true, 0, 0}, {0}};

static const cJSON *user_named(const cJSON *users, const char *name)
{
    const cJSON *user;
    cJSON_ArrayForEach (user, users) {
        const char *here = object_text(user, "userID", NULL);
        if (here && strcmp(here, name) == 0)
            return user;
    }
    return NULL;
}

/* What has been set of what is asked for. */
static void put_items(struct call *call, cJSON *list, const cJSON *user)
{
    const cJSON *name;
    cJSON_ArrayForEach (name, call_list(call, "TagList")) {
        const struct tag *tag = tag_named(name->valuestring);
        const char *value = tag && tag->ours ? object_text(user, tag->ours, NULL) : NULL;
        if (!value)
            continue;
        cJSON *item = add_object(call, list);
        put_text(call, item, "Tag", tag->theirs);
        put_text(call, item, "Value", value);
    }
}

static void portraits_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const cJSON *name;
    cJSON *answer = call_answer(call);
    if (call_refused(call, reply))
        return;
    cJSON *list = put_list(call, answer, "UserProfileItem"), *failed = put_list(call, answer, "Fail_Account");
    cJSON_ArrayForEach (name, call_list(call, "To_Account")) {
        const cJSON *user = user_named(reply_member(reply, "users"), name->valuestring);
        cJSON *entry = add_object(call, list);
        put_text(call, entry, "To_Account", name->valuestring);
        put_items(call, put_list(call, entry, "ProfileItem"), user);
        put_number(call, entry, "ResultCode", user ? 0 : call_code(call, CODE_NO_USER));
        put_text(call, entry, "ResultInfo", user ? "" : "there is no such user");
        if (!user)
            add_text(call, failed, name->valuestring);
    }
}

static void get_portraits(struct call *call)
{
    put_copy(call, call_ask(call, "getUsersInfo"), "userIDs", call_list(call, "To_Account"));
    call_then(call, portraits_came);
}

static const struct rest_command commands[] = {
    {"portrait_set", set_fields, set_portrait},
    {"portrait_get", get_fields, get_portraits},
    {NULL, NULL, NULL},
};

const struct rest_service service_profile = {"profile", FAMILY_PROFILE, commands};
