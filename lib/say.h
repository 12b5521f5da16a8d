/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lines to stderr: a UTC time and one sentence. What comes from elsewhere stays one line (control characters
 * become '?'), and a line ends after 1,000 bytes. Secrets and device tokens are for no line. */
#ifndef LIB_SAY_H
#define LIB_SAY_H

__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

#endif
