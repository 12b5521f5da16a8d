/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Signals, as something that a loop waits for. */
#ifndef LIB_DAEMON_SIGNALS_H
#define LIB_DAEMON_SIGNALS_H

/* Blocks these signals, of which 0 is the end, in this thread and those that it starts from now on. Returns a file
 * descriptor to wait for (POLLIN), which never blocks and is the caller's to close; -1: it cannot be. */
int signals_open(const int *signals);
/* The next one that has come, 0: there is none. */
int signals_read(int fd);

#endif
