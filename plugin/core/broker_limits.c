/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/broker_limits.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/basics.h"

#define ARGUMENTS_MAX 65536

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

/* Reading a pipe would wait. */
static bool is_other_than_file(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && !S_ISREG(about.st_mode);
}

static int read_limits(struct broker_limits *limits, const char *path, char fault[BROKER_CONF_FAULT_MAX])
{
    struct broker_limits found = *limits;
    if (is_other_than_file(path)) {
        snprintf(fault, BROKER_CONF_FAULT_MAX, "%s is not a regular file", path);
        return -1;
    }
    if (broker_conf_read(path, take_setting, &found, fault) != 0)
        return -1;
    *limits = found;
    return 0;
}

static bool names_config(const char *argument)
{
    return strcmp(argument, "-c") == 0 || strcmp(argument, "--config-file") == 0;
}

int broker_limits_learn_from(struct broker_limits *limits, const char *arguments, size_t len,
                             char fault[BROKER_CONF_FAULT_MAX])
{
    const char *end = arguments + len;
    int result = 0;
    *limits = defaults;
    while (result == 0 && arguments < end) {
        const char *value = arguments + strlen(arguments) + 1;
        if (value < end && names_config(arguments)) {
            result = read_limits(limits, value, fault);
            value += strlen(value) + 1;
        }
        arguments = value;
    }
    return result;
}

static size_t read_arguments(char *arguments, size_t size)
{
    size_t len = 0;
    ssize_t got = 0;
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && len < size && (got = read(fd, arguments + len, size - len)) > 0)
        len += (size_t)got;
    if (fd >= 0)
        close(fd);
    return len;
}

int broker_limits_learn(struct broker_limits *limits, char fault[BROKER_CONF_FAULT_MAX])
{
    char *arguments = calloc(1, ARGUMENTS_MAX + 1);
    *limits = defaults;
    if (!arguments) {
        snprintf(fault, BROKER_CONF_FAULT_MAX, "out of memory");
        return -1;
    }
    int result = broker_limits_learn_from(limits, arguments, read_arguments(arguments, ARGUMENTS_MAX), fault);
    free(arguments);
    return result;
}
