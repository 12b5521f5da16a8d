/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The usual message, told from its text alone: most publishes are {"text":"...","random":123}, and a tree of
 * cJSON for them costs more than everything else that is done about them. */
#ifndef PLUGIN_PAYLOAD_PAYLOAD_FLAT_H
#define PLUGIN_PAYLOAD_PAYLOAD_FLAT_H

#include "lib/json.h"
#include <stdbool.h>
#include <stddef.h>

/* Is the object (strict JSON, about which json_scan has noted the facts) a valid message whose content is `text`,
 * with no other member that means anything but `random`? At most JSON_MEMBERS_NOTED members, names without escapes,
 * values that are neither objects nor arrays. false: look closer. `known` says of a name whether it means
 * something. The caller checks `random`. */
bool payload_is_flat_text(const struct json_facts *facts, bool (*known)(const char *name, size_t len),
                          bool *has_random);

#endif
