/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Holds a request against the fields of its command (acl/commands.def). Returns 0, and what is right is in
 * command->fields from then on; or CODE_BAD_REQUEST, CODE_BAD_GROUP_ID for what cannot be a groupID,
 * CODE_TOO_MANY_MEMBERS for too many users, and the error names the field. */
#ifndef PLUGIN_COMMANDS_FIELDS_H
#define PLUGIN_COMMANDS_FIELDS_H

#include "plugin/commands/command.h"

/* All that are not looked up, in the table's order: the first that is wrong decides. */
int fields_check(struct command *command, const struct command_field *fields);
/* Once the caller may: the word filter, for all but app admins. Replaces words in the request's own fields. CODE_WORD
 * (too when a text becomes too long or empty by that), or CODE_BUSY: out of memory. */
int fields_filter(struct command *command, const struct command_field *fields);
/* Before it is checked: does the request have it, of whatever type? An empty text is none. */
bool field_given(const struct command *command, enum field_name name);
/* One of a type that is not looked up. */
int field_check(struct command *command, const struct command_field *field);

/* One of a list of type TYPE_ITEMS: its fields are in `entry` then, seen as a command of its own. `entry` lasts as long as the
 * request. */
int field_check_item(struct command *command, const struct command_field *list, const cJSON *item,
                     struct command *entry);
/* Of a list that was checked: does an item before this one say the same? */
bool field_named_before(const cJSON *array, const cJSON *item);

#endif
