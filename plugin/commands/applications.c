/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/json.h"
#include "plugin/commands/access.h"
#include "plugin/commands/candidates.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/happening.h"
#include "plugin/people/application.h"
#include "plugin/people/blacklist.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* An answer's part is less than 400 KiB. A letter of a message may be six when printed. */
#define LIST_BYTES_MAX 350000
#define ITEM_BYTES     300

/* getGroupApplications */

/* The group that was asked for, or all where the caller is the one to decide. */
static int gather(struct command *command, struct application_list *list)
{
    struct chat *chat = command->chat;
    const struct conversation *group = command->access.conversation;
    struct user *self = command->by.user;
    const struct member *member;
    if (group)
        return application_list(chat, group, list) ? CODE_OK : CODE_BUSY;
    if (!memberships_load(chat, self))
        return CODE_BUSY;
    command->walked += self->membership_count;
    DL_FOREACH2 (self->memberships, member, user_next) {
        const struct conversation *conversation = member->conversation;
        if (!conversation->group || conversation->group->dismissed != 0 ||
            list->count >= APPLICATIONS_LISTED ||
            rules_may(conversation->group->type, member->role, false, ACTION_HANDLE_APPLICATION) != CODE_OK)
            continue;
        if (!application_list(chat, conversation, list))
            return CODE_BUSY;
    }
    return CODE_OK;
}

static int compare_applications(const void *a, const void *b)
{
    const struct application *one = a, *two = b;
    if (one->time != two->time)
        return one->time < two->time ? -1 : 1;
    if (one->conversation != two->conversation)
        return one->conversation < two->conversation ? -1 : 1;
    return strcmp(one->user, two->user);
}

static bool add_application(struct chat *chat, cJSON *array, const struct application *application)
{
    const struct conversation *conversation = conversation_by_id(chat, application->conversation);
    if (!conversation)
        return false;
    cJSON *item = json_add_object(array);
    if (!item)
        return false;
    return cJSON_AddStringToObject(item, "groupID", conversation->group->id) &&
           cJSON_AddStringToObject(item, "userID", application->user) &&
           cJSON_AddStringToObject(item, "kind",
                                   application->kind == APPLICATION_INVITE ? "invite" : "join") &&
           (!application->inviter[0] || cJSON_AddStringToObject(item, "inviter", application->inviter)) &&
           cJSON_AddStringToObject(item, "message", application->message) &&
           json_add_whole(item, "time", application->time);
}

/* The oldest first; what does not fit comes when these have been handled. */
static int answer_list(struct command *command, const struct application_list *list)
{
    cJSON *array = cJSON_AddArrayToObject(command->data, "applications");
    bool good = array != NULL;
    size_t bytes = 0;
    for (size_t i = 0; good && i < list->count && i < APPLICATIONS_LISTED && bytes < LIST_BYTES_MAX; i++) {
        good = add_application(command->chat, array, &list->items[i]);
        bytes += ITEM_BYTES + 6 * strlen(list->items[i].message);
    }
    return command_answered(command, good);
}

int command_get_group_applications(struct command *command)
{
    struct application_list list = {0};
    int code = gather(command, &list);
    if (code == CODE_OK) {
        if (list.count > 0)
            qsort(list.items, list.count, sizeof *list.items, compare_applications);
        code = answer_list(command, &list);
    }
    free(list.items);
    return code;
}

/* handleGroupApplication */

static int find_waiting(struct command *command, struct application *application)
{
    struct conversation *group = command->access.conversation;
    const char *user_id = command_text(command, FIELD_USER_ID);
    if (!application_find(command->chat, group, user_id, application))
        return command_refuse(command, "userID: %s has not applied", user_id);
    bool handled = application->handled || member_role(command->chat, group, user_id) != ROLE_NONE;
    return handled ? CODE_APPLICATION_HANDLED : CODE_OK;
}

/* As in the moment of the invitation (candidate_check). Whether the inviter was an app admin then, nobody knows
 * any more. */
