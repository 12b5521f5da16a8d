/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What operators do about the push queue: getPushJobs, retryPushJobs, dropPushJobs. */
#include "plugin/commands/commands.h"
#include "plugin/push/push_queue.h"

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/json.h"
#include "plugin/core/chat.h"
#include "plugin/people/user.h"
#include "schema/store.h"

int command_get_push_jobs(struct command *command)
{
    int64_t next = 0;
    const struct push_wish wish = {.user = command->access.user,
                                   .state = command_text(command, FIELD_STATE),
                                   .provider = command_text(command, FIELD_PROVIDER),
                                   .after = command_number(command, FIELD_AFTER),
                                   .limit = (size_t)command_number(command, FIELD_LIMIT)};
    cJSON *list = cJSON_AddArrayToObject(command->data, "jobs");
    bool good = list && push_queue_list(command->chat, &wish, list, &next);
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    return command_answered(command, good && json_add_whole(command->data, "next", next));
}

/* All of them are a word of their own: nobody is to drop them by leaving something out. */
static int check_which(struct command *command)
{
    if (command_has_both(command, FIELD_JOBS, FIELD_USER_ID) ||
        command_has_both(command, FIELD_JOBS, FIELD_ALL) ||
        command_has_both(command, FIELD_USER_ID, FIELD_ALL))
        return CODE_BAD_REQUEST;
    if (command_has(command, FIELD_ALL) && !command_bool(command, FIELD_ALL))
        return command_refuse(command, "all: can only be true");
    if (command_has_both(command, FIELD_JOBS, FIELD_PROVIDER) ||
        command_has_both(command, FIELD_JOBS, FIELD_STATE) ||
        command_has_both(command, FIELD_JOBS, FIELD_AFTER))
        return CODE_BAD_REQUEST;
    return CODE_OK;
}

static void choose_named(struct command *command, bool retry, struct push_choice *choice)
{
    int64_t jobs[JOBS_MAX];
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, command_list(command, FIELD_JOBS))
        jobs[count++] = (int64_t)item->valuedouble;
    push_queue_choose_named(command->chat, jobs, count, retry, choice);
}

static int choose(struct command *command, bool retry, struct push_choice *choice)
{
    const char *user = command_text(command, FIELD_USER_ID);
    struct push_wish wish = {.state = command_has(command, FIELD_STATE) ? command_text(command, FIELD_STATE)
                                                                        : "dead",
                             .provider = command_text(command, FIELD_PROVIDER),
                             .after = command_number(command, FIELD_AFTER),
                             .limit = JOBS_MAX};
    if (user)
        wish.user = user_find(command->chat, user);
    if (user && !wish.user)
        return CODE_NO_USER;
    if (command_has(command, FIELD_JOBS))
        choose_named(command, retry, choice);
    else
        push_queue_choose(command->chat, &wish, choice);
    return CODE_OK;
}

static int change(struct command *command, bool retry,
                  void (*put)(struct chat *chat, const struct push_choice *choice))
{
    struct push_choice choice;
    int code = check_which(command);
    if (code == CODE_OK)
        code = choose(command, retry, &choice);
    if (code == CODE_OK)
        code = command_begin(command); /* refuses, too, when something could not be read */
    if (code != CODE_OK)
        return code;
    put(command->chat, &choice);
    command_commit(command);
    return command_answered(command, json_add_whole(command->data, "count", (int64_t)choice.count) &&
                                         json_add_whole(command->data, "next", choice.next));
}

int command_retry_push_jobs(struct command *command)
{
    return change(command, true, push_queue_put_retry);
}

int command_drop_push_jobs(struct command *command)
{
    return change(command, false, push_queue_put_drop);
}
