/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/happening.h"

#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/keyed_hash.h"
#include "lib/text.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/listeners.h"
#include "plugin/people/bucket.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/profile.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/session/device.h"
#include "plugin/session/session.h"

#define REJECTED_A_SECOND 100 /* told: whoever is refused may try as often as they like */
#define SHED_PAUSE_MS     1000

/* What a live group has dropped since it was told of. */
struct shed {
    int64_t conversation; /* key */
    char group[GROUP_ID_MAX + 1];
    int64_t count;
    UT_hash_handle hh;
};

struct happenings {
    struct bucket rejected;
    struct shed *shed;
    int64_t shed_due; /* chat->steady */
};

/* Items. cJSON takes NULL for what memory was out for, and says no. */

static cJSON *begin(const char *kind)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "feed", kind);
    return item;
}

static void add_text(cJSON *item, const char *name, const char *text)
{
    if (text && *text)
        cJSON_AddStringToObject(item, name, text);
}

static void add_names(cJSON *item, const char *name, const char *const *names, size_t count)
{
    cJSON *list = count > 0 ? cJSON_CreateStringArray(names, (int)count) : NULL;
    if (list && !cJSON_AddItemToObject(item, name, list))
        cJSON_Delete(list);
}

static void add_copy(cJSON *item, const char *name, const cJSON *value)
{
    cJSON *copy = cJSON_Duplicate(value, true);
    if (copy && !cJSON_AddItemToObject(item, name, copy))
        cJSON_Delete(copy);
}

/* Each item says when. `item_take` may be NULL. */
static void tell(struct chat *chat, cJSON *item_take)
{
    char *text = json_add_whole(item_take, "time", chat->now) ? cJSON_PrintUnformatted(item_take) : NULL;
    if (text)
        listeners_tell(chat, text, strlen(text));
    else
        broker_error("out of memory: something is not told on chat/feed");
    cJSON_free(text);
    cJSON_Delete(item_take);
}

/* Sessions */

static void add_device(cJSON *item, const struct session *session)
{
    cJSON_AddStringToObject(item, "userID", session->user->id);
    cJSON_AddStringToObject(item, "clientID", session->client_id);
    cJSON_AddStringToObject(item, "platform", platform_name(session->platform));
    add_text(item, "address", broker_address(session->client));
}

static cJSON *begin_state(const struct session *session, const char *action)
{
    cJSON *item = begin("state");
    cJSON_AddStringToObject(item, "action", action);
    add_device(item, session);
    return item;
}

void happening_state(struct chat *chat, const struct session *session, const char *action)
{
    if (listeners_any(chat))
        tell(chat, begin_state(session, action));
}

void happening_kicked(struct chat *chat, const struct session *session, const char *reason,
                      const struct displacement *why)
{
    if (!listeners_any(chat))
        return;
    cJSON *item = begin_state(session, "kicked");
    add_text(item, "reason", reason);
    if (why->client_id[0]) {
        cJSON *by = cJSON_AddObjectToObject(item, "by");
        cJSON_AddStringToObject(by, "clientID", why->client_id);
        cJSON_AddStringToObject(by, "platform", platform_name(why->platform));
    }
    tell(chat, item);
}

/* Groups */

static cJSON *begin_group(const char *action, const struct conversation *group, const char *by)
{
    cJSON *item = begin("group");
    cJSON_AddStringToObject(item, "action", action);
    cJSON_AddStringToObject(item, "group", group->group->id);
    cJSON_AddStringToObject(item, "groupType", group_traits(group->group->type)->name);
    add_text(item, "operator", by);
    return item;
}

static void add_info(cJSON *item, const cJSON *info, const cJSON *more)
{
    cJSON *both = info || more ? cJSON_AddObjectToObject(item, "info") : NULL;
    const cJSON *member;
    cJSON_ArrayForEach (member, info)
        add_copy(both, member->string, member);
    cJSON_ArrayForEach (member, more)
        add_copy(both, member->string, member);
}

void happening_group(struct chat *chat, const struct group_happening *what)
{
    if (!listeners_any(chat))
        return;
    cJSON *item = begin_group(what->action, what->group, what->by);
    add_names(item, "members", what->members, what->member_count);
    if (what->count > 0)
        json_add_whole(item, "count", (int64_t)what->count);
    add_info(item, what->info, what->more);
    add_text(item, "reason", what->reason);
    tell(chat, item);
}

static void tell_full(struct chat *chat, const struct conversation *group)
{
    const struct group_happening what = {.action = "full", .group = group};
    if (group->group->member_count >= group_members_max(chat, group->group->type))
        happening_group(chat, &what);
}

