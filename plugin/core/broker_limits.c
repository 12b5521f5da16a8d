/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/broker_limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "plugin/core/config_files.h"

static const struct broker_limits defaults = {.max_inflight_messages = 20, .max_queued_messages = 1000};

static const struct {
    const char *name;
    size_t offset;
} settings[] = {
    {"max_inflight_messages", offsetof(struct broker_limits, max_inflight_messages)},
    {"max_queued_messages", offsetof(struct broker_limits, max_queued_messages)},
    {"max_queued_bytes", offsetof(struct broker_limits, max_queued_bytes)},
};

/* The last line counts. */
static bool take_setting(void *context, const struct conf_place *place, const char *name, char *value)
{
    (void)place;
    for (size_t i = 0; i < COUNT(settings); i++)
        if (strcmp(name, settings[i].name) == 0) {
            int64_t number = larger(strtoll(value, NULL, 10), 0);
            memcpy((char *)context + settings[i].offset, &number, sizeof number);
        }
    return true;
}

static int learn(struct broker_limits *limits, const struct broker_limits *found, int files)
{
    *limits = files < 0 ? defaults : *found;
    return files < 0 ? -1 : 0;
}

int broker_limits_learn_from(struct broker_limits *limits, const char *arguments, size_t len,
                             char fault[BROKER_CONF_FAULT_MAX])
{
    struct broker_limits found = defaults;
    return learn(limits, &found, config_files_read_of(arguments, len, take_setting, &found, fault));
}

int broker_limits_learn(struct broker_limits *limits, char fault[BROKER_CONF_FAULT_MAX])
{
    struct broker_limits found = defaults;
    return learn(limits, &found, config_files_read(take_setting, &found, fault));
}