static int check_invitation(const struct command *command, const struct application *application,
                            struct user *user)
{
    const bool admin = command->by.admin;
    if (memberships_count_groups(command->chat, user) >= (admin ? GROUPS_PER_USER : GROUPS_BY_OTHERS))
        return CODE_TOO_MANY_GROUPS;
    return admin ? CODE_OK : blacklist_check(command->chat, user, application->inviter);
}

/* The group may have filled up, or the applicant gone, since he asked. */
static int check_entry(const struct command *command, const struct application *application,
                       struct user **out)
{
    struct chat *chat = command->chat;
    const struct group *group = command->access.conversation->group;
    struct user *user = user_find(chat, command_text(command, FIELD_USER_ID));
    *out = user;
    if (!user)
        return CODE_NO_USER;
    int code = group_check_ban(chat, command->access.conversation, user->id);
    if (code != CODE_OK)
        return code;
    if (group->member_count >= group_members_max(chat, group->type))
        return CODE_GROUP_FULL;
    if (application->kind == APPLICATION_INVITE)
        return check_invitation(command, application, user);
    return memberships_count_groups(chat, user) < GROUPS_PER_USER ? CODE_OK : CODE_TOO_MANY_GROUPS;
}

static void tell(struct command *command, struct user *to, const char *type, const char *by)
{
    const struct notice notice = {.type = type,
                                  .group = command->access.conversation->group->id,
                                  .by = by,
                                  .reason = command_text(command, FIELD_REASON)};
    if (to)
        announce_notice(command->chat, to, &notice);
}

/* As if he had just joined by himself, or been brought in by who invited him. */
static void announce_entry(struct command *command, const struct application *application, struct user *user)
{
    const bool invited = application->kind == APPLICATION_INVITE;
    const char *const members[] = {user->id};
    const struct tips tips = {.kind = invited ? TIPS_INVITE : TIPS_JOIN,
                              .type = invited ? "invite" : "join",
                              .by = invited ? application->inviter : user->id,
                              .members = members,
                              .member_count = 1};
    announce_tips(command->chat, command->access.conversation, &tips);
    if (invited)
        tell(command, user, "invited", application->inviter);
    else
        tell(command, user, "joinAccepted", command->by.user->id);
}

static int accept_application(struct command *command, const struct application *application)
{
    struct chat *chat = command->chat;
    struct user *user;
    int code = check_entry(command, application, &user);
    announce_expect(chat, command_text(command, FIELD_USER_ID));
    if (code == CODE_OK)
        code = command_begin(command);
    if (code != CODE_OK)
        return code;
    if (!member_add(chat, command->access.conversation, user, ROLE_MEMBER)) { /* it handles what waits, too */
        store_abort(chat->store);
        return CODE_BUSY;
    }
    announce_entry(command, application, user);
    command_commit(command);
    happening_joined(chat, command->access.conversation, command->by.user->id, (const char *[]){user->id}, 1,
                     "approved");
    return CODE_OK;
}

static int refuse_application(struct command *command, const struct application *application)
{
    struct chat *chat = command->chat;
    const bool invited = application->kind == APPLICATION_INVITE;
    struct user *applicant = invited ? NULL : user_find(chat, application->user);
    struct user *inviter = application->inviter[0] ? user_find(chat, application->inviter) : NULL;
    if (applicant)
        announce_expect(chat, applicant->id);
    if (inviter)
        announce_expect(chat, inviter->id);
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    application_handled(chat, command->access.conversation, application->user);
    tell(command, applicant, "joinRefused", command->by.user->id);
    tell(command, inviter, "inviteRefused", command->by.user->id);
    command_commit(command);
    return CODE_OK;
}

int command_handle_group_application(struct command *command)
{
    struct application application;
    int code = find_waiting(command, &application);
    if (code != CODE_OK)
        return code;
    return command_bool(command, FIELD_ACCEPT) ? accept_application(command, &application)
                                               : refuse_application(command, &application);
}
