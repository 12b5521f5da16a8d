/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/identity.h"
#include "acl/topic.h"
#include "gate/hook/after.h"
#include "gate/hook/before.h"
#include "gate/hook/hook_body.h"
#include "gate/hook/post.h"
#include "lib/basics.h"
#include "lib/daemon/link.h"
#include "lib/json.h"
#include "lib/say.h"

#define NAME_USUAL   "chatgate" /* of the clients: it must be the same after a restart */
#define ACK_EVERY    100        /* messages, or: */
#define ACK_EVERY_MS 1000

enum hook_link { LINK_FEED, LINK_REVIEW, LINKS };

static const char *const feed_topics[] = {EVERYTHING_TOPIC, NULL}, *const review_topics[] = {REVIEW_TOPIC,
                                                                                             NULL};
static const struct {
    const char *suffix;
    const char *const *topics;
} link_kinds[LINKS] = {[LINK_FEED] = {"feed", feed_topics}, [LINK_REVIEW] = {"review", review_topics}};

struct hooks {
    struct post_target target;
    struct after *after;
    struct before *before;
    struct link *links[LINKS];     /* NULL: not wanted */
    bool leaving[LINKS];           /* not wanted any more: it ends when its hooks have */
    struct link *waited[HOOK_FDS]; /* by hooks_wants */
    int64_t acked, next_ack, now;
    bool stopped, review_was_up;
};

/* What a reload brings. */
struct hooks_renewal {
    struct post_target target;
    struct link *links[LINKS]; /* NULL: not wanted */
};

/* The broker is told what has been answered */

static void send_text(struct hooks *hooks, enum hook_link which, const char *text)
{
    if (link_command(hooks->links[which], text, strlen(text)))
        link_wake(hooks->links[which]);
}

static void ack(struct hooks *hooks, int64_t id)
{
    char text[100];
    snprintf(text, sizeof text, "{\"commands\":[{\"command\":\"ack\",\"id\":%lld}]}", (long long)id);
    send_text(hooks, LINK_FEED, text);
    hooks->acked = id;
    hooks->next_ack = hooks->now + ACK_EVERY_MS;
}

static bool has_to_ack(const struct hooks *hooks)
{
    const struct link *link = hooks->links[LINK_FEED];
    return link && link_subscribed(link) && after_done(hooks->after) > hooks->acked;
}

/* The first one at once: from then on nothing but `ack` moves the cursor. */
static void ack_what_is_done(struct hooks *hooks)
{
    const int64_t done = after_done(hooks->after);
    if (!has_to_ack(hooks))
        return;
    if (hooks->acked == 0 || hooks->stopped || hooks->now >= hooks->next_ack ||
        done - hooks->acked >= ACK_EVERY)
        ack(hooks, done);
}

/* For before.h. */
static void send_decision(void *context, cJSON *command_take)
{
    char *command = cJSON_PrintUnformatted(command_take), *text = NULL;
    cJSON_Delete(command_take);
    if (command && asprintf(&text, "{\"commands\":[%s]}", command) >= 0)
        send_text(context, LINK_REVIEW, text);
    free(text);
    cJSON_free(command);
}

/* The broker tells */

static void on_feed_up(void *context)
{
    struct hooks *hooks = context;
    hooks->acked = 0; /* the last one may have been lost */
}

static void on_feed(void *context, const char *topic, const char *payload, size_t len)
{
    struct hooks *hooks = context;
    (void)topic;
    after_take(hooks->after, payload, len);
}

/* An ack that was refused, for the broker was busy, is repeated when the next one would be due. */
static void on_feed_response(void *context, const char *payload, size_t len)
{
    struct hooks *hooks = context;
    const cJSON *response;
    cJSON *tree = json_read(payload, len);
    cJSON_ArrayForEach (response, item_get(tree, "responses"))
        if (item_number(response, "code") != 0 && hooks->acked > 0)
            hooks->acked--;
    cJSON_Delete(tree);
}

static void on_review_up(void *context)
{
    send_text(context, LINK_REVIEW, "{\"commands\":[{\"command\":\"getStats\"}]}");
}

/* Where it is as long as ours, the broker decides first. */
static void hear_stats(const struct hooks *hooks, const cJSON *stats)
{
    const int64_t theirs = item_number(stats, "reviewSeconds"), ours = hooks->target.config->timeout_seconds;
    if (theirs > 0 && ours >= theirs)
        say_line("[callback] timeout_seconds %lld is not below the broker's review_seconds (%lld)",
                 (long long)ours, (long long)theirs);
}