static cJSON *info_of(const struct group *group)
{
    cJSON *info = cJSON_CreateObject();
    cJSON_AddStringToObject(info, "owner", group->owner);
    cJSON_AddStringToObject(info, "groupName", group->name);
    add_text(info, "introduction", group->introduction);
    add_text(info, "notification", group->notification);
    add_text(info, "faceURL", group->face_url);
    cJSON_AddStringToObject(info, "addOpt", add_opt_name(group->add_opt));
    cJSON_AddStringToObject(info, "inviteOpt", invite_opt_name(group->invite_opt));
    json_add_whole(info, "createTime", group->created);
    return info;
}

void happening_created(struct chat *chat, const struct conversation *group, const char *by,
                       const char *const *members, size_t count)
{
    if (!listeners_any(chat))
        return;
    cJSON *info = info_of(group->group);
    happening_group(chat, &(struct group_happening){.action = "create",
                                                    .group = group,
                                                    .by = by,
                                                    .members = members,
                                                    .member_count = count,
                                                    .info = info});
    cJSON_Delete(info);
    tell_full(chat, group);
}

void happening_joined(struct chat *chat, const struct conversation *group, const char *by,
                      const char *const *members, size_t count, const char *reason)
{
    if (count == 0)
        return;
    happening_group(chat, &(struct group_happening){.action = "join",
                                                    .group = group,
                                                    .by = by,
                                                    .members = members,
                                                    .member_count = count,
                                                    .reason = reason});
    tell_full(chat, group);
}

static void tell_left(struct chat *chat, const struct group_happening *what)
{
    happening_group(chat, what);
    if (what->group->group->dismissed != 0)
        happening_group(chat,
                        &(struct group_happening){.action = "dismiss", .group = what->group, .by = what->by});
}

void happening_quit(struct chat *chat, const struct conversation *group, const char *member)
{
    tell_left(chat, &(struct group_happening){.action = "quit",
                                              .group = group,
                                              .by = member,
                                              .members = &member,
                                              .member_count = 1,
                                              .reason = "quit"});
}

void happening_removed(struct chat *chat, const struct conversation *group, const char *by,
                       const char *const *members, size_t count, const char *reason)
{
    if (count > 0)
        tell_left(chat, &(struct group_happening){.action = "kick",
                                                  .group = group,
                                                  .by = by,
                                                  .members = members,
                                                  .member_count = count,
                                                  .reason = reason});
}

void happening_role(struct chat *chat, const struct conversation *group, const char *by, const char *member,
                    const char *role)
{
    if (!listeners_any(chat))
        return;
    cJSON *info = cJSON_CreateObject();
    cJSON_AddStringToObject(info, "role", role);
    happening_group(
        chat,
        &(struct group_happening){
            .action = "role", .group = group, .by = by, .members = &member, .member_count = 1, .info = info});
    cJSON_Delete(info);
}

void happening_owner(struct chat *chat, const struct conversation *group, const char *by, const char *member)
{
    happening_group(
        chat, &(struct group_happening){
                  .action = "transfer", .group = group, .by = by, .members = &member, .member_count = 1});
}

void happening_until(struct chat *chat, const struct group_happening *what, const char *name, int64_t until)
{
    if (!listeners_any(chat))
        return;
    struct group_happening filled = *what;
    cJSON *info = cJSON_CreateObject();
    json_add_whole(info, name, until);
    filled.info = info;
    happening_group(chat, &filled);
    cJSON_Delete(info);
}

/* A live group has none: who is there is not told. */
static void add_member_names(struct chat *chat, struct conversation *group, cJSON *list)
{
    const struct member *member;
    if (!conversation_stored(group) || !members_load(chat, group))
        return;
    for (member = group->members; member; member = member->hh.next) {
        cJSON *name = member->role == ROLE_NONE ? NULL : cJSON_CreateString(member->user_id);
        if (name && !cJSON_AddItemToArray(list, name))
            cJSON_Delete(name);
    }
}

cJSON *happening_before_dismissal(struct chat *chat, struct conversation *group)
{
    cJSON *list = listeners_any(chat) ? cJSON_CreateArray() : NULL;
    if (list)
        add_member_names(chat, group, list);
    return list;
}

void happening_dismissed(struct chat *chat, const struct conversation *group, const char *by,
                         cJSON *members_take)
{
    if (!members_take)
        return;
    cJSON *item = begin_group("dismiss", group, by);
    if (!members_take->child || !cJSON_AddItemToObject(item, "members", members_take))
        cJSON_Delete(members_take);
    cJSON *info = cJSON_AddObjectToObject(item, "info");
    cJSON_AddStringToObject(info, "owner", group->group->owner);
    cJSON_AddStringToObject(info, "groupName", group->group->name);
    tell(chat, item);
}

/* Users */

