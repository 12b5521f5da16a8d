/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The functions of the commands, one for each row of the table in control.c. What each does is in
 * docs/protocol.md.
 *
 * To add a command: a function in the noun's file (groups.c, members.c, conversations.c ...), its name here, a
 * row in control.c, a line in docs/protocol.md, a test. */
#ifndef PLUGIN_COMMANDS_COMMANDS_H
#define PLUGIN_COMMANDS_COMMANDS_H

#include "plugin/commands/command.h"

struct user;

command_function command_create_group;
command_function command_dismiss_group;
command_function command_join_group;
command_function command_quit_group;
command_function command_invite_group_member;
command_function command_delete_group_member;
command_function command_set_group_member_role;
command_function command_mute_group_member;
command_function command_set_group_member_info;
command_function command_get_group_applications;
command_function command_handle_group_application;
command_function command_set_group_info;
command_function command_transfer_group_owner;
command_function command_get_group_info;
command_function command_get_group_members;
command_function command_get_joined_groups;
command_function command_get_history;
command_function command_sync;
command_function command_ack;
command_function command_mark_read;
command_function command_get_unread;
command_function command_get_conversations;
command_function command_set_conversation;
command_function command_delete_conversation;
command_function command_recall_message;
command_function command_delete_messages;
command_function command_set_self_info;
command_function command_get_users_info;
command_function command_add_to_blacklist;
command_function command_remove_from_blacklist;
command_function command_get_blacklist;
command_function command_get_devices;
command_function command_kick_device;
command_function command_set_push_token;
command_function command_remove_push_token;
command_function command_set_background;
command_function command_watch_status;
command_function command_unwatch_status;
command_function command_renew_user_sig;
command_function command_logout;
command_function command_import_users;
command_function command_send_message;
command_function command_broadcast;
command_function command_mute_user;
command_function command_get_user;
command_function command_get_stats;
command_function command_kick_user;
command_function command_delete_user;
command_function command_push_done;
command_function command_push_failed;

/* Two answers that are a part of getUser's, too. */

/* `devices` of any user: a command's code. */
int answer_devices(struct command *command, const struct user *user);
/* `groups` of the answer: those the user is in, by their ids. The end of a command, as command_answered. */
int answer_joined_groups(struct command *command, struct user *user);

#endif
