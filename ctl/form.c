/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/identity.h"
#include "acl/limits.h"
#include "ctl/complain.h"
#include "ctl/manual.h"
#include "lib/json.h"

static const struct command_field *find_field(const struct command_field *fields, const char *name)
{
    for (; fields->type != TYPE_NONE; fields++) {
        if (strcmp(field_name(fields->name), name) == 0)
            return fields;
        if (field_is_address(fields) && strcmp(field_name(FIELD_GROUP), name) == 0)
            return fields;
    }
    return NULL;
}

/* From text to JSON */

static bool is_text(const struct command_field *field)
{
    switch (field->type) {
    case TYPE_TEXT:
    case TYPE_WORD:
    case TYPE_USER_ID:
    case TYPE_GROUP_ID:
    case TYPE_USER:
    case TYPE_GROUP:
        return true;
    default:
        return field_is_address(field);
    }
}

/* What stands between the commas of a list; NULL: out of memory, or no JSON. */
static cJSON *read_element(const struct command_field *field, const char *text)
{
    if (field->type == TYPE_NUMBERS)
        return json_read(text, strlen(text));
    if (field->type != TYPE_OBJECTS)
        return cJSON_CreateString(text);
    cJSON *object = cJSON_CreateObject();
    if (cJSON_AddStringToObject(object, field_name(field->of[0].name), text))
        return object;
    cJSON_Delete(object);
    return NULL;
}

static bool read_elements(const struct command_field *field, cJSON *list, char *text)
{
    for (char *part; (part = strsep(&text, ","));)
        if (!cJSON_AddItemToArray(list, read_element(field, part)))
            return false;
    return true;
}

/* "a,b" */
static cJSON *read_list(const struct command_field *field, const char *text)
{
    char *copy = strdup(text);
    cJSON *list = cJSON_CreateArray();
    if (!copy || !list || !read_elements(field, list, copy)) {
        cJSON_Delete(list);
        list = NULL;
    }
    free(copy);
    return list;
}

/* A member of a message: `text` is text, and so is what does not read as JSON. What does goes out as it stands. */
static cJSON *read_member(const char *name, const char *text)
{
    struct json_facts facts = {0};
    const bool is_json = strcmp(name, field_name(FIELD_TEXT)) != 0 && json_scan(text, strlen(text), &facts);
    return is_json ? cJSON_CreateRaw(text) : cJSON_CreateString(text);
}

static bool is_plain_list(const struct command_field *field, const char *text)
{
    return *text != '[' && (field->type == TYPE_NAMES || field->type == TYPE_NUMBERS ||
                            field->type == TYPE_OBJECTS || field->type == TYPE_NAMES_OR_OBJECTS);
}

/* NULL: it is not what the field takes. */
static cJSON *read_value(const struct command_field *field, const char *name, const char *text)
{
    if (!field)
        return read_member(name, text);
    if (is_text(field))
        return cJSON_CreateString(text);
    if (is_plain_list(field, text))
        return read_list(field, text);
    return json_read(text, strlen(text));
}

/* Does a value fit its field? */

static bool fits_text(const struct command_field *field, const cJSON *item)
{
    return cJSON_IsString(item) && strlen(item->valuestring) <= (size_t)field->max;
}

static bool fits_word(const struct command_field *field, const cJSON *item)
{
    if (!cJSON_IsString(item))
        return false;
    for (const char *word = field->words; *word; word += strspn(word, " |")) {
        size_t len = strcspn(word, " |");
        if (strlen(item->valuestring) == len && strncmp(word, item->valuestring, len) == 0)
            return true;
        word += len;
    }
    return false;
}

static bool fits_user(const struct command_field *field, const cJSON *item)
{
    (void)field;
    return cJSON_IsString(item) && user_id_valid(item->valuestring, strlen(item->valuestring));
}

/* Tencent's own names of groups have a shape of their own: the broker translates them. */
static bool is_group(const char *text)
{
    return strncmp(text, "@TGS#", 5) == 0 || group_id_valid(text, strlen(text));
}

static bool fits_group(const struct command_field *field, const cJSON *item)
{
    (void)field;
    return cJSON_IsString(item) && is_group(item->valuestring);
}

static bool fits_address(const struct command_field *field, const cJSON *item)
{
    if (item->string && strcmp(item->string, field_name(FIELD_GROUP)) == 0)
        return fits_group(field, item);
    return fits_user(field, item) || (field->type != TYPE_ADDRESS && cJSON_IsString(item) &&
                                      strcmp(item->valuestring, SYSTEM_USER) == 0);
}

