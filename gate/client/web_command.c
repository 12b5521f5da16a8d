/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/web_errands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "gate/client/web_client.h"
#include "gate/http/exchange.h"
#include "lib/clock.h"
#include "lib/json.h"

#define PATIENCE_MS  60000 /* finishUpload, and what is reviewed, take a while */
#define COMMANDS_MAX 50    /* in a request: docs/protocol.md */

/* The commands go out with names of ours as correlationData, and the answers get back the caller's own. */
struct request_errand {
    struct errand errand;
    cJSON *commands, *answers; /* lists of the same length; an answer that has not come is a null */
    int64_t number;
    int missing;
};

static void request_free(struct request_errand *request)
{
    cJSON_Delete(request->commands);
    cJSON_Delete(request->answers);
    free(request);
}

static void fail(struct errand *errand, unsigned status, int code, const char *error)
{
    struct exchange *exchange = errand->exchange;
    request_free((struct request_errand *)errand);
    exchange_refuse(exchange, status, code, error);
}

/* The request as it goes out: printed with our names, which are taken out again. NULL: out of memory. */
static char *print_request(const struct request_errand *request)
{
    char name[48];
    int i = 0;
    const cJSON *command;
    cJSON *tree = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(tree, "commands");
    bool good = list != NULL;
    cJSON_ArrayForEach (command, request->commands) {
        cJSON *copy = good ? cJSON_Duplicate(command, true) : NULL;
        snprintf(name, sizeof name, "%lld:%d", (long long)request->number, i++);
        cJSON_DeleteItemFromObjectCaseSensitive(copy, "correlationData");
        good = copy && cJSON_AddStringToObject(copy, "correlationData", name) &&
               cJSON_AddItemToArray(list, copy);
        if (!good)
            cJSON_Delete(copy);
    }
    char *text = good ? cJSON_PrintUnformatted(tree) : NULL;
    cJSON_Delete(tree);
    return text;
}

static void begin(struct errand *errand, struct web_client *client)
{
    const struct request_errand *request = (struct request_errand *)errand;
    char *text = print_request(request);
    const bool sent =
        text && connection_publish(client->connection, CONTROL_TOPIC, text, strlen(text), 0) != 0;
    cJSON_free(text);
    if (sent)
        return;
    web_client_done(client, errand);
    fail(errand, 503, 0, "it could not be sent to the broker");
}

/* Which of the commands it answers; -1: none of these. */
static int index_of(const struct request_errand *request, const cJSON *response)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(response, "correlationData");
    long long number;
    int index;
    if (!cJSON_IsString(name) || sscanf(name->valuestring, "%lld:%d", &number, &index) != 2 ||
        number != request->number || index < 0 || index >= cJSON_GetArraySize(request->commands))
        return -1;
    return index;
}

/* A copy with the caller's own correlationData. NULL: out of memory. */
static cJSON *own_answer(const struct request_errand *request, const cJSON *response, int index)
{
    const cJSON *command = cJSON_GetArrayItem(request->commands, index);
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(command, "correlationData");
    cJSON *copy = cJSON_Duplicate(response, true), *own = name ? cJSON_Duplicate(name, true) : NULL;
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "correlationData");
    if (copy && (!name || (own && cJSON_AddItemToObject(copy, "correlationData", own))))
        return copy;
    cJSON_Delete(own);
    cJSON_Delete(copy);
    return NULL;
}

static void end(struct request_errand *request, struct web_client *client)
{
    struct exchange *exchange = request->errand.exchange;
    cJSON *answer = cJSON_CreateObject();
    web_client_done(client, &request->errand);
    if (answer && cJSON_AddItemToObject(answer, "responses", request->answers))
        request->answers = NULL;
    request_free(request);
    exchange_answer_json(exchange, 200, answer);
}

static void responded(struct errand *errand, struct web_client *client, cJSON *response)
{
    struct request_errand *request = (struct request_errand *)errand;
    const int index = index_of(request, response);
    cJSON *answer = index >= 0 ? own_answer(request, response, index) : NULL;
    if (!answer)
        return;
    if (cJSON_IsNull(cJSON_GetArrayItem(request->answers, index)))
        request->missing--;
    if (!cJSON_ReplaceItemInArray(request->answers, index, answer))
        cJSON_Delete(answer);
    if (request->missing == 0)
        end(request, client);
}

static const struct errand_kind kind = {.begin = begin, .responded = responded, .fail = fail};

/* The list of commands in a body: {"commands":[..]}, or one command. NULL: it is neither. */
static cJSON *take_commands(cJSON *tree)
{
    cJSON *list = cJSON_DetachItemFromObjectCaseSensitive(tree, "commands");
    cJSON *copy;
    const cJSON *command;
    if (!list && cJSON_IsString(cJSON_GetObjectItemCaseSensitive(tree, "command"))) {
        list = cJSON_CreateArray();
        copy = cJSON_Duplicate(tree, true);
        if (!list || !copy || !cJSON_AddItemToArray(list, copy))
            cJSON_Delete(copy);
    }
    const int count = cJSON_GetArraySize(list);
    bool good = cJSON_IsArray(list) && count >= 1 && count <= COMMANDS_MAX;
    cJSON_ArrayForEach (command, list)
        good = good && cJSON_IsObject(command);
    if (good)
        return list;
    cJSON_Delete(list);
    return NULL;
}

static bool add_places(cJSON *answers, int count)
{
    for (int i = 0; i < count; i++) {
        cJSON *place = cJSON_CreateNull();
        if (!place || !cJSON_AddItemToArray(answers, place)) {
            cJSON_Delete(place);
            return false;
        }
    }
    return true;
}

static struct request_errand *make(struct exchange *exchange, cJSON *commands_take)
{
    static int64_t last;
    struct request_errand *request = calloc(1, sizeof *request);
    cJSON *answers = cJSON_CreateArray();
    const int count = cJSON_GetArraySize(commands_take);
    if (!request || !answers || !add_places(answers, count)) {
        free(request);
        cJSON_Delete(answers);
        cJSON_Delete(commands_take);
        return NULL;
    }
    *request = (struct request_errand){
        .errand = {.kind = &kind, .exchange = exchange, .deadline = clock_steady() + PATIENCE_MS},
        .commands = commands_take,
        .answers = answers,
        .number = ++last,
        .missing = count};
    return request;
}

struct errand *errand_command(struct exchange *exchange)
{
    size_t len;
    const char *body = exchange_body(exchange, &len), *twice;
    cJSON *tree = body ? json_read(body, len) : NULL;
    cJSON *commands = tree && json_unique(tree, &twice) ? take_commands(tree) : NULL;
    cJSON_Delete(tree);
    if (!commands) {
        exchange_refuse(exchange, body ? 400 : 413, CODE_BAD_REQUEST,
                        body ? "the body must be a command, or {\"commands\":[1 to 50 of them]}"
                             : "the body is too long");
        return NULL;
    }
    struct request_errand *request = make(exchange, commands);
    if (request)
        return &request->errand;
    exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
    return NULL;
}
