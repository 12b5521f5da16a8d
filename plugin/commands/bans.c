/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/json.h"
#include "lib/text.h"
#include "plugin/commands/access.h"
#include "plugin/commands/page.h"
#include "plugin/core/chat.h"
#include "plugin/core/until.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/audience.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/happening.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/life/closing.h"
#include "plugin/people/ban.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

static int64_t ends_at(const struct command *command)
{
    return until_after(command->chat, command_number(command, FIELD_SECONDS));
}

/* banGroupMember */

/* Who is no member can be banned like an ordinary one. */
static int check_banned(const struct command *command, const struct user *user)
{
    const struct conversation *group = command->access.conversation;
    const struct member *member = member_find(command->chat, command->access.conversation, user->id);
    const bool present = member && member->role != ROLE_NONE;
    if (user == command->by.user || plugin_options_is_admin(&command->chat->options, user->id))
        return CODE_NOT_ALLOWED;
    return rules_may_target(group->group->type, command->access.role, command->by.admin, ACTION_BAN,
                            present ? member->role : ROLE_MEMBER);
}

/* In the open frame, as if they had been removed with deleteGroupMember. */
static void announce_removal(struct command *command, struct user *user)
{
    struct conversation *group = command->access.conversation;
    const char *const names[] = {user->id};
    const struct tips tips = {.kind = TIPS_KICK,
                              .type = "kick",
                              .by = command->by.user->id,
                              .members = names,
                              .member_count = 1,
                              .reason = command_text(command, FIELD_REASON)};
    const struct notice notice = {
        .type = "kicked", .group = group->group->id, .by = tips.by, .reason = tips.reason};
    announce_tips(command->chat, group, &tips);
    if (conversation_stored(group))
        announce_notice(command->chat, user, &notice);
}

/* In the open frame. false: the user is not there. */
static bool remove_from_live(struct command *command, struct user *user)
{
    struct conversation *group = command->access.conversation;
    struct session *session;
    if (!subscription_of_user(user, group, NULL))
        return false;
    for (session = user->sessions; session; session = session->user_next)
        subscription_leave(command->chat, session, group);
    audience_forget_leaver(group, user->id);
    announce_removal(command, user);
    return true;
}

/* In the open frame. false: the user is no member. */
static bool remove_banned(struct command *command, struct user *user)
{
    struct conversation *group = command->access.conversation;
    struct member *member = member_find(command->chat, group, user->id);
    if (!conversation_stored(group))
        return remove_from_live(command, user);
    if (!member || member->role == ROLE_NONE)
        return false;
    member_leave(command->chat, member);
    announce_removal(command, user);
    return true;
}

static void tell_listeners(const struct command *command, const struct user *user, int64_t until,
                           bool removed)
{
    const char *const names[] = {user->id};
    const struct group_happening what = {.action = "ban",
                                         .group = command->access.conversation,
                                         .by = command->by.user->id,
                                         .members = names,
                                         .member_count = 1,
                                         .reason = command_text(command, FIELD_REASON)};
    if (removed)
        happening_removed(command->chat, what.group, what.by, names, 1, what.reason);
    happening_until(command->chat, &what, "bannedUntil", until);
}

static int ban(struct command *command, struct user *user, struct bans *bans)
{
    struct chat *chat = command->chat;
    const struct conversation *group = command->access.conversation;
    const char *reason = command_text(command, FIELD_REASON);
    struct ban ban = {.until = ends_at(command)};
    text_copy(ban.user, sizeof ban.user, user->id);
    text_copy(ban.by, sizeof ban.by, command->by.user->id);
    text_copy(ban.reason, sizeof ban.reason, reason ? reason : "");
    announce_expect(chat, user->id);
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    if (!ban_put(chat, group->id, bans, &ban)) {
        store_abort(chat->store);
        return CODE_BUSY;
    }
    const bool removed = remove_banned(command, user);
    command_commit(command);
    chat->count.bans.made++;
    if (!conversation_stored(group))
        event_banned(user, group, ban.until);
    tell_listeners(command, user, ban.until, removed);
    return CODE_OK;
}

