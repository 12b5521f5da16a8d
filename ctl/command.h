/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands of chatctl: rows of the table in chatctl.c, each with a function in a file of its own subject.
 * To add one: a function, its prototype here, a row, a line in the docs. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

/* argv[0] is the command's name. Returns an exit code; what went wrong has been said on stderr. */
struct ctl_command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *help;
    int (*run)(int argc, char **argv);
};

int command_bad(int argc, char **argv);
int command_usersig(int argc, char **argv);
int command_verify(int argc, char **argv);

#endif
