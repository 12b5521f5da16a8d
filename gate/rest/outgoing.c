/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/rest/outgoing.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "acl/code.h"
#include "gate/rest/call.h"
#include "gate/tencent/elements.h"
#include "lib/basics.h"

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool lists(const cJSON *list, const char *word)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, list)
        if (cJSON_IsString(item) && strcmp(item->valuestring, word) == 0)
            return true;
    return false;
}

static const char *sound_of(const cJSON *info)
{
    const char *apns = object_text(get(info, "ApnsInfo"), "Sound", NULL);
    return apns ? apns : object_text(get(info, "AndroidInfo"), "Sound", NULL);
}

/* OfflinePushInfo: PushFlag 1 means no push, BadgeMode 1 that the badge stays as it is. */
static void put_push(struct call *call, const cJSON *request, cJSON *command)
{
    const cJSON *info = get(request, "OfflinePushInfo");
    const bool muted = lists(get(request, "SendMsgControl"), "WithMuteNotifications");
    if (!cJSON_IsObject(info) && !muted)
        return;
    cJSON *push = put_object(call, command, "push");
    put_text(call, push, "title", object_text(info, "Title", NULL));
    put_text(call, push, "body", object_text(info, "Desc", NULL));
    put_text(call, push, "ext", object_text(info, "Ext", NULL));
    put_text(call, push, "sound", sound_of(info));
    if (object_number(get(info, "ApnsInfo"), "BadgeMode", NULL, 0) == 1)
        put_bool(call, push, "badge", false);
    if (muted || object_number(info, "PushFlag", NULL, 0) == 1)
        put_bool(call, push, "disabled", true);
}

/* What is none of them is Normal, which needs no word. */
static void put_priority(struct call *call, const cJSON *request, cJSON *command)
{
    static const char *const words[][2] = {{"High", "high"}, {"Low", "low"}, {"Lowest", "low"}};
    const char *priority = object_text(request, "MsgPriority", NULL);
    for (size_t i = 0; priority && i < COUNT(words); i++)
        if (strcasecmp(priority, words[i][0]) == 0)
            put_text(call, command, "priority", words[i][1]);
}

void outgoing_put(struct call *call, const cJSON *request, cJSON *command)
{
    char error[200];
    if (!elements_read(get(request, "MsgBody"), command, error, sizeof error)) {
        call_refuse(call, *error ? CODE_RESERVED_MEMBER : CODE_BUSY, *error ? error : "out of memory");
        return;
    }
    put_text(call, command, "cloudCustomData", object_text(request, "CloudCustomData", NULL));
    if (lists(get(request, "SendMsgControl"), "NoUnread"))
        put_bool(call, command, "noUnread", true);
    put_priority(call, request, command);
    put_push(call, request, command);
}
