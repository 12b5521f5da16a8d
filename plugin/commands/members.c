/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "plugin/commands/access.h"
#include "plugin/commands/candidates.h"
#include "plugin/commands/waiting.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/happening.h"
#include "plugin/delivery/review.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/people/application.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

/* Owner and admins who are told of an application: the owner and the first that are met. */
#define MANAGERS_MAX 100

/* Those whom `members` names: a code where only an administrator may name them so. */
static int read_candidates(struct command *command, struct candidates *candidates)
{
    const enum group_type type = command->access.conversation->group->type;
    const cJSON *item;
    int code = CODE_OK;
    candidates->count = 0;
    cJSON_ArrayForEach (item, command_list(command, FIELD_MEMBERS)) {
        if (cJSON_IsObject(item) && !command->by.admin)
            return CODE_NOT_ADMIN;
        code = candidate_read(command, item, type, &candidates->list[candidates->count++]);
        if (code != CODE_OK)
            return code;
    }
    return CODE_OK;
}

static int64_t room_in(const struct chat *chat, const struct conversation *conversation)
{
    return group_members_max(chat, conversation->group->type) - conversation->group->member_count;
}

/* Who decides about applications */

struct managers {
    size_t count;
    struct user *list[MANAGERS_MAX];
};

static void add_manager(struct chat *chat, const struct member *member, struct managers *out)
{
    struct user *user = out->count < MANAGERS_MAX ? user_find(chat, member->user_id) : NULL;
    if (!user)
        return;
    announce_expect(chat, user->id);
    out->list[out->count++] = user;
}

/* A store that cannot be read is noticed by command_begin. */
static void find_managers(struct chat *chat, struct conversation *conversation, struct managers *out)
{
    const struct member *member;
    out->count = 0;
    if (!members_load(chat, conversation))
        return;
    for (enum role role = ROLE_OWNER; role >= ROLE_ADMIN; role--)
        for (member = conversation->members; member; member = member->hh.next)
            if (member->role == role)
                add_manager(chat, member, out);
}

static void announce_request(struct command *command, const struct conversation *conversation,
                             const struct managers *managers, const char *message)
{
    const struct notice notice = {.type = "joinRequest",
                                  .group = conversation->group->id,
                                  .by = command->by.user->id,
                                  .reason = message};
    for (size_t i = 0; i < managers->count; i++)
        announce_notice(command->chat, managers->list[i], &notice);
}

static void announce_own(struct command *command, struct conversation *conversation, enum tips_kind kind,
                         const char *type)
{
    const char *self = command->by.user->id;
    const struct tips tips = {.kind = kind, .type = type, .by = self, .members = &self, .member_count = 1};
    announce_tips(command->chat, conversation, &tips);
}

/* Is it to be looked at? command_wait */
static int wait_for_review(struct command *command, enum review_of what)
{
    char topic[TOPIC_MAX];
    topic_print_group(topic, command->access.conversation->group->id);
    return command_wait(command, what, topic);
}

/* joinGroup */

static int answer_status(struct command *command, const char *status)
{
    return command_answered(command, cJSON_AddStringToObject(command->data, "status", status));
}

/* Who is there is there with a connection: an actor with none can neither come nor go. */
static int refuse_live(struct command *command)
{
    return command_refuse(command, "as: a live group is joined and left by a connection");
}

static int join_live(struct command *command, struct conversation *conversation)
{
    if (!command->by.device)
        return refuse_live(command);
    if (subscription_find(command->by.device, conversation))
        return CODE_ALREADY_MEMBER;
    if (subscription_live_full(command->by.device))
        return CODE_TOO_MANY_GROUPS;
    int code = wait_for_review(command, REVIEW_JOIN);
    if (code != CODE_OK)
        return code;
    if (!subscription_join_live(command->chat, command->by.device, conversation))
        return CODE_BUSY;
    return answer_status(command, "joined");
}

static int join_now(struct command *command, struct conversation *conversation)
{
    struct chat *chat = command->chat;
    struct user *self = command->by.user;
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    if (!member_add(chat, conversation, self, ROLE_MEMBER)) {
        store_abort(chat->store);
        return CODE_BUSY;
    }
    announce_own(command, conversation, TIPS_JOIN, "join");
    command_commit(command);
    event_member(&command->by, self, conversation, true);
    happening_joined(chat, conversation, self->id, (const char *[]){self->id}, 1, "apply");
    return answer_status(command, "joined");
}

/* Who waits already, by asking or by an invitation: owner and admins have been told. */
static bool waits(struct chat *chat, const struct conversation *conversation, const char *user_id,
                  struct application *out)
{
    return application_find(chat, conversation, user_id, out) && !out->handled;
}

static int apply_to_join(struct command *command, struct conversation *conversation)
{
    struct chat *chat = command->chat;
    const char *message = command_text(command, FIELD_MESSAGE);
    struct managers managers = {0};
    struct application waiting;
    if (!waits(chat, conversation, command->by.user->id, &waiting))
        find_managers(chat, conversation, &managers);
    else if (waiting.kind == APPLICATION_JOIN && strcmp(waiting.message, message ? message : "") == 0)
        return answer_status(command, "pending");
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    application_put(chat, conversation, command->by.user->id, NULL, message ? message : "");
    announce_request(command, conversation, &managers, message);
    command_commit(command);
    return answer_status(command, "pending");
}

