/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands of chatctl: rows of the table in chatctl.c, each with a function in a file of its own subject.
 * To add one: a function, its prototype here, a row, a line in the docs. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* argv[0] is the command's name. Returns an exit code; what went wrong has been said on stderr. */
struct command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *help;
    int (*run)(int argc, char **argv);
};

int command_usersig(int argc, char **argv);
int command_verify(int argc, char **argv);

/* One line on stderr, with "chatctl: " in front. Returns EXIT_FAILED. */
__attribute__((format(printf, 1, 2))) int complain(const char *format, ...);
/* The same with a hint to the help. Returns EXIT_USAGE. */
__attribute__((format(printf, 1, 2))) int complain_usage(const char *format, ...);
/* Flushes stdout: EXIT_DONE, or a complaint when not everything could be written. */
int finish_output(void);

#endif
