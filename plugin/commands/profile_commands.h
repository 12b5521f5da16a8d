/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands of a user about himself and about others: profiles and the blacklist. Rows of the table in
 * control.c. */
#ifndef PLUGIN_COMMANDS_PROFILE_COMMANDS_H
#define PLUGIN_COMMANDS_PROFILE_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_set_self_info;
command_function command_get_users_info;
command_function command_add_to_blacklist;
command_function command_remove_from_blacklist;
command_function command_get_blacklist;

#endif
