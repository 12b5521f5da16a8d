/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How much the broker keeps for one client. It tells no plugin, so its configuration file is read as the broker
 * has read it. Broker thread only. */
#ifndef PLUGIN_CORE_BROKER_LIMITS_H
#define PLUGIN_CORE_BROKER_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/broker_conf.h"

/* As Mosquitto's settings of these names, and 0 as there: no limit. */
struct broker_limits {
    int64_t max_inflight_messages;
    int64_t max_queued_messages;
    int64_t max_queued_bytes;
};

/* Reads the files that the broker was started with (config_files.h). What nobody has set is as Mosquitto has it by
 * default. Once, at the start: Mosquitto does not take these over at a SIGHUP either. Returns 0; -1: the file
 * cannot be read, `fault` is a sentence without its full stop, and all of it is as by default. */
__attribute__((warn_unused_result)) int broker_limits_learn(struct broker_limits *limits,
                                                            char fault[BROKER_CONF_FAULT_MAX]);
/* The same for a command line: `len` bytes of arguments, each with its NUL. */
__attribute__((warn_unused_result)) int broker_limits_learn_from(struct broker_limits *limits,
                                                                 const char *arguments, size_t len,
                                                                 char fault[BROKER_CONF_FAULT_MAX]);

#endif
