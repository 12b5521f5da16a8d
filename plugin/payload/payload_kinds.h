/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a member of a message may be. Pure: no state, any thread. */
#ifndef PLUGIN_PAYLOAD_PAYLOAD_KINDS_H
#define PLUGIN_PAYLOAD_PAYLOAD_KINDS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

enum priority { PRIORITY_LOW, PRIORITY_NORMAL, PRIORITY_HIGH };

enum payload_kind {
    KIND_STRING,
    KIND_BOOL,
    KIND_NUMBER,
    KIND_AMOUNT,
    KIND_WHOLE,
    KIND_LABEL,
    KIND_BASE64,
    KIND_STRINGS,
    KIND_OBJECT,
    KIND_OBJECTS,
    KIND_AT,
    KIND_PRIORITY,
    KIND_RANDOM
};

/* KIND_RANDOM fits everything: its digits are looked at elsewhere. */
bool kind_fits(enum payload_kind kind, const cJSON *item);
/* What it must be, in words: "a string". */
const char *kind_words(enum payload_kind kind);
/* The priority that the item names, -1: none. */
int kind_priority(const cJSON *item);

#endif
