/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/import_batch.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/json.h"

void column_add(struct command_field out[COMMAND_FIELDS_MAX], const struct command_field *fields,
                enum field_name name, enum field_need need)
{
    int at = 0;
    while (out[at].type != TYPE_NONE)
        at++;
    while (fields->name != name)
        fields++;
    out[at] = *fields;
    out[at].need = need;
}

const char *item_text(const struct import_item *item, enum field_name name)
{
    return text_of(item->row.object, field_name(name));
}

bool item_has(const struct import_item *item, enum field_name name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(item->row.object, field_name(name));
    return member && (!cJSON_IsString(member) || *member->valuestring);
}

cJSON *command_new(enum command_number number)
{
    cJSON *command = cJSON_CreateObject();
    cJSON_AddStringToObject(command, "command", command_rows[number].name);
    return command;
}

void command_copy(cJSON *object, const struct import_item *item, enum field_name name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(item->row.object, field_name(name));
    if (member && item_has(item, name))
        cJSON_AddItemToObject(object, field_name(name), cJSON_Duplicate(member, true));
}

int request_add(struct import_batch *batch, struct import_request *request, cJSON *command_take, int what)
{
    char *text = cJSON_PrintUnformatted(command_take);
    fprintf(request->out, "%s%s", request->commands > 0 ? "," : "", text ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(command_take);
    batch->what[request->commands] = what;
    return request->commands++;
}

void item_refuse(const struct import_batch *batch, struct import_item *item, const char *format, ...)
{
    char text[FAULT_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    item->state = ITEM_REFUSED;
    free(item->row.fault);
    if (asprintf(&item->row.fault, "%s:%lld: %s", batch->name, (long long)item->row.line, text) < 0)
        item->row.fault = NULL;
}

void item_refuse_for(const struct import_batch *batch, struct import_item *item, const cJSON *answer)
{
    const char *error = text_of(answer, "error");
    item_refuse(batch, item, "%d: %s", answer_code(answer), *error ? error : code_text(answer_code(answer)));
}

int answer_code(const cJSON *answer)
{
    return (int)number_of(answer, "code");
}

bool answer_is_busy(struct import_batch *batch, const cJSON *answer)
{
    const int code = answer_code(answer);
    if (code != CODE_BUSY && code != CODE_TOO_FAST)
        return false;
    batch->again = true;
    return true;
}

const cJSON *answer_list(const cJSON *answer, const char *name)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(answer, "data");
    return cJSON_GetObjectItemCaseSensitive(data, name);
}

int64_t number_of(const cJSON *object, const char *name)
{
    return json_number(cJSON_GetObjectItemCaseSensitive(object, name), 0);
}

const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}
