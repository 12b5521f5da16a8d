/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a command is about, and what its caller is there: the group that `groupID` names, the conversation that
 * `to` or `group` names. */
#ifndef PLUGIN_COMMANDS_ACCESS_H
#define PLUGIN_COMMANDS_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "acl/rules.h"
#include "plugin/commands/command.h"

struct chat;
struct conversation;
struct member;

/* The shape of a groupID. Its length is part of it: too long is CODE_BAD_GROUP_ID as well. */
int field_group_id(struct command *command, const char *name, enum presence presence, const char **out);

/* The living group that the required or optional field `name` names; NULL when an optional one is absent.
 * Codes: CODE_BAD_REQUEST, CODE_BAD_GROUP_ID, CODE_NO_GROUP. */
int field_group(struct command *command, const char *name, enum presence presence, struct conversation **out);

/* The group of the field `groupID` and the caller's role there, provided that he may do `action` at all. Read
 * all other fields first: a request that is wrong is refused before anything is looked up. */
struct group_access {
    struct conversation *conversation;
    enum group_type type;
    enum role role;
};
int group_access(struct command *command, enum action action, struct group_access *out);

/* The caller's role; in a live group whoever is subscribed or has joined is a member. */
enum role caller_role(struct command *command, struct conversation *conversation);

/* The optional fields addOpt and inviteOpt; what is not given stays as it is in `out`. */
struct group_options {
    bool has_add, has_invite;
    enum add_opt add_opt;
    enum invite_opt invite_opt;
};
int field_group_options(struct command *command, struct group_options *out);

/* How many members a group of this type may have. */
int64_t group_members_max(const struct chat *chat, enum group_type type);

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
