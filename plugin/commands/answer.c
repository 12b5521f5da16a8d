/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/answer.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"

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

bool answer_add(struct answer *answer, const cJSON *response)
{
    char *text = cJSON_PrintUnformatted(response);
    bool first = answer->len == 0;
    bool good = text && append(answer, first ? "{\"responses\":[" : ",") && append(answer, text);
    cJSON_free(text);
    return good;
}

bool answer_add_error(struct answer *answer, int code, const char *error)
{
    cJSON *response = cJSON_CreateObject();
    bool good = response && cJSON_AddNumberToObject(response, "code", code) &&
                cJSON_AddStringToObject(response, "error", error[0] ? error : code_text(code)) &&
                answer_add(answer, response);
    cJSON_Delete(response);
    return good;
}

bool answer_end(struct answer *answer)
{
    return append(answer, "]}");
}
