/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl/code.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "plugin/commands/commands.h"
#include "plugin/commands/page.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/erasures.h"
#include "plugin/people/live_history.h"
#include "plugin/people/member.h"
#include "plugin/people/merge.h"
#include "plugin/people/position.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/session/session.h"
#include "schema/log.h"
#include "schema/store.h"

#define PATIENCE 2000 /* messages deleted by the caller that are passed over in one command */

/* An answer without a message says where to go on, unless it is complete. */
static int answer(struct command *command, const struct page *page, bool complete, const char *next_name,
                  int64_t next)
{
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    bool good = !page->failed && cJSON_AddBoolToObject(command->data, "complete", complete);
    if (good && !complete && !page->array->child)
        good = json_add_whole(command->data, next_name, next);
    return command_answered(command, good);
}

/* sync */

struct sync {
    struct page page;
    struct erasures gone;
    bool at_end; /* of these: more of both is left */
};

static bool on_merged(void *context, struct conversation *conversation, const struct message *message)
{
    struct sync *sync = context;
    sync->at_end = message->id > sync->gone.end;
    return !sync->at_end && page_add(&sync->page, conversation, message, false);
}

static bool add_cleared(cJSON *list, const struct erasure *erasure)
{
    const struct conversation *conversation = erasure->cleared->conversation;
    cJSON *item = json_add_object(list);
    return item &&
           cJSON_AddStringToObject(item, conversation_kind(conversation),
                                   conversation_name(conversation, erasure->cleared->user_id)) &&
           json_add_whole(item, "id", erasure->id);
}

