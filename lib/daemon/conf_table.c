/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is done with objects by the tables of their options: for those, too, who read no file. */
#include <stdlib.h>
#include <string.h>

#include "lib/daemon/conf.h"
#include "lib/say.h"

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

static int copy_option(const struct conf_option *option, void *to, const void *from)
{
    if (option->type == CONF_NUMBER) {
        *(int64_t *)((char *)to + option->offset) = *(const int64_t *)((const char *)from + option->offset);
        return 0;
    }
    char **field = (char **)((char *)to + option->offset);
    const char *text = *(char *const *)((const char *)from + option->offset);
    free(*field);
    *field = text ? strdup(text) : NULL;
    return text && !*field ? -1 : 0;
}

int conf_own(const struct conf_option *options, void *object)
{
    int result = 0;
    for (const struct conf_option *option = options; option->name; option++) {
        char **field = (char **)((char *)object + option->offset);
        if (option->type == CONF_NUMBER || !*field)
            continue;
        *field = strdup(*field);
        result |= *field ? 0 : -1;
    }
    return result;
}

/* Changes */

bool conf_option_same(const struct conf_option *option, const void *a, const void *b)
{
    const char *left = (const char *)a + option->offset, *right = (const char *)b + option->offset;
    if (option->type == CONF_NUMBER)
        return *(const int64_t *)left == *(const int64_t *)right;
    const char *text = *(char *const *)left, *other = *(char *const *)right;
    return text && other ? strcmp(text, other) == 0 : text == other;
}

bool conf_same(const struct conf_option *options, const void *a, const void *b)
{
    const struct conf_option *option = options;
    while (option->name && conf_option_same(option, a, b))
        option++;
    return !option->name;
}

int conf_carry(const char *section, const struct conf_option *options, const void *before, void *after,
               FILE *report)
{
    int result = 0;
    for (const struct conf_option *option = options; option->name; option++) {
        const bool later = option->flags & CONF_AT_START;
        if (conf_option_same(option, before, after))
            continue;
        fprintf(report, "reload: [%s] %s has changed%s\n", section, option->name,
                later ? "; it counts from the next start on" : "");
        if (later)
            result |= copy_option(option, after, before);
    }
    return result;
}

void conf_say_report(char *text)
{
    for (char *line; (line = strsep(&text, "\n")) != NULL;)
        if (*line)
            say_line("%s", line);
}
