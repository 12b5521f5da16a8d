/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Bodies of REST requests: `MsgBody` with all of its elements, and the numbers and keys that requests have. What must
 * hold: a list of elements that is read is a message that is written as a list, and that list is the same message; a
 * key of a message that is read is the one that is printed for its seq. */
#include "gate/rest/call.h"
#include "gate/tencent/elements.h"
#include "gate/tencent/message_key.h"
#include "lib/json.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

static char *print(cJSON *tree_take)
{
    char *text = cJSON_PrintUnformatted(tree_take);
    HOLDS(text && json_scan(text, strlen(text), &(struct json_facts){0}));
    cJSON_Delete(tree_take);
    return text;
}

/* NULL: refused. */
static cJSON *read_message(const cJSON *list)
{
    char error[200] = "";
    cJSON *message = cJSON_CreateObject();
    HOLDS(message);
    if (elements_read(list, message, error, sizeof error))
        return message;
    HOLDS(error[0] && utf8_valid(error, strlen(error)));
    cJSON_Delete(message);
    return NULL;
}

/* What is there once more after a first time there and back: to begin with, defaults and other spellings go. */
static void goes_there_and_back(const cJSON *list)
{
    cJSON *message = read_message(list);
    if (!message)
        return;
    cJSON *written = elements_write(message);
    cJSON_Delete(message);
    HOLDS(cJSON_IsArray(written));
    message = read_message(written);
    if (message) {
        char *once = print(written), *again = print(elements_write(message));
        HOLDS(strcmp(once, again) == 0);
        free(once);
        free(again);
        cJSON_Delete(message);
    } else {
        HOLDS(cJSON_GetArraySize(written) == 0);
        cJSON_Delete(written);
    }
}

static void try_numbers(const cJSON *object)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, object) {
        if (!item->string)
            continue;
        const int64_t number = object_number(object, item->string, "MsgBody", -1);
        HOLDS(number >= -SAFE_INTEGER_MAX && number <= SAFE_INTEGER_MAX);
        (void)object_text(object, item->string, NULL);
    }
}

static void try_key(const cJSON *item)
{
    const char *key = cJSON_GetStringValue(item);
    int64_t seq;
    if (key && message_key_read(key, &seq)) {
        char printed[MESSAGE_KEY_MAX];
        int64_t again = -1;
        message_key_print(printed, seq, 5, 1700000000);
        HOLDS(message_key_read(printed, &again) && again == seq);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *body = json_read((const char *)data, size);
    goes_there_and_back(cJSON_GetObjectItemCaseSensitive(body, "MsgBody"));
    try_numbers(body);
    try_key(cJSON_GetObjectItemCaseSensitive(body, "MsgKey"));
    cJSON *written = body ? elements_write(body) : NULL;
    cJSON_Delete(written);
    cJSON_Delete(body);
    return 0;
}
