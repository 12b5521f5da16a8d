/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/hook_check.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/topic.h"
#include "gate/hook/hook_body.h"
#include "gate/hook/hook_config.h"
#include "gate/hook/post.h"
#include "lib/clock.h"
#include "lib/daemon/link.h"
#include "lib/json.h"
#include "lib/say.h"

#define TURN_MS     50
#define PATIENCE_MS 3000
#define ASK_STATS   "{\"commands\":[{\"command\":\"getStats\"}]}"

struct hook_inquiry {
    int64_t review_seconds; /* 0: nothing is known yet */
};

static void on_up(void *context)
{
    (void)context;
}

/* Reviews that are given to us are given to another one when we have gone. */
static void on_message(void *context, const char *topic, const char *payload, size_t len)
{
    (void)context, (void)topic, (void)payload, (void)len;
}

static void on_response(void *context, const char *payload, size_t len)
{
    struct hook_inquiry *inquiry = context;
    cJSON *tree = json_read(payload, len);
    const cJSON *response = cJSON_GetArrayItem(item_get(tree, "responses"), 0);
    inquiry->review_seconds = item_number(item_get(response, "data"), "reviewSeconds");
    cJSON_Delete(tree);
}

static void turn(struct link *link)
{
    struct pollfd fd;
    link_tick(link, clock_steady());
    const nfds_t count = link_wants(link, &fd) ? 1 : 0;
    (void)poll(&fd, count, link_pause(link, TURN_MS));
    if (count)
        link_serve(link, &fd);
}

static void await_subscription(struct link *link, int64_t until)
{
    while (!link_subscribed(link) && !*link_fault(link) && clock_steady() < until)
        turn(link);
}

static void await_stats(struct link *link, const struct hook_inquiry *inquiry, int64_t until)
{
    if (!link_subscribed(link) || !link_command(link, ASK_STATS, strlen(ASK_STATS)))
        return;
    link_wake(link);
    while (inquiry->review_seconds == 0 && link_up(link) && clock_steady() < until)
        turn(link);
}

/* Under a name of chance: the gateway that runs keeps its own. */
static int check_topic(const struct link_config *broker, const char *topic, struct hook_inquiry *inquiry)
{
    const char *const topics[] = {topic, NULL};
    const struct link_handlers handlers = {inquiry, on_up, on_message, on_response};
    const int64_t until = clock_steady() + PATIENCE_MS;
    struct link_config config = *broker;
    char error[400] = "", what[60];
    snprintf(what, sizeof what, "[callback] %s", topic);
    config.name = NULL;
    struct link *link = link_open(&config, topics, &handlers, error, sizeof error);
    if (!link)
        return say_check(false, what, error);
    await_subscription(link, until);
    const bool good = link_subscribed(link);
    const int result = say_check(good, what, good ? "" : *link_fault(link) ? link_fault(link) : "no answer");
    await_stats(link, inquiry, until);
    link_close(link);
    return result;
}

static int check_time(const struct hook_config *config, const struct hook_inquiry *inquiry)
{
    char how[120];
    if (inquiry->review_seconds == 0 || config->timeout_seconds < inquiry->review_seconds)
        return EXIT_SUCCESS;
    snprintf(how, sizeof how, "%lld is not below the broker's review_seconds (%lld)",
             (long long)config->timeout_seconds, (long long)inquiry->review_seconds);
    return say_check(false, "[callback] timeout_seconds", how);
}

static int check_files(const struct hook_config *config)
{
    char error[400] = "";
    struct post_target target = {.config = config};
    const bool good = post_open(&target, error, sizeof error) == 0;
    post_close(&target);
    return good ? EXIT_SUCCESS : say_check(false, "[callback]", error);
}

int hook_check(const struct hook_config *config, const struct link_config *broker)
{
    struct hook_inquiry inquiry = {0};
    if (!config->url)
        return EXIT_SUCCESS;
    int result = check_files(config);
    if (hook_config_has_after(config))
        result |= check_topic(broker, EVERYTHING_TOPIC, &inquiry);
    if (!hook_config_has_before(config))
        return result;
    result |= check_topic(broker, REVIEW_TOPIC, &inquiry);
    return result | check_time(config, &inquiry);
}
