/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/complain.h"
#include "ctl/connection.h"
#include "lib/clock.h"
#include "lib/json.h"

#define PATIENCE_MS 15000 /* more than a reviewer has, whose decision some commands wait for */
#define TURN_MS     100

struct asking {
    const struct link_config *config;
    struct link *link;
    char *request; /* what is to be answered */
    bool sent;
    char *answer;
};

/* Behind the command goes a packet that says nothing: the answer goes out when something comes next. */
static void send_it(struct asking *asking)
{
    if (asking->request && !asking->sent)
        asking->sent = link_command(asking->link, asking->request, strlen(asking->request));
    link_wake(asking->link);
}

static void on_up(void *context)
{
    send_it(context);
}

/* {"responses":[ANSWER]} */
static void on_response(void *context, const char *payload, size_t len)
{
    struct asking *asking = context;
    struct json_facts facts = {.watch = "responses"};
    if (!asking->answer && json_scan(payload, len, &facts) && facts.watched_count == 1 &&
        facts.watched_len > 2)
        asking->answer = strndup(facts.watched + 1, facts.watched_len - 2);
}

static int give_up(const struct asking *asking, const char *why)
{
    return complain_of_broker(asking->config, why,
                              asking->sent ? "; the command has been sent, and may have been done" : "");
}

static int wait_for_answer(struct asking *asking)
{
    const int64_t end = clock_steady() + PATIENCE_MS;
    for (int64_t now = clock_steady(); !asking->answer; now = clock_steady()) {
        struct pollfd fd;
        link_tick(asking->link, now);
        if (!link_up(asking->link) && *link_fault(asking->link))
            return give_up(asking, link_fault(asking->link));
        if (now >= end)
            return give_up(asking, "no answer");
        bool some = link_wants(asking->link, &fd);
        if (poll(&fd, some ? 1 : 0, link_pause(asking->link, TURN_MS)) > 0)
            link_serve(asking->link, &fd);
    }
    return EXIT_DONE;
}

int ask_open(struct asking **out, const struct link_config *config)
{
    static const char *const topics[] = {NULL};
    char error[400];
    struct asking *asking = calloc(1, sizeof *asking);
    *out = NULL;
    if (!asking)
        return complain("out of memory");
    const struct link_handlers handlers = {.context = asking, .up = on_up, .response = on_response};
    asking->config = config;
    asking->link = link_open(config, topics, &handlers, error, sizeof error);
    if (!asking->link) {
        free(asking);
        return complain("%s", error);
    }
    *out = asking;
    return EXIT_DONE;
}

int ask_one(struct asking *asking, const cJSON *command, char **answer)
{
    char *text = cJSON_PrintUnformatted(command);
    int result = EXIT_DONE;
    *answer = NULL;
    asking->sent = false;
    if (!text || asprintf(&asking->request, "{\"commands\":[%s]}", text) < 0) {
        asking->request = NULL;
        result = complain("out of memory");
    }
    if (result == EXIT_DONE && link_up(asking->link))
        send_it(asking);
    if (result == EXIT_DONE)
        result = wait_for_answer(asking);
    cJSON_free(text);
    free(asking->request);
    asking->request = NULL;
    *answer = asking->answer;
    asking->answer = NULL;
    return result;
}

int ask_data(struct asking *asking, const cJSON *command, cJSON **data, int quiet_code, int *code)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(command, "command"));
    char *answer = NULL;
    *data = NULL;
    *code = 0;
    int result = ask_one(asking, command, &answer);
    cJSON *tree = result == EXIT_DONE ? json_read(answer, strlen(answer)) : NULL;
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(tree, "code");
    const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "error"));
    if (cJSON_IsNumber(number))
        *code = number->valueint;
    if (*code == 0)
        *data = cJSON_DetachItemFromObjectCaseSensitive(tree, "data");
    if (result == EXIT_DONE && !*data) {
        result = EXIT_FAILED;
        if (*code == 0)
            complain("%s: the broker's answer cannot be read", name);
        else if (*code != quiet_code)
            complain("%s: %d: %s", name, *code, error ? error : "refused");
    }
    cJSON_Delete(tree);
    free(answer);
    return result;
}

cJSON *ask_request(const struct command_row *row)
{
    cJSON *request = cJSON_CreateObject();
    if (cJSON_AddStringToObject(request, "command", row->name))
        return request;
    cJSON_Delete(request);
    return NULL;
}

bool ask_publish(struct asking *asking, const char *topic, const void *payload, size_t len)
{
    return link_publish(asking->link, topic, payload, len);
}

/* Each run is a device of its own, so that two do not get into each other's way: it leaves the list of devices. */
void ask_close(struct asking *asking)
{
    static const char request[] = "{\"commands\":[{\"command\":\"logout\"}]}";
    if (!asking)
        return;
    (void)link_command(asking->link, request, strlen(request));
    link_close(asking->link);
    free(asking);
}

int ask(const struct link_config *config, const cJSON *command, char **answer)
{
    struct asking *asking;
    int result = ask_open(&asking, config);
    *answer = NULL;
    if (result == EXIT_DONE)
        result = ask_one(asking, command, answer);
    ask_close(asking);
    return result;
}
