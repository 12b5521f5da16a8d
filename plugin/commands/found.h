/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The message that a command is about, if its caller may see it: what is not there and what they may not see look the
 * same. Broker thread only. */
#ifndef PLUGIN_COMMANDS_FOUND_H
#define PLUGIN_COMMANDS_FOUND_H

#include <stdint.h>

#include "acl/identity.h"
#include "acl/rules.h"
#include "schema/log.h"

struct command;
struct conversation;
struct member;

struct found {
    struct message message; /* without its body */
    char sender[USER_ID_MAX + 1];
    struct conversation *conversation; /* NULL: there is none for the caller */
    struct member *member;             /* the caller's; NULL: an app admin */
    enum role role;
};

/* The message of this id. Where the store cannot be read (store_reads_failed tells), there may seem to be none. */
void found_by_id(struct command *command, int64_t id, struct found *found);
/* The one that the command names by `id`, or by `to` or `group` with `seq`; with an id as well it has to be in the
 * conversation they name. CODE_OK, or the code of the answer. */
int found_by_name(struct command *command, struct found *found);
/* The code for a message that is not there: of a group, or not. */
int found_none(const struct conversation *conversation);

#endif
