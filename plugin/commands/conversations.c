/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/json.h"
#include "plugin/commands/page.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/erasing.h"
#include "plugin/delivery/event.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/push/push_badge.h"
#include "plugin/session/session.h"
#include "schema/log.h"
#include "schema/store.h"

#define ENTRY_BYTES 240 /* of one conversation, without its last message */

struct place {
    struct member *member;
    int64_t last_id; /* of the last message that is there for him */
};

struct list {
    struct place *entries;
    size_t count;
};

/* Conversations without a message that he can see since he took them from the list are not in it, nor are his
 * notices. */
static int64_t last_listed(struct chat *chat, struct member *member)
{
    const struct conversation *conversation = member->conversation;
    if (member->role == ROLE_NONE || !conversation_stored(conversation) ||
        (conversation->group && conversation->group->dismissed != 0) ||
        strcmp(conversation->a, SYSTEM_USER) == 0)
        return 0;
    const int64_t last = conversation->last_id > member->hidden_id ? visible_last(chat, member) : 0;
    return last > member->hidden_id ? last : 0;
}

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->member->pinned != y->member->pinned)
        return x->member->pinned ? -1 : 1;
    return x->last_id > y->last_id ? -1 : x->last_id < y->last_id;
}

static void list_add(struct chat *chat, struct list *list, struct member *member)
{
    const struct place entry = {member, last_listed(chat, member)};
    if (entry.last_id != 0)
        list->entries[list->count++] = entry;
}

static bool list_open(struct chat *chat, struct user *user, struct list *list)
{
    struct member *member;
    size_t room;
    *list = (struct list){0};
    if (!memberships_load(chat, user))
        return false;
    DL_COUNT2(user->memberships, member, room, user_next);
    list->entries = malloc((room + 1) * sizeof *list->entries);
    if (!list->entries)
        return false;
    DL_FOREACH2 (user->memberships, member, user_next)
        list_add(chat, list, member);
    qsort(list->entries, list->count, sizeof *list->entries, by_place);
    return true;
}

static bool take_conversation(void *context, const struct message *message)
{
    *(int64_t *)context = message->conversation;
    return false;
}

/* `before` is the id of the last message of the last entry given, in the part that is pinned or in the other.
 * New messages may have moved that entry up since. */
static bool before_is_pinned(struct chat *chat, const struct user *user, int64_t before)
{
    int64_t id = 0;
    (void)log_find(chat->log, before, take_conversation, &id);
    struct conversation *conversation = id == 0 ? NULL : conversation_by_id(chat, id);
    const struct member *member = conversation ? member_find(chat, conversation, user->id) : NULL;
    return member && member->pinned;
}

static size_t first_after(struct chat *chat, const struct user *user, const struct list *list, int64_t before)
{
    size_t i = 0;
    if (before > store_last_id(chat->store))
        return 0;
    bool pinned = before_is_pinned(chat, user, before);
    while (i < list->count &&
           (list->entries[i].member->pinned ? !pinned || list->entries[i].last_id >= before
                                            : !pinned && list->entries[i].last_id >= before))
        i++;
    return i;
}

struct item {
    struct page *page;
    const struct conversation *conversation;
    cJSON *object;
    bool found, added;
};

static bool add_last_message(void *context, const struct message *message)
{
    struct item *item = context;
    item->found = true;
    cJSON *json = message_json(item->conversation, message);
    item->added = json && page_take(item->page, ENTRY_BYTES + strlen(json->valuestring)) &&
                  cJSON_AddItemToObject(item->object, "lastMessage", json);
    if (!item->added)
        cJSON_Delete(json);
    return false;
}

static bool add_kind(struct chat *chat, cJSON *object, const struct member *member)
{
    struct conversation *conversation = member->conversation;
    if (conversation->group)
        return cJSON_AddStringToObject(object, "groupType", group_traits(conversation->group->type)->name) &&
               cJSON_AddStringToObject(object, "receiveOption", receive_option_name(member->receive_option));
    const struct member *peer =
        member_find(chat, conversation, conversation_peer(conversation, member->user_id));
    return json_add_whole(object, "peerReadID", peer ? member_read_id(peer) : 0);
}

static bool add_state(struct chat *chat, cJSON *object, struct member *member)
{
    const struct conversation *conversation = member->conversation;
    return cJSON_AddStringToObject(object, conversation_kind(conversation),
                                   conversation_name(conversation, member->user_id)) &&
           json_add_whole(object, "unread", member_unread(chat, member)) &&
           cJSON_AddBoolToObject(object, "atMe", member_at_me(chat, member)) &&
           cJSON_AddBoolToObject(object, "pinned", member->pinned) &&
           json_add_whole(object, "readID", member_read_id(member)) && add_kind(chat, object, member);
}

