/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/tool.h"

#include <string.h>

static const struct tool chatctl = {
    .program = "chatctl",
    .name = "chatctl",
    .presets = "Lines of ~/.config/chatctl, \"-h HOST\", are read before the command line.\n",
    .exits =
        "Exit code: 0 done, 1 failed or refused, 2 wrong usage, 3 the broker is not there, lets nobody in or "
        "does not answer.\n",
};

static const struct tool *current = &chatctl;

const struct tool *tool(void)
{
    return current;
}

void tool_set(const struct tool *other)
{
    current = other ? other : &chatctl;
}

void tool_print(FILE *out, const char *text)
{
    static const char word[] = "chatctl";
    for (const char *at; (at = strstr(text, word)); text = at + strlen(word))
        fprintf(out, "%.*s%s", (int)(at - text), text, current->name);
    fputs(text, out);
}
