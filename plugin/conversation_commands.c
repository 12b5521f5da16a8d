/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/conversation_commands.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "plugin/chat.h"
#include "plugin/conversation.h"
#include "plugin/cursor.h"
#include "plugin/event.h"
#include "plugin/group_commands.h"
#include "plugin/merge.h"
#include "plugin/payload.h"
#include "plugin/session.h"
#include "plugin/subscription.h"
#include "plugin/user.h"
#include "schema/store.h"

#define SYNC_LIMIT     100
#define SYNC_LIMIT_MAX 500
#define SYNC_BYTES_MAX 262144

/* A page of messages as it grows. */
struct page {
    cJSON *messages;
    size_t bytes;
    bool full;   /* the next one did not fit */
    bool failed; /* out of memory */
};

/* The message as it was delivered, byte for byte: nothing of the client's is printed anew. */
static bool add_message(struct page *page, const struct conversation *conversation,
                        const struct message *message)
{
    char *text = malloc(STAMP_MAX + message->body_len + 1);
    if (!text)
        return false;
    size_t len = conversation_stamp(text, conversation, message);
    memcpy(text + len, message->body, message->body_len);
    text[len + message->body_len] = '\0';
    cJSON *raw = cJSON_CreateRaw(text);
    free(text);
    if (!raw || !cJSON_AddItemToArray(page->messages, raw)) {
        cJSON_Delete(raw);
        return false;
    }
    page->bytes += len + message->body_len + 1;
    return true;
}

static bool on_message(void *context, struct conversation *conversation, const struct message *message)
{
    struct page *page = context;
    page->full = page->bytes > 0 && page->bytes + STAMP_MAX + message->body_len > SYNC_BYTES_MAX;
    page->failed = !page->full && !add_message(page, conversation, message);
    return !page->full && !page->failed;
}

static int read_page(struct command *command, struct merge *merge, size_t limit)
{
    struct page page = {.messages = cJSON_AddArrayToObject(command->data, "messages")};
    bool complete = false;
    if (!page.messages)
        return CODE_BUSY;
    size_t given = merge_read(merge, limit, on_message, &page, &complete);
    if (store_failed(command->chat->store) || (given == 0 && !complete))
        return CODE_BUSY;
    complete = complete && !page.full;
    return command_answered(command,
                            !page.failed && cJSON_AddBoolToObject(command->data, "complete", complete));
}

int command_sync(struct command *command)
{
    int64_t after = 0, limit = SYNC_LIMIT;
    int code = field_number(command, "after", FIELD_REQUIRED, 0, SAFE_INTEGER_MAX, &after);
    if (code == CODE_OK)
        code = field_number(command, "limit", FIELD_OPTIONAL, 1, SYNC_LIMIT_MAX, &limit);
    if (code != CODE_OK)
        return code;
    struct merge *merge = merge_open(command->chat, command->session->user, MERGE_ALL, NULL, after);
    if (!merge)
        return CODE_BUSY;
    code = read_page(command, merge, (size_t)limit);
    merge_close(merge);
    return code;
}

int command_ack(struct command *command)
{
    struct chat *chat = command->chat;
    int64_t id = 0;
    int code = field_number(command, "id", FIELD_REQUIRED, 0, store_last_id(chat->store), &id);
    if (code != CODE_OK)
        return code;
    const struct subscription *subscription;
    size_t count;
    DL_COUNT(command->session->subscriptions, subscription, count);
    code = command_begin(command, 1024 + count * 512);
    if (code != CODE_OK)
        return code;
    subscriptions_ack(chat, command->session, id);
    store_commit(chat->store);
    return CODE_OK;
}

/* Moves the caller's read position in a conversation that keeps one for him. */
static int mark_read(struct command *command, struct conversation *conversation, int64_t id)
{
    struct chat *chat = command->chat;
    struct member *member = member_find(chat, conversation, command->session->user->id);
    if (!member || !conversation_stored(conversation))
        return CODE_OK;
    int code = command_begin(command, 256);
    if (code != CODE_OK)
        return code;
    if (!member_read(chat, member, id)) {
        store_abort(chat->store);
        return CODE_OK;
    }
    store_commit(chat->store);
    event_read(chat, command->session, conversation, member->read_id);
    event_unread(chat, command->session, member);
    return CODE_OK;
}

/* A pair that has never written to each other has nothing unread. One with a user who was deleted still may.
 */
static int mark_pair_read(struct command *command, const char *to, int64_t id)
{
    struct chat *chat = command->chat;
    const char *self = command->session->user->id;
    struct conversation *conversation = strcmp(to, self) == 0 ? NULL : conversation_pair(chat, self, to);
    if (conversation)
        return mark_read(command, conversation, id);
    return strcmp(to, self) != 0 && user_find(chat, to) ? CODE_OK : CODE_NO_USER;
}

int command_mark_read(struct command *command)
{
    const char *to = NULL, *named = NULL;
    struct conversation *group = NULL;
    int64_t id = SAFE_INTEGER_MAX;
    int code = field_user(command, "to", FIELD_OPTIONAL, &to);
    if (code == CODE_OK)
        code = field_text(command, "group", FIELD_OPTIONAL, SIZE_MAX, &named);
    if (code == CODE_OK)
        code = field_number(command, "id", FIELD_OPTIONAL, 0, SAFE_INTEGER_MAX, &id);
    if (code != CODE_OK)
        return code;
    if (!to == !named)
        return command_refuse(command, "to, group: exactly one of them");
    if (to)
        return mark_pair_read(command, to, id);
    code = field_group(command, "group", FIELD_REQUIRED, &group);
    if (code != CODE_OK)
        return code;
    return caller_role(command, group) == ROLE_NONE ? CODE_NOT_ALLOWED : mark_read(command, group, id);
}

int command_get_unread(struct command *command)
{
    int64_t total = user_total_unread(command->chat, command->session->user);
    if (store_failed(command->chat->store))
        return CODE_BUSY;
    return command_answered(command, cJSON_AddNumberToObject(command->data, "totalUnread", (double)total));
}
