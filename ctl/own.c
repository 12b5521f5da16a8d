/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/complain.h"

static struct own_option *find(struct own_option *options, size_t count, const char *word, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == len && strncmp(options[i].name, word, len) == 0)
            return &options[i];
    return NULL;
}

/* `at` is moved to the last word that belongs to it. */
static int take(struct own_option *option, int *at, int argc, char **argv)
{
    const char *given = strchr(argv[*at], '=');
    if (option->flag && given)
        return complain_usage("%s: %s takes no value", argv[0], option->name);
    if (option->flag)
        option->value = "";
    else if (given)
        option->value = given + 1;
    else if (*at + 1 < argc)
        option->value = argv[++*at];
    else
        return complain_usage("%s: %s needs a value", argv[0], option->name);
    return EXIT_DONE;
}

int own_options_take(struct own_option *options, size_t count, int *argc, char **argv)
{
    int kept = 1, at = 1;
    for (; at < *argc && strcmp(argv[at], "--") != 0; at++) {
        struct own_option *option = find(options, count, argv[at], strcspn(argv[at], "="));
        int result = option ? take(option, &at, *argc, argv) : EXIT_DONE;
        if (result != EXIT_DONE)
            return result;
        if (!option)
            argv[kept++] = argv[at];
    }
    while (at < *argc)
        argv[kept++] = argv[at++];
    argv[kept] = NULL;
    *argc = kept;
    return EXIT_DONE;
}

bool whole_number(const char *text, int64_t most, int64_t *out)
{
    char *end;
    if (strspn(text, "0123456789") != strlen(text) || *text == '\0')
        return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && *out >= 1 && *out <= most;
}

bool own_number(const struct own_option *option, int64_t otherwise, int64_t most, int64_t *out)
{
    *out = otherwise;
    return !option->value || whole_number(option->value, most, out);
}
