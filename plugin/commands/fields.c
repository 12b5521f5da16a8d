/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "acl/limits.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/words.h"
#include "plugin/core/chat.h"
#include "plugin/session/session.h"

_Static_assert(ID_MAX == SAFE_INTEGER_MAX, "an id is a whole number that JSON carries exactly");

/* Checks the value of a field that is there; a text is one, and not empty. */
typedef int form_check(struct command *command, const struct command_field *field, const cJSON *item);

static int check_length(struct command *command, const struct command_field *field, const cJSON *item)
{
    if (strlen(item->valuestring) <= (size_t)field->max)
        return CODE_OK;
    return command_refuse(command, "%s: at most %lld bytes", field_name(field->name), (long long)field->max);
}

/* Is it in `words`? They are separated by a space, or by a bar when they mean the same. */
static bool is_word(const char *words, const char *text)
{
    while (*words) {
        size_t len = strcspn(words, " |");
        if (strlen(text) == len && strncmp(words, text, len) == 0)
            return true;
        words += len + (words[len] != '\0');
    }
    return false;
}

/* Goes on with the error. */
__attribute__((format(printf, 2, 3))) static void add_error(struct command *command, const char *format, ...)
{
    size_t used = strlen(command->error);
    va_list list;
    va_start(list, format);
    vsnprintf(command->error + used, sizeof command->error - used, format, list);
    va_end(list);
}

/* "role: admin or member", without the second of two words that mean the same. */
static int refuse_word(struct command *command, const struct command_field *field)
{
    int code = command_refuse(command, "%s: ", field_name(field->name));
    for (const char *word = field->words, *next; *word; word = next) {
        next = word + strcspn(word, " ");
        next += strspn(next, " ");
        const char *joint = word == field->words ? "" : *next ? ", " : " or ";
        add_error(command, "%s%.*s", joint, (int)strcspn(word, " |"), word);
    }
    return code;
}

static int check_word(struct command *command, const struct command_field *field, const cJSON *item)
{
    return is_word(field->words, item->valuestring) ? CODE_OK : refuse_word(command, field);
}

static int check_user_id(struct command *command, const struct command_field *field, const cJSON *item)
{
    return user_id_valid(item->valuestring, strlen(item->valuestring))
               ? CODE_OK
               : command_refuse(command, "%s: must be a userID", field_name(field->name));
}

/* Its length is part of its shape: too long is CODE_BAD_GROUP_ID as well. The request has it as we call it from now on. */
static int check_group_id(struct command *command, const struct command_field *field, const cJSON *item)
{
    (void)command;
    (void)field;
    group_id_translate(item->valuestring);
    return group_id_valid(item->valuestring, strlen(item->valuestring)) ? CODE_OK : CODE_BAD_GROUP_ID;
}

static bool is_whole(const cJSON *item, int64_t min, int64_t max)
{
    double number = item->valuedouble;
    return cJSON_IsNumber(item) && number >= (double)min && number <= (double)max &&
           number == (double)(int64_t)number;
}

static int check_number(struct command *command, const struct command_field *field, const cJSON *item)
{
    if (!is_whole(item, field->min, field->max))
        return command_refuse(command, "%s: must be a whole number from %lld to %lld",
                              field_name(field->name), (long long)field->min, (long long)field->max);
    command->fields[field->name].number = (int64_t)item->valuedouble;
    return CODE_OK;
}

static int check_bool(struct command *command, const struct command_field *field, const cJSON *item)
{
    if (cJSON_IsBool(item))
        return CODE_OK;
    return command_refuse(command, "%s: must be true or false", field_name(field->name));
}

static int check_any_object(struct command *command, const struct command_field *field, const cJSON *item)
{
    if (cJSON_IsObject(item))
        return CODE_OK;
    return command_refuse(command, "%s: must be an object", field_name(field->name));
}

/* Lists */

static int refuse_length(struct command *command, const struct command_field *field)
{
    (void)command_refuse(command, "%s: at most %lld", field_name(field->name), (long long)field->max);
    return CODE_TOO_MANY_MEMBERS;
}

static int refuse_names(struct command *command, const struct command_field *field)
{
    return command_refuse(command, "%s: must be a list of userIDs", field_name(field->name));
}

