/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands about who waits to be let into a group. */
#ifndef PLUGIN_COMMANDS_APPLICATION_COMMANDS_H
#define PLUGIN_COMMANDS_APPLICATION_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_get_group_applications;
command_function command_handle_group_application;

#endif
