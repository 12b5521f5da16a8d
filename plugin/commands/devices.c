/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/life/closing.h"
#include "plugin/people/user.h"
#include "plugin/push/push.h"
#include "plugin/session/device.h"
#include "plugin/session/session.h"

#define TOKEN_MAX         4096
#define BUSINESS_ID_MAX   64
#define JOBS_MAX          500
#define RETRY_SECONDS_MAX 86400

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
           cJSON_AddNumberToObject(item, "lastUsed", (double)entry->last_used);
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
    return answer_devices(command, command->session->user);
}

static int displace(struct command *command, const char *client_id, const struct device *device)
{
    struct chat *chat = command->chat;
    struct session *self = command->session, *kicked = session_by_client_id(chat, client_id);
    struct device_entry entry = {.platform = device->platform, .last_used = chat->now};
    struct displacement why = {.reason = OFFLINE_KICK_DEVICE, .platform = self->platform};
    text_copy(entry.client_id, sizeof entry.client_id, client_id);
    text_copy(why.client_id, sizeof why.client_id, self->client_id);
    int code = command_begin(command, DISPLACE_BYTES);
    if (code != CODE_OK)
        return code;
    device_lose_place(chat, self->user, &entry, &why);
    store_commit(chat->store);
    if (kicked)
        session_force_offline(chat, kicked, &why);
    return CODE_OK;
}

/* One that has logged out, or was displaced before, has nothing to lose. */
int command_kick_device(struct command *command)
{
    const char *client_id;
    struct device device;
    int code = field_text(command, "clientID", FIELD_REQUIRED, SIZE_MAX, &client_id);
    if (code != CODE_OK)
        return code;
    if (!device_load(command->chat, client_id, &device))
        return CODE_BUSY;
    if (!device.known || strcmp(device.user, command->session->user->id) != 0)
        return command_refuse(command, "clientID: you have no such device");
    return device.place != 0 ? displace(command, client_id, &device) : CODE_OK;
}

/* Push */

static int field_provider(struct command *command, const char **out)
{
    static const char *const providers[] = {"apns", "fcm", "webhook"};
    int code = field_text(command, "provider", FIELD_REQUIRED, SIZE_MAX, out);
    if (code != CODE_OK)
        return code;
    for (size_t i = 0; i < COUNT(providers); i++)
        if (strcmp(providers[i], *out) == 0)
            return CODE_OK;
    return command_refuse(command, "provider: must be apns, fcm or webhook");
}

int command_set_push_token(struct command *command)
{
    const char *provider, *token, *business;
    int code = field_provider(command, &provider);
    if (code == CODE_OK)
        code = field_text(command, "token", FIELD_REQUIRED, TOKEN_MAX, &token);
    if (code == CODE_OK)
        code = field_text(command, "businessID", FIELD_OPTIONAL, BUSINESS_ID_MAX, &business);
    if (code != CODE_OK)
        return code;
    if (command->session->assigned_id)
        return command_refuse(command, "a client id assigned by the broker cannot keep a push token");
    if (session_leaves(command->session))
        return CODE_NOT_ALLOWED;
    return push_set_token(command->chat, command->session, provider, business, token);
}

int command_remove_push_token(struct command *command)
{
    return push_remove_token(command->chat, command->session);
}

/* 0 when it is no job's number. */
static int64_t job_number(const cJSON *item)
{
    double number = item->valuedouble;
    bool whole = cJSON_IsNumber(item) && number >= 1 && number <= (double)SAFE_INTEGER_MAX &&
                 number == (double)(int64_t)number;
    return whole ? (int64_t)number : 0;
}

int command_push_done(struct command *command)
{
    int64_t jobs[JOBS_MAX];
    size_t count = 0;
    const cJSON *item, *list = cJSON_GetObjectItemCaseSensitive(command->request, "jobs");
    if (!list)
        return command_refuse(command, "jobs: missing");
    int given = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (given < 1 || given > JOBS_MAX)
        return command_refuse(command, "jobs: must be a list of 1 to 500 job numbers");
    cJSON_ArrayForEach (item, list) {
        jobs[count] = job_number(item);
        if (jobs[count++] == 0)
            return command_refuse(command, "jobs: a job is a whole number above 0");
    }
    return push_done(command->chat, jobs, count);
}

int command_push_failed(struct command *command)
{
    int64_t job = 0, retry_after = -1;
    const char *error;
    bool invalid_token = false, dead = false;
    int code = field_number(command, "job", FIELD_REQUIRED, 1, SAFE_INTEGER_MAX, &job);
    if (code == CODE_OK)
        code = field_number(command, "retryAfterSeconds", FIELD_OPTIONAL, 0, RETRY_SECONDS_MAX, &retry_after);
    if (code == CODE_OK)
        code = field_text(command, "error", FIELD_OPTIONAL, SIZE_MAX, &error);
    if (code == CODE_OK)
        code = field_bool(command, "invalidToken", FIELD_OPTIONAL, &invalid_token);
    if (code == CODE_OK)
        code = field_bool(command, "dead", FIELD_OPTIONAL, &dead);
    if (code != CODE_OK)
        return code;
    return push_failed(command->chat, job, retry_after, error, invalid_token, dead);
}
