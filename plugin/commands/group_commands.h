/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands about a group as a whole, and what all commands with a groupID share. */
#ifndef PLUGIN_COMMANDS_GROUP_COMMANDS_H
#define PLUGIN_COMMANDS_GROUP_COMMANDS_H

#include "acl/rules.h"
#include "plugin/commands/control.h"
#include <stdbool.h>
#include <stdint.h>

struct conversation;
struct user;

command_function command_create_group;
command_function command_dismiss_group;
command_function command_get_group_info;
command_function command_get_joined_groups;

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

/* `groups` of the answer: those the user is in, by their ids. The end of a command, as command_answered. */
int answer_joined_groups(struct command *command, struct user *user);

/* How many members a group of this type may have. */
int64_t group_members_max(const struct chat *chat, enum group_type type);

#endif
