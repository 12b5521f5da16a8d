/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Does the broker ask us about all clients? Below `per_listener_settings true`, or with `plugin_use` of 2.1, it
 * asks a plugin about those of one listener only, while all listeners share one tree of topics: who comes by
 * another one could read everything. Broker thread only. */
#ifndef PLUGIN_CORE_SCOPE_H
#define PLUGIN_CORE_SCOPE_H

#include <stdbool.h>

struct mosquitto_plugin_id_t;

/* While the plugin starts. false: not about all, or (2.1) it cannot be found out for want of memory. is_2_1: the
 * broker is of 2.1 or later. */
bool scope_is_all(struct mosquitto_plugin_id_t *plugin, bool is_2_1);

#endif
