/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/broker/asks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/json.h"
#include "lib/keyed_hash.h"

#define COMMANDS_MAX 50     /* in a request, of the broker's: docs/protocol.md */
#define REQUEST_MAX  200000 /* bytes: some less than the broker takes */

struct ask {
    char name[24];  /* the correlation: a number, which is never used again */
    cJSON *command; /* NULL: it has gone out */
    ask_callback *callback;
    void *context;
    int64_t deadline;
    UT_hash_handle hh;
    struct ask *prev, *next; /* in the order in which they were asked, which is that of their deadlines */
};

struct asks {
    struct link *link, *next; /* next: takes its place when what has gone out is answered; NULL: none does */
    struct ask *all, *by_name;
    struct ask *unsent; /* the first that has not gone out; they are together at the end of `all` */
    uint64_t last;
    int64_t now;
    bool was_up;
};

static void answer(struct asks *asks, struct ask *ask, struct ask_answer *with)
{
    HASH_DEL(asks->by_name, ask);
    if (asks->unsent == ask)
        asks->unsent = ask->next;
    DL_DELETE(asks->all, ask);
    ask->callback(ask->context, with);
    cJSON_Delete(ask->command);
    free(ask);
}

static void lose(struct asks *asks, struct ask *ask)
{
    struct ask_answer lost = {ASK_LOST, "the broker does not answer", NULL};
    answer(asks, ask, &lost);
}

/* Answers */

static void hear(struct asks *asks, cJSON *response)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(response, "correlationData");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(response, "code");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(response, "error");
    struct ask *ask = NULL;
    if (cJSON_IsString(name))
        HASH_FIND_STR(asks->by_name, name->valuestring, ask);
    if (!ask)
        return; /* it was late */
    struct ask_answer found = {.error = cJSON_IsString(error) ? error->valuestring : ""};
    found.code = cJSON_IsNumber(code) ? code->valueint : 0;
    found.data = found.code == 0 ? cJSON_DetachItemFromObjectCaseSensitive(response, "data") : NULL;
    answer(asks, ask, &found);
    cJSON_Delete(found.data);
}

static void on_response(void *context, const char *payload, size_t len)
{
    cJSON *tree = json_read(payload, len);
    cJSON *response;
    cJSON_ArrayForEach (response, cJSON_GetObjectItemCaseSensitive(tree, "responses"))
        hear(context, response);
    cJSON_Delete(tree);
}

static void on_up(void *context)
{
    (void)context;
}

/* Requests */

/* Adds the text of one command to `list`, "[a,b". false: it does not fit, or memory is out; nothing is added. */
struct bundle {
    char *text;
    size_t len, room, count;
};

static bool bundle_add(struct bundle *bundle, const char *command)
{
    const size_t len = strlen(command);
    if (bundle->count == COMMANDS_MAX || (bundle->count > 0 && bundle->len + len > REQUEST_MAX))
        return false;
    if (bundle->len + len + 32 > bundle->room) {
        size_t room = (bundle->len + len) * 2 + 64;
        char *text = realloc(bundle->text, room);
        if (!text)
            return false;
        bundle->text = text;
        bundle->room = room;
    }
    const char *before = bundle->count == 0 ? "{\"commands\":[" : ",";
    bundle->len += (size_t)sprintf(bundle->text + bundle->len, "%s%s", before, command);
    bundle->count++;
    return true;
}

/* Empties it. Behind each goes a packet that says nothing: what the broker has to say goes out when something comes
 * next. */
static void bundle_send(struct asks *asks, struct bundle *bundle)
{
    if (bundle->count > 0) {
        memcpy(bundle->text + bundle->len, "]}", 3);
        if (link_command(asks->link, bundle->text, bundle->len + 2))
            link_wake(asks->link);
    }
    bundle->len = bundle->count = 0;
}

