/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands of chatctl: rows of the table in chatctl.c, each with a function in a file of its own subject.
 * To add one: a function, its prototype here, a row, a line in the docs. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "acl/command_table.h"

/* argv[0] is the command's name. Returns an exit code; what went wrong has been said on stderr. */
struct ctl_command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *help;  /* "chatctl" in it stands for the tool: tool.h */
    int (*run)(int argc, char **argv);
    bool connects; /* -h is its host, as with mosquitto_pub; --help is its help */
};

/* All that are no command of the broker's; the last is followed by one without a name. */
extern const struct ctl_command ctl_commands[];

int command_backup(int argc, char **argv);
int command_bad(int argc, char **argv);
int command_check(int argc, char **argv);
int command_complete(int argc, char **argv);
int command_export(int argc, char **argv);
int command_import(int argc, char **argv);
/* The columns of each kind, for the help. */
void import_print_columns(FILE *out);
int command_listen(int argc, char **argv);
int command_push(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_send(int argc, char **argv);
int command_stats(int argc, char **argv);
int command_top(int argc, char **argv);
int command_usersig(int argc, char **argv);
int command_verify(int argc, char **argv);

/* Any command of the broker's. */
int command_call(const struct command_row *row, int argc, char **argv);

#endif