static int check_join_limits(struct command *command, const struct conversation *conversation)
{
    struct user *self = command->by.user;
    if (room_in(command->chat, conversation) <= 0)
        return CODE_GROUP_FULL;
    return memberships_count_groups(command->chat, self) < GROUPS_PER_USER ? CODE_OK : CODE_TOO_MANY_GROUPS;
}

int command_join_group(struct command *command)
{
    struct conversation *conversation = command->access.conversation;
    const struct group *group = conversation->group;
    int code =
        command->by.admin ? CODE_OK : group_check_ban(command->chat, conversation, command->by.user->id);
    if (code != CODE_OK)
        return code;
    if (group->type == GROUP_LIVE)
        return join_live(command, conversation);
    if (command->access.member)
        return CODE_ALREADY_MEMBER;
    enum entry entry = rules_join(group->type, command->by.admin, group->add_opt);
    if (entry == ENTRY_REFUSED)
        return CODE_NOT_ALLOWED;
    code = check_join_limits(command, conversation);
    if (code == CODE_OK && entry == ENTRY_NOW)
        code = access_check_tips(command, TIPS_JOIN);
    if (code == CODE_OK)
        code = wait_for_review(command, REVIEW_JOIN);
    if (code != CODE_OK)
        return code;
    return entry == ENTRY_NOW ? join_now(command, conversation) : apply_to_join(command, conversation);
}

/* quitGroup */

static int quit_live(struct command *command, struct conversation *conversation)
{
    if (!command->by.device)
        return refuse_live(command);
    subscription_leave(command->chat, command->by.device, conversation);
    return CODE_OK;
}

int command_quit_group(struct command *command)
{
    struct chat *chat = command->chat;
    struct conversation *conversation = command->access.conversation;
    if (conversation->group->type == GROUP_LIVE)
        return quit_live(command, conversation);
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    member_leave(chat, command->access.member);
    if (conversation->group->dismissed == 0)
        announce_own(command, conversation, TIPS_QUIT, "quit");
    command_commit(command);
    event_member(&command->by, command->by.user, conversation, false);
    happening_quit(chat, conversation, command->by.user->id);
    return CODE_OK;
}

/* inviteGroupMember */

/* By a reviewer, who has let the others pass. */
static bool is_refused(const struct command *command, const struct candidate *candidate)
{
    const cJSON *user, *refused = command->verdict ? command->verdict->refused : NULL;
    cJSON_ArrayForEach (user, refused)
        if (strcmp(user->valuestring, candidate->user_id) == 0)
            return true;
    return false;
}

static enum member_result check_invited(struct command *command, struct conversation *conversation,
                                        struct candidate *candidate, enum entry entry, int64_t *room)
{
    struct application waiting;
    if (is_refused(command, candidate))
        return RESULT_FAILED;
    if (member_role(command->chat, conversation, candidate->user_id) != ROLE_NONE)
        return RESULT_NOTHING;
    if (group_check_ban(command->chat, conversation, candidate->user_id) != CODE_OK)
        return RESULT_FAILED;
    enum member_result result = candidate_check(command, candidate, room);
    if (result != RESULT_DONE || entry == ENTRY_NOW)
        return result;
    ++*room; /* who waits takes no place yet */
    candidate->waited = waits(command->chat, conversation, candidate->user_id, &waiting);
    return RESULT_WAITS;
}

static bool begins_to_wait(const struct candidate *candidate)
{
    return candidate->result == RESULT_WAITS && !candidate->waited;
}

static bool anybody_begins_to_wait(const struct candidates *invited)
{
    for (size_t i = 0; i < invited->count; i++)
        if (begins_to_wait(&invited->list[i]))
            return true;
    return false;
}

static void put_invitations(struct command *command, const struct conversation *conversation,
                            const struct candidates *invited)
{
    for (size_t i = 0; i < invited->count; i++)
        if (invited->list[i].result == RESULT_WAITS && !invited->list[i].settled)
            application_put(command->chat, conversation, invited->list[i].user_id, command->by.user->id, "");
}

static int invite(struct command *command, struct candidates *invited)
{
    struct chat *chat = command->chat;
    struct conversation *conversation = command->access.conversation;
    struct managers managers = {0};
    const char *names[CANDIDATES_MAX];
    if (anybody_begins_to_wait(invited))
        find_managers(chat, conversation, &managers);
    candidates_expect(chat, invited);
    if (!candidates_seat(chat, conversation, invited))
        return CODE_BUSY;
    int code = command_begin_sized(command, CANDIDATE_BYTES * (invited->count + managers.count));
    if (code != CODE_OK)
        return code;
    candidates_admit(chat, conversation, invited);
    put_invitations(command, conversation, invited);
    candidates_announce_invited(command, conversation, invited);
    announce_request(command, conversation, &managers, NULL);
    command_commit(command);
    candidates_tell_silently(command, conversation, invited, true);
    happening_joined(chat, conversation, command->by.user->id, names, candidates_names(invited, names),
                     "invite");
    return command_answered(command, candidates_answer(command, invited));
}

