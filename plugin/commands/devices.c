/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"
#include "plugin/push/push_answer.h"
#include "plugin/push/push_token.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "acl/limits.h"
#include "acl/push_token.h"
#include "lib/json.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/life/closing.h"
#include "plugin/people/user.h"
#include "plugin/session/device.h"
#include "plugin/session/session.h"

/* getDevices, kickDevice */

static bool add_device(struct command *command, cJSON *array, const struct device_entry *entry)
{
    cJSON *item = json_add_object(array);
    if (!item)
        return false;
    return cJSON_AddStringToObject(item, "clientID", entry->client_id) &&
           cJSON_AddStringToObject(item, "platform", platform_name(entry->platform)) &&
           cJSON_AddBoolToObject(item, "online",
                                 session_by_client_id(command->chat, entry->client_id) != NULL) &&
           json_add_whole(item, "lastUsed", entry->last_used);
}

int answer_devices(struct command *command, const struct user *user)
{
    struct device_list list = {0};
    if (!devices_of(command->chat, user, &list)) {
        free(list.items);
        return CODE_BUSY;
    }
    cJSON *array = cJSON_AddArrayToObject(command->data, "devices");
    bool good = array != NULL;
    for (size_t i = 0; good && i < list.count; i++)
        good = add_device(command, array, &list.items[i]);
    free(list.items);
    return command_answered(command, good);
}

int command_get_devices(struct command *command)
{
    return answer_devices(command, command->by.user);
}

/* Which of the caller's devices sends another away. */
static struct displacement reason_for_kick(const struct session *by)
{
    struct displacement why = {.reason = OFFLINE_KICK_DEVICE};
    if (by) {
        why.platform = by->platform;
        text_copy(why.client_id, sizeof why.client_id, by->client_id);
    }
    return why;
}

static int displace(struct command *command, const char *client_id, const struct device *device)
{
    struct chat *chat = command->chat;
    struct session *kicked = session_by_client_id(chat, client_id);
    struct device_entry entry = {.platform = device->platform, .last_used = chat->now};
    const struct displacement why = reason_for_kick(command->by.device);
    text_copy(entry.client_id, sizeof entry.client_id, client_id);
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    device_lose_place(chat, command->by.user, &entry, &why);
    command_commit(command);
    if (kicked)
        session_force_offline(chat, kicked, &why);
    return CODE_OK;
}

/* One that has logged out, or was displaced before, has nothing to lose. */
int command_kick_device(struct command *command)
{
    const char *client_id = command_text(command, FIELD_CLIENT_ID);
    struct device device;
    if (!device_load(command->chat, client_id, &device))
        return CODE_BUSY;
    if (!device.known || strcmp(device.user, command->by.user->id) != 0)
        return command_refuse(command, "clientID: you have no such device");
    return device.place > 0 ? displace(command, client_id, &device) : CODE_OK;
}

/* Push */

int command_set_push_token(struct command *command)
{
    char token[TOKEN_MAX + 1];
    const char *provider = command_text(command, FIELD_PROVIDER);
    const char *fault = push_token_spell(provider, command_text(command, FIELD_TOKEN), token);
    if (fault)
        return command_refuse(command, "token: %s", fault);
    if (command->by.device->assigned_id)
        return command_refuse(command, "a client id assigned by the broker cannot keep a push token");
    if (session_leaves(command->by.device))
        return CODE_NOT_ALLOWED;
    return push_set_token(command->chat, command->by.device, provider,
                          command_text(command, FIELD_BUSINESS_ID), token);
}

int command_remove_push_token(struct command *command)
{
    return push_remove_token(command->chat, command->by.device);
}

int command_push_done(struct command *command)
{
    int64_t jobs[JOBS_MAX];
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, command_list(command, FIELD_JOBS))
        jobs[count++] = (int64_t)item->valuedouble;
    return push_done(command->chat, jobs, count);
}

int command_push_failed(struct command *command)
{
    const struct push_failure failure = {
        .retry_after_seconds = command_has(command, FIELD_RETRY_AFTER_SECONDS)
                                   ? command_number(command, FIELD_RETRY_AFTER_SECONDS)
                                   : -1,
        .error = command_text(command, FIELD_ERROR),
        .invalid_token = command_bool(command, FIELD_INVALID_TOKEN),
        .dead = command_bool(command, FIELD_DEAD),
        .uncounted = command_bool(command, FIELD_UNCOUNTED),
    };
    return push_failed(command->chat, command_number(command, FIELD_JOB), &failure);
}
