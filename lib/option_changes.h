/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a SIGHUP changes: options that were read again beside those in force. Pure. */
#ifndef LIB_OPTION_CHANGES_H
#define LIB_OPTION_CHANGES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/plugin_options.h"

/* A bit for each option, for option_changes_next. */
struct option_changes {
    uint64_t taken;  /* has another value from now on */
    uint64_t hidden; /* has another one in mosquitto.conf, but settings_file says something else */
    uint64_t later;  /* has another one in mosquitto.conf, which counts from the next start on */
    uint64_t back;   /* was one of those, and is in mosquitto.conf what is in force */
};

/* Gives to `now` what may change while the broker runs, and clears `next`. What mosquitto.conf says that counts
 * later is remembered, so that the same is told once. */
void option_changes_take(struct option_changes *changes, struct plugin_options *now,
                         struct plugin_options *next);

/* Takes one out of the set: its name. NULL: there is none left. */
const char *option_changes_next(uint64_t *set);

#define OPTION_SHOWN_MAX 80
/* What mosquitto.conf says of one that counts later, or its default, for people; cut where it is long. */
void option_changes_show(const struct plugin_options *options, const char *name,
                         char shown[OPTION_SHOWN_MAX]);

#endif