static bool is_whole(const cJSON *item, int64_t min, int64_t max)
{
    double number = item->valuedouble;
    return cJSON_IsNumber(item) && number >= (double)min && number <= (double)max &&
           number == (double)(int64_t)number;
}

static bool fits_number(const struct command_field *field, const cJSON *item)
{
    return is_whole(item, field->min, field->max);
}

static bool fits_bool(const struct command_field *field, const cJSON *item)
{
    (void)field;
    return cJSON_IsBool(item);
}

static bool fits_object(const struct command_field *field, const cJSON *item)
{
    (void)field;
    return cJSON_IsObject(item);
}

static bool fits_texts(const struct command_field *field, const cJSON *item)
{
    const cJSON *member;
    (void)field;
    cJSON_ArrayForEach (member, item)
        if (!cJSON_IsString(member))
            return false;
    return cJSON_IsObject(item);
}

static bool fits_element(const struct command_field *field, const cJSON *item)
{
    switch (field->type) {
    case TYPE_NAMES:
        return cJSON_IsString(item) && *item->valuestring;
    case TYPE_NUMBERS:
        return is_whole(item, 1, ID_MAX);
    case TYPE_NAMES_OR_OBJECTS:
        return cJSON_IsObject(item) || (cJSON_IsString(item) && *item->valuestring);
    default:
        return cJSON_IsObject(item);
    }
}

static bool fits_list(const struct command_field *field, const cJSON *item)
{
    const cJSON *element;
    const int least = field->type == TYPE_OBJECTS ? 0 : 1;
    const int count = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : -1;
    if (count < least || count > field->max)
        return false;
    cJSON_ArrayForEach (element, item)
        if (!fits_element(field, element))
            return false;
    return true;
}

static bool fits(const struct command_field *field, const cJSON *item)
{
    static bool (*const checks[])(const struct command_field *, const cJSON *) = {
        [TYPE_TEXT] = fits_text,
        [TYPE_WORD] = fits_word,
        [TYPE_USER_ID] = fits_user,
        [TYPE_GROUP_ID] = fits_group,
        [TYPE_NUMBER] = fits_number,
        [TYPE_BOOL] = fits_bool,
        [TYPE_OBJECT] = fits_object,
        [TYPE_NAMES] = fits_list,
        [TYPE_NUMBERS] = fits_list,
        [TYPE_TEXTS] = fits_texts,
        [TYPE_OBJECTS] = fits_list,
        [TYPE_NAMES_OR_OBJECTS] = fits_list,
        [TYPE_ITEMS] = fits_list,
        [TYPE_USER] = fits_user,
        [TYPE_GROUP] = fits_group,
        [TYPE_CONVERSATION] = fits_address,
        [TYPE_OWN_CONVERSATION] = fits_address,
        [TYPE_ADDRESS] = fits_address,
    };
    return checks[field->type](field, item);
}

/* Does an object fit its fields? `where` is the command, and behind a colon the list that the object is in. */

static int refuse_unknown(const char *where, const struct command_field *fields, const char *name)
{
    char names[MANUAL_TEXT_MAX];
    manual_names(fields, names);
    return complain_usage("%s: there is no field %s; it has %s", where, name, *names ? names : "none");
}

static int refuse_value(const char *where, const struct command_field *field, const char *name)
{
    char text[MANUAL_TEXT_MAX];
    manual_describe(field, name, text);
    return complain_usage("%s: %s must be %s", where, name, text);
}

static int check_present(const char *where, const struct command_field *field, const cJSON *object)
{
    const bool given = cJSON_HasObjectItem(object, field_name(field->name));
    const bool group = field_is_address(field) && cJSON_HasObjectItem(object, field_name(FIELD_GROUP));
    if (given && group)
        return complain_usage("%s: either to or group, not both", where);
    if (given || group || field->need != NEED_REQUIRED)
        return EXIT_DONE;
    if (field_is_address(field))
        return complain_usage("%s: to or group is missing", where);
    char text[MANUAL_TEXT_MAX];
    manual_describe(field, field_name(field->name), text);
    return complain_usage("%s: %s is missing: %s", where, field_name(field->name), text);
}

