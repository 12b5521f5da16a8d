/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* group_open_http_svc: what its files have in common, and the rows of its table, which is in groups.c. */
#ifndef GATE_REST_GROUP_COMMANDS_H
#define GATE_REST_GROUP_COMMANDS_H

#include "gate/rest/call.h"

#define GROUP_FIELD                                                                                          \
    {                                                                                                        \
        "GroupId", NULL, REST_TEXT, true, 0, 0                                                               \
    }
#define GROUP_MEMBERS_MAX 100 /* that the broker takes in one command */
#define FOR_EVER          4294967295

/* Only the group. */
extern const struct rest_field group_fields[];
/* A step that is the end: the first reply that is a refusal is the call's. */
call_step group_done;
/* A command about the group that the request names. */
cJSON *ask_group(struct call *call, const char *command);
/* A group's id as Tencent's clients know it: @TGS#X is TGS-X here. */
void put_group_id(struct call *call, cJSON *object, const char *name, const char *id);

/* Members: group_members.c */
extern const struct rest_field add_members_fields[], import_members_fields[], delete_members_fields[],
    modify_member_fields[], list_members_fields[], roles_fields[], mute_members_fields[],
    ban_members_fields[], unban_members_fields[], list_bans_fields[];
call_step add_members, import_members, delete_members, modify_member, list_members, get_roles, mute_members,
    list_muted, ban_members, unban_members, list_bans;
/* Owner, Admin, Member, or NotMember. */
const char *group_role(const char *ours);
/* An entry of a MemberList. */
void put_member(struct call *call, cJSON *list, const cJSON *member);

/* Messages: group_messages.c */
extern const struct rest_field send_group_fields[], notify_fields[], recall_fields[], group_history_fields[],
    import_group_messages_fields[], broadcast_fields[], purge_fields[], receipts_fields[], readers_fields[];
call_step send_group, notify, recall, group_history, import_group_messages, broadcast_live, purge,
    get_receipts, get_readers;

/* Attributes: group_attributes.c */
extern const struct rest_field attributes_fields[];
call_step get_attributes, modify_attributes, set_attributes;

#endif
