/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl/rules.h"

#include <string.h>

#include "acl/code.h"

#define ROLES        (ROLE_OWNER + 1)
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What a cell of the table says. NOBODY leaves it to the app admin; IMPOSSIBLE, MALFORMED and UNSTORED are
 * the "!" of docs/rules.md: the type has no such thing, not even for the app admin. */
enum callers { ANYONE, MEMBER, ADMIN, OWNER, SELF, BUT_OWNER, NOBODY, IMPOSSIBLE, MALFORMED, UNSTORED, WHOS };

/* clang-format off */
#define NO   CODE_NOT_ALLOWED
#define STAY CODE_OWNER_CANNOT_QUIT
#define BAD  CODE_BAD_REQUEST
#define LIVE CODE_LIVE_NOT_RECALLED

/* SELF and BUT_OWNER are about oneself: being an app admin makes nobody a member, and a group needs its owner
 * all the same. */
static const struct meaning {
    int code[ROLES];
    bool app_admin_may;
} meanings[WHOS] = {
    /*               none member admin owner   app admin */
    [ANYONE]     = {{  0,    0,    0,    0},   true},
    [MEMBER]     = {{ NO,    0,    0,    0},   true},
    [ADMIN]      = {{ NO,   NO,    0,    0},   true},
    [OWNER]      = {{ NO,   NO,   NO,    0},   true},
    [SELF]       = {{ NO,    0,    0,    0},   false},
    [BUT_OWNER]  = {{ NO,    0,    0, STAY},   false},
    [NOBODY]     = {{ NO,   NO,   NO,   NO},   true},
    [IMPOSSIBLE] = {{ NO,   NO,   NO,   NO},   false},
    [MALFORMED]  = {{BAD,  BAD,  BAD,  BAD},   false},
    [UNSTORED]   = {{LIVE, LIVE, LIVE, LIVE},  false},
};

static const enum callers may[ACTIONS][GROUP_TYPES] = {
    /*                              Private     Public      ChatRoom    AVChatRoom */
    [ACTION_JOIN]               = {NOBODY,     ANYONE,     ANYONE,     ANYONE},
    [ACTION_INVITE]             = {MEMBER,     MEMBER,     MEMBER,     IMPOSSIBLE},
    [ACTION_CREATE_MEMBERS]     = {ANYONE,     ANYONE,     ANYONE,     IMPOSSIBLE},
    [ACTION_KICK]               = {OWNER,      ADMIN,      ADMIN,      MALFORMED},
    [ACTION_QUIT]               = {SELF,       BUT_OWNER,  BUT_OWNER,  BUT_OWNER},
    [ACTION_DISMISS]            = {NOBODY,     OWNER,      OWNER,      OWNER},
    [ACTION_TRANSFER]           = {OWNER,      OWNER,      OWNER,      IMPOSSIBLE},
    [ACTION_SET_ROLE]           = {IMPOSSIBLE, OWNER,      OWNER,      IMPOSSIBLE},
    [ACTION_MUTE]               = {NOBODY,     ADMIN,      ADMIN,      OWNER},
    [ACTION_SET_ALL_MUTED]      = {OWNER,      ADMIN,      ADMIN,      OWNER},
    [ACTION_SET_INFO]           = {MEMBER,     ADMIN,      ADMIN,      OWNER},
    [ACTION_SET_ADD_OPT]        = {IMPOSSIBLE, ADMIN,      ADMIN,      IMPOSSIBLE},
    [ACTION_SET_INVITE_OPT]     = {IMPOSSIBLE, ADMIN,      ADMIN,      IMPOSSIBLE},
    [ACTION_GET_INFO]           = {MEMBER,     ANYONE,     ANYONE,     ANYONE},
    [ACTION_GET_MEMBERS]        = {MEMBER,     MEMBER,     MEMBER,     OWNER},
    [ACTION_SEND]               = {MEMBER,     MEMBER,     MEMBER,     MEMBER},
    [ACTION_SUBSCRIBE]          = {MEMBER,     MEMBER,     MEMBER,     ANYONE},
    [ACTION_AT_ALL]             = {OWNER,      ADMIN,      ADMIN,      OWNER},
    [ACTION_RECALL_OTHERS]      = {OWNER,      ADMIN,      ADMIN,      IMPOSSIBLE},
    [ACTION_HANDLE_APPLICATION] = {OWNER,      ADMIN,      ADMIN,      OWNER},
    [ACTION_SET_ATTRIBUTES]     = {OWNER,      ADMIN,      ADMIN,      OWNER},
    [ACTION_GET_ATTRIBUTES]     = {MEMBER,     MEMBER,     MEMBER,     MEMBER},
    [ACTION_GET_RECEIPTS]       = {MEMBER,     MEMBER,     MEMBER,     MEMBER},
    [ACTION_BAN]                = {IMPOSSIBLE, ADMIN,      ADMIN,      OWNER},
    [ACTION_GET_BANS]           = {IMPOSSIBLE, ADMIN,      ADMIN,      OWNER},
    [ACTION_PURGE]              = {OWNER,      ADMIN,      ADMIN,      UNSTORED},
};

