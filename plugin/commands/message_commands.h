/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands about single messages: taking one back for everybody, deleting some for oneself. */
#ifndef PLUGIN_COMMANDS_MESSAGE_COMMANDS_H
#define PLUGIN_COMMANDS_MESSAGE_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_recall_message;
command_function command_delete_messages;

#endif
