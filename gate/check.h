/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatgate --check: would it work? A line to stdout for each thing that has to be there. */
#ifndef GATE_CHECK_H
#define GATE_CHECK_H

struct gate_config;

/* Returns EXIT_SUCCESS or EXIT_FAILURE. */
int check_all(const struct gate_config *config);

#endif
