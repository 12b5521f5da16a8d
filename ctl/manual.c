/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/manual.h"

#include <stdarg.h>
#include <string.h>

#include "ctl/tool.h"
#include "lib/basics.h"

#define LINE_MAX_BYTES 100

bool field_is_address(const struct command_field *field)
{
    return field->type == TYPE_CONVERSATION || field->type == TYPE_OWN_CONVERSATION ||
           field->type == TYPE_ADDRESS;
}

bool manual_is_open(const struct command_row *row)
{
    static const enum command_number open[] = {COMMAND_broadcast_live, COMMAND_edit_message,
                                               COMMAND_send_message};
    for (size_t i = 0; i < COUNT(open); i++)
        if (row == &command_rows[open[i]])
            return true;
    return false;
}

__attribute__((format(printf, 2, 3))) static void add(char out[MANUAL_TEXT_MAX], const char *format, ...)
{
    size_t used = strlen(out);
    va_list list;
    va_start(list, format);
    vsnprintf(out + used, MANUAL_TEXT_MAX - used, format, list);
    va_end(list);
}

static void add_text(const struct command_field *field, char out[MANUAL_TEXT_MAX])
{
    if (field->max == ANY_LENGTH)
        add(out, "text");
    else
        add(out, "text of at most %lld bytes", (long long)field->max);
}

/* "one of Private (Work), Public": Work is understood for Private. */
static void add_words(const struct command_field *field, char out[MANUAL_TEXT_MAX])
{
    const char *joint = "one of ";
    for (const char *word = field->words; *word; word += strspn(word, " ")) {
        size_t len = strcspn(word, " |"), all = strcspn(word, " ");
        add(out, "%s%.*s", joint, (int)len, word);
        if (len < all)
            add(out, " (%.*s)", (int)(all - len - 1), word + len + 1);
        joint = ", ";
        word += all;
    }
}

static void add_list(const struct command_field *field, char out[MANUAL_TEXT_MAX])
{
    const char *what = field->type == TYPE_NUMBERS ? "whole numbers" : "names";
    add(out, "a list of at most %lld %s: a,b or JSON", (long long)field->max, what);
}

static void add_objects(const struct command_field *field, char out[MANUAL_TEXT_MAX])
{
    char names[MANUAL_TEXT_MAX];
    manual_names(field->of, names);
    add(out, "a list of at most %lld: %sJSON objects with %s", (long long)field->max,
        field->type == TYPE_ITEMS ? "" : "names a,b or ", names);
}

/* What has one sentence, whatever its limits. */
static const char *const sentences[] = {
    [TYPE_USER_ID] = "a userID",
    [TYPE_GROUP_ID] = "a groupID",
    [TYPE_BOOL] = "true or false",
    [TYPE_OBJECT] = "a JSON object",
    [TYPE_TEXTS] = "a JSON object of texts",
    [TYPE_USER] = "a userID",
    [TYPE_GROUP] = "a groupID",
    [TYPE_CONVERSATION] = "a userID, or @system",
    [TYPE_OWN_CONVERSATION] = "a userID, or @system",
    [TYPE_ADDRESS] = "a userID",
};

void manual_describe(const struct command_field *field, const char *name, char out[MANUAL_TEXT_MAX])
{
    out[0] = '\0';
    if (field->type == TYPE_TEXT)
        add_text(field, out);
    else if (field->type == TYPE_WORD)
        add_words(field, out);
    else if (field->type == TYPE_NUMBER)
        add(out, "a whole number from %lld to %lld", (long long)field->min, (long long)field->max);
    else if (field->type == TYPE_NAMES || field->type == TYPE_NUMBERS)
        add_list(field, out);
    else if (field->of)
        add_objects(field, out);
    else if (field_is_address(field) && strcmp(name, field_name(FIELD_GROUP)) == 0)
        add(out, "a groupID");
    else
        add(out, "%s", sentences[field->type]);
}

void manual_names(const struct command_field *fields, char out[MANUAL_TEXT_MAX])
{
    out[0] = '\0';
    for (const struct command_field *field = fields; field->type != TYPE_NONE; field++)
        add(out, "%s%s%s", field == fields ? "" : ", ", field_name(field->name),
            field_is_address(field) ? " or group" : "");
}

static void print_field(FILE *out, const struct command_field *field)
{
    static const char *const needs[] = {
        [NEED_OPTIONAL] = "", [NEED_REQUIRED] = "; required", [NEED_SOME] = "; one of these, or more"};
    char text[MANUAL_TEXT_MAX];
    const char *name = field_name(field->name);
    manual_describe(field, name, text);
    fprintf(out, "      %-18s %s%s%s\n", name, text, field_is_address(field) ? "; or group: a groupID" : "",
            needs[field->need]);
    if (field->admins)
        fprintf(out, "      %-18s (from administrators only)\n", "");
}

void manual_print(FILE *out, const struct command_row *row, const char *options)
{
    static const char *const callers[] = {
        [CALLER_EVERYONE] = "",
        [CALLER_ADMINS] = "      For administrators.\n",
        [CALLER_DEVICES] = "      About the connection that it comes on: not with --as.\n",
        [CALLER_UPLOADERS] = "      About the connection that it comes on: not with --as.\n",
    };
    fprintf(out, "  %s %s%s%s\n%s", tool()->name, row->name,
            row->fields[0].type == TYPE_NONE ? "" : " [field=value]...", options, callers[row->caller]);
    for (const struct command_field *field = row->fields; field->type != TYPE_NONE; field++)
        print_field(out, field);
    if (manual_is_open(row))
        fputs("      All other fields are the message's members: text=Hello.\n", out);
}

void manual_print_all(FILE *out)
{
    size_t used = LINE_MAX_BYTES;
    for (size_t i = 0; i < COUNT(command_rows); i++) {
        const char *name = command_rows[i].name;
        if (used + strlen(name) + 1 > LINE_MAX_BYTES) {
            fputs(i == 0 ? " " : "\n ", out);
            used = 1;
        }
        used += (size_t)fprintf(out, " %s", name);
    }
    putc('\n', out);
}
