/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/json.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/audience.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"

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

/* Everyone who is in the group, by when he joined; malloc'ed. All members must be loaded. */
static const struct member **members_in_order(const struct conversation *conversation, size_t *count)
{
    const struct member **list = malloc((HASH_COUNT(conversation->members) + 1) * sizeof *list);
    *count = 0;
    if (!list)
        return NULL;
    for (const struct member *member = conversation->members; member; member = member->hh.next)
        if (member->role != ROLE_NONE)
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
    const struct member **list = members_in_order(conversation, &count);
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

int command_get_group_members(struct command *command)
{
    struct conversation *group = command->access.conversation;
    const struct member_page page = {.offset = (size_t)command_number(command, FIELD_OFFSET),
                                     .limit = (size_t)command_number(command, FIELD_LIMIT)};
    return group->group->type == GROUP_LIVE ? get_audience(command, group, &page)
                                            : get_members(command, group, &page);
}