static bool add_deleted(cJSON *list, int64_t id)
{
    cJSON *item = json_create_whole(id);
    if (item && cJSON_AddItemToArray(list, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static bool add_erasure(cJSON *data, const struct erasure *erasure)
{
    const char *name = erasure->cleared ? "cleared" : "deleted";
    cJSON *list = cJSON_GetObjectItem(data, name);
    if (!list)
        list = cJSON_AddArrayToObject(data, name);
    return list && (erasure->cleared ? add_cleared(list, erasure) : add_deleted(list, erasure->id));
}

/* The deletions up to where the messages of the page end. What has its place after the last message says where to
 * go on. */
static int answer_sync(struct command *command, struct sync *sync, int64_t position, bool complete)
{
    const struct erasures *gone = &sync->gone;
    const int64_t reached = complete || sync->at_end ? gone->end : position;
    int64_t last = position;
    bool good = !sync->page.failed;
    for (size_t i = 0; good && i < gone->count && gone->list[i].at <= reached; i++) {
        good = add_erasure(command->data, &gone->list[i]);
        last = larger(last, gone->list[i].at);
    }
    complete = complete && gone->end == INT64_MAX;
    sync->page.failed = !good || (last > position && !json_add_whole(command->data, "after", last));
    if (last == position)
        return answer(command, &sync->page, complete, "after", position);
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    return command_answered(command,
                            !sync->page.failed && cJSON_AddBoolToObject(command->data, "complete", complete));
}

int command_sync(struct command *command)
{
    struct chat *chat = command->chat;
    struct user *user = command->by.user;
    const int64_t after = command_number(command, FIELD_AFTER);
    struct sync sync = {0};
    bool complete;
    int code = CODE_BUSY;
    struct merge *merge = merge_open(chat, user, MERGE_ALL, NULL, after);
    command->walked += user->membership_count;
    sync.page.array = merge ? cJSON_AddArrayToObject(command->data, "messages") : NULL;
    if (sync.page.array) {
        erasures_read(chat, user, after, &sync.gone);
        merge_read(merge, (size_t)command_number(command, FIELD_LIMIT), on_merged, &sync, &complete);
        code = answer_sync(command, &sync, merge_position(merge), complete && !sync.page.full);
    }
    merge_close(merge);
    return code;
}

/* getHistory */

struct walk {
    struct command *command;
    const struct conversation *conversation;
    const struct member *member;
    struct page page;
    int64_t from, before; /* ids between these two, without them */
    bool rising;
    size_t limit, given, patience;
    int64_t position; /* the last one looked at */
    bool complete;
};

static bool on_message(void *context, const struct message *message)
{
    struct walk *walk = context;
    bool over = walk->rising ? message->id >= walk->before : message->id <= walk->from;
    if (over)
        return false;
    walk->complete = false;
    if (walk->given == walk->limit || walk->patience == 0)
        return false;
    if (visible_deleted(walk->command->chat, walk->member, message->id)) {
        walk->patience--;
    } else {
        if (!page_add(&walk->page, walk->conversation, message, !walk->rising))
            return false;
        walk->given++;
    }
    walk->position = message->id;
    walk->complete = true;
    return true;
}

static int walk_stored(struct walk *walk)
{
    struct log *log = walk->command->chat->log;
    int64_t id = walk->conversation->id;
    walk->complete = true;
    if (walk->rising)
        (void)log_after(log, id, walk->from, on_message, walk);
    else
        (void)log_before(log, id, walk->before, on_message, walk);
    return answer(walk->command, &walk->page, walk->complete, walk->rising ? "after" : "before",
                  walk->position);
}

/* What a live group still has: no ids, so there are no pages. */
static int walk_live(struct walk *walk)
{
    const struct live_message *message = NULL;
    while ((message = live_history_before(walk->conversation->live_history, message)) &&
           walk->given < walk->limit && page_add_text(&walk->page, message->payload, message->len, true))
        walk->given++;
    return answer(walk->command, &walk->page, message == NULL, "before", 0);
}

/* The ends of what is asked for may be ids, times, or (the last message) a seq: one of them each. */
static bool has_two_ends(struct command *command)
{
    return command_has_both(command, FIELD_AFTER_TIME, FIELD_AFTER) ||
           command_has_both(command, FIELD_BEFORE_TIME, FIELD_BEFORE) ||
           command_has_both(command, FIELD_SEQ, FIELD_BEFORE) ||
           command_has_both(command, FIELD_SEQ, FIELD_BEFORE_TIME);
}

static int64_t find_from(struct command *command)
{
    const struct conversation *conversation = command->access.conversation;
    if (!command_has(command, FIELD_AFTER_TIME) || !conversation)
        return command_has(command, FIELD_AFTER) ? command_number(command, FIELD_AFTER) : -1;
    const int64_t time = command_number(command, FIELD_AFTER_TIME);
    return position_find(command->chat, conversation, POSITION_TIME, time + 1).id - 1;
}

static int64_t find_before(struct command *command)
{
    const struct conversation *conversation = command->access.conversation;
    const int64_t seq = command_number(command, FIELD_SEQ);
    if (command_has(command, FIELD_BEFORE))
        return command_number(command, FIELD_BEFORE);
    if (command_has(command, FIELD_BEFORE_TIME) && conversation)
        return position_find(command->chat, conversation, POSITION_TIME,
                             command_number(command, FIELD_BEFORE_TIME))
            .id;
    if (!command_has(command, FIELD_SEQ) || !conversation)
        return INT64_MAX;
    const struct position last = position_find(command->chat, conversation, POSITION_SEQ, seq);
    return last.seq == seq ? last.id + 1 : last.id;
}

/* Without `after`, or with `before`, backwards from the newest. */
static struct walk walk_begin(struct command *command)
{
    const bool has_before = command_has(command, FIELD_BEFORE) || command_has(command, FIELD_BEFORE_TIME) ||
                            command_has(command, FIELD_SEQ);
    const bool has_after = command_has(command, FIELD_AFTER) || command_has(command, FIELD_AFTER_TIME);
    return (struct walk){.command = command,
                         .conversation = command->access.conversation,
                         .member = command->access.member,
                         .from = find_from(command),
                         .before = find_before(command),
                         .rising = has_after && !has_before,
                         .limit = (size_t)command_number(command, FIELD_LIMIT),
                         .patience = PATIENCE};
}

/* App admins read the whole of a group, members of it or not; but what they have deleted themselves is gone. */
static int64_t first_shown(const struct walk *walk)
{
    if (walk->command->by.admin && walk->conversation->group && walk->member)
        return walk->member->cleared_id;
    return visible_history_from(walk->conversation, walk->member);
}

int command_get_history(struct command *command)
{
    if (has_two_ends(command))
        return CODE_BAD_REQUEST;
    struct walk walk = walk_begin(command);
    walk.page.array = cJSON_AddArrayToObject(command->data, "messages");
    if (!walk.page.array)
        return CODE_BUSY;
    if (!walk.conversation) /* a pair that has never written to each other */
        return answer(command, &walk.page, true, "before", 0);
    if (!conversation_stored(walk.conversation))
        return walk_live(&walk);
    walk.from = larger(walk.from, first_shown(&walk));
    return walk_stored(&walk);
}
