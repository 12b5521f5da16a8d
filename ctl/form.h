/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The request of a command from words of the command line, "field=value", held against acl/commands.def before
 * anything is sent. The broker checks all of it once more: this is for people, who hear it sooner and longer. */
#ifndef CTL_FORM_H
#define CTL_FORM_H

#include <cjson/cJSON.h>

#include "acl/command_table.h"

/* For cJSON_Delete. NULL: what is wrong has been said as wrong usage. */
cJSON *form_fill(const struct command_row *row, char *const *words, int count);

#endif
