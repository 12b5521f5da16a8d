/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/waiting.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "lib/json.h"
#include "lib/json_text.h"
#include "plugin/commands/account.h"
#include "plugin/commands/command.h"
#include "plugin/commands/control.h"
#include "plugin/commands/later.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/review.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* The beginning */

static int begin_review(struct command *command, const struct review *plan)
{
    struct review review = *plan;
    const struct session *device = command->by.device;
    const char *address = broker_address(device->client);
    struct later *later;
    int code = store_reads_failed(command->chat->store) ? CODE_BUSY : later_begin(command, &later);
    if (code != CODE_OK)
        return code;
    review.sender = command->by.user->id;
    review.client = device->client_id;
    review.platform = platform_name(device->platform);
    review.address = address ? address : "";
    review.time = command->chat->now;
    review.own = later;
    if (review_begin(command->chat, &review))
        return COMMAND_LATER;
    later_drop(later);
    return CODE_BUSY;
}

/* What administrators do is not looked at, in whoever's name. */
static int wait_for_review(struct command *command, enum review_of what, const struct review *plan)
{
    bool waits = false;
    if (!(command->chat->options.review & (int)what) || command->review || command->by.admin ||
        !command->by.device)
        return CODE_OK;
    int code = review_check(command->chat, plan->kind, command->by.user->id, plan->topic, &waits);
    return code == CODE_OK && waits ? begin_review(command, plan) : code;
}

int command_wait(struct command *command, enum review_of what, const char *topic)
{
    const size_t len = (size_t)(json_skip_value(command->text) - command->text);
    if (command->chat->options.review == 0)
        return CODE_OK;
    char *text = strndup(command->text, len);
    const struct review plan = {.kind = &command_review, .topic = topic, .text = text};
    int code = text ? wait_for_review(command, what, &plan) : CODE_BUSY;
    free(text);
    return code;
}

int command_wait_edit(struct command *command, enum review_of what, const char *topic, const char *members,
                      int64_t id)
{
    const struct review plan = {.kind = &edit_review, .topic = topic, .text = members, .about = id};
    return wait_for_review(command, what, &plan);
}

/* The end */

static void free_later(void *own)
{
    later_drop(own);
}

static void answer(struct chat *chat, struct review *review, int code, const char *error, cJSON *data)
{
    if (review->own)
        later_answer(chat, review->own, code, error, data);
    else
        cJSON_Delete(data);
    review->own = NULL;
}

static bool refuse(struct chat *chat, struct review *review, int code, const char *error)
{
    if (!review_end(chat, review))
        return false;
    answer(chat, review, code, error, NULL);
    return true;
}

/* Its function has come to an end. */
static bool conclude(struct command *command, struct review *review, int code)
{
    struct chat *chat = command->chat;
    if (code == CODE_BUSY || (command->review && !review_end(chat, review)))
        return false;
    if (code == CODE_OK && !command->data && review->own) {
        later_fail(chat, review->own); /* it is done, and memory ran out over the answer */
        review->own = NULL;
        return true;
    }
    answer(chat, review, code, command->error, command->data);
    command->data = NULL;
    return true;
}

/* Who asked pays again, for what it does now. */
static int execute_and_pay(struct command *command)
{
    const struct account_meter before = account_meter(command->chat);
    int code = control_execute(command);
    if (command->asker)
        account_pay(command, &before, 0);
    return code;
}

static bool run(struct chat *chat, struct review *review, const char *text,
                const struct review_verdict *verdict)
{
    struct command command = {
        .chat = chat,
        .by = {.user = user_find(chat, review->sender), .device = review_device(chat, review)},
        .asker = review->own ? later_session(review->own) : NULL,
        .text = text,
        .review = review,
        .verdict = verdict};
    if (!command.by.user)
        return !store_reads_failed(chat->store) && refuse(chat, review, CODE_NO_USER, "");
    cJSON *request = json_read(text, strlen(text));
    command.request = request;
    command.data = cJSON_CreateObject();
    bool ended = request && command.data && conclude(&command, review, execute_and_pay(&command));
    cJSON_Delete(request);
    cJSON_Delete(command.data);
    return ended;
}

static bool end_command(struct chat *chat, struct review *review, const struct review_verdict *verdict)
{
    if (verdict->action == REVIEW_PASS)
        return run(chat, review, review->text, verdict);
    return refuse(chat, review, verdict->code, verdict->error);
}

/* The members, an object, as a command. */
static bool run_edit(struct chat *chat, struct review *review, const char *members,
                     const struct review_verdict *verdict)
{
    char *text;
    const char *rest = json_skip_space(members) + 1; /* which is not empty: there is a content */
    if (asprintf(&text, "{\"command\":\"editMessage\",\"id\":%lld,%s", (long long)review->about, rest) < 0)
        return false;
    bool ended = run(chat, review, text, verdict);
    free(text);
    return ended;
}

static bool end_edit(struct chat *chat, struct review *review, const struct review_verdict *verdict)
{
    switch (verdict->action) {
    case REVIEW_PASS:
        return run_edit(chat, review, review->text, verdict);
    case REVIEW_REPLACE:
        return run_edit(chat, review, verdict->text, verdict);
    case REVIEW_REFUSE:
        return refuse(chat, review, verdict->code, verdict->error);
    case REVIEW_DROP: /* as if it were done */
        return refuse(chat, review, CODE_OK, "");
    }
    return false;
}

const struct review_kind command_review = {
    .number = 1, .name = "command", .command = true, .end = end_command, .free = free_later};
const struct review_kind edit_review = {.number = 2,
                                        .name = "message",
                                        .ordered = true,
                                        .replaceable = true,
                                        .command = true,
                                        .end = end_edit,
                                        .free = free_later};
