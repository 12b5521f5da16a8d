/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands about the caller's list of conversations. */
#ifndef PLUGIN_COMMANDS_LIST_COMMANDS_H
#define PLUGIN_COMMANDS_LIST_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_get_conversations;
command_function command_set_conversation;
command_function command_delete_conversation;

#endif
