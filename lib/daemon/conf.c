/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/daemon/conf.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX 4096
#define NAME_MAX_BYTES 63

int conf_refuse(struct conf *conf, const char *format, ...)
{
    va_list args;
    if (conf->error[0] != '\0')
        return -1;
    va_start(args, format);
    vsnprintf(conf->error, sizeof conf->error, format, args);
    va_end(args);
    conf->refused_at = conf->line;
    return -1;
}

/* Options */

static int set_text(struct conf *conf, const char *section, const struct conf_option *option, char **field,
                    const char *value)
{
    bool url = option->type == CONF_URL || option->type == CONF_BASE_URL;
    if (url && strncmp(value, "https://", strlen("https://")) != 0)
        return conf_refuse(conf, "[%s] %s: must begin with https://", section, option->name);
    if (option->type == CONF_FILE && access(value, R_OK) != 0)
        return conf_refuse(conf, "[%s] %s: %s cannot be read: %s", section, option->name, value,
                           strerror(errno));
    size_t len = strlen(value);
    while (option->type == CONF_BASE_URL && value[len - 1] == '/')
        len--;
    *field = strndup(value, len);
    return *field ? 0 : conf_refuse(conf, "out of memory");
}

static int set_number(struct conf *conf, const char *section, const struct conf_option *option,
                      int64_t *field, const char *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || *end || end == value || number < option->least || number > option->most)
        return conf_refuse(conf, "[%s] %s: must be a whole number from %lld to %lld", section, option->name,
                           (long long)option->least, (long long)option->most);
    *field = number;
    return 0;
}

/* Puts it behind what was given before. */
static int add_word(struct conf *conf, char **field, const char *value)
{
    char *longer = NULL;
    if (asprintf(&longer, "%s%s%s", *field ? *field : "", *field ? " " : "", value) < 0)
        return conf_refuse(conf, "out of memory");
    free(*field);
    *field = longer;
    return 0;
}

static bool is_set(const struct conf_option *option, const void *object)
{
    const char *field = (const char *)object + option->offset;
    return option->type == CONF_NUMBER ? *(const int64_t *)field >= 0 : *(char *const *)field != NULL;
}

static int set(struct conf *conf, const char *section, const struct conf_option *option, void *object,
               const char *value)
{
    void *field = (char *)object + option->offset;
    if (option->type != CONF_WORDS && is_set(option, object))
        return conf_refuse(conf, "[%s] %s: given twice", section, option->name);
    if (!*value)
        return conf_refuse(conf, "[%s] %s: has no value", section, option->name);
    if (option->type == CONF_WORDS)
        return add_word(conf, field, value);
    return option->type == CONF_NUMBER ? set_number(conf, section, option, field, value)
                                       : set_text(conf, section, option, field, value);
}

static int set_named(struct conf *conf, const char *section, const struct conf_option *options, void *object,
                     const char *name, const char *value)
{
    for (const struct conf_option *option = options; option->name; option++)
        if (strcmp(option->name, name) == 0)
            return set(conf, section, option, object, value);
    return conf_refuse(conf, "[%s] %s: there is no such option", section, name);
}

int conf_complete(struct conf *conf, const char *section, const struct conf_option *options, void *object)
{
    for (const struct conf_option *option = options; option->name; option++) {
        if (is_set(option, object))
            continue;
        if (option->flags & CONF_REQUIRED)
            return conf_refuse(conf, "[%s] %s: is missing", section, option->name);
        if (option->preset && set(conf, section, option, object, option->preset))
            return -1;
    }
    return 0;
}

/* Files */

/* For libinih, which tells no handler its line. */
struct ini_lines {
    FILE *file;
    unsigned *line;
};

static char *next_line(char *out, int size, void *context)
{
    struct ini_lines *reading = context;
    ++*reading->line;
    return fgets(out, size, reading->file);
}

/* The number of the first line that is none, or that `handler` did not want; 0: all are good; -1: errno. */
static int parse(const char *path, unsigned *line, ini_handler handler, void *context)
{
    struct ini_lines reading = {.file = fopen(path, "re"), .line = line};
    if (!reading.file)
        return -1;
    ini_max_line = LINE_BYTES_MAX;
    ini_use_stack = false;
    ini_allow_multiline = false;
    *line = 0;
    int first = ini_parse_stream(next_line, &reading, handler, context);
    (void)fclose(reading.file);
    *line = 0;
    return first;
}

/* For libinih: 1 is good. */
static int on_line(void *context, const char *section, const char *name, const char *value)
{
    struct conf *conf = context;
    struct conf_section out;
    return conf->find(conf, section, &out) == 0 &&
           set_named(conf, section, out.options, out.object, name, value) == 0;
}

static void put_before(char *error, size_t size, const char *path, unsigned line)
{
    char text[sizeof((struct conf *)0)->error], number[16] = "";
    snprintf(text, sizeof text, "%s", error);
    if (line > 0)
        snprintf(number, sizeof number, ":%u", line);
    snprintf(error, size, "%.250s%s: %s", path, number, text);
}

int conf_read(struct conf *conf, const char *path)
{
    int first = parse(path, &conf->line, on_line, conf);
    if (first < 0)
        return conf_refuse(conf, "%s cannot be read: %s", path, strerror(errno));
    if (first == 0)
        return 0;
    if (!conf->error[0] || (unsigned)first < conf->refused_at)
        snprintf(conf->error, sizeof conf->error, "neither [section] nor name = value");
    put_before(conf->error, sizeof conf->error, path, (unsigned)first);
    return -1;
}

/* Where an option stands. */
struct option_place {
    char section[CONF_SECTION_MAX + 1], name[NAME_MAX_BYTES + 1];
    unsigned line, found;
};

static int look_for(void *context, const char *section, const char *name, const char *value)
{
    struct option_place *place = context;
    (void)value;
    if (place->found == 0 && strcmp(section, place->section) == 0 && strcmp(name, place->name) == 0)
        place->found = place->line;
    return 1;
}

void conf_locate(const char *path, char *error, size_t size)
{
    struct option_place place = {0};
    char colon = '\0';
    if (error[0] != '[')
        return;
    if (sscanf(error, "[%48[^]]] %63[a-z_]%c", place.section, place.name, &colon) == 3 && colon == ':')
        (void)parse(path, &place.line, look_for, &place);
    put_before(error, size, path, place.found);
}