/* "members: must be a list of {userID, role}" */
static int refuse_objects(struct command *command, const struct command_field *field)
{
    int code = command_refuse(command, "%s: must be a list of ", field_name(field->name));
    for (const struct command_field *of = field->of; of->type != TYPE_NONE; of++)
        add_error(command, "%s%s", of == field->of ? "{" : ", ", field_name(of->name));
    add_error(command, "}");
    return code;
}

/* One of the list, seen as a command of its own for its fields. */
static int read_object(struct command *command, const struct command_field *field, const cJSON *item,
                       struct command *entry)
{
    *entry = (struct command){.request = item};
    if (!cJSON_IsObject(item))
        return refuse_objects(command, field);
    int code = fields_check(entry, field->of);
    if (code != CODE_OK)
        (void)command_refuse(command, "%s: %.180s", field_name(field->name),
                             entry->error[0] ? entry->error : code_text(code));
    return code;
}

static int check_object(struct command *command, const struct command_field *field, const cJSON *item)
{
    struct command entry;
    return read_object(command, field, item, &entry);
}

/* Texts, or objects where the field may have such. */
static int check_names(struct command *command, const struct command_field *field, const cJSON *array)
{
    const cJSON *item;
    int code = CODE_OK;
    if (!cJSON_IsArray(array) || !array->child)
        return refuse_names(command, field);
    if (cJSON_GetArraySize(array) > field->max)
        return refuse_length(command, field);
    cJSON_ArrayForEach (item, array) {
        if (field->of && cJSON_IsObject(item))
            code = check_object(command, field, item);
        else if (!cJSON_IsString(item))
            code = refuse_names(command, field);
        if (code != CODE_OK)
            return code;
    }
    return CODE_OK;
}

static bool are_numbers(const cJSON *array, int64_t most)
{
    const cJSON *item;
    int count = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
    if (count < 1 || count > most)
        return false;
    cJSON_ArrayForEach (item, array)
        if (!is_whole(item, 1, ID_MAX))
            return false;
    return true;
}

static int check_numbers(struct command *command, const struct command_field *field, const cJSON *array)
{
    if (are_numbers(array, field->max))
        return CODE_OK;
    if (field->counted && cJSON_IsArray(array) && cJSON_GetArraySize(array) > field->max)
        return refuse_length(command, field);
    return command_refuse(command, "%s: must be a list of 1 to %lld whole numbers above 0",
                          field_name(field->name), (long long)field->max);
}

static int refuse_texts(struct command *command, const struct command_field *field)
{
    return command_refuse(command, "%s: must be an object of texts, each name once", field_name(field->name));
}

static int check_texts(struct command *command, const struct command_field *field, const cJSON *object)
{
    const cJSON *item;
    if (!cJSON_IsObject(object))
        return refuse_texts(command, field);
    cJSON_ArrayForEach (item, object)
        if (!cJSON_IsString(item) || !item->string[0] ||
            cJSON_GetObjectItemCaseSensitive(object, item->string) != item)
            return refuse_texts(command, field);
    return CODE_OK;
}

static int check_objects(struct command *command, const struct command_field *field, const cJSON *array)
{
    const cJSON *item;
    if (!cJSON_IsArray(array))
        return refuse_objects(command, field);
    if (cJSON_GetArraySize(array) > field->max)
        return refuse_length(command, field);
    cJSON_ArrayForEach (item, array) {
        int code = check_object(command, field, item);
        if (code != CODE_OK)
            return code;
    }
    return CODE_OK;
}

static int check_items(struct command *command, const struct command_field *field, const cJSON *array)
{
    int count = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
    if (count >= 1 && count <= field->max)
        return CODE_OK;
    return command_refuse(command, "%s: must be a list of 1 to %lld", field_name(field->name),
                          (long long)field->max);
}

int field_check_item(struct command *command, const struct command_field *field, const cJSON *item,
                     struct command *entry)
{
    return read_object(command, field, item, entry);
}

/* All of them */

static const struct form {
    bool is_text;
    form_check *check;
} forms[] = {
    [TYPE_TEXT] = {true, check_length},        [TYPE_WORD] = {true, check_word},
    [TYPE_USER_ID] = {true, check_user_id},    [TYPE_GROUP_ID] = {true, check_group_id},
    [TYPE_NUMBER] = {false, check_number},     [TYPE_BOOL] = {false, check_bool},
    [TYPE_OBJECT] = {false, check_any_object}, [TYPE_NAMES] = {false, check_names},
    [TYPE_NUMBERS] = {false, check_numbers},   [TYPE_OBJECTS] = {false, check_objects},
    [TYPE_TEXTS] = {false, check_texts},       [TYPE_NAMES_OR_OBJECTS] = {false, check_names},
    [TYPE_ITEMS] = {false, check_items},
};

