/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The gateway: an HTTP server and a client of the broker, in one loop. */
#ifndef GATE_GATE_H
#define GATE_GATE_H

struct gate_config;

/* Serves until SIGTERM or SIGINT; SIGHUP reads `path` again, SIGUSR1 logs some figures. Returns EXIT_SUCCESS or
 * EXIT_FAILURE. */
int gate_run(const struct gate_config *config, const char *path);

#endif
