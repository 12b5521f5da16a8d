/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands of a user about his devices, of a device about its push token, and of push workers about their
 * jobs. Rows of the table in control.c. */
#ifndef PLUGIN_COMMANDS_DEVICE_COMMANDS_H
#define PLUGIN_COMMANDS_DEVICE_COMMANDS_H

#include "plugin/commands/control.h"

struct user;

command_function command_get_devices;
command_function command_kick_device;
command_function command_set_push_token;
command_function command_remove_push_token;
command_function command_push_done;   /* admins */
command_function command_push_failed; /* admins */

/* The answer's `devices` of any user. */
int answer_devices(struct command *command, const struct user *user);

#endif