/* all-mute, addOpt and inviteOpt have no tip in any type. */
static const enum tips_delivery tips[TIPS_KINDS][GROUP_TYPES] = {
    /*               Private      Public       ChatRoom     AVChatRoom */
    [TIPS_JOIN]   = {TIPS_STORED, TIPS_STORED, TIPS_NONE,   TIPS_LIVE},
    [TIPS_INVITE] = {TIPS_STORED, TIPS_STORED, TIPS_NONE,   TIPS_LIVE},
    [TIPS_QUIT]   = {TIPS_STORED, TIPS_STORED, TIPS_NONE,   TIPS_LIVE},
    [TIPS_KICK]   = {TIPS_STORED, TIPS_STORED, TIPS_NONE,   TIPS_LIVE},
    [TIPS_INFO]   = {TIPS_STORED, TIPS_STORED, TIPS_STORED, TIPS_LIVE},
    [TIPS_OWNER]  = {TIPS_STORED, TIPS_STORED, TIPS_STORED, TIPS_LIVE},
    [TIPS_MUTE]   = {TIPS_NONE,   TIPS_STORED, TIPS_NONE,   TIPS_NONE},
    [TIPS_ADMIN]  = {TIPS_NONE,   TIPS_STORED, TIPS_NONE,   TIPS_NONE},
};

static const struct group_traits traits[GROUP_TYPES] = {
    [GROUP_PRIVATE]  = {.name = "Private", .new_name = "Work", .stored = true, .unread = true, .push = true,
                        .add_opt = ADD_DISABLED, .add_opt_fixed = true,
                        .invite_opt = INVITE_FREE, .invite_opt_fixed = true},
    [GROUP_PUBLIC]   = {.name = "Public", .new_name = "Public", .stored = true, .unread = true, .push = true,
                        .admins = true, .add_opt = ADD_NEED_PERMISSION, .invite_opt = INVITE_DISABLED},
    [GROUP_CHATROOM] = {.name = "ChatRoom", .new_name = "Meeting", .stored = true,
                        .history_before_joining = true, .admins = true,
                        .add_opt = ADD_FREE, .invite_opt = INVITE_DISABLED},
    [GROUP_LIVE]     = {.name = "AVChatRoom", .history_before_joining = true,
                        .add_opt = ADD_FREE, .add_opt_fixed = true,
                        .invite_opt = INVITE_DISABLED, .invite_opt_fixed = true},
};
/* clang-format on */

static const char *const role_names[] = {
    [ROLE_NONE] = "none", [ROLE_MEMBER] = "member", [ROLE_ADMIN] = "admin", [ROLE_OWNER] = "owner"};
static const char *const add_opt_names[] = {
    [ADD_FREE] = "FreeAccess", [ADD_NEED_PERMISSION] = "NeedPermission", [ADD_DISABLED] = "DisableApply"};
static const char *const invite_opt_names[] = {[INVITE_FREE] = "FreeAccess",
                                               [INVITE_NEED_PERMISSION] = "NeedPermission",
                                               [INVITE_DISABLED] = "DisableInvite"};

/* By enum add_opt and enum invite_opt, which have the same order. */
static const enum entry entries[] = {
    [ADD_FREE] = ENTRY_NOW, [ADD_NEED_PERMISSION] = ENTRY_WAITS, [ADD_DISABLED] = ENTRY_REFUSED};
_Static_assert((int)ADD_FREE == (int)INVITE_FREE && (int)ADD_DISABLED == (int)INVITE_DISABLED &&
                   (int)ADD_NEED_PERMISSION == (int)INVITE_NEED_PERMISSION,
               "entries[] serves both options");

int rules_may(enum group_type type, enum role role, bool app_admin, enum action action)
{
    /* The values may come from a file: what is out of range is refused, not read. */
    if ((unsigned)type >= GROUP_TYPES || (unsigned)role >= ROLES || (unsigned)action >= ACTIONS)
        return CODE_NOT_ALLOWED;
    const struct meaning *meaning = &meanings[may[action][type]];
    return app_admin && meaning->app_admin_may ? CODE_OK : meaning->code[role];
}

