/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Ctrl-C and SIGTERM for a command that goes on until then: it looks, and ends by itself. */
#ifndef CTL_ENDING_H
#define CTL_ENDING_H

#include <stdbool.h>

/* From here on the first signal only shows in ending_asked; a second ends the process. */
void ending_begin(void);
bool ending_asked(void);
/* Signals do what they did before ending_begin. */
void ending_end(void);

#endif
