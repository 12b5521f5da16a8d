/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whom and what a command is about, what its caller is there, and whether he may. */
#ifndef PLUGIN_COMMANDS_ACCESS_H
#define PLUGIN_COMMANDS_ACCESS_H

#include <stdint.h>

#include "plugin/commands/command.h"

struct chat;

/* After fields_check. Looks up what the fields name, in the table's order, into command->access; then asks
 * the rules about each field that is there and guarded. Codes: those of fields.h, the rules' own, and
 * - what only app admins may give: CODE_NOT_ADMIN;
 * - TYPE_USER: CODE_NO_USER;
 * - TYPE_GROUP: CODE_NO_GROUP;
 * - TYPE_CONVERSATION: CODE_NO_USER, CODE_NO_GROUP, and CODE_NOT_ALLOWED when the caller is not in the group
 *   and no app admin; TYPE_OWN_CONVERSATION: not in the group at all;
 * - TYPE_ADDRESS: CODE_NO_GROUP. Whether the user of `to` exists is left to who sends. */
int access_check(struct command *command, const struct command_field *fields);

/* May the caller do this, in the group that was looked up, to a member with this role (rules_may_target)? */
int access_check_target(const struct command *command, enum action action, enum role target);

/* Before command_begin, where a tip of this kind comes with it: CODE_OK, or CODE_TOO_FAST when the group has had
 * too many of them (group_rate). Administrators are not held up. */
int access_check_tips(const struct command *command, enum tips_kind kind);

#endif
