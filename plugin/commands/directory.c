/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include "acl/code.h"
#include "lib/json.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "schema/store.h"

/* A page of all there are. Who is deleted, or dismissed, takes a place in it and is not shown: however many of them
 * follow each other, a page looks at no more than it may hold. */
struct directory {
    cJSON *array;
    size_t looked_at, limit;
    int64_t last; /* number of the last one looked at */
    bool more;    /* there is one after it */
    bool failed;  /* out of memory */
};

/* May one more be shown? */
static bool step(struct directory *directory, int64_t number)
{
    directory->more = directory->looked_at == directory->limit;
    if (directory->more || directory->failed)
        return false;
    directory->looked_at++;
    directory->last = number;
    return true;
}

static bool add_user(void *context, const struct user_brief *user)
{
    struct directory *directory = context;
    if (!step(directory, user->number))
        return false;
    if (user->deleted)
        return true;
    cJSON *item = json_add_object(directory->array);
    directory->failed = !item || !cJSON_AddStringToObject(item, "userID", user->id) ||
                        !cJSON_AddStringToObject(item, "nickname", user->nickname) ||
                        !json_add_whole(item, "createTime", user->created) ||
                        !json_add_whole(item, "bannedUntil", user->banned_until);
    return true;
}

static bool add_group(void *context, const struct group_brief *brief)
{
    struct directory *directory = context;
    const struct group *group = brief->group;
    if (!step(directory, brief->number))
        return false;
    if (group->dismissed != 0)
        return true;
    const bool live = group->type == GROUP_LIVE;
    cJSON *item = json_add_object(directory->array);
    directory->failed =
        !item || !cJSON_AddStringToObject(item, "groupID", group->id) ||
        !cJSON_AddStringToObject(item, "groupType", group_traits(group->type)->name) ||
        !cJSON_AddStringToObject(item, "groupName", group->name) ||
        !cJSON_AddStringToObject(item, "owner", group->owner) ||
        !json_add_whole(item, "createTime", group->created) ||
        !json_add_whole(item, "memberCount", live ? (int64_t)brief->watchers : group->member_count) ||
        !json_add_whole(item, "lastSeq", brief->last_seq);
    return true;
}

static struct directory open_directory(struct command *command, const char *name)
{
    return (struct directory){.array = cJSON_AddArrayToObject(command->data, name),
                              .limit = (size_t)command_number(command, FIELD_LIMIT)};
}

static int answer_directory(struct command *command, const struct directory *directory)
{
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    command->walked += directory->looked_at;
    return command_answered(command,
                            directory->array && !directory->failed &&
                                json_add_whole(command->data, "next", directory->more ? directory->last : 0));
}

int command_get_users(struct command *command)
{
    struct directory directory = open_directory(command, "users");
    users_after(command->chat, command_number(command, FIELD_AFTER), directory.limit + 1, add_user,
                &directory);
    return answer_directory(command, &directory);
}

int command_get_groups(struct command *command)
{
    struct directory directory = open_directory(command, "groups");
    groups_after(command->chat, command_number(command, FIELD_AFTER), directory.limit + 1, add_group,
                 &directory);
    return answer_directory(command, &directory);
}
