/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl/command_table.h"

#include <string.h>

#include "acl/limits.h"

/* clang-format off */
/* The words of commands.def. */
#define FIELD(field, kind, needed)         .name = FIELD_##field, .type = TYPE_##kind, .need = NEED_##needed
#define TEXT(field, needed, bytes)         FIELD(field, TEXT, needed), .max = (bytes)
#define WORD(field, needed, some)          FIELD(field, WORD, needed), .words = (some)
#define USER_ID(field, needed)             FIELD(field, USER_ID, needed)
#define GROUP_ID(field, needed)            FIELD(field, GROUP_ID, needed)
#define NUMBER(field, needed, least, most) FIELD(field, NUMBER, needed), .min = (least), .max = (most)
#define OBJECT(field, needed)              FIELD(field, OBJECT, needed)
#define BOOL(field, needed)                FIELD(field, BOOL, needed)
#define NAMES(field, needed, most)         FIELD(field, NAMES, needed), .max = (most)
#define NUMBERS(field, most)               FIELD(field, NUMBERS, REQUIRED), .max = (most)
#define OBJECTS(field, needed, most, ...)  FIELD(field, OBJECTS, needed), .max = (most), .of = OF(__VA_ARGS__)
#define NAMES_OR_OBJECTS(field, needed, most, ...) \
    FIELD(field, NAMES_OR_OBJECTS, needed), .max = (most), .of = OF(__VA_ARGS__)
#define ITEMS(field, most, ...)            FIELD(field, ITEMS, REQUIRED), .max = (most), .of = OF(__VA_ARGS__)
#define OF(...)                            (const struct command_field[COMMAND_FIELDS_MAX]){__VA_ARGS__}
#define TEXTS(field, needed)               FIELD(field, TEXTS, needed)
#define USER(field)                        FIELD(field, USER, REQUIRED)
#define GROUP_NAMED()                      FIELD(GROUP, GROUP, REQUIRED)
#define GROUP(needed)                      FIELD(GROUP_ID, GROUP, needed)
#define CONVERSATION(needed)               FIELD(TO, CONVERSATION, needed)
#define OWN_CONVERSATION(needed)           FIELD(TO, OWN_CONVERSATION, needed)
#define ADDRESS(needed)                    FIELD(TO, ADDRESS, needed)
#define DEFAULT(number)                    .otherwise = (number)
#define WORDS                              .filtered = true
#define COUNTED                            .counted = true
#define BY_ADMINS                          .admins = true
#define MAY(right)                         .guarded = true, .action = ACTION_##right
/* clang-format on */

const struct command_row command_rows[COMMANDS] = {
#define COMMAND(function, called, by, answered, ...) {called, CALLER_##by, ANSWER_##answered, {__VA_ARGS__}},
#include "acl/commands.def"
};

static const char *const names[FIELDS] = {
#define X(name, text) [FIELD_##name] = text,
    FIELD_LIST(X)
#undef X
};

const struct command_row *command_row_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(command_rows[i].name, name) == 0)
            return &command_rows[i];
    return NULL;
}

const char *field_name(enum field_name name)
{
    return names[name];
}
