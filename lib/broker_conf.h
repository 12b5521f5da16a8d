/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Mosquitto's configuration file as the broker itself reads it: lines `name value`, a comment begins with # in
 * the first column, and in place of `include_dir` (in the first file only) come the folder's *.conf files, in
 * the order of strcmp. No state, any thread. */
#ifndef LIB_BROKER_CONF_H
#define LIB_BROKER_CONF_H

#include <stdbool.h>

#define BROKER_CONF_FAULT_MAX 600

/* Where a line is; lent. */
struct conf_place {
    const char *file;
    int line; /* from 1 on */
};

/* One line: `value` is trimmed, "" where there is none, and the function may change it. False ends the reading:
 * out of memory. */
typedef bool broker_conf_line(void *context, const struct conf_place *place, const char *name, char *value);

/* Calls `line` for each line in turn. A relative path, that of an include_dir too, is relative to the process's
 * folder, as it is for the broker. Returns 0, or -1 with one sentence in `fault`, which names the file; lines of
 * before have been given then. */
__attribute__((warn_unused_result)) int broker_conf_read(const char *path, broker_conf_line *line,
                                                         void *context, char fault[BROKER_CONF_FAULT_MAX]);

#endif
