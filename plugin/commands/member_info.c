/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "plugin/commands/access.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/event.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

#define MUTE_SECONDS_MAX  ((int64_t)1 << 31)
#define MEMBER_INFO_BYTES 512

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
        cJSON_AddNumberToObject(info, "mutedUntil", (double)member->muted_until);
    const struct tips tips = {.kind = TIPS_MUTE,
                              .type = "mute",
                              .by = command->session->user->id,
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
    if (seconds == 0 && (!before || before->muted_until == 0))
        return CODE_OK; /* it is so already: nobody is told */
    int code = command_begin(command, MEMBER_INFO_BYTES + ANNOUNCE_TIPS_BYTES + ANNOUNCE_NAME_BYTES);
    if (code != CODE_OK)
        return code;
    struct member *member =
        member_mute(chat, conversation, user, seconds > 0 ? chat->now + seconds * 1000 : 0);
    if (!member) {
        store_abort(chat->store);
        return CODE_BUSY;
    }
    announce_mute(command, conversation, member);
    store_commit(chat->store);
    announce_finish(chat, true);
    event_muted(user, conversation, member->muted_until);
    return CODE_OK;
}

int command_mute_group_member(struct command *command)
{
    struct group_access access;
    const char *user_id;
    int64_t seconds = 0;
    int code = field_user(command, "userID", FIELD_REQUIRED, &user_id);
    if (code == CODE_OK)
        code = field_number(command, "seconds", FIELD_REQUIRED, 0, MUTE_SECONDS_MAX, &seconds);
    if (code == CODE_OK)
        code = group_access(command, ACTION_MUTE, &access);
    if (code != CODE_OK)
        return code;
    struct user *user = user_find(command->chat, user_id);
    enum role target = user ? target_role(command->chat, access.conversation, user) : ROLE_NONE;
    code = rules_may_target(access.type, access.role, command->session->admin, ACTION_MUTE, target);
    return code == CODE_OK ? mute(command, access.conversation, user, seconds) : code;
}

/* setGroupMemberInfo */

struct member_changes {
    const char *user_id;
    const char *name_card;      /* NULL: stays */
    const char *receive_option; /* the same */
    enum receive_option option;
};

static int read_receive_option(struct command *command, struct member_changes *changes)
{
    static const char *const names[] = {[RECEIVE_AND_NOTIFY] = "AcceptAndNotify",
                                        [RECEIVE_NOT_NOTIFY] = "AcceptNotNotify",
                                        [RECEIVE_DISCARD] = "Discard"};
    int code = field_text(command, "receiveOption", FIELD_OPTIONAL, SIZE_MAX, &changes->receive_option);
    if (code != CODE_OK || !changes->receive_option)
        return code;
    for (size_t i = 0; i < COUNT(names); i++) {
        changes->option = (enum receive_option)i;
        if (strcmp(names[i], changes->receive_option) == 0)
            return CODE_OK;
    }
    return command_refuse(command, "receiveOption: AcceptAndNotify, AcceptNotNotify or Discard");
}

static int read_changes(struct command *command, struct member_changes *changes)
{
    int code = field_user(command, "userID", FIELD_OPTIONAL, &changes->user_id);
    if (code == CODE_OK)
        code = field_text(command, "nameCard", FIELD_OPTIONAL, NAME_CARD_MAX, &changes->name_card);
    if (code == CODE_OK)
        code = read_receive_option(command, changes);
    if (code != CODE_OK)
        return code;
    if (!changes->name_card && !changes->receive_option)
        return command_refuse(command, "nameCard, receiveOption: one of them at least");
    if (!changes->user_id)
        changes->user_id = command->session->user->id;
    return CODE_OK;
}

/* One's own things are open to every member; another's name card to whoever might remove him. How somebody
 * wants to receive is his own affair, and a live group is received by subscribing. */
static int check_changes(const struct command *command, const struct member_changes *changes,
                         const struct conversation *conversation, const struct member *member)
{
    if (!member || member->role == ROLE_NONE)
        return CODE_NOT_ALLOWED;
    if (changes->receive_option && !conversation_stored(conversation))
        return CODE_NOT_ALLOWED;
    const char *self = command->session->user->id;
    if (strcmp(changes->user_id, self) == 0)
        return CODE_OK;
    if (changes->receive_option || !conversation_stored(conversation))
        return CODE_NOT_ALLOWED;
    enum role role = member_role(command->chat, member->conversation, self);
    return rules_may_target(conversation->group->type, role, command->session->admin, ACTION_KICK,
                            member->role);
}

static int set_info(struct command *command, struct member *member, const struct member_changes *changes)
{
    const char *card = changes->name_card ? changes->name_card : member->name_card;
    enum receive_option option = changes->receive_option ? changes->option : member->receive_option;
    if (option == member->receive_option && strcmp(card, member->name_card) == 0)
        return CODE_OK;
    int code = command_begin(command, MEMBER_INFO_BYTES);
    if (code != CODE_OK)
        return code;
    member_set_info(command->chat, member, card, option);
    store_commit(command->chat->store);
    return CODE_OK;
}

int command_set_group_member_info(struct command *command)
{
    struct member_changes changes;
    struct conversation *conversation = NULL;
    int code = read_changes(command, &changes);
    if (code == CODE_OK)
        code = field_group(command, "groupID", FIELD_REQUIRED, &conversation);
    if (code != CODE_OK)
        return code;
    struct member *member = member_find(command->chat, conversation, changes.user_id);
    code = check_changes(command, &changes, conversation, member);
    return code == CODE_OK ? set_info(command, member, &changes) : code;
}
