/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/text.h"
#include "plugin/commands/access.h"
#include "plugin/commands/candidates.h"
#include "plugin/commands/waiting.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/dismissal.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/happening.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* A notice is a message, the end of its conversation, and perhaps pushes. */
#define NOTICE_RECORDS 3

/* createGroup */

struct new_group {
    struct group group;
    struct user *owner; /* NULL: nobody */
    struct candidates members;
};

/* Absent: "". */
static void read_text(const struct command *command, enum field_name name, char *out, size_t size)
{
    const char *text = command_text(command, name);
    text_copy(out, size, text ? text : "");
}

/* group->id stays empty when none is given. Without a name of its own the group is called by its id. */
static void read_group(const struct command *command, struct group *group)
{
    (void)group_type_parse(command_text(command, FIELD_GROUP_TYPE), &group->type);
    read_text(command, FIELD_GROUP_ID, group->id, sizeof group->id);
    read_text(command, FIELD_GROUP_NAME, group->name, sizeof group->name);
    read_text(command, FIELD_INTRODUCTION, group->introduction, sizeof group->introduction);
    read_text(command, FIELD_NOTIFICATION, group->notification, sizeof group->notification);
    read_text(command, FIELD_FACE_URL, group->face_url, sizeof group->face_url);
    group->add_opt = group_traits(group->type)->add_opt;
    group->invite_opt = group_traits(group->type)->invite_opt;
    (void)add_opt_parse(command_text(command, FIELD_ADD_OPT), &group->add_opt);
    (void)invite_opt_parse(command_text(command, FIELD_INVITE_OPT), &group->invite_opt);
}

/* The caller, but for an administrator who names somebody else, or (as "") nobody. */
static struct user *read_owner(const struct command *command)
{
    const cJSON *owner = cJSON_GetObjectItemCaseSensitive(command->request, field_name(FIELD_OWNER));
    if (owner && command->by.admin)
        return command->access.user;
    return command->by.user;
}

static int read_new_group(struct command *command, struct new_group *new)
{
    const cJSON *entry;
    const int64_t created = command_number(command, FIELD_CREATE_TIME);
    read_group(command, &new->group);
    new->owner = read_owner(command);
    new->group.created = created ? created : command->chat->now;
    int code = past_check(command, FIELD_CREATE_TIME, created);
    cJSON_ArrayForEach (entry, command_list(command, FIELD_MEMBERS)) {
        struct candidate *candidate = &new->members.list[new->members.count++];
        if (code == CODE_OK)
            code = candidate_read(command, entry, new->group.type, candidate);
        if (candidate->joined == 0)
            candidate->joined = new->group.created;
    }
    return code;
}

/* What the type does not let anybody choose. */
static int check_type(const struct command *command, const struct new_group *new)
{
    const struct group *group = &new->group;
    const struct group_traits *traits = group_traits(group->type);
    if ((traits->add_opt_fixed && group->add_opt != traits->add_opt) ||
        (traits->invite_opt_fixed && group->invite_opt != traits->invite_opt))
        return CODE_NOT_ALLOWED;
    if (new->members.count == 0)
        return CODE_OK;
    return rules_may(group->type, ROLE_OWNER, command->by.admin, ACTION_CREATE_MEMBERS);
}

/* A dismissed group's id is free once its messages are gone. */
static int check_id_free(const struct command *command, const char *id)
{
    const struct chat *chat = command->chat;
    const struct conversation *holder = conversation_group_any(command->chat, id);
    if (!holder)
        return CODE_OK;
    const struct group *group = holder->group;
    int64_t retention_ms = chat->options.retention_days * DAY_MS;
    if (group->dismissed != 0)
        return retention_ms != 0 && chat->now > group->dismissed + retention_ms &&
                       store_believes_clock(chat->store)
                   ? CODE_OK
                   : CODE_GROUP_ID_TAKEN;
    return strcmp(group->owner, command->by.user->id) == 0 ? CODE_GROUP_ID_YOURS : CODE_GROUP_ID_TAKEN;
}

/* "g" and ten characters by chance that no group has. */
static int make_id(const struct command *command, char *id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char random[10];
    for (int tries = 0; tries < 20; tries++) {
        if (RAND_bytes(random, sizeof random) != 1)
            return CODE_BUSY;
        id[0] = 'g';
        for (size_t i = 0; i < sizeof random; i++)
            id[i + 1] = letters[random[i] % (sizeof letters - 1)];
        id[sizeof random + 1] = '\0';
        if (!conversation_group_any(command->chat, id))
            return CODE_OK;
    }
    return CODE_BUSY;
}

