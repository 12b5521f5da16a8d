/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What administrators send: messages in somebody's name, and notices to everybody. */
#ifndef PLUGIN_COMMANDS_ADMIN_MESSAGES_H
#define PLUGIN_COMMANDS_ADMIN_MESSAGES_H

#include "plugin/commands/control.h"

command_function command_send_message;
command_function command_broadcast;

#endif
