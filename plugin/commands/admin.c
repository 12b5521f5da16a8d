/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "lib/json.h"
#include "plugin/commands/stats.h"
#include "plugin/core/chat.h"
#include "plugin/life/presence.h"
#include "plugin/people/profile.h"
#include "plugin/people/user.h"
#include "plugin/push/push.h"
#include "schema/store.h"

#define IMPORT_MAX       100
#define IMPORT_BYTES     128 /* of each, in the frame */
#define MUTE_SECONDS_MAX 4294967295LL

/* importUsers */

enum import_result { IMPORT_FAILED, IMPORT_CREATED, IMPORT_EXISTS };

/* What is not even a userID fails by itself: the others of a long list are not to wait for it. */
static int field_imports(struct command *command, const cJSON **out)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(command->request, "userIDs"), *item;
    if (!list)
        return command_refuse(command, "userIDs: missing");
    if (!cJSON_IsArray(list) || !list->child)
        return command_refuse(command, "userIDs: must be a list of userIDs");
    if (cJSON_GetArraySize(list) > IMPORT_MAX) {
        snprintf(command->error, sizeof command->error, "userIDs: at most %d", IMPORT_MAX);
        return CODE_TOO_MANY_MEMBERS;
    }
    cJSON_ArrayForEach (item, list) {
        if (!cJSON_IsString(item))
            return command_refuse(command, "userIDs: must be a list of userIDs");
        (void)user_find(command->chat,
                        item->valuestring); /* so that a store that cannot be read is noticed */
    }
    *out = list;
    return CODE_OK;
}

static enum import_result import(struct chat *chat, const char *id)
{
    if (!user_id_valid(id, strlen(id)))
        return IMPORT_FAILED;
    struct user *user = user_find_any(chat, id);
    if (!user)
        return user_create(chat, id) ? IMPORT_CREATED : IMPORT_FAILED;
    if (!user->deleted)
        return IMPORT_EXISTS;
    if (user->leaving)
        return IMPORT_FAILED; /* his memberships are still being ended */
    user_revive(chat, user);
    return IMPORT_CREATED;
}

static bool add_import(cJSON *list, const char *id, enum import_result result)
{
    cJSON *item = json_add_object(list);
    if (!item)
        return false;
    return cJSON_AddStringToObject(item, "userID", id) && cJSON_AddNumberToObject(item, "result", result);
}

int command_import_users(struct command *command)
{
    const cJSON *ids, *id;
    int code = field_imports(command, &ids);
    if (code == CODE_OK)
        code = command_begin(command, IMPORT_MAX * IMPORT_BYTES);
    if (code != CODE_OK)
        return code;
    cJSON *list = cJSON_AddArrayToObject(command->data, "users");
    bool good = list != NULL;
    cJSON_ArrayForEach (id, ids) {
        enum import_result result = import(command->chat, id->valuestring);
        good = good && add_import(list, id->valuestring, result);
    }
    store_commit(command->chat->store);
    return command_answered(command, good);
}

/* muteUser */

/* What is not named stays as it is. */
static int field_mute(struct command *command, const char *name, int64_t *until)
{
    int64_t seconds = -1;
    int code = field_number(command, name, FIELD_OPTIONAL, 0, MUTE_SECONDS_MAX, &seconds);
    if (code == CODE_OK && seconds >= 0)
        *until = seconds > 0 ? command->chat->now + seconds * 1000 : 0;
    return code;
}

static bool has_field(const struct command *command, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(command->request, name) != NULL;
}

int command_mute_user(struct command *command)
{
    struct user *user;
    int64_t c2c = -1, group = -1;
    int code = field_mute(command, "c2cSeconds", &c2c);
    if (code == CODE_OK)
        code = field_mute(command, "groupSeconds", &group);
    if (code == CODE_OK && !has_field(command, "c2cSeconds") && !has_field(command, "groupSeconds"))
        code = command_refuse(command, "c2cSeconds, groupSeconds: at least one of them");
    if (code == CODE_OK)
        code = field_known_user(command, "userID", &user);
    if (code == CODE_OK)
        code = command_begin(command, 256);
    if (code != CODE_OK)
        return code;
    user_mute(command->chat, user, c2c < 0 ? user->c2c_muted_until : c2c,
              group < 0 ? user->group_muted_until : group);
    store_commit(command->chat->store);
    return CODE_OK;
}

/* getUser */

int command_get_user(struct command *command)
{
    cJSON *data = command->data;
    struct user *user;
    int code = field_known_user(command, "userID", &user);
    if (code == CODE_OK)
        code = answer_devices(command, user);
    if (code != CODE_OK || !command->data)
        return code;
    const struct profile *profile = user_profile(user);
    bool good = cJSON_AddStringToObject(data, "userID", user->id) &&
                cJSON_AddStringToObject(data, "nickname", profile->nickname) &&
                cJSON_AddStringToObject(data, "faceURL", profile->face_url) &&
                cJSON_AddStringToObject(data, "status", presence_name(presence_status(user))) &&
                cJSON_AddNumberToObject(data, "createTime", (double)user->created);
    return good ? answer_joined_groups(command, user) : command_answered(command, false);
}

/* getStats */

int command_get_stats(struct command *command)
{
    struct chat *chat = command->chat;
    bool good = stats_add(chat, command->data) && push_add_dead(chat, command->data);
    return store_failed(chat->store) ? CODE_BUSY : command_answered(command, good);
}
