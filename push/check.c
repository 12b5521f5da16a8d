/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/check.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/clock.h"
#include "lib/daemon/http.h"
#include "lib/daemon/link.h"
#include "lib/json.h"
#include "lib/say.h"
#include "push/deliveries.h"

#define PATIENCE_MS 30000 /* longer than a job lives (delivery.c): the next answer is the next question's */
#define TURN_MS     50
#define UNKNOWN_JOB "9007199254740991"
#define NO_TOKEN    "0000000000000000000000000000000000000000000000000000000000000000"
#define TTL_MS      60000

/* One question at a time, and its answer. */
struct check {
    const struct push_config *config;
    struct http *http;
    struct deliveries *deliveries;
    struct link *link;
    bool answered;
    struct outcome outcome;
    int code; /* the broker's */
};

/* Providers */

static void on_delivered(void *context, const struct job *job, const struct outcome *outcome)
{
    struct check *check = context;
    (void)job;
    check->answered = true;
    check->outcome = *outcome;
}

static void on_head(void *context, const struct http_answer *answer)
{
    struct check *check = context;
    bool good = answer->failure == HTTP_ANSWERED && answer->status < 500 && answer->status / 100 != 3;
    check->answered = true;
    outcome_set(&check->outcome, good ? VERDICT_DONE : VERDICT_RETRY, "%ld %s", answer->status,
                answer->failure == HTTP_ANSWERED ? "" : answer->error);
}

static void await(struct check *check)
{
    int64_t end = clock_steady() + PATIENCE_MS;
    while (!check->answered && clock_steady() < end) {
        deliveries_tick(check->deliveries);
        http_turn(check->http, NULL, 0, TURN_MS);
    }
    if (!check->answered)
        outcome_set(&check->outcome, VERDICT_RETRY, "no answer");
}

static char *print_job(const struct app_config *app, const char *token)
{
    char *text = NULL;
    int64_t now = clock_wall();
    cJSON *job = cJSON_CreateObject(), *about = cJSON_AddObjectToObject(job, "message");
    if (about && json_add_whole(job, "job", 0) && json_add_whole(job, "attempt", 1) &&
        cJSON_AddStringToObject(job, "provider", provider_names[app->kind]) &&
        cJSON_AddStringToObject(job, "businessID", app->business) &&
        cJSON_AddStringToObject(job, "token", token) && cJSON_AddStringToObject(job, "userID", "test") &&
        cJSON_AddStringToObject(job, "title", "chatpushd") &&
        cJSON_AddStringToObject(job, "body", "Notifications arrive.") &&
        cJSON_AddStringToObject(job, "collapse", "test") && json_add_whole(about, "id", 0) &&
        cJSON_AddStringToObject(about, "sender", "test") && json_add_whole(job, "time", now) &&
        json_add_whole(job, "expire", (now + TTL_MS)))
        text = cJSON_PrintUnformatted(job);
    cJSON_Delete(job);
    return text;
}

static void send_one(struct check *check, const struct app_config *app, const char *token)
{
    char *job = print_job(app, token);
    outcome_set(&check->outcome, VERDICT_RETRY, "out of memory");
    check->answered = !job;
    if (job)
        deliveries_take(check->deliveries, job, strlen(job));
    cJSON_free(job);
    await(check);
}

static void send_head(struct check *check, const struct app_config *app)
{
    struct http_request request = {.url = strdup(app->url), .ca_file = app->ca_file};
    request.timeout_ms = (long)app->timeout_seconds * 1000;
    outcome_set(&check->outcome, VERDICT_RETRY, "out of memory");
    check->answered = !http_send(check->http, &request, on_head, check);
    await(check);
}

/* A provider that knows its token to be none has taken our keys. */
static int check_app(struct check *check, const struct app_config *app)
{
    char what[100], how[300];
    snprintf(what, sizeof what, "[%s]", app->section);
    if (app->kind == PROVIDER_WEBHOOK)
        send_head(check, app);
    else
        send_one(check, app, NO_TOKEN);
    const enum verdict verdict = check->outcome.verdict;
    const bool refused = verdict == VERDICT_INVALID_TOKEN;
    snprintf(how, sizeof how, "%s%s", refused ? "it refuses a token of nobody's: " : "",
             check->outcome.reason);
    return say_check(refused || verdict == VERDICT_DONE, what, how);
}

/* The broker */

static void on_up(void *context)
{
    static const char command[] =
        "{\"commands\":[{\"command\":\"pushFailed\",\"job\":" UNKNOWN_JOB ",\"error\":\"a check\"}]}";
    struct check *check = context;
    (void)link_command(check->link, command, sizeof command - 1);
}

static void on_response(void *context, const char *payload, size_t len)
{
    struct check *check = context;
    cJSON *root = json_read(payload, len);
    const cJSON *response = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, "responses"), 0);
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(response, "code");
    check->answered = true;
    check->code = cJSON_IsNumber(code) ? code->valueint : CODE_OK;
    cJSON_Delete(root);
}

/* Until it answers, or the first try has failed. */
static void await_broker(struct check *check)
{
    int64_t end = clock_steady() + PATIENCE_MS;
    check->answered = false;
    while (!check->answered && !*link_fault(check->link) && clock_steady() < end) {
        struct pollfd fd;
        link_tick(check->link, clock_steady());
        unsigned count = link_wants(check->link, &fd) ? 1 : 0;
        http_turn(check->http, &fd, count, TURN_MS);
        if (count)
            link_serve(check->link, &fd);
    }
}

static int check_broker(struct check *check)
{
    char error[400], what[100];
    static const char *const no_topics[] = {NULL};
    const struct link_config *broker = &check->config->broker;
    const struct link_handlers handlers = {check, on_up, NULL, on_response};
    snprintf(what, sizeof what, "[broker] %.60s:%lld", broker->host, (long long)broker->port);
    check->link = link_open(broker, no_topics, &handlers, error, sizeof error);
    if (!check->link)
        return say_check(false, what, error);
    await_broker(check);
    if (!check->answered)
        return say_check(false, what, *link_fault(check->link) ? link_fault(check->link) : "no answer");
    return say_check(check->code == CODE_OK, what, check->code ? code_text(check->code) : "");
}

/* All */

static int open_check(struct check *check, const struct push_config *config)
{
    char error[400] = "out of memory";
    *check = (struct check){.config = config, .http = http_open(PUSH_AGENT, PUSH_CONNECTIONS)};
    if (check->http)
        check->deliveries = deliveries_open(config, check->http, on_delivered, check, error, sizeof error);
    return check->deliveries ? EXIT_SUCCESS : say_check(false, "keys", error);
}

static void close_check(struct check *check)
{
    link_close(check->link);
    deliveries_close(check->deliveries);
    http_close(check->http);
}

int check_all(const struct push_config *config)
{
    struct check check;
    const struct app_config *app;
    int result = open_check(&check, config);
    if (result == EXIT_SUCCESS) {
        result = check_broker(&check);
        deliveries_trust(check.deliveries);
        DL_FOREACH (config->apps, app)
            result |= check_app(&check, app);
    }
    close_check(&check);
    return result;
}

int check_send(const struct push_config *config, const char *section, const char *token)
{
    struct check check;
    const struct app_config *app = config->apps;
    while (app && strcmp(app->section, section) != 0)
        app = app->next;
    if (!app)
        return say_check(false, section, "there is no such section");
    int result = open_check(&check, config);
    if (result == EXIT_SUCCESS) {
        send_one(&check, app, token);
        result = say_check(check.outcome.verdict == VERDICT_DONE, section, check.outcome.reason);
    }
    close_check(&check);
    return result;
}
