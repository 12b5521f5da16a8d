/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who is in a group, page by page. */
#ifndef PLUGIN_COMMANDS_MEMBER_LIST_COMMANDS_H
#define PLUGIN_COMMANDS_MEMBER_LIST_COMMANDS_H

#include "plugin/commands/control.h"

command_function command_get_group_members;

#endif
