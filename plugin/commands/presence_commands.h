/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands about being online: whom a session watches, and whether its device is in the background. */
#ifndef PLUGIN_COMMANDS_PRESENCE_COMMANDS_H
#define PLUGIN_COMMANDS_PRESENCE_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_watch_status;
command_function command_unwatch_status;
command_function command_set_background;

#endif
