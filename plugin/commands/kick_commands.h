/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands of administrators that end a user's sessions, or the user. Rows of the table in control.c. */
#ifndef PLUGIN_COMMANDS_KICK_COMMANDS_H
#define PLUGIN_COMMANDS_KICK_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_kick_user;
command_function command_delete_user;

#endif
