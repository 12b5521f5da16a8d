/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/before.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "gate/hook/events.h"
#include "gate/hook/hook_body.h"
#include "gate/hook/post.h"
#include "gate/hook/reviews.h"
#include "lib/json.h"
#include "lib/keyed_hash.h"
#include "lib/say.h"
#include "lib/text.h"

/* One review that is not decided. */
struct before_hook {
    struct before *before;
    int64_t review; /* key */
    enum callback callback;
    char *body;      /* NULL: it has gone out */
    bool lost;       /* its connection has ended, and the next one has not been given it yet */
    cJSON *decision; /* for then; NULL: none */
    char address[EVENT_ADDRESS_MAX];
    const char *platform;
    int64_t deadline;                /* of the answer, or of the decision */
    struct before_hook *prev, *next; /* in the order in which they came, which is that of their deadlines */
    UT_hash_handle hh;
};

struct before {
    struct post_target *target;
    before_send *send;
    void *context;
    struct before_hook *unsent, *hooks;
    size_t under_way, kept;
    int64_t now, next_look;
};

#define KEPT_MS    30000 /* the broker waits no longer for a decision */
#define LOOK_EVERY 1000

struct before *before_open(struct post_target *target, before_send *send, void *context)
{
    struct before *before = calloc(1, sizeof *before);
    if (before)
        *before = (struct before){.target = target, .send = send, .context = context};
    return before;
}

/* Deciding */

/* What cannot be sent is decided by the broker, when its time has come. */
static void send_decision(struct before *before, int64_t review, cJSON *decision_take)
{
    if (decision_take && json_add_whole(decision_take, "review", review))
        before->send(before->context, decision_take);
    else
        cJSON_Delete(decision_take);
}

static void decide_by_default(struct before *before, int64_t review, const char *action)
{
    send_decision(before, review, review_default(action));
}

/* So that it is known which one the broker has not taken. */
static cJSON *with_name(cJSON *decision, int64_t review)
{
    char name[24];
    snprintf(name, sizeof name, "%lld", (long long)review);
    if (cJSON_AddStringToObject(decision, "correlationData", name))
        return decision;
    cJSON_Delete(decision);
    return NULL;
}

static void end_hook(struct before_hook *hook)
{
    HASH_DEL(hook->before->hooks, hook);
    if (hook->decision)
        hook->before->kept--;
    cJSON_Delete(hook->decision);
    free(hook->body);
    free(hook);
}

static void settle(struct before_hook *hook, cJSON *decision_take)
{
    struct before *before = hook->before;
    if (hook->lost && decision_take) {
        hook->decision = decision_take;
        hook->deadline = before->now + KEPT_MS;
        before->kept++;
        return;
    }
    send_decision(before, hook->review, decision_take);
    end_hook(hook);
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct before_hook *hook = context;
    struct before *before = hook->before;
    struct post_result result;
    post_read(answer, &result);
    cJSON *decision = result.answer ? review_decision(hook->callback, result.answer) : NULL;
    if (result.answer && !decision) {
        result.outcome = HOOK_NOT_JSON;
        text_copy(result.why, sizeof result.why, "the answer decides nothing, or its MsgBody is none");
    }
    post_count(before->target, hook->callback, &result);
    before->under_way--;
    settle(hook, decision ? with_name(decision, hook->review)
                          : review_default(before->target->config->before_default));
    cJSON_Delete(result.answer);
}

void before_refused(struct before *before, int64_t review)
{
    decide_by_default(before, review, before->target->config->before_default);
}

/* Asking */

static void give_up(struct before_hook *hook, enum hook_outcome outcome, const char *why)
{
    struct before *before = hook->before;
    post_failed(before->target, hook->callback, outcome, why);
    settle(hook, review_default(before->target->config->before_default));
}

static void ask(struct before *before, struct before_hook *hook)
{
    const struct post post = {.callback = hook->callback,
                              .body = hook->body,
                              .address = hook->address,
                              .platform = hook->platform,
                              .timeout_ms = hook->deadline - before->now};
    DL_DELETE(before->unsent, hook);
    if (!before->target->config->url) {
        settle(hook, review_default("pass")); /* there are no hooks any more */
    } else if (post.timeout_ms <= 0) {
        give_up(hook, HOOK_LATE, "its turn did not come in time");
    } else if (post_send(before->target, &post, on_answer, hook)) {
        before->under_way++;
        free(hook->body);
        hook->body = NULL;
    } else {
        give_up(hook, HOOK_UNREACHABLE, "out of memory");
    }
}

static void forget_late_decisions(struct before *before)
{
    struct before_hook *hook, *next;
    if (before->kept == 0 || before->now < before->next_look)
        return;
    before->next_look = before->now + LOOK_EVERY;
    HASH_ITER (hh, before->hooks, hook, next)
        if (hook->decision && hook->deadline <= before->now)
            end_hook(hook);
}

void before_tick(struct before *before, int64_t now)
{
    before->now = now;
    forget_late_decisions(before);
    while (before->unsent && before->under_way < BEFORE_AT_ONCE) /* those under way have less time left */
        ask(before, before->unsent);
}

/* Taking */

/* NULL: out of memory, or too many wait. */
static struct before_hook *add_hook(struct before *before, int64_t review, const cJSON *item)
{
    const bool room = HASH_COUNT(before->hooks) < BEFORE_WAIT_MAX;
    struct before_hook *hook = room ? calloc(1, sizeof *hook) : NULL;
    if (!hook)
        return NULL;
    hook->before = before;
    hook->review = review;
    hook->body = review_body(item);
    if (hook->body)
        HASH_ADD(hh, before->hooks, review, sizeof hook->review, hook);
    if (hook->body && hook->hh.tbl)
        return hook;
    free(hook->body);
    free(hook);
    return NULL;
}

static void give_again(struct before_hook *hook)
{
    hook->lost = false;
    if (!hook->decision)
        return;
    send_decision(hook->before, hook->review, hook->decision);
    hook->decision = NULL;
    hook->before->kept--;
    end_hook(hook);
}

void before_lost(struct before *before)
{
    for (struct before_hook *hook = before->hooks; hook; hook = hook->hh.next)
        hook->lost = true;
}

static void take_review(struct before *before, const cJSON *item)
{
    const int64_t review = item_number(item, "review");
    const enum callback callback = review_callback(item);
    struct before_hook *hook;
    HASH_FIND(hh, before->hooks, &review, sizeof review, hook);
    if (hook) {
        give_again(hook);
        return;
    }
    if (callback == CALLBACK_COUNT || !hook_config_has(before->target->config, callback)) {
        decide_by_default(before, review, "pass");
        return;
    }
    hook = add_hook(before, review, item);
    if (!hook) {
        post_failed(before->target, callback, HOOK_LATE, "too many wait");
        decide_by_default(before, review, before->target->config->before_default);
        return;
    }
    hook->callback = callback;
    hook->platform = event_platform(item);
    event_address(item, hook->address);
    hook->deadline = before->now + before->target->config->timeout_seconds * 1000;
    DL_APPEND(before->unsent, hook);
}

void before_take(struct before *before, const char *payload, size_t len)
{
    cJSON *item = json_read(payload, len);
    if (item)
        take_review(before, item);
    else
        say_line("[callback] a review that came from the broker cannot be read");
    cJSON_Delete(item);
}

size_t before_waiting(const struct before *before)
{
    return HASH_COUNT(before->hooks) - before->kept;
}

void before_close(struct before *before)
{
    struct before_hook *hook, *next;
    if (!before)
        return;
    HASH_ITER (hh, before->hooks, hook, next)
        end_hook(hook);
    free(before);
}