static void on_review(void *context, const char *topic, const char *payload, size_t len)
{
    struct hooks *hooks = context;
    (void)topic;
    if (!hooks->stopped) /* or it is given to another reviewer, when we have gone */
        before_take(hooks->before, payload, len);
}

/* Of a decision that came from an answer, `correlationData` is the review. */
static void on_review_response(void *context, const char *payload, size_t len)
{
    struct hooks *hooks = context;
    const cJSON *response;
    cJSON *tree = json_read(payload, len);
    cJSON_ArrayForEach (response, item_get(tree, "responses")) {
        const int64_t review = strtoll(item_text(response, "correlationData"), NULL, 10);
        if (review != 0 && item_number(response, "code") != 0)
            before_refused(hooks->before, review);
        hear_stats(hooks, item_get(response, "data"));
    }
    cJSON_Delete(tree);
}

/* Life */

static struct link *open_link(struct hooks *hooks, enum hook_link which, const struct link_config *broker,
                              char *error, size_t size)
{
    static const struct link_handlers handlers[LINKS] = {
        [LINK_FEED] = {NULL, on_feed_up, on_feed, on_feed_response},
        [LINK_REVIEW] = {NULL, on_review_up, on_review, on_review_response}};
    struct link_handlers mine = handlers[which];
    struct link_config config = *broker;
    char name[DEVICE_PART_MAX + 1];
    const int len = snprintf(name, sizeof name, "%s-%s", broker->name ? broker->name : NAME_USUAL,
                             link_kinds[which].suffix);
    if (len >= (int)sizeof name) {
        snprintf(error, size, "[broker] name: too long, -%s is put behind it", link_kinds[which].suffix);
        return NULL;
    }
    mine.context = hooks;
    config.name = name;
    return link_open(&config, link_kinds[which].topics, &mine, error, size);
}

static bool open_links(struct hooks *hooks, struct hooks_renewal *renewal, const struct link_config *broker,
                       char *error, size_t size)
{
    const struct hook_config *config = renewal->target.config;
    const bool wanted[LINKS] = {
        [LINK_FEED] = hook_config_has_after(config), [LINK_REVIEW] = hook_config_has_before(config)};
    bool good = true;
    for (int i = 0; i < LINKS; i++) {
        if (wanted[i])
            renewal->links[i] = open_link(hooks, (enum hook_link)i, broker, error, size);
        good = good && (renewal->links[i] || !wanted[i]);
    }
    return good;
}

struct hooks_renewal *hooks_prepare(struct hooks *hooks, const struct hook_config *config,
                                    const struct link_config *broker, char *error, size_t error_size)
{
    struct hooks_renewal *renewal = calloc(1, sizeof *renewal);
    snprintf(error, error_size, "out of memory");
    if (!renewal)
        return NULL;
    renewal->target = (struct post_target){.config = config, .sdkappid = broker->sdkappid};
    if (!post_open(&renewal->target, error, error_size) &&
        open_links(hooks, renewal, broker, error, error_size))
        return renewal;
    hooks_renewal_free(renewal);
    return NULL;
}

void hooks_renewal_free(struct hooks_renewal *renewal)
{
    if (!renewal)
        return;
    for (int i = 0; i < LINKS; i++)
        link_close(renewal->links[i]);
    post_close(&renewal->target);
    free(renewal);
}

/* What the broker can be told on the connection that is about to end. */
static void prepare_to_part(struct hooks *hooks, enum hook_link which)
{
    if (which == LINK_FEED && has_to_ack(hooks))
        ack(hooks, after_done(hooks->after));
    if (which == LINK_REVIEW)
        before_lost(hooks->before);
}

static void take_link(struct hooks *hooks, enum hook_link which, struct link *fresh_take)
{
    struct link *link = hooks->links[which];
    hooks->leaving[which] = link && !fresh_take;
    if (!fresh_take)
        return;
    if (link && !link_may_stay(link, fresh_take))
        prepare_to_part(hooks, which);
    hooks->links[which] = link ? link_renew(link, fresh_take) : fresh_take;
}

void hooks_take(struct hooks *hooks, struct hooks_renewal *renewal_take)
{
    post_take(&hooks->target, &renewal_take->target);
    for (int i = 0; i < LINKS; i++) {
        take_link(hooks, (enum hook_link)i, renewal_take->links[i]);
        renewal_take->links[i] = NULL;
    }
    hooks_renewal_free(renewal_take);
}

