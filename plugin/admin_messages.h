/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What administrators send: messages in somebody's name, and notices to everybody. */
#ifndef PLUGIN_ADMIN_MESSAGES_H
#define PLUGIN_ADMIN_MESSAGES_H

#include "plugin/control.h"

command_function command_send_message;
command_function command_broadcast;

#endif