void happening_read(struct chat *chat, struct member *member)
{
    const struct conversation *conversation = member->conversation;
    if (!listeners_any(chat))
        return;
    cJSON *item = begin("read");
    cJSON_AddStringToObject(item, "userID", member->user_id);
    cJSON_AddStringToObject(item, conversation_kind(conversation),
                            conversation_name(conversation, member->user_id));
    json_add_whole(item, "id", member->read_id);
    json_add_whole(item, "unread", member_unread(chat, member));
    tell(chat, item);
}

static void add_changed(cJSON *item, const char *name, const char *before, const char *now)
{
    if (strcmp(before, now) != 0)
        cJSON_AddStringToObject(item, name, now);
}

void happening_profile(struct chat *chat, const struct user *user, const struct profile *before,
                       const struct profile *now)
{
    if (!listeners_any(chat))
        return;
    cJSON *item = begin("profile");
    const cJSON *last = cJSON_AddStringToObject(item, "userID", user->id);
    add_changed(item, "nickname", before->nickname, now->nickname);
    add_changed(item, "faceURL", before->face_url, now->face_url);
    add_changed(item, "selfSignature", before->self_signature, now->self_signature);
    if (last && !last->next) { /* it was so before */
        cJSON_Delete(item);
        return;
    }
    tell(chat, item);
}

void happening_blacklist(struct chat *chat, const struct user *user, const char *action,
                         const char *const *users, size_t count)
{
    if (!listeners_any(chat))
        return;
    cJSON *item = begin("blacklist");
    cJSON_AddStringToObject(item, "userID", user->id);
    cJSON_AddStringToObject(item, "action", action);
    add_names(item, "users", users, count);
    tell(chat, item);
}

/* What was refused */

/* NULL: out of memory. */
static struct happenings *get(struct chat *chat)
{
    if (!chat->happenings)
        chat->happenings = calloc(1, sizeof *chat->happenings);
    return chat->happenings;
}

void happening_rejected(struct chat *chat, const struct rejection *what)
{
    struct happenings *all = listeners_any(chat) ? get(chat) : NULL;
    if (!all)
        return;
    if (!bucket_take(&all->rejected, chat->steady, REJECTED_A_SECOND, REJECTED_A_SECOND, 0)) {
        chat->count.shed.feed++;
        return;
    }
    cJSON *item = begin("rejected");
    add_text(item, "userID", what->user);
    add_text(item, "clientID", what->client);
    add_text(item, "platform", what->platform);
    add_text(item, "address", what->address);
    add_text(item, "topic", what->topic);
    json_add_whole(item, "code", what->code);
    add_text(item, "error", what->error);
    if (what->random != 0)
        json_add_whole(item, "random", what->random);
    tell(chat, item);
}

/* What was dropped */

static struct shed *find_or_add(struct happenings *all, const struct conversation *group)
{
    const int64_t conversation = group->id;
    struct shed *shed;
    HASH_FIND_NUMBER(hh, all->shed, conversation, shed);
    if (shed)
        return shed;
    shed = calloc(1, sizeof *shed);
    if (!shed)
        return NULL;
    shed->conversation = conversation;
    text_copy(shed->group, sizeof shed->group, group->group->id);
    HASH_ADD_NUMBER(hh, all->shed, conversation, shed);
    if (shed->hh.tbl)
        return shed;
    free(shed);
    return NULL;
}

void happening_shed(struct chat *chat, const struct conversation *group)
{
    struct happenings *all = listeners_any(chat) ? get(chat) : NULL;
    if (all && !all->shed)
        all->shed_due = chat->steady + SHED_PAUSE_MS;
    struct shed *shed = all ? find_or_add(all, group) : NULL;
    if (shed)
        shed->count++;
}

static void tell_shed(struct chat *chat, const struct shed *shed)
{
    cJSON *item = begin("shed");
    cJSON_AddStringToObject(item, "group", shed->group);
    json_add_whole(item, "count", shed->count);
    tell(chat, item);
}

/* Tells of what is there, if anybody listens still. */
static void drain_shed(struct chat *chat, bool told)
{
    struct shed *shed, *next;
    HASH_ITER (hh, chat->happenings->shed, shed, next) {
        HASH_DEL(chat->happenings->shed, shed);
        if (told && listeners_any(chat))
            tell_shed(chat, shed);
        free(shed);
    }
}

bool happenings_tick(struct chat *chat)
{
    struct happenings *all = chat->happenings;
    if (!all || !all->shed || chat->steady < all->shed_due)
        return false;
    all->shed_due = chat->steady + SHED_PAUSE_MS;
    drain_shed(chat, true);
    return false;
}

void happenings_close(struct chat *chat)
{
    if (chat->happenings)
        drain_shed(chat, false);
    free(chat->happenings);
    chat->happenings = NULL;
}
