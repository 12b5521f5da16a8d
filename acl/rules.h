/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who may do what in a group: one table, to be laid beside docs/rules.md. Pure: no memory, no clock, any
 * thread. Callers look up type, role and options; a group that does not exist (10010) is their business. */
#ifndef ACL_RULES_H
#define ACL_RULES_H

#include <stdbool.h>

enum group_type { GROUP_PRIVATE, GROUP_PUBLIC, GROUP_CHATROOM, GROUP_LIVE, GROUP_TYPES };
enum role { ROLE_NONE, ROLE_MEMBER, ROLE_ADMIN, ROLE_OWNER };
enum add_opt { ADD_FREE, ADD_NEED_PERMISSION, ADD_DISABLED };
enum invite_opt { INVITE_FREE, INVITE_NEED_PERMISSION, INVITE_DISABLED };
enum tips_delivery { TIPS_NONE, TIPS_STORED, TIPS_LIVE };

enum action {
    ACTION_JOIN,           /* joinGroup: allowed in principle; add_opt decides further (rules_join) */
    ACTION_INVITE,         /* inviteGroupMember; invite_opt decides further (rules_invite) */
    ACTION_CREATE_MEMBERS, /* members in createGroup */
    ACTION_KICK,           /* deleteGroupMember */
    ACTION_QUIT,
    ACTION_DISMISS,
    ACTION_TRANSFER,
    ACTION_SET_ROLE,
    ACTION_MUTE,
    ACTION_SET_ALL_MUTED,
    ACTION_SET_INFO, /* name, introduction, notification, faceURL */
    ACTION_SET_ADD_OPT,
    ACTION_SET_INVITE_OPT,
    ACTION_GET_INFO,
    ACTION_GET_MEMBERS,
    ACTION_SEND,          /* being a member; mutes are rules_send */
    ACTION_SUBSCRIBE,     /* a live group: anyone; else members */
    ACTION_AT_ALL,        /* "at":"@all": owner and admins */
    ACTION_RECALL_OTHERS, /* recall of another's message: owner and admins; live: nobody (10007) */
    ACTION_HANDLE_APPLICATION,
    ACTION_SET_ATTRIBUTES,
    ACTION_GET_ATTRIBUTES,
    ACTION_GET_RECEIPTS, /* of one's own messages; the type decides further (10060) */
    ACTION_BAN,          /* banGroupMember */
    ACTION_GET_BANS,
    ACTION_PURGE, /* purgeMessages */
    ACTIONS
};

/* May a caller with this role (ROLE_NONE: not a member) do this at all? app_admin: an administrator of the
 * server, who may do everything but what is impossible for the type. Result: 0 or a code of code.h. */
int rules_may(enum group_type type, enum role role, bool app_admin, enum action action);

/* May he do it to a member with role `target`? Called after rules_may, for ACTION_KICK, ACTION_MUTE,
 * ACTION_SET_ROLE, ACTION_TRANSFER, ACTION_BAN. ROLE_NONE as target: 10007 (KICK: the caller answers "not a
 * member" himself and does not ask). Nobody touches the owner; an admin not another admin. ACTION_PURGE is
 * about what somebody else has written: of whom who may have left, and an app admin's reach is everybody.
 * Result: 0 or a code. */
int rules_may_target(enum group_type type, enum role role, bool app_admin, enum action action,
                     enum role target);

enum entry { ENTRY_NOW, ENTRY_WAITS, ENTRY_REFUSED };
/* What becomes of a join / of an invitation, given that rules_may said 0. app_admin always enters at once.
 * For invitations by owner and admins of the group NeedPermission enters at once too (they are the ones who
 * would be asked). */
enum entry rules_join(enum group_type type, bool app_admin, enum add_opt opt);
enum entry rules_invite(enum group_type type, enum role role, bool app_admin, enum invite_opt opt);

/* Muting: until (ms) > now or all_muted, for others than owner and admins (all_muted) -> 10017, else 0. An
 * individual mute counts for everyone but an app_admin. */
int rules_send(enum role role, bool app_admin, bool muted, bool all_muted);

enum tips_kind {
    TIPS_JOIN,
    TIPS_INVITE,
    TIPS_QUIT,
    TIPS_KICK,
    TIPS_INFO,
    TIPS_OWNER,
    TIPS_MUTE,
    TIPS_ADMIN,
    TIPS_KINDS
};
enum tips_delivery rules_tips(enum group_type type, enum tips_kind kind);

struct group_traits {
    const char *name;     /* "Private", as answered */
    const char *new_name; /* "Work": accepted too; NULL for AVChatRoom */
    bool stored;          /* has ids, is replayed, has history */
    bool unread;
    bool push;
    bool history_before_joining;
    bool admins;                /* has the role admin */
    enum add_opt add_opt;       /* default */
    enum invite_opt invite_opt; /* default */
    bool add_opt_fixed;
    bool invite_opt_fixed;
};
const struct group_traits *group_traits(enum group_type type);
/* Old or new name; returns false when it is neither. */
bool group_type_parse(const char *text, enum group_type *type);
const char *role_name(enum role role);              /* "owner" "admin" "member" "none" */
bool role_parse(const char *text, enum role *role); /* "admin" and "member" only */
const char *add_opt_name(enum add_opt opt);         /* "FreeAccess" "NeedPermission" "DisableApply" */
bool add_opt_parse(const char *text, enum add_opt *opt);
const char *invite_opt_name(enum invite_opt opt); /* "FreeAccess" "NeedPermission" "DisableInvite" */
bool invite_opt_parse(const char *text, enum invite_opt *opt);

#endif
