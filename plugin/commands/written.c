/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/written.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/json_text.h"
#include "plugin/commands/command.h"

static bool is_commands_own(const char *const own[], const char *name)
{
    static const char *const common[] = {"as", "command", "correlationData"};
    for (size_t i = 0; i < COUNT(common); i++)
        if (strcmp(common[i], name) == 0)
            return true;
    for (; *own; own++)
        if (strcmp(*own, name) == 0)
            return true;
    return false;
}

char *written_message(const struct command *command, const char *const own[], size_t *len)
{
    const char *p = command->text + 1;
    char *text = malloc((size_t)(json_skip_value(command->text) - command->text) + 1), *end = text;
    struct json_span member;
    if (!text)
        return NULL;
    *end++ = '{';
    for (const cJSON *item = command->request->child; item && json_next_member(&p, &member);
         item = item->next) {
        if (is_commands_own(own, item->string))
            continue;
        if (end > text + 1)
            *end++ = ',';
        end = mempcpy(end, member.at, member.len);
    }
    *end++ = '}';
    *len = (size_t)(end - text);
    return text;
}
