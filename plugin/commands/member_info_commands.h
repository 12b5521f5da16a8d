/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands about one member: muting, and what a member sets for himself in a group. */
#ifndef PLUGIN_COMMANDS_MEMBER_INFO_COMMANDS_H
#define PLUGIN_COMMANDS_MEMBER_INFO_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_mute_group_member;
command_function command_set_group_member_info;

#endif
