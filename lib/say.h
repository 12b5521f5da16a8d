/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lines for people: logs, and what a tool says. Secrets and device tokens are for no line. */
#ifndef LIB_SAY_H
#define LIB_SAY_H

#include <stdbool.h>

/* Makes a text safe to print, in place: what comes from elsewhere stays one line, in its own order, and tells a
 * terminal nothing. '?' takes the place of control characters (C0, DEL, C1), of separators of lines and
 * paragraphs, of characters that change the direction of writing, and of each byte that is no UTF-8. It is
 * valid UTF-8 then, and not longer. */
void say_safely(char *text);

/* A line to stderr: a UTC time and one sentence, made safe; it ends after 1,000 bytes. */
__attribute__((format(printf, 1, 2))) void say_line(const char *format, ...);

/* A line of a check to stdout: "WHAT: ok" or "WHAT: FAILED", and `how` behind it, which may be "". Made safe; it ends
 * after 600 bytes. Returns EXIT_SUCCESS or EXIT_FAILURE. */
int say_check(bool good, const char *what, const char *how);

#endif
