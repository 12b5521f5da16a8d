/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is between the broker and the operator's backend. The first byte of the input says what the rest is: e, an item of
 * chat/feed, of which a callback is made; r, a review, about which the backend is asked; otherwise what a backend answers,
 * where the byte chooses the callback. What must hold: a body is JSON; an answer makes nothing, or a request that the
 * broker can read. */
#include "acl/code.h"
#include "gate/hook/events.h"
#include "gate/hook/hook_body.h"
#include "gate/hook/post.h"
#include "gate/hook/reviews.h"
#include "lib/json.h"
#include "plugin/commands/request.h"
#include "tests/fuzz/fuzz.h"

static void is_json(char *text_take)
{
    HOLDS(text_take && json_scan(text_take, strlen(text_take), &(struct json_facts){0}));
    cJSON_free(text_take);
}

static void is_address(const char address[EVENT_ADDRESS_MAX])
{
    HOLDS(memchr(address, '\0', EVENT_ADDRESS_MAX) && !strchr(address, '%'));
}

static void try_event(const cJSON *item)
{
    struct hook_event event;
    event_read(item, &event);
    if (event.callback == CALLBACK_COUNT)
        return;
    HOLDS(memchr(event.lane, '\0', sizeof event.lane) && event.platform);
    is_address(event.address);
    is_json(event_body(item));
}

static void try_review(const cJSON *review)
{
    char address[EVENT_ADDRESS_MAX];
    HOLDS(event_platform(review));
    event_address(review, address);
    is_address(address);
    if (review_callback(review) == CALLBACK_COUNT)
        return;
    HOLDS(callback_decides(review_callback(review)));
    is_json(review_body(review));
}

static void can_be_read(const cJSON *command)
{
    char *alone = cJSON_PrintUnformatted(command), *text;
    const cJSON *commands;
    const char *error;
    cJSON *tree = NULL;
    HOLDS(alone);
    const int len = asprintf(&text, "{\"commands\":[%s]}", alone);
    const struct control_request request = {.payload = text, .len = (size_t)len};
    HOLDS(len > 0 && request_read(&request, &tree, &commands, &error) == CODE_OK);
    cJSON_Delete(tree);
    cJSON_free(alone);
    free(text);
}

static void is_a_request(enum callback callback, const cJSON *answer)
{
    cJSON *decision = review_decision(callback, answer);
    if (!decision)
        return;
    HOLDS(strcmp(item_text(decision, "command"), "reviewed") == 0 && *item_text(decision, "action"));
    HOLDS(json_add_whole(decision, "review", 1));
    can_be_read(decision);
    cJSON_Delete(decision);
}

static void try_answer(enum callback callback, const char *body)
{
    const struct http_answer answer = {.status = 200, .body = body};
    struct post_result result;
    post_read(&answer, &result);
    if (result.answer)
        is_a_request(callback, result.answer);
    cJSON_Delete(result.answer);
}

static void try_item(const uint8_t *data, size_t size, void (*try)(const cJSON *item))
{
    cJSON *tree = json_read((const char *)data, size);
    if (tree)
        try(tree);
    cJSON_Delete(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t what = fuzz_byte(&data, &size);
    if (what == 'e' || what == 'r') {
        try_item(data, size, what == 'e' ? try_event : try_review);
        return 0;
    }
    char *body = fuzz_text(data, size);
    try_answer(CALLBACK_BEFORE_C2C_SEND + what % (CALLBACK_COUNT - CALLBACK_BEFORE_C2C_SEND), body);
    free(body);
    return 0;
}
