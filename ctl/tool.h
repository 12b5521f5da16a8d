/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which tool we are: chatctl, or a module of mosquitto_ctrl. What differs between the two is here. */
#ifndef CTL_TOOL_H
#define CTL_TOOL_H

#include <stdio.h>

struct tool {
    const char *program; /* "chatctl" */
    const char *word;    /* what follows it on a command line, before the command; NULL: nothing */
    const char *name;    /* both, for people */
    const char *presets; /* where options stand beside the command line, for people */
    const char *exits;   /* the same of exit codes */
};

/* chatctl, unless another was set. */
const struct tool *tool(void);
/* Borrowed until the next; NULL: chatctl. */
void tool_set(const struct tool *other);

/* Prints a help text, in which the word "chatctl" stands for the tool. */
void tool_print(FILE *out, const char *text);

#endif
