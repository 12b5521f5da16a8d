/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands that change what a group is and whose it is. */
#ifndef PLUGIN_COMMANDS_GROUP_INFO_COMMANDS_H
#define PLUGIN_COMMANDS_GROUP_INFO_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_set_group_info;
command_function command_transfer_group_owner;

#endif
