/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The configuration files that the broker was started with: it tells a plugin neither which they are, nor what is in
 * them. /proc/self/cmdline names them (-c, --config-file); they are read as the user that the broker runs as now. The
 * broker does not change its folder, so a relative path still leads there. No state. */
#ifndef PLUGIN_CORE_CONFIG_FILES_H
#define PLUGIN_CORE_CONFIG_FILES_H

#include <stddef.h>

#include "lib/broker_conf.h"

/* Gives each of their lines to `line`, as broker_conf_read does. Returns how many files were named; -1: one cannot be
 * read, and `fault` is a sentence without its full stop. */
__attribute__((warn_unused_result)) int config_files_read(broker_conf_line *line, void *context,
                                                          char fault[BROKER_CONF_FAULT_MAX]);
/* The same for a command line: `len` bytes of arguments, each with its NUL. */
__attribute__((warn_unused_result)) int config_files_read_of(const char *arguments, size_t len,
                                                             broker_conf_line *line, void *context,
                                                             char fault[BROKER_CONF_FAULT_MAX]);

#endif
