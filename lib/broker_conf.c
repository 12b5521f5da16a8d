/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/broker_conf.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS  " \t\r\n"
#define INCLUDE "include_dir"
#define SUFFIX  ".conf"

struct conf_reading {
    broker_conf_line *line;
    void *context;
    char *fault;
};

static int fail(const struct conf_reading *reading, const char *path, const char *what, const char *why)
{
    snprintf(reading->fault, BROKER_CONF_FAULT_MAX, "%s cannot be %s: %s", path, what, why);
    return -1;
}

static int read_file(const struct conf_reading *reading, const char *path, bool included);

/* The folder's files */

static int is_included(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name), suffix = strlen(SUFFIX);
    return len > suffix && strcmp(entry->d_name + len - suffix, SUFFIX) == 0;
}

/* Not alphasort: that follows the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_entry(const struct conf_reading *reading, const char *folder, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return fail(reading, folder, "read", "out of memory");
    int result = read_file(reading, path, true);
    free(path);
    return result;
}

static int read_folder(const struct conf_reading *reading, const char *folder)
{
    struct dirent **entries = NULL;
    int result = 0, count = scandir(folder, &entries, is_included, by_name);
    if (count < 0)
        return fail(reading, folder, "read", strerror(errno));
    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = read_entry(reading, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return result;
}

/* Lines */

/* Cuts `name` off its value, in place. A tab does not end it: Mosquitto knows no such setting then. */
static char *cut_value(char *name)
{
    char *value = name + strcspn(name, " ");
    if (*value)
        *value++ = '\0';
    value += strspn(value, BLANKS);
    for (size_t len = strlen(value); len > 0 && strchr(BLANKS, value[len - 1]); len--)
        value[len - 1] = '\0';
    return value;
}

static int take_line(const struct conf_reading *reading, const struct conf_place *place, char *line,
                     bool included)
{
    line[strcspn(line, "\r\n")] = '\0';
    char *name = line + strspn(line, " ");
    if (*line == '#' || !*name)
        return 0;
    char *value = cut_value(name);
    if (strcmp(name, INCLUDE) == 0)
        return included ? 0 : read_folder(reading, value);
    return reading->line(reading->context, place, name, value)
               ? 0
               : fail(reading, place->file, "read", "out of memory");
}

static int read_lines(const struct conf_reading *reading, const char *path, FILE *file, bool included)
{
    char *line = NULL;
    size_t size = 0;
    int result = 0;
    struct conf_place place = {.file = path};
    errno = 0;
    while (result == 0 && getline(&line, &size, file) >= 0) {
        place.line++;
        result = take_line(reading, &place, line, included);
        errno = 0;
    }
    if (result == 0 && !feof(file))
        result = fail(reading, path, "read", strerror(errno));
    free(line);
    return result;
}

static int read_file(const struct conf_reading *reading, const char *path, bool included)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(reading, path, "opened", strerror(errno));
    int result = read_lines(reading, path, file, included);
    fclose(file);
    return result;
}

int broker_conf_read(const char *path, broker_conf_line *line, void *context,
                     char fault[BROKER_CONF_FAULT_MAX])
{
    const struct conf_reading reading = {.line = line, .context = context, .fault = fault};
    return read_file(&reading, path, false);
}
