/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/payload/payload_kinds.h"

#include <math.h>
#include <string.h>

#include "lib/json.h"

static bool is_any(const cJSON *item)
{
    (void)item;
    return true;
}

static bool is_string(const cJSON *item)
{
    return cJSON_IsString(item);
}

static bool is_bool(const cJSON *item)
{
    return cJSON_IsBool(item);
}

static bool is_object(const cJSON *item)
{
    return cJSON_IsObject(item);
}

static bool is_number(const cJSON *item)
{
    return cJSON_IsNumber(item);
}

static bool is_amount(const cJSON *item)
{
    return is_number(item) && item->valuedouble >= 0 && item->valuedouble <= (double)SAFE_INTEGER_MAX;
}

static bool is_whole(const cJSON *item)
{
    return is_amount(item) && floor(item->valuedouble) == item->valuedouble;
}

static bool is_label(const cJSON *item)
{
    return is_string(item) || is_number(item);
}

static bool is_array_of(const cJSON *item, bool (*check)(const cJSON *))
{
    if (!cJSON_IsArray(item))
        return false;
    for (const cJSON *child = item->child; child; child = child->next)
        if (!check(child))
            return false;
    return true;
}

static bool is_strings(const cJSON *item)
{
    return is_array_of(item, is_string);
}

static bool is_objects(const cJSON *item)
{
    return is_array_of(item, is_object);
}

static bool is_base64_char(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

static bool is_base64(const cJSON *item)
{
    if (!is_string(item))
        return false;
    const char *text = item->valuestring;
    size_t len = strlen(text), digits = 0;
    while (is_base64_char((unsigned char)text[digits]))
        digits++;
    size_t padding = len - digits;
    return digits && len % 4 == 0 && padding <= 2 && strspn(text + digits, "=") == padding;
}

static bool is_at(const cJSON *item)
{
    return cJSON_IsArray(item) || (is_string(item) && strcmp(item->valuestring, "@all") == 0);
}

static const char *const priorities[] = {
    [PRIORITY_LOW] = "low", [PRIORITY_NORMAL] = "normal", [PRIORITY_HIGH] = "high"};

int kind_priority(const cJSON *item)
{
    for (int i = PRIORITY_LOW; is_string(item) && i <= PRIORITY_HIGH; i++)
        if (strcmp(item->valuestring, priorities[i]) == 0)
            return i;
    return -1;
}

static bool is_priority(const cJSON *item)
{
    return kind_priority(item) >= 0;
}

static const struct {
    bool (*check)(const cJSON *item);
    const char *words;
} kinds[] = {
    [KIND_STRING] = {is_string, "a string"},
    [KIND_BOOL] = {is_bool, "true or false"},
    [KIND_NUMBER] = {is_number, "a number"},
    [KIND_AMOUNT] = {is_amount, "a number that is not negative"},
    [KIND_WHOLE] = {is_whole, "a whole number from 0 to 2^53-1"},
    [KIND_LABEL] = {is_label, "a string or a number"},
    [KIND_BASE64] = {is_base64, "base64"},
    [KIND_STRINGS] = {is_strings, "an array of strings"},
    [KIND_OBJECT] = {is_object, "an object"},
    [KIND_OBJECTS] = {is_objects, "an array of objects"},
    [KIND_AT] = {is_at, "an array of userIDs or \"@all\""},
    [KIND_PRIORITY] = {is_priority, "high, normal or low"},
    [KIND_RANDOM] = {is_any,
                     "a whole number from 1 to 2^53-1"}, /* its digits are looked at, see read_random */
};

bool kind_fits(enum payload_kind kind, const cJSON *item)
{
    return kinds[kind].check(item);
}

const char *kind_words(enum payload_kind kind)
{
    return kinds[kind].words;
}
