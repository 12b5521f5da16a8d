/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl but for its name: what main.c and the module of mosquitto_ctrl share. */
#ifndef CTL_CHATCTL_H
#define CTL_CHATCTL_H

/* argv[0] is the command. Returns an exit code (complain.h), and never ends the process. One thread; may be called again. */
int chatctl_run(int argc, char **argv);

#endif
