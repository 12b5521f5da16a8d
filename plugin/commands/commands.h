/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The functions of the commands: command_x for each COMMAND(x, ...) in acl/commands.def. What each does is in
 * docs/protocol.md.
 *
 * To add a command: a row in acl/commands.def, a function in the noun's file (groups.c, members.c,
 * conversations.c ...), a line in docs/protocol.md, a test. */
#ifndef PLUGIN_COMMANDS_COMMANDS_H
#define PLUGIN_COMMANDS_COMMANDS_H

#include "plugin/commands/command.h"

struct user;

#define COMMAND(function, ...) command_function command_##function;
#include "acl/commands.def"
#undef COMMAND

/* Two answers that are a part of getUser's, too. */

/* `devices` of any user: a command's code. */
int answer_devices(struct command *command, const struct user *user);
/* `groups` of the answer: those the user is in, by their ids. The end of a command, as command_answered. */
int answer_joined_groups(struct command *command, struct user *user);

#endif