struct hooks *hooks_open(const struct hook_config *config, const struct link_config *broker,
                         struct http *http, char *error, size_t error_size)
{
    struct hooks *hooks = calloc(1, sizeof *hooks);
    snprintf(error, error_size, "out of memory");
    if (!hooks)
        return NULL;
    hooks->target.http = http;
    hooks->after = after_open(&hooks->target);
    hooks->before = before_open(&hooks->target, send_decision, hooks);
    struct hooks_renewal *first =
        hooks->after && hooks->before ? hooks_prepare(hooks, config, broker, error, error_size) : NULL;
    if (first) {
        hooks_take(hooks, first);
        return hooks;
    }
    hooks_close(hooks);
    return NULL;
}

void hooks_close(struct hooks *hooks)
{
    if (!hooks)
        return;
    for (int i = 0; i < LINKS; i++)
        link_close(hooks->links[i]);
    after_close(hooks->after);
    before_close(hooks->before);
    post_close(&hooks->target);
    free(hooks);
}

void hooks_stop(struct hooks *hooks)
{
    if (!hooks)
        return;
    hooks->stopped = true;
    after_stop(hooks->after);
}

bool hooks_is_idle(const struct hooks *hooks)
{
    return !hooks ||
           (after_under_way(hooks->after) == 0 && before_waiting(hooks->before) == 0 && !has_to_ack(hooks));
}

/* The loop */

/* Nobody wants it any more, and nothing of it is left. */
static void leave(struct hooks *hooks, enum hook_link which)
{
    const size_t left = which == LINK_FEED ? after_waiting(hooks->after) : before_waiting(hooks->before);
    if (!hooks->leaving[which] || left > 0)
        return;
    prepare_to_part(hooks, which);
    link_close(hooks->links[which]);
    hooks->links[which] = NULL;
    hooks->leaving[which] = false;
    say_line("broker: nothing of %s is wanted any more", link_kinds[which].topics[0]);
}

static void tick_review(struct hooks *hooks, int64_t now)
{
    struct link *link = hooks->links[LINK_REVIEW];
    before_tick(hooks->before, now);
    link_tick(link, now);
    if (hooks->review_was_up && !link_up(link))
        before_lost(hooks->before);
    hooks->review_was_up = link_up(link);
}

static void tick_feed(struct hooks *hooks, int64_t now)
{
    struct link *link = hooks->links[LINK_FEED];
    after_tick(hooks->after, now);
    link_hold(link, after_is_full(hooks->after) || hooks->stopped);
    link_tick(link, now);
    ack_what_is_done(hooks);
}

void hooks_tick(struct hooks *hooks, int64_t now)
{
    if (!hooks)
        return;
    hooks->now = now;
    if (hooks->links[LINK_FEED])
        tick_feed(hooks, now);
    if (hooks->links[LINK_REVIEW])
        tick_review(hooks, now);
    for (int i = 0; i < LINKS; i++)
        leave(hooks, (enum hook_link)i);
    hook_counts_log(&hooks->target.counts, now, (unsigned long)hooks_waiting(hooks));
}

int hooks_pause(const struct hooks *hooks, int most_ms)
{
    for (int i = 0; hooks && i < LINKS; i++)
        if (hooks->links[i])
            most_ms = link_pause(hooks->links[i], most_ms);
    return most_ms;
}

unsigned hooks_wants(struct hooks *hooks, struct pollfd *fds)
{
    unsigned count = 0;
    for (int i = 0; hooks && i < LINKS; i++)
        if (hooks->links[i] && link_wants(hooks->links[i], &fds[count]))
            hooks->waited[count++] = hooks->links[i];
    return count;
}

void hooks_serve(struct hooks *hooks, const struct pollfd *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        link_serve(hooks->waited[i], &fds[i]);
}

/* Figures */

const char *hooks_fault(const struct hooks *hooks, char *text, size_t size)
{
    for (int i = 0; hooks && i < LINKS; i++) {
        const struct link *link = hooks->links[i];
        if (!link || hooks->leaving[i] || link_subscribed(link))
            continue;
        snprintf(text, size, "%s: %s", link_kinds[i].topics[0],
                 *link_fault(link) ? link_fault(link) : "not subscribed yet");
        return text;
    }
    return NULL;
}

bool hooks_wanted(const struct hooks *hooks)
{
    return hooks && (hooks->links[LINK_FEED] || hooks->links[LINK_REVIEW]);
}

const struct hook_counts *hooks_counts(const struct hooks *hooks)
{
    return hooks ? &hooks->target.counts : NULL;
}

size_t hooks_waiting(const struct hooks *hooks)
{
    return hooks ? after_waiting(hooks->after) + before_waiting(hooks->before) : 0;
}
