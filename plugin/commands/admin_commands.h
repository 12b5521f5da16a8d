/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What administrators ask about users and the server. */
#ifndef PLUGIN_COMMANDS_ADMIN_COMMANDS_H
#define PLUGIN_COMMANDS_ADMIN_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_import_users;
command_function command_mute_user;
command_function command_get_user;
command_function command_get_stats;

#endif
