/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/json_text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/message.h"
#include "plugin/delivery/review.h"
#include "plugin/session/session.h"

/* A reviewer decides what he was given. */

static enum review_action read_action(const struct command *command)
{
    static const char *const names[] = {[REVIEW_PASS] = "pass",
                                        [REVIEW_REFUSE] = "refuse",
                                        [REVIEW_DROP] = "drop",
                                        [REVIEW_REPLACE] = "replace"};
    const char *action = command_text(command, FIELD_ACTION);
    int i = REVIEW_PASS;
    while (i < REVIEW_REPLACE && strcmp(action, names[i]) != 0)
        i++;
    return (enum review_action)i;
}

/* The member `message` as it was written, malloc'ed; NULL: out of memory. */
static char *copy_message(const struct command *command)
{
    const cJSON *item = command->fields[FIELD_MESSAGE].item;
    const char *text = json_text_of_child(command->text, command->request, item);
    return text ? strndup(text, (size_t)(json_skip_value(text) - text)) : NULL;
}

static int check_replacement(struct command *command, const struct review *review, const char *text)
{
    struct publish publish = {.topic = review->topic, .payload = text, .len = strlen(text)};
    char reason[REASON_BYTES];
    int code = message_check(command->chat, &publish, reason);
    if (code == CODE_OK || code == CODE_BUSY)
        return code;
    return command_refuse(command, "message: %.150s", reason[0] ? reason : code_text(code));
}

static int replace(struct command *command, struct review *review, struct review_verdict *verdict)
{
    if (!review->kind->replaceable)
        return command_refuse(command, "action: a command is not replaced");
    if (!command_has(command, FIELD_MESSAGE))
        return command_refuse(command, "message: missing");
    char *text = copy_message(command);
    int code = text ? check_replacement(command, review, text) : CODE_BUSY;
    verdict->text = text;
    if (code == CODE_OK)
        code = review_decide(command->chat, review, verdict);
    free(text);
    return code;
}

int command_reviewed(struct command *command)
{
    const int64_t number = command_number(command, FIELD_REVIEW);
    struct review *review = command->by.device ? review_of(command->chat, command->by.device, number) : NULL;
    if (!review)
        return command_refuse(command, "review: you have none of this number to decide");
    const char *error = command_text(command, FIELD_ERROR);
    struct review_verdict verdict = {.action = read_action(command),
                                     .code = review_code(review, command_number(command, FIELD_CODE)),
                                     .error = error ? error : code_text(review_default_code(review->topic)),
                                     .refused = command_list(command, FIELD_REFUSED)};
    if (verdict.action == REVIEW_REPLACE)
        return replace(command, review, &verdict);
    return review_decide(command->chat, review, &verdict);
}