/* Of those that are marked so one is there, or none is marked. */
static int check_some(const char *where, const struct command_field *fields, const cJSON *object)
{
    char names[MANUAL_TEXT_MAX] = "";
    size_t used = 0;
    for (const struct command_field *field = fields; field->type != TYPE_NONE; field++) {
        const char *name = field_name(field->name);
        if (field->need == NEED_SOME && cJSON_HasObjectItem(object, name))
            return EXIT_DONE;
        if (field->need == NEED_SOME && used < sizeof names)
            used +=
                (size_t)snprintf(names + used, sizeof names - used, "%s%s", used == 0 ? "" : " or ", name);
    }
    return used == 0 ? EXIT_DONE : complain_usage("%s: %s is missing", where, names);
}

static int check_member(const char *where, const struct command_field *fields, const cJSON *item, bool open)
{
    const struct command_field *field = find_field(fields, item->string);
    if (!field)
        return open ? EXIT_DONE : refuse_unknown(where, fields, item->string);
    return fits(field, item) ? EXIT_DONE : refuse_value(where, field, item->string);
}

static int check_object(const char *where, const struct command_field *fields, const cJSON *object, bool open)
{
    int result = EXIT_DONE;
    const cJSON *item;
    cJSON_ArrayForEach (item, object)
        if (result == EXIT_DONE)
            result = check_member(where, fields, item, open);
    for (const struct command_field *field = fields; result == EXIT_DONE && field->type != TYPE_NONE; field++)
        result = check_present(where, field, object);
    return result == EXIT_DONE ? check_some(where, fields, object) : result;
}

/* The objects in the lists of the command. */
static int check_inside(const struct command_row *row, const cJSON *request)
{
    int result = EXIT_DONE;
    char where[100];
    for (const struct command_field *field = row->fields; field->type != TYPE_NONE; field++) {
        const char *name = field_name(field->name);
        const cJSON *element, *list = field->of ? cJSON_GetObjectItemCaseSensitive(request, name) : NULL;
        snprintf(where, sizeof where, "%s: %s", row->name, name);
        cJSON_ArrayForEach (element, list)
            if (result == EXIT_DONE && cJSON_IsObject(element))
                result = check_object(where, field->of, element, field->type == TYPE_ITEMS);
    }
    return result;
}

/* Words */

/* The names that the frame of a command has for itself. */
static bool is_reserved(const char *name)
{
    return strcmp(name, field_name(FIELD_COMMAND)) == 0 || strcmp(name, field_name(FIELD_AS)) == 0 ||
           strcmp(name, field_name(FIELD_CORRELATION_DATA)) == 0;
}

static int add_value(const struct command_row *row, cJSON *request, const char *name, const char *text)
{
    const struct command_field *field = find_field(row->fields, name);
    if (is_reserved(name))
        return complain_usage("%s: %s is no field here (--as USER gives a command as somebody)", row->name,
                              name);
    if (!field && !manual_is_open(row))
        return refuse_unknown(row->name, row->fields, name);
    if (cJSON_HasObjectItem(request, name))
        return complain_usage("%s: %s is given twice", row->name, name);
    cJSON *item = read_value(field, name, text);
    if (!item)
        return refuse_value(row->name, field, name);
    return cJSON_AddItemToObject(request, name, item) ? EXIT_DONE : complain("out of memory");
}

static int add_word(const struct command_row *row, cJSON *request, const char *word)
{
    const char *equals = strchr(word, '=');
    if (!equals || equals == word)
        return complain_usage("%s: \"%s\" is not field=value", row->name, word);
    char *name = strndup(word, (size_t)(equals - word));
    int result = name ? add_value(row, request, name, equals + 1) : complain("out of memory");
    free(name);
    return result;
}

cJSON *form_fill(const struct command_row *row, char *const *words, int count)
{
    cJSON *request = cJSON_CreateObject();
    int result = request ? EXIT_DONE : complain("out of memory");
    for (int i = 0; i < count && result == EXIT_DONE; i++)
        result = add_word(row, request, words[i]);
    if (result == EXIT_DONE)
        result = check_object(row->name, row->fields, request, manual_is_open(row));
    if (result == EXIT_DONE)
        result = check_inside(row, request);
    if (result == EXIT_DONE && !cJSON_AddStringToObject(request, field_name(FIELD_COMMAND), row->name))
        result = complain("out of memory");
    if (result == EXIT_DONE)
        return request;
    cJSON_Delete(request);
    return NULL;
}
