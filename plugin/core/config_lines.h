/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What mosquitto.conf says to this plugin now: the plugin_opt_ lines below the line that loads it. Mosquitto gives them
 * at the start only, so at a SIGHUP they are read from where it reads them. Broker thread only. */
#ifndef PLUGIN_CORE_CONFIG_LINES_H
#define PLUGIN_CORE_CONFIG_LINES_H

#include <stddef.h>

#include "lib/plugin_options.h"

#define CONFIG_ERROR_MAX 700

struct config_lines {
    struct option_pair *pairs;
    struct conf_place *places; /* of each */
    size_t count, room;        /* room is private */
};

enum config_result {
    CONFIG_READ,
    CONFIG_UNREADABLE, /* as the user that the broker runs as, or the command line names no file */
    CONFIG_WRONG       /* it does not load the plugin, or twice, or is no usual file */
};

/* `plugin` is the file that this plugin was loaded from. Reads at most 1 MiB of lines. Otherwise than with CONFIG_READ
 * there are no lines, and a sentence in `error`, without its full stop. */
enum config_result config_lines_read(struct config_lines *lines, const char *plugin,
                                     char error[CONFIG_ERROR_MAX]);
/* The same for a command line: `len` bytes of arguments, each with its NUL. */
enum config_result config_lines_read_of(struct config_lines *lines, const char *plugin, const char *arguments,
                                        size_t len, char error[CONFIG_ERROR_MAX]);
/* What was cleared already is fine. */
void config_lines_clear(struct config_lines *lines);

#endif