static void send_one(struct asks *asks, struct bundle *bundle, struct ask *ask)
{
    char *text = cJSON_PrintUnformatted(ask->command);
    if (text && !bundle_add(bundle, text)) {
        bundle_send(asks, bundle);
        (void)bundle_add(bundle, text);
    }
    cJSON_free(text); /* what could not be sent is late some time */
    cJSON_Delete(ask->command);
    ask->command = NULL;
}

static void send_all(struct asks *asks)
{
    struct bundle bundle = {0};
    for (; asks->unsent; asks->unsent = asks->unsent->next)
        send_one(asks, &bundle, asks->unsent);
    bundle_send(asks, &bundle);
    free(bundle.text);
}

bool asks_send(struct asks *asks, cJSON *command_take, ask_callback *callback, void *context)
{
    struct ask *ask = calloc(1, sizeof *ask);
    if (!ask || !command_take)
        goto failed;
    snprintf(ask->name, sizeof ask->name, "%llu", (unsigned long long)++asks->last);
    if (!cJSON_AddStringToObject(command_take, "correlationData", ask->name))
        goto failed;
    ask->command = command_take;
    ask->callback = callback;
    ask->context = context;
    ask->deadline = asks->now + ASK_PATIENCE_MS;
    HASH_ADD_STR(asks->by_name, name, ask);
    if (!ask->hh.tbl)
        goto failed;
    DL_APPEND(asks->all, ask);
    if (!asks->unsent)
        asks->unsent = ask;
    return true;
failed:
    free(ask);
    cJSON_Delete(command_take);
    return false;
}

/* Life */

struct link *asks_prepare(struct asks *asks, const struct link_config *config, char *error, size_t error_size)
{
    static const char *const topics[] = {NULL};
    const struct link_handlers handlers = {.context = asks, .up = on_up, .response = on_response};
    return link_open(config, topics, &handlers, error, error_size);
}

struct asks *asks_open(const struct link_config *config, char *error, size_t error_size)
{
    struct asks *asks = calloc(1, sizeof *asks);
    if (!asks) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    asks->link = asks_prepare(asks, config, error, error_size);
    if (asks->link)
        return asks;
    free(asks);
    return NULL;
}

void asks_close(struct asks *asks)
{
    if (!asks)
        return;
    while (asks->all)
        lose(asks, asks->all);
    link_close(asks->link);
    link_close(asks->next);
    free(asks);
}

void asks_take(struct asks *asks, struct link *fresh_take)
{
    link_close(asks->next);
    asks->next = fresh_take;
}

static void take_next(struct asks *asks)
{
    const bool stays = link_may_stay(asks->link, asks->next);
    if (!stays && asks->all != asks->unsent)
        return;
    asks->link = link_renew(asks->link, asks->next);
    asks->next = NULL;
    asks->was_up = stays && asks->was_up;
}

/* What has gone out before a connection ended is never answered; what came while there is none has its time. */
static void lose_sent(struct asks *asks)
{
    while (asks->all && asks->all != asks->unsent)
        lose(asks, asks->all);
}

void asks_tick(struct asks *asks, int64_t now)
{
    asks->now = now;
    link_tick(asks->link, now);
    bool up = link_up(asks->link);
    if (asks->was_up && !up)
        lose_sent(asks);
    asks->was_up = up;
    while (asks->all && asks->all->deadline <= now)
        lose(asks, asks->all);
    if (asks->next)
        take_next(asks);
    else if (up)
        send_all(asks);
}

int asks_pause(const struct asks *asks, int most_ms)
{
    return asks->unsent && asks->was_up && !asks->next ? 0 : link_pause(asks->link, most_ms);
}

bool asks_wants(struct asks *asks, struct pollfd *fd)
{
    return link_wants(asks->link, fd);
}

void asks_serve(struct asks *asks, const struct pollfd *fd)
{
    link_serve(asks->link, fd);
}

const char *asks_fault(const struct asks *asks)
{
    if (link_up(asks->link))
        return NULL;
    const char *fault = link_fault(asks->link);
    return *fault ? fault : "not connected yet";
}
