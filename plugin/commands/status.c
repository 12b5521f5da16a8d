/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"
#include "plugin/push/push_put.h"

#include <stdio.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/json.h"
#include "plugin/commands/fields.h"
#include "plugin/core/chat.h"
#include "plugin/life/presence.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* Those who are not there are told apart in the answer, and cannot be watched. */
static bool add_status(cJSON *list, const char *user_id, const struct user *user)
{
    cJSON *item = json_add_object(list);
    if (!item)
        return false;
    const char *status = user ? presence_name(presence_status(user)) : "unknown";
    return cJSON_AddStringToObject(item, "userID", user_id) &&
           cJSON_AddStringToObject(item, "status", status);
}

static int too_many(struct command *command)
{
    snprintf(command->error, sizeof command->error, "userIDs: at most %d watched at the same time",
             WATCHED_MAX);
    return CODE_TOO_MANY_MEMBERS;
}

/* Is there room for those who are not watched yet? */
static int check_room(struct command *command, const cJSON *ids)
{
    int watching = command->by.device->presence.watching;
    const cJSON *id;
    cJSON_ArrayForEach (id, ids) {
        const struct user *user = user_find(command->chat, id->valuestring);
        if (user && !field_named_before(ids, id) && !presence_watches(command->by.device, user))
            watching++;
    }
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    return watching > WATCHED_MAX ? too_many(command) : CODE_OK;
}

static bool watch(struct command *command, struct user *user)
{
    return user->deleted || presence_watch(command->chat, command->by.device, user);
}

/* One who was deleted since is let go as well: he may come again. */
static bool unwatch(struct command *command, struct user *user)
{
    presence_unwatch(command->chat, command->by.device, user);
    return true;
}

static bool only_look(struct command *command, struct user *user)
{
    (void)command;
    (void)user;
    return true;
}

static int for_each(struct command *command, const cJSON *ids,
                    bool (*change)(struct command *command, struct user *user))
{
    cJSON *list = cJSON_AddArrayToObject(command->data, "users");
    bool good = list != NULL;
    const cJSON *id;
    cJSON_ArrayForEach (id, ids) {
        if (field_named_before(ids, id))
            continue;
        struct user *user = user_find_any(command->chat, id->valuestring);
        good = good && (!user || change(command, user)) &&
               add_status(list, id->valuestring, user && !user->deleted ? user : NULL);
    }
    return command_answered(command, good);
}

int command_watch_status(struct command *command)
{
    const cJSON *ids = command_list(command, FIELD_USER_IDS);
    int code = check_room(command, ids);
    return code == CODE_OK ? for_each(command, ids, watch) : code;
}

int command_unwatch_status(struct command *command)
{
    return for_each(command, command_list(command, FIELD_USER_IDS), unwatch);
}

int command_get_status(struct command *command)
{
    return for_each(command, command_list(command, FIELD_USER_IDS), only_look);
}

/* What is on its connection nobody sees: from now on the device wants pushes as if it were away. */
int command_set_background(struct command *command)
{
    struct chat *chat = command->chat;
    struct session *session = command->by.device;
    const bool background = command_bool(command, FIELD_BACKGROUND);
    if (background == session->presence.background)
        return CODE_OK;
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    store_put(chat->store, W_DEVICE_BACKGROUND, "ti", session->client_id, (int64_t)background);
    command_commit(command);
    session->presence.background = background;
    if (background && session->device.has_token)
        push_user_changed(chat, session->user);
    presence_changed(chat, session->user);
    return CODE_OK;
}
