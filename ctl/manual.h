/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What acl/commands.def says of the broker's commands and their fields, in words. */
#ifndef CTL_MANUAL_H
#define CTL_MANUAL_H

#include <stdbool.h>
#include <stdio.h>

#include "acl/command_table.h"

#define MANUAL_TEXT_MAX 400

/* Is it `to` or `group`? */
bool field_is_address(const struct command_field *field);

/* Are all fields that are not in the row the message's? */
bool manual_is_open(const struct command_row *row);

/* "one of Private (Work), Public": what the field takes; `name` tells which of `to` and `group` is meant. */
void manual_describe(const struct command_field *field, const char *name, char out[MANUAL_TEXT_MAX]);
/* "groupType, groupID" */
void manual_names(const struct command_field *fields, char out[MANUAL_TEXT_MAX]);
/* Its usage, and a line for each field. */
void manual_print(FILE *out, const struct command_row *row, const char *options);
/* The names of all commands. */
void manual_print_all(FILE *out);

#endif
