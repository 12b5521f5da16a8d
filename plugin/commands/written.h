/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A message that is written into a command, between its fields. */
#ifndef PLUGIN_COMMANDS_WRITTEN_H
#define PLUGIN_COMMANDS_WRITTEN_H

#include <cjson/cJSON.h>
#include <stddef.h>

struct command;

/* The message as it would have been published: the request's members, byte for byte, but for those that every
 * command has and for `own`, the command's names, which NULL ends. malloc'ed; NULL: out of memory. */
char *written_message(const struct command *command, const char *const own[], size_t *len);
/* The same of an object inside it, which is written at `text`: its members but for `own`. */
char *written_members(const char *text, const cJSON *object, const char *const own[], size_t *len);

#endif