static int lift(struct command *command, const struct user *user, struct bans *bans)
{
    struct chat *chat = command->chat;
    const struct conversation *group = command->access.conversation;
    if (!ban_find(bans, user->id, until_now(chat)))
        return CODE_OK; /* it is so already */
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    ban_lift(chat, group->id, bans, user->id);
    command_commit(command);
    chat->count.bans.lifted++;
    if (!conversation_stored(group))
        event_banned(user, group, 0);
    tell_listeners(command, user, 0, false);
    return CODE_OK;
}

int command_ban_group_member(struct command *command)
{
    struct user *user = command->access.user;
    struct bans *bans = group_bans(command->chat, command->access.conversation);
    if (!bans)
        return CODE_BUSY;
    int code = check_banned(command, user);
    if (code != CODE_OK)
        return code;
    if (command_number(command, FIELD_SECONDS) == 0)
        return lift(command, user, bans);
    const int64_t now = until_now(command->chat);
    if (!ban_find(bans, user->id, now) && !bans_have_room(bans, now))
        return command_refuse(command, "userID: %d users are banned already", BANS_MAX);
    return ban(command, user, bans);
}

/* getGroupBans */

static int by_user_id(const void *a, const void *b)
{
    return strcmp((*(const struct ban *const *)a)->user, (*(const struct ban *const *)b)->user);
}

/* When it is printed, at most: a letter may be six. */
static size_t bytes_of(const struct ban *ban)
{
    return 200 + 6 * strlen(ban->reason);
}

/* Those that are not over, by their userIDs; returns how many. */
static size_t list_bans(const struct bans *bans, int64_t now, const struct ban *list[BANS_MAX])
{
    size_t count = 0;
    for (const struct ban *ban = bans->by_user; ban && count < BANS_MAX; ban = ban->hh.next)
        if (ban->until > now)
            list[count++] = ban;
    qsort(list, count, sizeof *list, by_user_id);
    return count;
}

static bool add_ban(cJSON *array, const struct ban *ban)
{
    cJSON *item = json_add_object(array);
    return item && cJSON_AddStringToObject(item, "userID", ban->user) &&
           json_add_whole(item, "until", ban->until) && cJSON_AddStringToObject(item, "operator", ban->by) &&
           cJSON_AddStringToObject(item, "reason", ban->reason);
}

int command_get_group_bans(struct command *command)
{
    const struct ban *list[BANS_MAX];
    const struct bans *bans = group_bans(command->chat, command->access.conversation);
    if (!bans)
        return CODE_BUSY;
    const size_t count = list_bans(bans, until_now(command->chat), list);
    const size_t first = (size_t)command_number(command, FIELD_OFFSET);
    const size_t end = first + (size_t)command_number(command, FIELD_LIMIT);
    size_t next = first;
    struct page page = {.array = cJSON_AddArrayToObject(command->data, "bans")};
    bool good = page.array != NULL;
    for (; good && next < count && next < end && page_take(&page, bytes_of(list[next])); next++)
        good = add_ban(page.array, list[next]);
    if (good && next < count)
        good = json_add_whole(command->data, "next", (int64_t)next);
    command->walked += HASH_COUNT(bans->by_user);
    return command_answered(command, good);
}

/* banUser */

static void count_ban(struct chat *chat, const struct user *user, int64_t until)
{
    chat->count.bans.made += until != 0;
    chat->count.bans.lifted += until == 0 && until_lasts(chat, user->banned_until);
}

/* Devices that are away need not be told: nothing they have lets them in before the ban is over. */
int command_ban_user(struct command *command)
{
    struct chat *chat = command->chat;
    struct user *user = command->access.user;
    const int64_t until = ends_at(command);
    if (plugin_options_is_admin(&chat->options, user->id))
        return CODE_NOT_ALLOWED;
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    count_ban(chat, user, until);
    user_ban(chat, user, until);
    if (until != 0)
        devices_lose_all(chat, user);
    command_commit(command);
    if (until != 0)
        sessions_force_offline(chat, user, OFFLINE_BANNED);
    return CODE_OK;
}
