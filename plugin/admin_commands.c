/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/admin_commands.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "plugin/chat.h"
#include "plugin/group_commands.h"
#include "plugin/presence.h"
#include "plugin/push.h"
#include "plugin/session.h"
#include "plugin/stats.h"
#include "plugin/user.h"
#include "schema/store.h"

#define IMPORT_MAX       100
#define IMPORT_BYTES     128 /* of each, in the frame */
#define MUTE_SECONDS_MAX 4294967295LL
#define DEVICES_MAX      200

static int field_known_user(struct command *command, struct user **out)
{
    const char *id;
    int code = field_user(command, "userID", FIELD_REQUIRED, &id);
    if (code != CODE_OK)
        return code;
    *out = user_find(command->chat, id);
    return *out ? CODE_OK : CODE_NO_USER;
}

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
    cJSON_ArrayForEach(item, list)
    {
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
    const struct user *user = user_find_any(chat, id);
    if (user)
        return user->deleted ? IMPORT_FAILED : IMPORT_EXISTS;
    return user_create(chat, id) ? IMPORT_CREATED : IMPORT_FAILED;
}

static bool add_import(cJSON *list, const char *id, enum import_result result)
{
    cJSON *item = cJSON_CreateObject();
    if (!item || !cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return false;
    }
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
    cJSON_ArrayForEach(id, ids)
    {
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
        code = field_known_user(command, &user);
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

struct device_item {
    const char *client_id;
    enum platform platform;
    bool online;
    int64_t last_used;
};

static bool add_device(cJSON *list, const struct device_item *device)
{
    cJSON *item = cJSON_CreateObject();
    if (!item || !cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return false;
    }
    return cJSON_AddStringToObject(item, "clientID", device->client_id) &&
           cJSON_AddStringToObject(item, "platform", platform_name(device->platform)) &&
           cJSON_AddBoolToObject(item, "online", device->online) &&
           cJSON_AddNumberToObject(item, "lastUsed", (double)device->last_used);
}

static bool is_newest(struct chat *chat, const struct session *session)
{
    return session_by_client_id(chat, session->client_id) == session;
}

static bool add_connected(struct chat *chat, cJSON *list, const struct user *user)
{
    const struct session *session;
    int count = 0;
    DL_FOREACH2(user->sessions, session, user_next)
    {
        const struct device_item device = {session->client_id, session->platform, true, chat->now};
        if (!is_newest(chat, session))
            continue;
        if (count++ == DEVICES_MAX)
            return true;
        if (!add_device(list, &device))
            return false;
    }
    return true;
}

/* The newest of those that are away; the connected ones are told from memory, which knows better. */
static bool add_away(struct chat *chat, cJSON *list, const struct user *user)
{
    bool good = true;
    sqlite3_stmt *row = store_read(chat->store, R_USER_DEVICES);
    sqlite3_bind_text(row, 1, user->id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, DEVICES_MAX);
    while (good && store_row(chat->store, row)) {
        const struct device_item device = {store_text(row, 0), (enum platform)sqlite3_column_int(row, 1),
                                           false, sqlite3_column_int64(row, 2)};
        good = session_by_client_id(chat, device.client_id) || add_device(list, &device);
    }
    store_done(row);
    return good;
}

int command_get_user(struct command *command)
{
    struct chat *chat = command->chat;
    cJSON *data = command->data, *devices;
    struct user *user;
    int code = field_known_user(command, &user);
    if (code != CODE_OK)
        return code;
    bool good = cJSON_AddStringToObject(data, "userID", user->id) &&
                cJSON_AddStringToObject(data, "status", presence_name(presence_status(user))) &&
                cJSON_AddNumberToObject(data, "createTime", (double)user->created) &&
                (devices = cJSON_AddArrayToObject(data, "devices")) && add_connected(chat, devices, user) &&
                add_away(chat, devices, user);
    if (store_failed(chat->store))
        return CODE_BUSY;
    return good ? answer_joined_groups(command, user) : command_answered(command, false);
}

/* getStats */

int command_get_stats(struct command *command)
{
    struct chat *chat = command->chat;
    bool good = stats_add(chat, command->data) && push_add_dead(chat, command->data);
    return store_failed(chat->store) ? CODE_BUSY : command_answered(command, good);
}
