/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One command, dispatched from one table, acl/commands.def. Fields, who may, what it costs, its answer and how
 * large that is are seen to here, once, around the command's function (commands.h). Broker thread only. */
#ifndef PLUGIN_COMMANDS_CONTROL_H
#define PLUGIN_COMMANDS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

struct answer;
struct command;

/* Executes it, appends its response unless that comes later (later.h), and takes from the user's account what it
 * cost. `len`: of its text. false: out of memory, it cannot be answered. */
__attribute__((warn_unused_result)) bool control_answer(struct answer *answer, struct command *command,
                                                        size_t len);
/* The same without answer and account: a code of the command's, or COMMAND_LATER. */
__attribute__((warn_unused_result)) int control_execute(struct command *command);

#endif
