/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/written.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json_text.h"
#include "plugin/commands/command.h"

static const char *const common[] = {"as", "command", "correlationData", NULL};
static const char *const none[] = {NULL};

static bool is_named(const char *const names[], const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

/* But for those with one of two lists of names. malloc'ed; NULL: out of memory. */
static char *copy_members(const char *text, const cJSON *object, const char *const some[],
                          const char *const others[], size_t *len)
{
    const char *p = text + 1;
    char *copy = malloc((size_t)(json_skip_value(text) - text) + 1), *end = copy;
    struct json_span member;
    if (!copy)
        return NULL;
    *end++ = '{';
    for (const cJSON *item = object->child; item && json_next_member(&p, &member); item = item->next) {
        if (is_named(some, item->string) || is_named(others, item->string))
            continue;
        if (end > copy + 1)
            *end++ = ',';
        end = mempcpy(end, member.at, member.len);
    }
    *end++ = '}';
    *len = (size_t)(end - copy);
    return copy;
}

char *written_message(const struct command *command, const char *const own[], size_t *len)
{
    return copy_members(command->text, command->request, common, own, len);
}

char *written_members(const char *text, const cJSON *object, const char *const own[], size_t *len)
{
    return copy_members(text, object, none, own, len);
}
