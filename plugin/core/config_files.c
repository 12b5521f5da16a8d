/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/config_files.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGUMENTS_MAX 65536

/* Reading a pipe would wait. */
static bool is_other_than_file(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && !S_ISREG(about.st_mode);
}

static int read_one(const char *path, broker_conf_line *line, void *context,
                    char fault[BROKER_CONF_FAULT_MAX])
{
    if (!is_other_than_file(path))
        return broker_conf_read(path, line, context, fault);
    snprintf(fault, BROKER_CONF_FAULT_MAX, "%s is not a regular file", path);
    return -1;
}

static bool names_config(const char *argument)
{
    return strcmp(argument, "-c") == 0 || strcmp(argument, "--config-file") == 0;
}

int config_files_read_of(const char *arguments, size_t len, broker_conf_line *line, void *context,
                         char fault[BROKER_CONF_FAULT_MAX])
{
    const char *end = arguments + len;
    int files = 0;
    while (arguments < end) {
        const char *value = arguments + strlen(arguments) + 1;
        if (value < end && names_config(arguments)) {
            if (read_one(value, line, context, fault))
                return -1;
            files++;
            value += strlen(value) + 1;
        }
        arguments = value;
    }
    return files;
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

int config_files_read(broker_conf_line *line, void *context, char fault[BROKER_CONF_FAULT_MAX])
{
    char *arguments = calloc(1, ARGUMENTS_MAX + 1);
    if (!arguments) {
        snprintf(fault, BROKER_CONF_FAULT_MAX, "out of memory");
        return -1;
    }
    int files =
        config_files_read_of(arguments, read_arguments(arguments, ARGUMENTS_MAX), line, context, fault);
    free(arguments);
    return files;
}