static bool has_target(enum action action)
{
    return action == ACTION_KICK || action == ACTION_MUTE || action == ACTION_SET_ROLE ||
           action == ACTION_TRANSFER || action == ACTION_BAN;
}

int rules_may_target(enum group_type type, enum role role, bool app_admin, enum action action,
                     enum role target)
{
    int code = rules_may(type, role, app_admin, action);
    if (code != CODE_OK)
        return code;
    /* One must outrank the other; an app admin ranks with the owner, whom nobody outranks. */
    enum role rank = app_admin ? ROLE_OWNER : role;
    if (action == ACTION_PURGE)
        return (unsigned)target < ROLES && (app_admin || rank > target) ? CODE_OK : CODE_NOT_ALLOWED;
    return has_target(action) && target > ROLE_NONE && rank > target ? CODE_OK : CODE_NOT_ALLOWED;
}

static enum entry entry_by(unsigned opt)
{
    return opt < COUNT(entries) ? entries[opt] : ENTRY_REFUSED;
}

enum entry rules_join(enum group_type type, bool app_admin, enum add_opt opt)
{
    if (rules_may(type, ROLE_NONE, app_admin, ACTION_JOIN) != CODE_OK)
        return ENTRY_REFUSED;
    if (app_admin)
        return ENTRY_NOW;
    return entry_by(traits[type].add_opt_fixed ? traits[type].add_opt : opt);
}

enum entry rules_invite(enum group_type type, enum role role, bool app_admin, enum invite_opt opt)
{
    if (rules_may(type, role, app_admin, ACTION_INVITE) != CODE_OK)
        return ENTRY_REFUSED;
    if (app_admin)
        return ENTRY_NOW;
    enum entry entry = entry_by(traits[type].invite_opt_fixed ? traits[type].invite_opt : opt);
    return entry == ENTRY_WAITS && role >= ROLE_ADMIN ? ENTRY_NOW : entry;
}

int rules_send(enum role role, bool app_admin, bool muted, bool all_muted)
{
    if (app_admin)
        return CODE_OK;
    return muted || (all_muted && role < ROLE_ADMIN) ? CODE_MUTED : CODE_OK;
}

enum tips_delivery rules_tips(enum group_type type, enum tips_kind kind)
{
    return (unsigned)type < GROUP_TYPES && (unsigned)kind < TIPS_KINDS ? tips[kind][type] : TIPS_NONE;
}

/* Never NULL: what is out of range is taken for the most closed type. */
const struct group_traits *group_traits(enum group_type type)
{
    return &traits[(unsigned)type < GROUP_TYPES ? type : GROUP_PRIVATE];
}

bool group_type_parse(const char *text, enum group_type *type)
{
    for (unsigned i = 0; text && i < GROUP_TYPES; i++) {
        const char *new_name = traits[i].new_name;
        if (strcmp(text, traits[i].name) == 0 || (new_name && strcmp(text, new_name) == 0)) {
            *type = (enum group_type)i;
            return true;
        }
    }
    return false;
}

/* The place of `text` in `names`, or `count`. */
static unsigned find_name(const char *const *names, unsigned count, const char *text)
{
    unsigned i = 0;
    while (i < count && (!text || strcmp(names[i], text) != 0))
        i++;
    return i;
}

static const char *name_at(const char *const *names, unsigned count, unsigned place)
{
    return place < count ? names[place] : "unknown";
}

const char *role_name(enum role role)
{
    return name_at(role_names, COUNT(role_names), (unsigned)role);
}

bool role_parse(const char *text, enum role *role)
{
    unsigned i = find_name(role_names, COUNT(role_names), text);
    if (i != ROLE_MEMBER && i != ROLE_ADMIN)
        return false;
    *role = (enum role)i;
    return true;
}

const char *add_opt_name(enum add_opt opt)
{
    return name_at(add_opt_names, COUNT(add_opt_names), (unsigned)opt);
}

bool add_opt_parse(const char *text, enum add_opt *opt)
{
    unsigned i = find_name(add_opt_names, COUNT(add_opt_names), text);
    if (i == COUNT(add_opt_names))
        return false;
    *opt = (enum add_opt)i;
    return true;
}

const char *invite_opt_name(enum invite_opt opt)
{
    return name_at(invite_opt_names, COUNT(invite_opt_names), (unsigned)opt);
}

bool invite_opt_parse(const char *text, enum invite_opt *opt)
{
    unsigned i = find_name(invite_opt_names, COUNT(invite_opt_names), text);
    if (i == COUNT(invite_opt_names))
        return false;
    *opt = (enum invite_opt)i;
    return true;
}