/* The owner is a member already. */
static enum member_result check_member(struct command *command, const struct new_group *new,
                                       struct candidate *candidate, int64_t *room)
{
    return new->owner &&strcmp(candidate->user_id, new->owner->id) == 0
               ? RESULT_NOTHING
               : candidate_check(command, candidate, room);
}

static int check_new_group(struct command *command, struct new_group *new)
{
    struct chat *chat = command->chat;
    struct group *group = &new->group;
    struct user *self = command->by.user;
    int code = check_type(command, new);
    if (code == CODE_OK)
        code = group->id[0] ? check_id_free(command, group->id) : make_id(command, group->id);
    if (code != CODE_OK)
        return code;
    if (new->owner && memberships_count_groups(chat, new->owner) >= GROUPS_PER_USER)
        return CODE_TOO_MANY_GROUPS;
    if (!command->by.admin && user_groups_left(chat, self) <= 0)
        return CODE_TOO_FAST;
    int64_t room = group_members_max(chat, group->type) - (new->owner != NULL);
    for (size_t i = 0; i < new->members.count; i++)
        if (!candidates_settle(&new->members, i))
            new->members.list[i].result = check_member(command, new, &new->members.list[i], &room);
    return CODE_OK;
}

/* In the open frame. NULL: out of memory, and nothing has changed. */
static struct conversation *create(struct command *command, struct new_group *new)
{
    struct chat *chat = command->chat;
    struct user *others[CANDIDATES_MAX];
    text_copy(new->group.owner, sizeof new->group.owner, new->owner ? new->owner->id : "");
    if (!new->group.name[0])
        text_copy(new->group.name, sizeof new->group.name, new->group.id);
    size_t count = candidates_users(&new->members, others);
    struct conversation *conversation = group_create(chat, &new->group, new->owner, others, count);
    if (!conversation)
        return NULL;
    user_count_group(chat, command->by.user);
    candidates_admit(chat, conversation, &new->members);
    candidates_announce_invited(command, conversation, &new->members);
    return conversation;
}

static int create_and_answer(struct command *command, struct new_group *new)
{
    struct store *store = command->chat->store;
    const char *names[CANDIDATES_MAX];
    candidates_expect(command->chat, &new->members);
    int code = command_begin_sized(command, CANDIDATE_BYTES * new->members.count);
    if (code != CODE_OK)
        return code;
    struct conversation *conversation = create(command, new);
    if (!conversation) {
        store_abort(store);
        return CODE_BUSY;
    }
    command_commit(command);
    if (new->owner && conversation_stored(conversation))
        event_member(&command->by, new->owner, conversation, true);
    candidates_tell_silently(command, conversation, &new->members, true);
    happening_created(command->chat, conversation, command->by.user->id, names,
                      candidates_names(&new->members, names));
    return command_answered(command, cJSON_AddStringToObject(command->data, "groupID", new->group.id) &&
                                         candidates_answer(command, &new->members));
}

int command_create_group(struct command *command)
{
    struct new_group *new = calloc(1, sizeof *new);
    if (!new)
        return CODE_BUSY;
    int code = read_new_group(command, new);
    if (code == CODE_OK)
        code = check_new_group(command, new);
    if (code == CODE_OK)
        code = command_wait(command, REVIEW_CREATE, "");
    if (code == CODE_OK)
        code = create_and_answer(command, new);
    free(new);
    return code;
}

/* dismissGroup */

int command_dismiss_group(struct command *command)
{
    command->records_later = NOTICE_RECORDS * (size_t)command->access.conversation->group->member_count;
    return !store_reads_failed(command->chat->store) &&
                   dismissal_start(command->chat, command->access.conversation, command->by.user->id)
               ? CODE_OK
               : CODE_BUSY;
}

/* getGroupInfo */

struct head_count {
    size_t members, online;
};

/* A live group's are those who have joined, now. */
static int64_t count_members(const struct conversation *conversation)
{
    const struct group *group = conversation->group;
    return group->type == GROUP_LIVE ? (int64_t)conversation->watchers : (int64_t)group->member_count;
}

static int count_heads(struct command *command, struct conversation *conversation, struct head_count *out)
{
    struct chat *chat = command->chat;
    out->members = out->online = (size_t)count_members(conversation);
    if (conversation->group->type == GROUP_LIVE)
        return CODE_OK;
    if (!members_load(chat, conversation))
        return CODE_BUSY;
    command->walked += HASH_COUNT(conversation->members);
    out->online = (size_t)members_count_online(chat, conversation);
    return CODE_OK;
}

/* 0: there is no limit. */
static int64_t max_members(const struct chat *chat, const struct group *group)
{
    return group->type == GROUP_LIVE ? 0 : group_members_max(chat, group->type);
}

