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

int conf_refuse(struct conf *conf, const char *format, ...)
{
    va_list args;
    if (conf->error[0] != '\0')
        return -1;
    va_start(args, format);
    vsnprintf(conf->error, sizeof conf->error, format, args);
    va_end(args);
    return -1;
}

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
        if (option->required)
            return conf_refuse(conf, "[%s] %s: is missing", section, option->name);
        if (option->preset && set(conf, section, option, object, option->preset))
            return -1;
    }
    return 0;
}

void conf_init(const struct conf_option *options, void *object)
{
    for (const struct conf_option *option = options; option->name; option++)
        if (option->type == CONF_NUMBER)
            *(int64_t *)((char *)object + option->offset) = -1;
}

void conf_clear(const struct conf_option *options, void *object)
{
    for (const struct conf_option *option = options; option->name; option++) {
        if (option->type == CONF_NUMBER)
            continue;
        char **field = (char **)((char *)object + option->offset);
        free(*field);
        *field = NULL;
    }
}

/* For libinih: 1 is good. */
static int on_line(void *context, const char *section, const char *name, const char *value)
{
    struct conf *conf = context;
    struct conf_section out;
    return conf->find(conf, section, &out) == 0 &&
           set_named(conf, section, out.options, out.object, name, value) == 0;
}

int conf_read(struct conf *conf, const char *path)
{
    ini_max_line = LINE_BYTES_MAX;
    ini_use_stack = false;
    ini_allow_multiline = false;
    int line = ini_parse(path, on_line, conf);
    if (line < 0)
        return conf_refuse(conf, "%s cannot be read: %s", path, strerror(errno));
    if (line > 0)
        return conf_refuse(conf, "%s, line %d: neither [section] nor name = value", path, line);
    return 0;
}
