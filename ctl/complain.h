/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What chatctl says when it cannot do what it was asked for, and the exit code that goes with it. */
#ifndef CTL_COMPLAIN_H
#define CTL_COMPLAIN_H

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_BROKER = 3 };

/* One line on stderr, with the tool's name in front. Returns EXIT_FAILED. */
__attribute__((format(printf, 1, 2))) int complain(const char *format, ...);
/* The same with a hint to the help. Returns EXIT_USAGE. */
__attribute__((format(printf, 1, 2))) int complain_usage(const char *format, ...);
/* Flushes stdout: EXIT_DONE, or a complaint when not everything could be written. */
int finish_output(void);

#endif
