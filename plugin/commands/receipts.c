/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/json.h"
#include "plugin/commands/found.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* Nothing is kept per message: a member's read position says which ones were read. */

/* Has the group receipts? Its members are loaded then. */
static int check_group(struct command *command)
{
    struct conversation *conversation = command->access.conversation;
    const struct group *group = conversation->group;
    if ((group->type != GROUP_PRIVATE && group->type != GROUP_PUBLIC) ||
        group->member_count > RECEIPT_MEMBERS)
        return CODE_NO_RECEIPTS;
    if (!members_load(command->chat, conversation))
        return CODE_BUSY;
    command->walked += HASH_COUNT(conversation->members);
    return CODE_OK;
}

/* Only who has sent it is told, and app admins. */
static int check_sender(const struct command *command, const struct found *found)
{
    const bool own = strcmp(found->sender, command->by.user->id) == 0;
    if (found->conversation != command->access.conversation || !message_is_content(&found->message))
        return CODE_NO_GROUP_MESSAGE;
    return own || command->by.admin ? CODE_OK : CODE_NOT_ALLOWED;
}

/* Does it say who has read it? What is recalled, or does not count as unread, does not; but for what was imported as
 * read by all. */
static bool has_receipts(const struct found *found)
{
    return !found->message.recalled &&
           (found->message.kind == MESSAGE_CONTENT || found->message.imported != 0);
}

/* Was it for this member, who is not its sender? */
static bool is_reader(const struct member *member, const struct found *found)
{
    return member->role != ROLE_NONE && visible_since(member) < found->message.id &&
           strcmp(member->user_id, found->sender) != 0;
}

static bool has_read(const struct member *member, const struct found *found)
{
    return found->message.kind == MESSAGE_QUIET || member_read_id(member) >= found->message.id;
}

/* getReadReceipts */

/* What retention may have taken is left out. */
static int find_message(struct command *command, const cJSON *item, struct found *found)
{
    const int64_t id = (int64_t)item->valuedouble;
    found_by_id(command, id, found);
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    if (!found->conversation && id < store_first_id(command->chat->store))
        return CODE_OK;
    int code = check_sender(command, found);
    if (code == CODE_NO_GROUP_MESSAGE)
        snprintf(command->error, sizeof command->error, "ids: the message %lld does not exist",
                 (long long)id);
    return code;
}

static bool add_receipt(cJSON *array, const struct found *found)
{
    int64_t read = 0, unread = 0;
    for (const struct member *m = found->conversation->members; m; m = m->hh.next)
        if (is_reader(m, found))
            *(has_read(m, found) ? &read : &unread) += 1;
    cJSON *item = json_add_object(array);
    return item && json_add_whole(item, "id", found->message.id) && json_add_whole(item, "read", read) &&
           json_add_whole(item, "unread", unread);
}

int command_get_read_receipts(struct command *command)
{
    struct found found;
    const cJSON *item;
    int code = check_group(command);
    cJSON *array = code == CODE_OK ? cJSON_AddArrayToObject(command->data, "receipts") : NULL;
    bool good = array != NULL;
    cJSON_ArrayForEach (item, command_list(command, FIELD_IDS)) {
        if (code == CODE_OK)
            code = find_message(command, item, &found);
        if (code != CODE_OK)
            return code;
        if (good && found.conversation && has_receipts(&found)) {
            command->walked += HASH_COUNT(found.conversation->members);
            good = add_receipt(array, &found);
        }
    }
    return command_answered(command, good);
}

/* getMessageReaders */

static int by_user_id(const void *a, const void *b)
{
    const struct member *one = *(const struct member *const *)a, *two = *(const struct member *const *)b;
    return strcmp(one->user_id, two->user_id);
}

/* malloc'ed; NULL: out of memory. */
static const struct member **readers(const struct found *found, bool read, size_t *count)
{
    const struct member **list = malloc((HASH_COUNT(found->conversation->members) + 1) * sizeof *list);
    *count = 0;
    if (!list)
        return NULL;
    for (const struct member *m = found->conversation->members; m; m = m->hh.next)
        if (is_reader(m, found) && has_read(m, found) == read)
            list[(*count)++] = m;
    qsort(list, *count, sizeof *list, by_user_id);
    return list;
}

static bool add_user(cJSON *array, const char *user_id)
{
    cJSON *item = cJSON_CreateString(user_id);
    return item && cJSON_AddItemToArray(array, item);
}

static int answer_readers(struct command *command, const struct found *found)
{
    const size_t offset = (size_t)command_number(command, FIELD_OFFSET);
    const size_t end = offset + (size_t)command_number(command, FIELD_LIMIT);
    const bool read = !command_has(command, FIELD_READ) || command_bool(command, FIELD_READ);
    size_t count;
    const struct member **list = readers(found, read, &count);
    cJSON *array = cJSON_AddArrayToObject(command->data, "users");
    bool good = list && array;
    for (size_t i = offset; good && i < count && i < end; i++)
        good = add_user(array, list[i]->user_id);
    good = good && (end >= count || json_add_whole(command->data, "next", (int64_t)end));
    free(list);
    return command_answered(command, good);
}

int command_get_message_readers(struct command *command)
{
    struct found found;
    int code = check_group(command);
    if (code != CODE_OK)
        return code;
    found_by_id(command, command_number(command, FIELD_ID), &found);
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    code = check_sender(command, &found);
    if (code != CODE_OK)
        return code;
    if (found.message.recalled)
        return CODE_ALREADY_RECALLED;
    return has_receipts(&found) ? answer_readers(command, &found) : CODE_NO_GROUP_MESSAGE;
}