static bool is_looked_up(const struct command_field *field)
{
    return field->type >= COUNT(forms);
}

bool field_given(const struct command *command, enum field_name name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(command->request, field_name(name));
    return item && !(cJSON_IsString(item) && item->valuestring[0] == '\0');
}

int field_check(struct command *command, const struct command_field *field)
{
    const char *name = field_name(field->name);
    const struct form *form = &forms[field->type];
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(command->request, name);
    bool required = field->need == NEED_REQUIRED;
    command->fields[field->name] = (struct field_value){.number = field->otherwise};
    if (!item)
        return required ? command_refuse(command, "%s: missing", name) : CODE_OK;
    if (form->is_text && !cJSON_IsString(item))
        return command_refuse(command, "%s: must be text", name);
    if (form->is_text && item->valuestring[0] == '\0')
        return required ? command_refuse(command, "%s: must not be empty", name) : CODE_OK;
    int code = form->check(command, field, item);
    if (code == CODE_OK)
        command->fields[field->name].item = item;
    return code;
}

static int refuse_none(struct command *command, const struct command_field *fields)
{
    for (const struct command_field *field = fields; field->type != TYPE_NONE; field++)
        if (field->need == NEED_SOME)
            add_error(command, "%s%s", command->error[0] ? ", " : "", field_name(field->name));
    add_error(command, ": one of them at least");
    return CODE_BAD_REQUEST;
}

static int check_some(struct command *command, const struct command_field *fields)
{
    bool needed = false;
    for (const struct command_field *field = fields; field->type != TYPE_NONE; field++) {
        if (field->need == NEED_SOME && command_has(command, field->name))
            return CODE_OK;
        needed = needed || field->need == NEED_SOME;
    }
    return needed ? refuse_none(command, fields) : CODE_OK;
}

int fields_check(struct command *command, const struct command_field *fields)
{
    for (const struct command_field *field = fields; field->type != TYPE_NONE; field++) {
        int code = is_looked_up(field) ? CODE_OK : field_check(command, field);
        if (code != CODE_OK)
            return code;
    }
    return check_some(command, fields);
}

bool field_named_before(const cJSON *array, const cJSON *item)
{
    for (const cJSON *earlier = array->child; earlier != item; earlier = earlier->next)
        if (strcmp(earlier->valuestring, item->valuestring) == 0)
            return true;
    return false;
}

/* Words */

static int refuse_text(struct command *command, const struct command_field *field)
{
    (void)command_refuse(command, "%s: %s", field_name(field->name), code_text(CODE_WORD));
    return CODE_WORD;
}

/* The text is the request's own, which nobody else reads. */
static int filter_text(struct command *command, const struct command_field *field)
{
    const char *name = field_name(field->name);
    cJSON *item = cJSON_GetObjectItemCaseSensitive(command->request, name);
    const char *text = cJSON_GetStringValue(item);
    char *masked = NULL;
    size_t len = 0;
    switch (words_apply(command->chat->words, text, strlen(text), (size_t)field->max, &masked, &len)) {
    case WORDS_CLEAN:
        return CODE_OK;
    case WORDS_MASKED:
        break;
    case WORDS_REFUSED:
        return refuse_text(command, field);
    case WORDS_NO_MEMORY:
        return CODE_BUSY;
    }
    int code = len == 0                             ? refuse_text(command, field)
               : cJSON_SetValuestring(item, masked) ? CODE_OK
                                                    : CODE_BUSY;
    free(masked);
    return code;
}

int fields_filter(struct command *command, const struct command_field *fields)
{
    if (!command->chat->words || command->by.admin)
        return CODE_OK;
    for (const struct command_field *field = fields; field->type != TYPE_NONE; field++) {
        int code =
            field->filtered && command_has(command, field->name) ? filter_text(command, field) : CODE_OK;
        if (code != CODE_OK)
            return code;
    }
    return CODE_OK;
}
