/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "plugin/commands/access.h"
#include "plugin/core/chat.h"
#include "plugin/core/until.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/happening.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

/* muteGroupMember */

/* In a live group whoever is there is a member, and so is, for muting, who was muted there: he may have gone
 * for a moment. */
static enum role target_role(struct chat *chat, struct conversation *conversation, const struct user *user)
{
    const struct member *member = member_find(chat, conversation, user->id);
    if (member && member->role != ROLE_NONE)
        return member->role;
    if (conversation->group->type != GROUP_LIVE)
        return ROLE_NONE;
    return (member && member->muted_until > 0) || subscription_of_user(user, conversation, NULL) ? ROLE_MEMBER
                                                                                                 : ROLE_NONE;
}

static void announce_mute(struct command *command, struct conversation *conversation,
                          const struct member *member)
{
    const char *const members[] = {member->user_id};
    cJSON *info = cJSON_CreateObject();
    if (info)
        json_add_whole(info, "mutedUntil", member->muted_until);
    const struct tips tips = {.kind = TIPS_MUTE,
                              .type = "mute",
                              .by = command->by.user->id,
                              .members = members,
                              .member_count = 1,
                              .info = info};
    announce_tips(command->chat, conversation, &tips);
    cJSON_Delete(info);
}

static int mute(struct command *command, struct conversation *conversation, struct user *user,
                int64_t seconds)
{
    struct chat *chat = command->chat;
    const struct member *before = member_find(chat, conversation, user->id);
    if (store_reads_failed(chat->store))
        return CODE_BUSY;
    if (seconds == 0 && (!before || before->muted_until == 0))
        return CODE_OK; /* it is so already: nobody is told */
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    struct member *member = member_mute(chat, conversation, user, until_after(chat, seconds));
    if (!member) {
        store_abort(chat->store);
        return CODE_BUSY;
    }
    announce_mute(command, conversation, member);
    command_commit(command);
    event_muted(user, conversation, member->muted_until);
    happening_until(chat,
                    &(struct group_happening){.action = "mute",
                                              .group = conversation,
                                              .by = command->by.user->id,
                                              .members = (const char *[]){user->id},
                                              .member_count = 1},
                    "mutedUntil", member->muted_until);
    return CODE_OK;
}

int command_mute_group_member(struct command *command)
{
    struct conversation *group = command->access.conversation;
    struct user *user = user_find(command->chat, command_text(command, FIELD_USER_ID));
    enum role target = user ? target_role(command->chat, group, user) : ROLE_NONE;
    int code = access_check_target(command, ACTION_MUTE, target);
    return code == CODE_OK ? mute(command, group, user, command_number(command, FIELD_SECONDS)) : code;
}

/* setGroupMemberInfo */

static enum receive_option receive_option(const struct command *command, enum receive_option now)
{
    const char *text = command_text(command, FIELD_RECEIVE_OPTION);
    for (enum receive_option option = 0; text && option < RECEIVE_OPTIONS; option++)
        if (strcmp(receive_option_name(option), text) == 0)
            return option;
    return now;
}

/* One's own things are open to every member; another's name card to whoever might remove him. How somebody
 * wants to receive is his own affair, and a live group is received by subscribing. */
static int check_changes(const struct command *command, const struct member *member)
{
    const struct conversation *conversation = command->access.conversation;
    const bool is_own = !member || strcmp(member->user_id, command->by.user->id) == 0;
    if (!member || member->role == ROLE_NONE)
        return CODE_NOT_ALLOWED;
    if ((command_has(command, FIELD_RECEIVE_OPTION) || !is_own) && !conversation_stored(conversation))
        return CODE_NOT_ALLOWED;
    if (is_own)
        return CODE_OK;
    return command_has(command, FIELD_RECEIVE_OPTION)
               ? CODE_NOT_ALLOWED
               : access_check_target(command, ACTION_KICK, member->role);
}

static void tell_option(const struct command *command, enum receive_option option)
{
    char value[32];
    snprintf(value, sizeof value, "\"%s\"", receive_option_name(option));
    event_conversation(&command->by, command->by.user, command->access.conversation, "receiveOption", value);
}

int command_set_group_member_info(struct command *command)
{
    const char *user_id = command_text(command, FIELD_USER_ID),
               *card = command_text(command, FIELD_NAME_CARD);
    struct member *member =
        member_find(command->chat, command->access.conversation, user_id ? user_id : command->by.user->id);
    int code = check_changes(command, member);
    if (code != CODE_OK)
        return code;
    card = card ? card : member->name_card;
    enum receive_option option = receive_option(command, member->receive_option);
    if (option == member->receive_option && strcmp(card, member->name_card) == 0)
        return CODE_OK;
    code = command_begin(command);
    if (code != CODE_OK)
        return code;
    const bool other_option = option != member->receive_option;
    member_set_info(command->chat, member, card, option);
    command_commit(command);
    if (other_option)
        tell_option(command, option);
    return CODE_OK;
}
