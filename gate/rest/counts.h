/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How many requests each command has had, by the code of the answer. Bounded: there are only so many commands and
 * codes; beyond COUNTS_MAX pairs a new one is not counted by itself. One thread. */
#ifndef GATE_REST_COUNTS_H
#define GATE_REST_COUNTS_H

#include <stdint.h>

struct counts;

#define COUNTS_MAX 4096

/* NULL: out of memory. */
struct counts *counts_open(void);
/* NULL is fine. */
void counts_close(struct counts *counts);
/* Both names are borrowed for ever: constants. */
void counts_add(struct counts *counts, const char *service, const char *command, int code);
/* Calls back for each pair, in the order of their first requests. */
void counts_each(const struct counts *counts,
                 void (*each)(void *context, const char *service, const char *command, int code,
                              int64_t count),
                 void *context);

#endif