int command_invite_group_member(struct command *command)
{
    struct conversation *conversation = command->access.conversation;
    const struct group *group = conversation->group;
    struct candidates invited;
    enum entry entry = rules_invite(group->type, command->access.role, command->by.admin, group->invite_opt);
    if (entry == ENTRY_REFUSED)
        return CODE_NOT_ALLOWED;
    int code = access_check_tips(command, TIPS_INVITE);
    if (code == CODE_OK)
        code = read_candidates(command, &invited);
    if (code != CODE_OK)
        return code;
    int64_t room = room_in(command->chat, conversation);
    for (size_t i = 0; i < invited.count; i++)
        if (!candidates_settle(&invited, i))
            invited.list[i].result = check_invited(command, conversation, &invited.list[i], entry, &room);
    code = wait_for_review(command, REVIEW_INVITE);
    return code == CODE_OK ? invite(command, &invited) : code;
}

/* deleteGroupMember */

static enum member_result check_removed(const struct command *command, struct candidate *candidate)
{
    const char *user_id = candidate->user_id;
    candidate->user = user_find(command->chat, user_id);
    enum role target = member_role(command->chat, command->access.conversation, user_id);
    if (target == ROLE_NONE)
        return candidate->user ? RESULT_NOTHING : RESULT_FAILED;
    if (strcmp(user_id, command->by.user->id) == 0)
        return RESULT_FAILED;
    return access_check_target(command, ACTION_KICK, target) == CODE_OK ? RESULT_DONE : RESULT_FAILED;
}

static int remove_members(struct command *command, const struct candidates *removed)
{
    struct chat *chat = command->chat;
    struct conversation *conversation = command->access.conversation;
    const struct tips tips = {.kind = TIPS_KICK,
                              .type = "kick",
                              .by = command->by.user->id,
                              .reason = command_text(command, FIELD_REASON)};
    const char *names[CANDIDATES_MAX];
    candidates_expect(chat, removed);
    int code = command_begin_sized(command, CANDIDATE_BYTES * removed->count);
    if (code != CODE_OK)
        return code;
    for (size_t i = 0; i < removed->count; i++)
        if (removed->list[i].result == RESULT_DONE)
            member_leave(chat, member_find(chat, conversation, removed->list[i].user_id));
    if (!candidates_are_silent(command))
        candidates_announce(chat, conversation, removed, &tips, "kicked");
    command_commit(command);
    candidates_tell_silently(command, conversation, removed, false);
    happening_removed(chat, conversation, tips.by, names, candidates_names(removed, names), tips.reason);
    return command_answered(command, candidates_answer(command, removed));
}

int command_delete_group_member(struct command *command)
{
    struct candidates removed;
    int code = read_candidates(command, &removed);
    if (code != CODE_OK)
        return code;
    for (size_t i = 0; i < removed.count; i++)
        if (!candidates_settle(&removed, i))
            removed.list[i].result = check_removed(command, &removed.list[i]);
    return remove_members(command, &removed);
}

/* setGroupMemberRole */

/* In the open frame. */
static void announce_role(struct command *command, struct member *member)
{
    const bool admin = member->role == ROLE_ADMIN;
    const char *names[] = {member->user_id};
    const struct tips tips = {.kind = TIPS_ADMIN,
                              .type = admin ? "setAdmin" : "cancelAdmin",
                              .by = command->by.user->id,
                              .members = names,
                              .member_count = 1};
    const struct notice notice = {.type = admin ? "adminGranted" : "adminRevoked",
                                  .group = member->conversation->group->id,
                                  .by = tips.by};
    announce_tips(command->chat, member->conversation, &tips);
    if (member->user)
        announce_notice(command->chat, member->user, &notice);
}

static int set_role(struct command *command, struct member *member)
{
    struct chat *chat = command->chat;
    enum role role = ROLE_NONE;
    (void)role_parse(command_text(command, FIELD_ROLE), &role);
    if (member->role == role)
        return CODE_OK;
    announce_expect(chat, member->user_id);
    int code = access_check_tips(command, TIPS_ADMIN);
    if (code == CODE_OK)
        code = command_begin(command);
    if (code != CODE_OK)
        return code;
    member_set_role(chat, member, role);
    announce_role(command, member);
    command_commit(command);
    happening_role(chat, member->conversation, command->by.user->id, member->user_id, role_name(role));
    return CODE_OK;
}

int command_set_group_member_role(struct command *command)
{
    const char *user_id = command_text(command, FIELD_USER_ID);
    (void)user_find(command->chat, user_id); /* into memory: his notice needs him */
    struct member *member = member_find(command->chat, command->access.conversation, user_id);
    int code = access_check_target(command, ACTION_SET_ROLE, member ? member->role : ROLE_NONE);
    return code == CODE_OK ? set_role(command, member) : code;
}
