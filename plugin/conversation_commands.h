/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands about messages and how far they have been had and read. */
#ifndef PLUGIN_CONVERSATION_COMMANDS_H
#define PLUGIN_CONVERSATION_COMMANDS_H

#include "plugin/control.h"

command_function command_sync;
command_function command_ack;
command_function command_mark_read;
command_function command_get_unread;

#endif
