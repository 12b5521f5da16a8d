/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The daemon: one thread, one loop around the broker's connection and the requests under way. */
#ifndef PUSH_WORKER_H
#define PUSH_WORKER_H

#include "push/config.h"

/* Runs until SIGTERM or SIGINT: takes no more jobs then, waits at most 5 s for those in flight, and leaves
 * the rest to the broker. SIGHUP reads `path` again, SIGUSR1 prints the counters. Returns an exit code. */
int worker_run(const struct push_config *config, const char *path);

#endif
