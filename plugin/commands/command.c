/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "plugin/core/chat.h"
#include "plugin/people/user.h"
#include "schema/store.h"

int command_refuse(struct command *command, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(command->error, sizeof command->error, format, list);
    va_end(list);
    return CODE_BAD_REQUEST;
}

int command_begin(struct command *command, size_t bytes)
{
    struct store *store = command->chat->store;
    return !store_failed(store) && store_begin(store, bytes) ? CODE_OK : CODE_BUSY;
}

int command_answered(struct command *command, bool complete)
{
    if (!complete) {
        cJSON_Delete(command->data);
        command->data = NULL;
    }
    return CODE_OK;
}

/* The field's value; NULL when it is not there, which is refused if it is required. */
static int find(struct command *command, const char *name, enum presence presence, const cJSON **out)
{
    *out = cJSON_GetObjectItemCaseSensitive(command->request, name);
    return *out || presence == FIELD_OPTIONAL ? CODE_OK : command_refuse(command, "%s: missing", name);
}

int field_text(struct command *command, const char *name, enum presence presence, size_t max_bytes,
               const char **out)
{
    const cJSON *value;
    *out = NULL;
    int code = find(command, name, presence, &value);
    if (code != CODE_OK || !value)
        return code;
    if (!cJSON_IsString(value))
        return command_refuse(command, "%s: must be text", name);
    if (value->valuestring[0] == '\0')
        return presence == FIELD_OPTIONAL ? CODE_OK : command_refuse(command, "%s: must not be empty", name);
    if (strlen(value->valuestring) > max_bytes)
        return command_refuse(command, "%s: at most %zu bytes", name, max_bytes);
    *out = value->valuestring;
    return CODE_OK;
}

int field_user(struct command *command, const char *name, enum presence presence, const char **out)
{
    int code = field_text(command, name, presence, SIZE_MAX, out);
    if (code != CODE_OK || !*out || user_id_valid(*out, strlen(*out)))
        return code;
    *out = NULL;
    return command_refuse(command, "%s: must be a userID", name);
}

int field_known_user(struct command *command, const char *name, struct user **out)
{
    const char *id;
    int code = field_user(command, name, FIELD_REQUIRED, &id);
    if (code != CODE_OK)
        return code;
    *out = user_find(command->chat, id);
    return *out ? CODE_OK : CODE_NO_USER;
}

int field_number(struct command *command, const char *name, enum presence presence, int64_t min, int64_t max,
                 int64_t *out)
{
    const cJSON *value;
    int code = find(command, name, presence, &value);
    if (code != CODE_OK || !value)
        return code;
    double number = value->valuedouble;
    if (!cJSON_IsNumber(value) || number < (double)min || number > (double)max ||
        number != (double)(int64_t)number)
        return command_refuse(command, "%s: must be a whole number from %lld to %lld", name, (long long)min,
                              (long long)max);
    *out = (int64_t)number;
    return CODE_OK;
}

int field_bool(struct command *command, const char *name, enum presence presence, bool *out)
{
    const cJSON *value;
    int code = find(command, name, presence, &value);
    if (code != CODE_OK || !value)
        return code;
    if (!cJSON_IsBool(value))
        return command_refuse(command, "%s: must be true or false", name);
    *out = cJSON_IsTrue(value);
    return CODE_OK;
}

/* Is there the same text earlier in the array? Arrays are short here. */
static bool seen_before(const cJSON *array, const cJSON *item)
{
    for (const cJSON *earlier = array->child; earlier != item; earlier = earlier->next)
        if (strcmp(earlier->valuestring, item->valuestring) == 0)
            return true;
    return false;
}

int field_users(struct command *command, const char *name, size_t max, const cJSON **out)
{
    const cJSON *array, *item;
    int code = find(command, name, FIELD_REQUIRED, &array);
    if (code != CODE_OK)
        return code;
    if (!cJSON_IsArray(array) || !array->child)
        return command_refuse(command, "%s: must be a list of userIDs", name);
    if ((size_t)cJSON_GetArraySize(array) > max) {
        snprintf(command->error, sizeof command->error, "%s: at most %zu", name, max);
        return CODE_TOO_MANY_MEMBERS;
    }
    cJSON_ArrayForEach (item, array) {
        if (!cJSON_IsString(item) || !user_id_valid(item->valuestring, strlen(item->valuestring)))
            return command_refuse(command, "%s: must be a list of userIDs", name);
        if (seen_before(array, item))
            return command_refuse(command, "%s: %s is there twice", name, item->valuestring);
    }
    *out = array;
    return CODE_OK;
}