static bool answer_info(cJSON *data, const struct conversation *conversation, const struct head_count *heads)
{
    const struct group *group = conversation->group;
    return cJSON_AddStringToObject(data, "groupID", group->id) &&
           cJSON_AddStringToObject(data, "groupName", group->name) &&
           cJSON_AddStringToObject(data, "groupType", group_traits(group->type)->name) &&
           cJSON_AddStringToObject(data, "introduction", group->introduction) &&
           cJSON_AddStringToObject(data, "notification", group->notification) &&
           cJSON_AddStringToObject(data, "faceURL", group->face_url) &&
           cJSON_AddStringToObject(data, "addOpt", add_opt_name(group->add_opt)) &&
           cJSON_AddStringToObject(data, "inviteOpt", invite_opt_name(group->invite_opt)) &&
           cJSON_AddBoolToObject(data, "allMuted", group->all_muted) &&
           cJSON_AddStringToObject(data, "owner", group->owner) &&
           json_add_whole(data, "createTime", group->created) &&
           json_add_whole(data, "memberCount", (int64_t)heads->members) &&
           json_add_whole(data, "onlineCount", (int64_t)heads->online) &&
           json_add_whole(data, "lastSeq", conversation->last_seq) &&
           json_add_whole(data, "lastID", conversation->last_id);
}

int command_get_group_info(struct command *command)
{
    struct conversation *conversation = command->access.conversation;
    struct head_count heads;
    int code = count_heads(command, conversation, &heads);
    if (code != CODE_OK)
        return code;
    bool good = answer_info(command->data, conversation, &heads) &&
                json_add_whole(command->data, "maxMembers", max_members(command->chat, conversation->group));
    return command_answered(command, good);
}

/* getJoinedGroups */

static bool is_joined_group(const struct member *member)
{
    const struct group *group = member->conversation->group;
    return group && group->dismissed == 0 && member->role != ROLE_NONE;
}

static int by_group_id(const struct member *a, const struct member *b)
{
    return strcmp(a->conversation->group->id, b->conversation->group->id);
}

static int compare_groups(const void *a, const void *b)
{
    return by_group_id(*(const struct member *const *)a, *(const struct member *const *)b);
}

/* The user's groups by groupID, malloc'ed. */
static struct member **joined_groups(const struct user *user, size_t *count)
{
    struct member *member, **list;
    size_t room;
    DL_COUNT2(user->memberships, member, room, user_next);
    list = malloc((room + 1) * sizeof *list);
    *count = 0;
    if (!list)
        return NULL;
    DL_FOREACH2 (user->memberships, member, user_next)
        if (is_joined_group(member))
            list[(*count)++] = member;
    qsort(list, *count, sizeof *list, compare_groups);
    return list;
}

static bool add_joined_group(struct chat *chat, cJSON *array, struct member *member)
{
    const struct conversation *conversation = member->conversation;
    const struct group *group = conversation->group;
    cJSON *item = json_add_object(array);
    if (!item)
        return false;
    return cJSON_AddStringToObject(item, "groupID", group->id) &&
           cJSON_AddStringToObject(item, "groupName", group->name) &&
           cJSON_AddStringToObject(item, "groupType", group_traits(group->type)->name) &&
           cJSON_AddStringToObject(item, "faceURL", group->face_url) &&
           cJSON_AddStringToObject(item, "owner", group->owner) &&
           json_add_whole(item, "memberCount", count_members(conversation)) &&
           cJSON_AddBoolToObject(item, "allMuted", group->all_muted) &&
           cJSON_AddStringToObject(item, "role", role_name(member->role)) &&
           cJSON_AddStringToObject(item, "nameCard", member->name_card) &&
           json_add_whole(item, "joinTime", member->joined) &&
           json_add_whole(item, "mutedUntil", member->muted_until) &&
           cJSON_AddStringToObject(item, "receiveOption", receive_option_name(member->receive_option)) &&
           json_add_whole(item, "lastSeq", conversation->last_seq) &&
           json_add_whole(item, "lastID", conversation->last_id) &&
           json_add_whole(item, "unread", member_unread(chat, member));
}

int answer_joined_groups(struct command *command, struct user *user)
{
    size_t count;
    if (!memberships_load(command->chat, user))
        return CODE_BUSY;
    command->walked += user->membership_count;
    struct member **list = joined_groups(user, &count);
    cJSON *array = cJSON_AddArrayToObject(command->data, "groups");
    bool good = list && array;
    for (size_t i = 0; good && i < count; i++)
        good = add_joined_group(command->chat, array, list[i]);
    free(list);
    return command_answered(command, good);
}

int command_get_joined_groups(struct command *command)
{
    return answer_joined_groups(command, command->by.user);
}
