/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/form.h"

#include <stdarg.h>
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

/* Does an object fit its fields? */

__attribute__((format(printf, 2, 3))) static int blame(struct form_sheet *form, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(form->fault, sizeof form->fault, format, args);
    va_end(args);
    return EXIT_USAGE;
}

static int refuse_unknown(struct form_sheet *form, const char *name)
{
    char names[MANUAL_TEXT_MAX];
    manual_names(form->fields, names);
    return blame(form, "%s: there is no %s %s; it has %s", form->where, form->noun, name,
                 *names ? names : "none");
}

static int refuse_value(struct form_sheet *form, const struct command_field *field, const char *name)
{
    char text[MANUAL_TEXT_MAX];
    manual_describe(field, name, text);
    return blame(form, "%s: %s must be %s", form->where, name, text);
}

static int check_present(struct form_sheet *form, const struct command_field *field, const cJSON *object)
{
    const bool given = cJSON_HasObjectItem(object, field_name(field->name));
    const bool group = field_is_address(field) && cJSON_HasObjectItem(object, field_name(FIELD_GROUP));
    if (given && group)
        return blame(form, "%s: either to or group, not both", form->where);
    if (given || group || field->need != NEED_REQUIRED)
        return EXIT_DONE;
    if (field_is_address(field))
        return blame(form, "%s: to or group is missing", form->where);
    char text[MANUAL_TEXT_MAX];
    manual_describe(field, field_name(field->name), text);
    return blame(form, "%s: %s is missing: %s", form->where, field_name(field->name), text);
}

/* Of those that are marked so one is there, or none is marked. */
static int check_some(struct form_sheet *form, const cJSON *object)
{
    char names[MANUAL_TEXT_MAX] = "";
    size_t used = 0;
    for (const struct command_field *field = form->fields; field->type != TYPE_NONE; field++) {
        const char *name = field_name(field->name);
        if (field->need == NEED_SOME && cJSON_HasObjectItem(object, name))
            return EXIT_DONE;
        if (field->need == NEED_SOME && used < sizeof names)
            used +=
                (size_t)snprintf(names + used, sizeof names - used, "%s%s", used == 0 ? "" : " or ", name);
    }
    return used == 0 ? EXIT_DONE : blame(form, "%s: %s is missing", form->where, names);
}

static int check_member(struct form_sheet *form, const cJSON *item)
{
    const struct command_field *field = find_field(form->fields, item->string);
    if (!field)
        return form->open ? EXIT_DONE : refuse_unknown(form, item->string);
    return fits(field, item) ? EXIT_DONE : refuse_value(form, field, item->string);
}

int form_check(struct form_sheet *form, const cJSON *object)
{
    int result = EXIT_DONE;
    const cJSON *item;
    cJSON_ArrayForEach (item, object)
        if (result == EXIT_DONE)
            result = check_member(form, item);
    for (const struct command_field *field = form->fields; result == EXIT_DONE && field->type != TYPE_NONE;
         field++)
        result = check_present(form, field, object);
    return result == EXIT_DONE ? check_some(form, object) : result;
}

/* The objects in the lists of the command. */
static int check_inside(struct form_sheet *form, const cJSON *request)
{
    int result = EXIT_DONE;
    char where[100];
    struct form_sheet inner = {.where = where, .noun = form->noun};
    for (const struct command_field *field = form->fields; field->type != TYPE_NONE; field++) {
        const char *name = field_name(field->name);
        const cJSON *element, *list = field->of ? cJSON_GetObjectItemCaseSensitive(request, name) : NULL;
        snprintf(where, sizeof where, "%s: %s", form->where, name);
        inner.fields = field->of;
        inner.open = field->type == TYPE_ITEMS;
        cJSON_ArrayForEach (element, list)
            if (result == EXIT_DONE && cJSON_IsObject(element))
                result = form_check(&inner, element);
    }
    return result == EXIT_DONE ? EXIT_DONE : blame(form, "%s", inner.fault);
}

/* Words */

/* The names that the frame of a command has for itself. */
static bool is_reserved(const char *name)
{
    return strcmp(name, field_name(FIELD_COMMAND)) == 0 || strcmp(name, field_name(FIELD_AS)) == 0 ||
           strcmp(name, field_name(FIELD_CORRELATION_DATA)) == 0;
}

int form_add(struct form_sheet *form, cJSON *object, const char *name, const char *text)
{
    const struct command_field *field = find_field(form->fields, name);
    if (!field && !form->open)
        return refuse_unknown(form, name);
    cJSON *item = read_value(field, name, text);
    if (!item)
        return refuse_value(form, field, name);
    return cJSON_AddItemToObject(object, name, item) ? EXIT_DONE : blame(form, "out of memory");
}

static int add_value(struct form_sheet *form, cJSON *request, const char *name, const char *text)
{
    if (is_reserved(name))
        return blame(form, "%s: %s is no field here (--as USER gives a command as somebody)", form->where,
                     name);
    if (cJSON_HasObjectItem(request, name))
        return blame(form, "%s: %s is given twice", form->where, name);
    return form_add(form, request, name, text);
}

static int add_word(struct form_sheet *form, cJSON *request, const char *word)
{
    const char *equals = strchr(word, '=');
    if (!equals || equals == word)
        return blame(form, "%s: \"%s\" is not field=value", form->where, word);
    char *name = strndup(word, (size_t)(equals - word));
    int result = name ? add_value(form, request, name, equals + 1) : blame(form, "out of memory");
    free(name);
    return result;
}

cJSON *form_fill(const struct command_row *row, char *const *words, int count)
{
    struct form_sheet form = {
        .where = row->name, .noun = "field", .fields = row->fields, .open = manual_is_open(row)};
    cJSON *request = cJSON_CreateObject();
    int result = request ? EXIT_DONE : blame(&form, "out of memory");
    for (int i = 0; i < count && result == EXIT_DONE; i++)
        result = add_word(&form, request, words[i]);
    if (result == EXIT_DONE)
        result = form_check(&form, request);
    if (result == EXIT_DONE)
        result = check_inside(&form, request);
    if (result == EXIT_DONE && !cJSON_AddStringToObject(request, field_name(FIELD_COMMAND), row->name))
        result = blame(&form, "out of memory");
    if (result == EXIT_DONE)
        return request;
    cJSON_Delete(request);
    complain_usage("%s", form.fault);
    return NULL;
}
