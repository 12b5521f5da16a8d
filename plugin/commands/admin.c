/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"
#include "plugin/push/push_answer.h"

#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "acl/limits.h"
#include "lib/json.h"
#include "plugin/commands/stats.h"
#include "plugin/core/chat.h"
#include "plugin/core/until.h"
#include "plugin/life/presence.h"
#include "plugin/people/profile.h"
#include "plugin/people/user.h"
#include "schema/store.h"

/* importUsers */

enum import_result { IMPORT_FAILED, IMPORT_CREATED, IMPORT_EXISTS };

/* What is not even a userID fails by itself: the others of a long list are not to wait for it. */
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
    return cJSON_AddStringToObject(item, "userID", id) && json_add_whole(item, "result", result);
}

int command_import_users(struct command *command)
{
    const cJSON *id, *ids = command_list(command, FIELD_USER_IDS);
    cJSON_ArrayForEach (id, ids)
        (void)user_find(command->chat, id->valuestring); /* so that a store that cannot be read is noticed */
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    cJSON *list = cJSON_AddArrayToObject(command->data, "users");
    bool good = list != NULL;
    cJSON_ArrayForEach (id, ids) {
        enum import_result result = import(command->chat, id->valuestring);
        good = good && add_import(list, id->valuestring, result);
    }
    command_commit(command);
    return command_answered(command, good);
}

/* muteUser */

/* What is not named stays as it is. */
static int64_t muted_until(const struct command *command, enum field_name name, int64_t now)
{
    return command_has(command, name) ? until_after(command->chat, command_number(command, name)) : now;
}

int command_mute_user(struct command *command)
{
    struct user *user = command->access.user;
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    user_mute(command->chat, user, muted_until(command, FIELD_C2C_SECONDS, user->c2c_muted_until),
              muted_until(command, FIELD_GROUP_SECONDS, user->group_muted_until));
    command_commit(command);
    return CODE_OK;
}

/* getUser */

int command_get_user(struct command *command)
{
    cJSON *data = command->data;
    struct user *user = command->access.user;
    int code = answer_devices(command, user);
    if (code != CODE_OK || !command->data)
        return code;
    const struct profile *profile = user_profile(user);
    bool good = cJSON_AddStringToObject(data, "userID", user->id) &&
                cJSON_AddStringToObject(data, "nickname", profile->nickname) &&
                cJSON_AddStringToObject(data, "faceURL", profile->face_url) &&
                cJSON_AddStringToObject(data, "status", presence_name(presence_status(user))) &&
                json_add_whole(data, "createTime", user->created) &&
                json_add_whole(data, "bannedUntil", user->banned_until) &&
                json_add_whole(data, "c2cMutedUntil", user->c2c_muted_until) &&
                json_add_whole(data, "groupMutedUntil", user->group_muted_until);
    return good ? answer_joined_groups(command, user) : command_answered(command, false);
}

/* getStats */

int command_get_stats(struct command *command)
{
    struct chat *chat = command->chat;
    bool good = stats_add(chat, command->data) && push_add_dead(chat, command->data);
    return store_reads_failed(chat->store) ? CODE_BUSY : command_answered(command, good);
}
