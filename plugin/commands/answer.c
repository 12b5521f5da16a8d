/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/answer.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/command_table.h"
#include "lib/json.h"

static bool append(struct answer *answer, const char *text)
{
    size_t len = strlen(text);
    if (answer->len + len >= answer->size) {
        size_t size = 2 * (answer->len + len) + 256;
        char *grown = realloc(answer->text, size);
        if (!grown)
            return false;
        answer->text = grown;
        answer->size = size;
    }
    memcpy(answer->text + answer->len, text, len + 1);
    answer->len += len;
    return true;
}

static bool add_text(cJSON *item, enum field_name name, const char *text)
{
    return !text || cJSON_AddStringToObject(item, field_name(name), text);
}

static bool add_data_take(cJSON *item, cJSON *data)
{
    if (!data)
        return cJSON_AddObjectToObject(item, "data") != NULL;
    if (cJSON_AddItemToObject(item, "data", data))
        return true;
    cJSON_Delete(data);
    return false;
}

static bool add_error(cJSON *item, const struct response *response)
{
    const char *error = response->error[0] ? response->error : code_text(response->code);
    return json_add_whole(item, "code", response->code) && cJSON_AddStringToObject(item, "error", error) &&
           (response->refused == 0 || json_add_whole(item, "index", (int64_t)response->refused - 1));
}

static bool print(struct answer *answer, const cJSON *item)
{
    char *text = cJSON_PrintUnformatted(item);
    bool first = answer->len == 0;
    bool good = text && append(answer, first ? "{\"responses\":[" : ",") && append(answer, text);
    cJSON_free(text);
    return good;
}

bool answer_add(struct answer *answer, const struct response *response)
{
    cJSON *item = cJSON_CreateObject(), *data = response->data_take;
    bool good = item && add_text(item, FIELD_COMMAND, response->command) &&
                add_text(item, FIELD_CORRELATION_DATA, response->correlation_data);
    if (good && response->code == CODE_OK)
        good = add_data_take(item, data);
    else
        cJSON_Delete(data);
    if (good && response->code != CODE_OK)
        good = add_error(item, response);
    good = good && print(answer, item);
    cJSON_Delete(item);
    return good;
}

bool answer_end(struct answer *answer)
{
    return append(answer, "]}");
}
