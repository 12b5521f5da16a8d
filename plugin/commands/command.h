/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One command under way: what its function gets, how it reads the fields of the request, and how it ends. */
#ifndef PLUGIN_COMMANDS_COMMAND_H
#define PLUGIN_COMMANDS_COMMAND_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct session;
struct user;

/* What a command's function gets, and where it puts its answer. */
struct command {
    struct chat *chat;
    struct session *session;
    const cJSON *request;
    const char *text; /* the request as it was written (json_text.h) */
    cJSON *data;      /* an empty object: the answer's `data` */
    char error[200];  /* "" : the code's own text is used */
};

/* Returns 0 or a code of acl/code.h. What it changed is durable (store_commit) when it returns 0; on a code
 * nothing has changed. */
typedef int command_function(struct command *command);

/* Sets the error of the answer; always CODE_BAD_REQUEST. */
__attribute__((format(printf, 2, 3))) int command_refuse(struct command *command, const char *format, ...);
/* For commands that change something, once all is checked: opens the frame. CODE_BUSY when the store has no
 * room now, or when something that was looked up could not be read. */
int command_begin(struct command *command, size_t bytes);
/* The end of a command that has put something into `data`. complete = false: memory ran out on the way; no
 * answer is given then, the connection is closed. Always 0. */
int command_answered(struct command *command, bool complete);

/* Fields. Each returns 0 or sets command->error and returns CODE_BAD_REQUEST, naming the field. An optional
 * text that is empty counts as absent: *out is NULL then. Texts are borrowed from the request. */
enum presence { FIELD_OPTIONAL, FIELD_REQUIRED };
int field_text(struct command *command, const char *name, enum presence presence, size_t max_bytes,
               const char **out);
int field_user(struct command *command, const char *name, enum presence presence, const char **out);
/* Required, and somebody who exists: else CODE_NO_USER. */
int field_known_user(struct command *command, const char *name, struct user **out);
/* A whole number in min..max; absent (optional): *out stays. */
int field_number(struct command *command, const char *name, enum presence presence, int64_t min, int64_t max,
                 int64_t *out);
int field_bool(struct command *command, const char *name, enum presence presence, bool *out);
/* An array of 1..max texts that are valid userIDs (more: CODE_TOO_MANY_MEMBERS); the array itself is given
 * out. A user twice: CODE_BAD_REQUEST. */
int field_users(struct command *command, const char *name, size_t max, const cJSON **out);

#endif
