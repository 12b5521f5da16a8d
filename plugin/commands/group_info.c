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
#include "plugin/delivery/happening.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* setGroupInfo */

static const struct text_field {
    enum field_name name;
    size_t at, size; /* in struct group */
} text_fields[] = {
    {FIELD_GROUP_NAME, offsetof(struct group, name), GROUP_NAME_MAX + 1},
    {FIELD_INTRODUCTION, offsetof(struct group, introduction), GROUP_INTRODUCTION_MAX + 1},
    {FIELD_NOTIFICATION, offsetof(struct group, notification), GROUP_NOTIFICATION_MAX + 1},
    {FIELD_FACE_URL, offsetof(struct group, face_url), GROUP_FACE_URL_MAX + 1},
};

/* What comes of it. */
struct change {
    struct group group; /* as it will be */
    cJSON *info;        /* of the tip; may be empty */
    cJSON *event;       /* may be empty */
};

static bool change_texts(const struct command *command, struct change *change)
{
    for (size_t i = 0; i < COUNT(text_fields); i++) {
        const struct text_field *field = &text_fields[i];
        const char *wanted = command_text(command, field->name);
        char *text = (char *)&change->group + field->at;
        if (!wanted || strcmp(wanted, text) == 0)
            continue;
        text_copy(text, field->size, wanted);
        if (!cJSON_AddStringToObject(change->info, field_name(field->name), text))
            return false;
    }
    return true;
}

static bool change_options(const struct command *command, struct change *change)
{
    struct group *group = &change->group;
    const struct group before = *group;
    (void)add_opt_parse(command_text(command, FIELD_ADD_OPT), &group->add_opt);
    (void)invite_opt_parse(command_text(command, FIELD_INVITE_OPT), &group->invite_opt);
    if (command_has(command, FIELD_ALL_MUTED))
        group->all_muted = command_bool(command, FIELD_ALL_MUTED);
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
        .kind = TIPS_INFO, .type = "info", .by = command->by.user->id, .info = change->info};
    if (!change->info->child && !change->event->child)
        return CODE_OK; /* it was so before */
    int code = change->info->child ? access_check_tips(command, TIPS_INFO) : CODE_OK;
    if (code == CODE_OK)
        code = command_begin(command);
    if (code != CODE_OK)
        return code;
    group_set_info(chat, conversation, &change->group);
    if (change->info->child)
        announce_tips(chat, conversation, &tips);
    command_commit(command);
    if (change->event->child)
        event_group_info(chat, conversation, change->event);
    happening_group(chat, &(struct group_happening){.action = "info",
                                                    .group = conversation,
                                                    .by = tips.by,
                                                    .info = change->info,
                                                    .more = change->event});
    return CODE_OK;
}

int command_set_group_info(struct command *command)
{
    struct conversation *conversation = command->access.conversation;
    struct change change = {
        .group = *conversation->group, .info = cJSON_CreateObject(), .event = cJSON_CreateObject()};
    bool good =
        change.info && change.event && change_texts(command, &change) && change_options(command, &change);
    int code = good ? set_info(command, conversation, &change) : CODE_BUSY;
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
    const char *self = command->by.user->id;
    const char *names[] = {heir->user_id};
    const struct tips tips = {
        .kind = TIPS_OWNER, .type = "transfer", .by = self, .members = names, .member_count = 1};
    const struct notice notice = {.type = "ownerGranted", .group = conversation->group->id, .by = self};
    struct member *owner = present_owner(chat, conversation);
    announce_expect(chat, heir->user_id);
    int code = access_check_tips(command, TIPS_OWNER);
    if (code == CODE_OK)
        code = command_begin(command);
    if (code != CODE_OK)
        return code;
    if (owner)
        member_set_role(chat, owner, ROLE_MEMBER);
    member_set_role(chat, heir, ROLE_OWNER);
    group_set_owner(chat, conversation, heir->user_id);
    announce_tips(chat, conversation, &tips);
    announce_notice(chat, heir->user, &notice);
    command_commit(command);
    happening_owner(chat, conversation, self, heir->user_id);
    return CODE_OK;
}

int command_transfer_group_owner(struct command *command)
{
    struct conversation *conversation = command->access.conversation;
    const char *user_id = command_text(command, FIELD_USER_ID);
    struct user *user = user_find(command->chat, user_id);
    struct member *heir = member_find(command->chat, conversation, user_id);
    int code = access_check_target(command, ACTION_TRANSFER, heir && user ? heir->role : ROLE_NONE);
    return code == CODE_OK ? transfer(command, conversation, heir) : code;
}
