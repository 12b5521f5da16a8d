/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stddef.h>
#include <string.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/text.h"
#include "plugin/commands/access.h"
#include "plugin/commands/candidates.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/event.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* setGroupInfo */

static const struct text_field {
    const char *name;
    size_t at, max; /* in struct group */
} text_fields[] = {
    {"groupName", offsetof(struct group, name), GROUP_NAME_MAX},
    {"introduction", offsetof(struct group, introduction), GROUP_INTRODUCTION_MAX},
    {"notification", offsetof(struct group, notification), GROUP_NOTIFICATION_MAX},
    {"faceURL", offsetof(struct group, face_url), GROUP_FACE_URL_MAX},
};
#define TEXTS COUNT(text_fields)

/* What is asked for. */
struct wish {
    const char *texts[TEXTS]; /* NULL: not given */
    struct group_options options;
    bool has_all_muted, all_muted;
};

/* What comes of it. */
struct change {
    struct group group; /* as it will be */
    cJSON *info;        /* of the tip; may be empty */
    cJSON *event;       /* may be empty */
};

static int read_wish(struct command *command, struct wish *wish)
{
    for (size_t i = 0; i < TEXTS; i++) {
        const struct text_field *field = &text_fields[i];
        int code = field_text(command, field->name, FIELD_OPTIONAL, field->max, &wish->texts[i]);
        if (code != CODE_OK)
            return code;
    }
    int code = field_group_options(command, &wish->options);
    if (code != CODE_OK)
        return code;
    wish->has_all_muted = cJSON_GetObjectItemCaseSensitive(command->request, "allMuted") != NULL;
    return field_bool(command, "allMuted", FIELD_OPTIONAL, &wish->all_muted);
}

static bool has_text(const struct wish *wish)
{
    for (size_t i = 0; i < TEXTS; i++)
        if (wish->texts[i])
            return true;
    return false;
}

/* He must be allowed everything he asks for, or nothing is done. */
static int check_wish(struct command *command, const struct wish *wish, struct group_access *access)
{
    const struct {
        bool asked;
        enum action action;
    } wanted[] = {
        {has_text(wish), ACTION_SET_INFO},
        {wish->options.has_add, ACTION_SET_ADD_OPT},
        {wish->options.has_invite, ACTION_SET_INVITE_OPT},
        {wish->has_all_muted, ACTION_SET_ALL_MUTED},
    };
    bool any = false;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        int code = wanted[i].asked ? group_access(command, wanted[i].action, access) : CODE_OK;
        if (code != CODE_OK)
            return code;
        any = any || wanted[i].asked;
    }
    return any ? CODE_OK
               : command_refuse(command, "one of groupName, introduction, notification, faceURL, addOpt, "
                                         "inviteOpt, allMuted: missing");
}

static bool change_texts(const struct wish *wish, struct change *change)
{
    for (size_t i = 0; i < TEXTS; i++) {
        char *text = (char *)&change->group + text_fields[i].at;
        if (!wish->texts[i] || strcmp(wish->texts[i], text) == 0)
            continue;
        text_copy(text, text_fields[i].max + 1, wish->texts[i]);
        if (!cJSON_AddStringToObject(change->info, text_fields[i].name, text))
            return false;
    }
    return true;
}

static bool change_options(const struct wish *wish, struct change *change)
{
    struct group *group = &change->group;
    const struct group before = *group;
    if (wish->options.has_add)
        group->add_opt = wish->options.add_opt;
    if (wish->options.has_invite)
        group->invite_opt = wish->options.invite_opt;
    if (wish->has_all_muted)
        group->all_muted = wish->all_muted;
    return (group->add_opt == before.add_opt ||
            cJSON_AddStringToObject(change->event, "addOpt", add_opt_name(group->add_opt))) &&
           (group->invite_opt == before.invite_opt ||
            cJSON_AddStringToObject(change->event, "inviteOpt", invite_opt_name(group->invite_opt))) &&
           (group->all_muted == before.all_muted ||
            cJSON_AddBoolToObject(change->event, "allMuted", group->all_muted));
}

static int set_info(struct command *command, struct conversation *conversation, const struct change *change)
{
    struct chat *chat = command->chat;
    const struct tips tips = {
        .kind = TIPS_INFO, .type = "info", .by = command->session->user->id, .info = change->info};
    if (!change->info->child && !change->event->child)
        return CODE_OK; /* it was so before */
    int code = command_begin(command, sizeof(struct group) + ANNOUNCE_TIPS_BYTES);
    if (code != CODE_OK)
        return code;
    group_set_info(chat, conversation, &change->group);
    if (change->info->child)
        announce_tips(chat, conversation, &tips);
    store_commit(chat->store);
    announce_finish(chat, true);
    if (change->event->child)
        event_group_info(chat, conversation, change->event);
    return CODE_OK;
}

int command_set_group_info(struct command *command)
{
    struct group_access access;
    struct wish wish = {0};
    int code = read_wish(command, &wish);
    if (code == CODE_OK)
        code = check_wish(command, &wish, &access);
    if (code != CODE_OK)
        return code;
    struct change change = {
        .group = *access.conversation->group, .info = cJSON_CreateObject(), .event = cJSON_CreateObject()};
    bool good = change.info && change.event && change_texts(&wish, &change) && change_options(&wish, &change);
    code = good ? set_info(command, access.conversation, &change) : CODE_BUSY;
    cJSON_Delete(change.info);
    cJSON_Delete(change.event);
    return code;
}

/* transferGroupOwner */

/* The owner there was; NULL: none, or he is no member any more. */
static struct member *present_owner(struct chat *chat, struct conversation *conversation)
{
    const char *id = conversation->group->owner;
    struct member *owner = id[0] ? member_find(chat, conversation, id) : NULL;
    return owner && owner->role == ROLE_OWNER ? owner : NULL;
}

static int transfer(struct command *command, struct conversation *conversation, struct member *heir)
{
    struct chat *chat = command->chat;
    const char *self = command->session->user->id;
    const char *names[] = {heir->user_id};
    const struct tips tips = {
        .kind = TIPS_OWNER, .type = "transfer", .by = self, .members = names, .member_count = 1};
    const struct notice notice = {.type = "ownerGranted", .group = conversation->group->id, .by = self};
    struct member *owner = present_owner(chat, conversation);
    announce_expect(chat, heir->user_id);
    int code = command_begin(command, 3 * CANDIDATE_BYTES + ANNOUNCE_TIPS_BYTES + CANDIDATE_ANNOUNCED_BYTES);
    if (code != CODE_OK)
        return code;
    if (owner)
        member_set_role(chat, owner, ROLE_MEMBER);
    member_set_role(chat, heir, ROLE_OWNER);
    group_set_owner(chat, conversation, heir->user_id);
    announce_tips(chat, conversation, &tips);
    announce_notice(chat, heir->user, &notice);
    store_commit(chat->store);
    announce_finish(chat, true);
    return CODE_OK;
}

int command_transfer_group_owner(struct command *command)
{
    struct group_access access;
    const char *user_id;
    int code = field_user(command, "userID", FIELD_REQUIRED, &user_id);
    if (code == CODE_OK)
        code = group_access(command, ACTION_TRANSFER, &access);
    if (code != CODE_OK)
        return code;
    struct user *user = user_find(command->chat, user_id);
    struct member *heir = member_find(command->chat, access.conversation, user_id);
    code = rules_may_target(access.type, access.role, command->session->admin, ACTION_TRANSFER,
                            heir && user ? heir->role : ROLE_NONE);
    return code == CODE_OK ? transfer(command, access.conversation, heir) : code;
}
