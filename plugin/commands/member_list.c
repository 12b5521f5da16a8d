/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/json.h"
#include "plugin/commands/fields.h"
#include "plugin/core/chat.h"
#include "plugin/core/until.h"
#include "plugin/delivery/audience.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

#define LIVE_MEMBERS_MAX 1000

struct member_page {
    size_t offset, limit;
};

static bool add_member(cJSON *array, const char *user_id, const struct member *member)
{
    cJSON *item = json_add_object(array);
    return item && cJSON_AddStringToObject(item, "userID", user_id) &&
           cJSON_AddStringToObject(
               item, "role", role_name(member && member->role != ROLE_NONE ? member->role : ROLE_MEMBER)) &&
           cJSON_AddStringToObject(item, "nameCard", member ? member->name_card : "") &&
           json_add_whole(item, "joinTime", member ? member->joined : 0) &&
           json_add_whole(item, "mutedUntil", member ? member->muted_until : 0);
}

/* `next` is there if somebody comes after the page. */
static bool add_next(cJSON *data, const struct member_page *page, size_t count)
{
    size_t next = page->offset + page->limit;
    return next >= count || json_add_whole(data, "next", (int64_t)next);
}

static int compare_members(const void *a, const void *b)
{
    const struct member *one = *(const struct member *const *)a, *two = *(const struct member *const *)b;
    if (one->joined != two->joined)
        return one->joined < two->joined ? -1 : 1;
    return strcmp(one->user_id, two->user_id);
}

/* In a live group who is muted may have gone for a moment. */
static bool is_muted(const struct chat *chat, const struct member *member)
{
    return until_lasts(chat, member->muted_until) &&
           (member->role != ROLE_NONE || member->conversation->group->type == GROUP_LIVE);
}

/* Everyone who is in the group, or only who is muted there, by when he joined; malloc'ed. All members must be
 * loaded. */
static const struct member **members_in_order(const struct command *command,
                                              const struct conversation *conversation, size_t *count)
{
    const bool muted = command_bool(command, FIELD_MUTED);
    const struct member **list = malloc((HASH_COUNT(conversation->members) + 1) * sizeof *list);
    *count = 0;
    if (!list)
        return NULL;
    for (const struct member *member = conversation->members; member; member = member->hh.next)
        if (muted ? is_muted(command->chat, member) : member->role != ROLE_NONE)
            list[(*count)++] = member;
    qsort(list, *count, sizeof *list, compare_members);
    return list;
}

static int get_members(struct command *command, struct conversation *conversation,
                       const struct member_page *page)
{
    size_t count;
    if (!members_load(command->chat, conversation))
        return CODE_BUSY;
    const struct member **list = members_in_order(command, conversation, &count);
    command->walked += HASH_COUNT(conversation->members);
    cJSON *array = cJSON_AddArrayToObject(command->data, "members");
    bool good = list && array;
    for (size_t i = page->offset; good && i < count && i < page->offset + page->limit; i++)
        good = add_member(array, list[i]->user_id, list[i]);
    good = good && add_next(command->data, page, count);
    free(list);
    return command_answered(command, good);
}

/* Only the owner of a live group, and who was muted, has a row in the store. */
static int get_audience(struct command *command, struct conversation *conversation,
                        const struct member_page *page)
{
    struct user *users[MEMBERS_PAGE_MAX];
    size_t count = conversation->watchers < LIVE_MEMBERS_MAX ? conversation->watchers : LIVE_MEMBERS_MAX;
    size_t wanted = page->offset < count ? count - page->offset : 0;
    if (wanted > page->limit)
        wanted = page->limit;
    wanted = wanted ? audience_list(command->chat, conversation, page->offset, wanted, users) : 0;
    cJSON *array = cJSON_AddArrayToObject(command->data, "members");
    bool good = array != NULL;
    for (size_t i = 0; good && i < wanted; i++)
        good = add_member(array, users[i]->id, member_find(command->chat, conversation, users[i]->id));
    return command_answered(command, good && add_next(command->data, page, count));
}

/* Nobody who is not in memory can have joined a live group. */
static bool is_there(struct chat *chat, const struct conversation *conversation, const struct member *member,
                     const char *user_id)
{
    if ((member && member->role != ROLE_NONE) || conversation->group->type != GROUP_LIVE)
        return member && member->role != ROLE_NONE;
    const struct user *user = user_in_memory(chat, user_id);
    return user && subscription_of_user(user, conversation, NULL);
}

static int get_named(struct command *command, struct conversation *conversation)
{
    const cJSON *id, *ids = command_list(command, FIELD_USER_IDS);
    cJSON *array = cJSON_AddArrayToObject(command->data, "members");
    bool good = array != NULL;
    cJSON_ArrayForEach (id, ids) {
        const char *name = id->valuestring;
        if (field_named_before(ids, id) || !user_id_valid(name, strlen(name)))
            continue;
        const struct member *member = member_find(command->chat, conversation, name);
        if (is_there(command->chat, conversation, member, name))
            good = good && add_member(array, name, member);
    }
    return store_reads_failed(command->chat->store) ? CODE_BUSY : command_answered(command, good);
}

int command_get_group_members(struct command *command)
{
    struct conversation *group = command->access.conversation;
    const struct member_page page = {.offset = (size_t)command_number(command, FIELD_OFFSET),
                                     .limit = (size_t)command_number(command, FIELD_LIMIT)};
    if (command_has_both(command, FIELD_USER_IDS, FIELD_MUTED))
        return CODE_BAD_REQUEST;
    if (command_has(command, FIELD_USER_IDS))
        return get_named(command, group);
    return group->group->type == GROUP_LIVE && !command_bool(command, FIELD_MUTED)
               ? get_audience(command, group, &page)
               : get_members(command, group, &page);
}
