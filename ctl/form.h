/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The request of a command from words of the command line, "field=value", held against acl/commands.def before
 * anything is sent. The broker checks all of it once more: this is for people, who hear it sooner and longer. */
#ifndef CTL_FORM_H
#define CTL_FORM_H

#include <cjson/cJSON.h>

#include <stdbool.h>

#include "acl/command_table.h"

#define FORM_FAULT_MAX 1000

/* An object that is filled in: a command, or a row of a file. */
struct form_sheet {
    const char *where;                  /* in front of what is wrong: "createGroup", "users.csv:17" */
    const char *noun;                   /* what a field is called there: "field", "column" */
    const struct command_field *fields; /* ended by TYPE_NONE */
    bool open;                          /* what is none of the fields is taken, too: a message's members */
    char fault[FORM_FAULT_MAX];         /* out: what is wrong, for people */
};

/* From text to what the field takes, into `object`. EXIT_DONE, or EXIT_USAGE and the fault. */
__attribute__((warn_unused_result)) int form_add(struct form_sheet *form, cJSON *object, const char *name,
                                                 const char *text);
/* Does the object have what the fields want, and nothing else? EXIT_DONE, or EXIT_USAGE and the fault. */
__attribute__((warn_unused_result)) int form_check(struct form_sheet *form, const cJSON *object);

/* For cJSON_Delete. NULL: what is wrong has been said as wrong usage. */
cJSON *form_fill(const struct command_row *row, char *const *words, int count);

#endif
