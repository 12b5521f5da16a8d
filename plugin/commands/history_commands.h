/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands that read messages: of one conversation, page by page, or of all of them. */
#ifndef PLUGIN_COMMANDS_HISTORY_COMMANDS_H
#define PLUGIN_COMMANDS_HISTORY_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_get_history;
command_function command_sync;

#endif
