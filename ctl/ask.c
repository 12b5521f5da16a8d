/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/complain.h"
#include "lib/clock.h"
#include "lib/json.h"

#define PATIENCE_MS 15000 /* more than a reviewer has, whose decision some commands wait for */
#define TURN_MS     100

struct asked {
    struct link *link;
    const char *request;
    bool sent;
    char *answer;
};

/* Behind the command goes a packet that says nothing: the answer goes out when something comes next. */
static void on_up(void *context)
{
    struct asked *asked = context;
    asked->sent = link_command(asked->link, asked->request, strlen(asked->request));
    link_wake(asked->link);
}

/* {"responses":[ANSWER]} */
static void on_response(void *context, const char *payload, size_t len)
{
    struct asked *asked = context;
    struct json_facts facts = {.watch = "responses"};
    if (!asked->answer && json_scan(payload, len, &facts) && facts.watched_count == 1 &&
        facts.watched_len > 2)
        asked->answer = strndup(facts.watched + 1, facts.watched_len - 2);
}

static int give_up(const struct asked *asked, const struct link_config *config, const char *why)
{
    complain("broker %s:%lld: %s%s", config->host, (long long)config->port, why,
             asked->sent ? "; the command has been sent, and may have been done" : "");
    return EXIT_NO_BROKER;
}

static int wait_for_answer(struct asked *asked, const struct link_config *config)
{
    const int64_t end = clock_steady() + PATIENCE_MS;
    for (int64_t now = clock_steady(); !asked->answer; now = clock_steady()) {
        struct pollfd fd;
        link_tick(asked->link, now);
        if (!link_up(asked->link) && *link_fault(asked->link))
            return give_up(asked, config, link_fault(asked->link));
        if (now >= end)
            return give_up(asked, config, "no answer");
        bool some = link_wants(asked->link, &fd);
        if (poll(&fd, some ? 1 : 0, link_pause(asked->link, TURN_MS)) > 0)
            link_serve(asked->link, &fd);
    }
    return EXIT_DONE;
}

/* Each run is a device of its own, so that two do not get into each other's way: it leaves the list of devices. */
static void leave(struct asked *asked)
{
    static const char request[] = "{\"commands\":[{\"command\":\"logout\"}]}";
    (void)link_command(asked->link, request, strlen(request));
}

static int ask_text(const struct link_config *config, const char *request, char **answer)
{
    static const char *const topics[] = {NULL};
    char error[400];
    struct asked asked = {.request = request};
    const struct link_handlers handlers = {.context = &asked, .up = on_up, .response = on_response};
    asked.link = link_open(config, topics, &handlers, error, sizeof error);
    if (!asked.link)
        return complain("%s", error);
    int result = wait_for_answer(&asked, config);
    leave(&asked);
    link_close(asked.link);
    *answer = asked.answer;
    return result;
}

int ask(const struct link_config *config, const cJSON *command, char **answer)
{
    char *text = cJSON_PrintUnformatted(command);
    char *request = NULL;
    *answer = NULL;
    int result = text && asprintf(&request, "{\"commands\":[%s]}", text) > 0
                     ? ask_text(config, request, answer)
                     : complain("out of memory");
    cJSON_free(text);
    free(request);
    return result;
}