/* false: the page is full, or failed. */
static bool add_entry(struct chat *chat, struct page *page, const struct place *entry)
{
    struct item item = {page, entry->member->conversation, cJSON_CreateObject(), false, false};
    bool good = item.object && add_state(chat, item.object, entry->member) &&
                log_find(chat->log, entry->last_id, add_last_message, &item);
    bool gone = good && !item.found; /* retention has taken it this moment */
    if (good && item.added && cJSON_AddItemToArray(page->array, item.object))
        return true;
    cJSON_Delete(item.object);
    page->failed = !gone && !page->full;
    return gone;
}

static int answer_list(struct command *command, const struct list *list, size_t first, size_t limit)
{
    struct chat *chat = command->chat;
    struct page page = {.array = cJSON_AddArrayToObject(command->data, "conversations")};
    size_t i = first;
    while (page.array && i < list->count && i - first < limit && add_entry(chat, &page, &list->entries[i]))
        i++;
    int64_t total = user_total_unread(chat, command->by.user);
    if (store_reads_failed(chat->store))
        return CODE_BUSY;
    return command_answered(command, page.array && !page.failed &&
                                         cJSON_AddBoolToObject(command->data, "complete", i == list->count) &&
                                         json_add_whole(command->data, "totalUnread", total));
}

/* The one that was named, if it is in the list. */
static int answer_one(struct command *command)
{
    struct place entry;
    struct list list = {.entries = &entry};
    if (!memberships_load(command->chat, command->by.user)) /* for the total */
        return CODE_BUSY;
    if (command->access.member)
        list_add(command->chat, &list, command->access.member);
    command->walked += command->by.user->membership_count;
    return answer_list(command, &list, 0, 1);
}

int command_get_conversations(struct command *command)
{
    struct chat *chat = command->chat;
    struct user *user = command->by.user;
    struct list list;
    const int64_t before = command_number(command, FIELD_BEFORE);
    if (command_has(command, FIELD_TO) || command_has(command, FIELD_GROUP))
        return answer_one(command);
    if (!list_open(chat, user, &list))
        return CODE_BUSY;
    command->walked += 2 * user->membership_count; /* for the list, and for what is unread */
    size_t first = before == 0 ? 0 : first_after(chat, user, &list, before);
    int code = answer_list(command, &list, first, (size_t)command_number(command, FIELD_LIMIT));
    free(list.entries);
    return code;
}

int command_set_conversation(struct command *command)
{
    const struct access *access = &command->access;
    if (!access->member || !conversation_stored(access->conversation) ||
        strcmp(access->conversation->a, SYSTEM_USER) == 0)
        return command_refuse(command, "%s: not in the caller's list of conversations",
                              command_has(command, FIELD_TO) ? "to" : "group");
    if (!command_has(command, FIELD_PINNED))
        return CODE_OK;
    const bool pinned = command_bool(command, FIELD_PINNED);
    if (access->member->pinned == pinned)
        return CODE_OK;
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    member_pin(command->chat, access->member, pinned);
    command_commit(command);
    event_conversation(&command->by, command->by.user, access->conversation, "pinned",
                       pinned ? "true" : "false");
    return CODE_OK;
}

/* What is not there is gone already. */
int command_delete_conversation(struct command *command)
{
    struct chat *chat = command->chat;
    struct member *member = command->access.member;
    if (!member || !conversation_stored(member->conversation))
        return CODE_OK;
    const int64_t before = badge_before(chat, command->by.user, member);
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    const bool keep = command_bool(command, FIELD_KEEP_MESSAGES);
    const int64_t at = keep ? 0 : store_next_place(chat->store);
    if (!keep && at == 0) {
        command_commit(command); /* the mark is on its way */
        return CODE_BUSY;
    }
    if (keep)
        visible_hide(chat, member);
    else
        visible_clear(chat, member, at);
    const bool read = member_read(chat, member, member->conversation->last_id);
    badge_put_read(chat, &command->by, member, before);
    if (member->pinned)
        member_pin(chat, member, false);
    command_commit(command);
    if (read)
        event_read(chat, command->by.user, member->conversation, member->read_id);
    if (!keep)
        erasing_pass(chat, &command->by, at);
    event_deleted_conversation(chat, &command->by, member->conversation, keep);
    return CODE_OK;
}
