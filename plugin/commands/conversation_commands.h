/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands about messages and how far they have been had and read. */
#ifndef PLUGIN_COMMANDS_CONVERSATION_COMMANDS_H
#define PLUGIN_COMMANDS_CONVERSATION_COMMANDS_H

#include "acl/rules.h"
#include "plugin/commands/control.h"

struct conversation;
struct member;

command_function command_ack;
command_function command_mark_read;
command_function command_get_unread;

/* The conversation that the fields `to` and `group` name, exactly one of them, and the caller's place in it.
 * Codes: CODE_BAD_REQUEST, CODE_NO_USER, CODE_NO_GROUP, CODE_NOT_ALLOWED (not in the group). */
struct conversation_access {
    bool named;                        /* false: neither field is there */
    struct conversation *conversation; /* NULL: none named, or a pair that has not written yet */
    struct member *member;             /* NULL: an app admin, or who is in a live group by connection only */
    enum role role;
};
int conversation_access(struct command *command, enum presence presence, struct conversation_access *out);
/* The same, required, for what only who is in it has: an app admin who is not gets CODE_NOT_ALLOWED too. */
int conversation_own(struct command *command, struct conversation_access *out);

#endif
