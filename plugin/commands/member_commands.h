/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands that change who is in a group, and as what. */
#ifndef PLUGIN_COMMANDS_MEMBER_COMMANDS_H
#define PLUGIN_COMMANDS_MEMBER_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_join_group;
command_function command_quit_group;
command_function command_invite_group_member;
command_function command_delete_group_member;
command_function command_set_group_member_role;

#endif
