/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Calls of the REST interface, all of its commands: the first line of the input is "service/command", the second the body,
 * and each further one is what the broker answers to what it is asked, the last of them to all that follows: a number is a
 * code, anything else its data. Who calls is an administrator; the broker and HTTP are here. What must hold: each call is
 * answered once, with what Tencent's answers have; what the broker is asked is a request that it can read, since one that
 * it cannot read takes all with it that goes out together. */
#include <time.h>

#include "acl/code.h"
#include "gate/broker/asks.h"
#include "gate/http/exchange.h"
#include "gate/http/request_check.h"
#include "gate/rest/rest.h"
#include "lib/json.h"
#include "lib/usersig.h"
#include "plugin/commands/request.h"
#include "tests/fuzz/fuzz.h"

#define SDKAPPID      1400000000
#define QUESTIONS_MAX 1024 /* under way; of more we say that memory ran out */

static const struct keys keys = {1, {"a key"}};

/* HTTP */

struct served {
    const char *path, *sig, *body;
    int answers;
};

static struct served *served(const struct exchange *exchange)
{
    return (struct served *)(uintptr_t)exchange;
}

const char *exchange_path(const struct exchange *exchange)
{
    return served(exchange)->path;
}

const char *exchange_query(const struct exchange *exchange, const char *name)
{
    if (strcmp(name, "usersig") == 0)
        return served(exchange)->sig;
    return strcmp(name, "sdkappid") == 0 ? "1400000000" : "administrator";
}

const char *exchange_body(const struct exchange *exchange, size_t *len)
{
    const char *body = served(exchange)->body;
    *len = strlen(body);
    return *len <= REST_BODY_MAX ? body : NULL;
}

void exchange_answer_json(struct exchange *exchange, unsigned status, cJSON *tree_take)
{
    static const char *const members[] = {"ActionStatus", "ErrorInfo", "ErrorCode"};
    char *text = cJSON_PrintUnformatted(tree_take);
    HOLDS(status == 200 && text && json_scan(text, strlen(text), &(struct json_facts){0}));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        HOLDS(cJSON_GetObjectItemCaseSensitive(tree_take, members[i]));
    served(exchange)->answers++;
    cJSON_free(text);
    cJSON_Delete(tree_take);
}

/* The broker */

struct open_asks {
    const uint8_t *data; /* its answers */
    size_t size;
    char *last;
    struct open_ask {
        ask_callback *callback;
        void *context;
    } waiting[QUESTIONS_MAX];
    size_t first, count;
};

static void can_be_read(const cJSON *command)
{
    char *alone = cJSON_PrintUnformatted(command), *text;
    HOLDS(alone);
    const int len = asprintf(&text, "{\"commands\":[%s]}", alone);
    const struct control_request request = {.payload = text, .len = (size_t)len};
    const cJSON *commands;
    const char *error;
    cJSON *tree = NULL;
    HOLDS(len > 0);
    if (len <= 262144) /* which asks.c does not send */
        HOLDS(request_read(&request, &tree, &commands, &error) == CODE_OK);
    cJSON_Delete(tree);
    cJSON_free(alone);
    free(text);
}

bool asks_send(struct asks *link, cJSON *command_take, ask_callback *callback, void *context)
{
    struct open_asks *asks = (struct open_asks *)(void *)link;
    const bool room = asks->count < QUESTIONS_MAX;
    if (room) {
        HOLDS(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(command_take, "command")));
        HOLDS(cJSON_AddStringToObject(command_take, "correlationData", "1"));
        can_be_read(command_take);
        asks->waiting[(asks->first + asks->count++) % QUESTIONS_MAX] = (struct open_ask){callback, context};
    }
    cJSON_Delete(command_take);
    return room;
}

static void answer_next(struct open_asks *asks)
{
    const struct open_ask question = asks->waiting[asks->first];
    asks->first = (asks->first + 1) % QUESTIONS_MAX;
    asks->count--;
    if (asks->size > 0) {
        free(asks->last);
        asks->last = fuzz_line(&asks->data, &asks->size);
    }
    cJSON *data = json_read(asks->last, strlen(asks->last));
    const int code = cJSON_IsNumber(data) ? (int)json_number(data, CODE_BUSY) % 100000 : CODE_OK;
    struct ask_answer answer = {.code = code, .error = code ? "it was refused" : "", .data = data};
    if (code || !cJSON_IsObject(data)) {
        cJSON_Delete(data);
        answer.data = NULL;
    }
    question.callback(question.context, &answer);
    cJSON_Delete(answer.data);
}

static const char *sig(void)
{
    static char *minted;
    if (!minted)
        minted = usersig_mint("administrator", SDKAPPID, (int64_t)time(NULL), 86400 * 365, NULL, 0, &keys);
    HOLDS(minted);
    return minted;
}

static struct rest_api *interface(struct open_asks *asks)
{
    static char admins[] = "administrator";
    static const struct rest_config config = {.admins = admins};
    struct rest_api *rest = rest_open(&config, SDKAPPID, &keys, (struct asks *)(void *)asks);
    HOLDS(rest);
    return rest;
}

/* As the server does it: percent signs are resolved, and what is no UTF-8 never comes. NULL: such a one. */
static char *path_of(const char *command)
{
    char *target, *path;
    HOLDS(asprintf(&target, REST_PATH "%s", command) > 0);
    path = request_path(target);
    free(target);
    return path;
}

static void serve(struct served *exchange, const uint8_t *answers, size_t size)
{
    static struct open_asks asks;
    static struct rest_api *rest;
    if (!rest)
        rest = interface(&asks);
    asks = (struct open_asks){.data = answers, .size = size, .last = strdup("{}")};
    rest_serve(rest, (struct exchange *)(void *)exchange);
    while (asks.count > 0)
        answer_next(&asks);
    HOLDS(exchange->answers == 1);
    free(asks.last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *command = fuzz_line(&data, &size), *body = fuzz_line(&data, &size), *path = path_of(command);
    struct served exchange = {.path = path, .sig = sig(), .body = body};
    if (path)
        serve(&exchange, data, size);
    free(command);
    free(body);
    free(path);
    return 0;
}
