/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands of a running session about itself. Rows of the table in control.c. */
#ifndef PLUGIN_COMMANDS_SESSION_COMMANDS_H
#define PLUGIN_COMMANDS_SESSION_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_renew_user_sig;
command_function command_logout;

#endif
