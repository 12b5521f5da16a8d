/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/after.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "gate/hook/events.h"
#include "gate/hook/post.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/keyed_hash.h"
#include "lib/say.h"

#define FIRST_PAUSE_MS   1000
#define LONGEST_PAUSE_MS 60000
#define LOOK_EVERY_MS    100 /* at the lanes that pause */

struct lane;

/* One callback that waits. */
struct after_hook {
    struct after *after;
    struct lane *lane;
    enum callback callback;
    char *body;
    size_t body_len;
    char address[EVENT_ADDRESS_MAX];
    const char *platform;
    int64_t attempts, pause_ms;
    int64_t before;                   /* the id of what was stored before this one */
    bool stored;                      /* then it is in `order`, too */
    struct after_hook *prev, *next;   /* of its lane */
    struct after_hook *older, *newer; /* of all that are stored, by their ids */
};

/* A lane is in `ready`, in `pausing`, or its first hook is under way. */
struct lane {
    char name[EVENT_LANE_MAX];
    struct after_hook *hooks;
    int64_t due; /* pausing: until then */
    struct lane *prev, *next;
    UT_hash_handle hh;
};

struct after {
    struct post_target *target;
    struct lane *lanes, *ready, *pausing;
    struct after_hook *order;
    size_t waiting, under_way, bytes;
    int64_t newest; /* the id of the last message that has come */
    int64_t now, next_look;
    bool full, stopped;
};

struct after *after_open(struct post_target *target)
{
    struct after *after = calloc(1, sizeof *after);
    if (after)
        after->target = target;
    return after;
}

/* Lanes */

/* NULL: out of memory. */
static struct lane *enter_lane(struct after *after, const char *name)
{
    struct lane *lane;
    HASH_FIND_STR(after->lanes, name, lane);
    if (lane)
        return lane;
    lane = calloc(1, sizeof *lane);
    if (!lane)
        return NULL;
    strcpy(lane->name, name);
    HASH_ADD_STR(after->lanes, name, lane);
    if (!lane->hh.tbl) {
        free(lane);
        return NULL;
    }
    DL_APPEND(after->ready, lane);
    return lane;
}

static void leave_lane(struct after *after, struct after_hook *hook)
{
    struct lane *lane = hook->lane;
    DL_DELETE(lane->hooks, hook);
    if (lane->hooks) {
        DL_APPEND(after->ready, lane);
        return;
    }
    HASH_DEL(after->lanes, lane);
    free(lane);
}

/* Hooks */

static void hook_free(struct after_hook *hook)
{
    free(hook->body);
    free(hook);
}

/* The first of its lane is done with. */
static void end_hook(struct after *after, struct after_hook *hook)
{
    leave_lane(after, hook);
    if (hook->stored)
        DL_DELETE2(after->order, hook, older, newer);
    after->waiting--;
    after->bytes -= hook->body_len;
    hook_free(hook);
}

static void try_again_later(struct after *after, struct after_hook *hook)
{
    hook->lane->due = after->now + hook->pause_ms;
    hook->pause_ms = smaller(hook->pause_ms * 2, LONGEST_PAUSE_MS);
    DL_APPEND(after->pausing, hook->lane);
}

static void judge(struct after *after, struct after_hook *hook, bool answered)
{
    if (answered || hook->attempts > after->target->config->retry)
        end_hook(after, hook);
    else
        try_again_later(after, hook);
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct after_hook *hook = context;
    struct after *after = hook->after;
    struct post_result result;
    post_read(answer, &result);
    post_count(after->target, hook->callback, &result);
    after->under_way--;
    judge(after, hook, result.outcome == HOOK_ANSWERED); /* whatever it says */
    cJSON_Delete(result.answer);
}

static void call(struct after *after, struct after_hook *hook)
{
    const struct post post = {.callback = hook->callback,
                              .body = hook->body,
                              .address = hook->address,
                              .platform = hook->platform,
                              .timeout_ms = after->target->config->timeout_seconds * 1000};
    hook->attempts++;
    if (!after->target->config->url) { /* there are no hooks any more */
        end_hook(after, hook);
        return;
    }
    if (post_send(after->target, &post, on_answer, hook)) {
        after->under_way++;
        return;
    }
    post_failed(after->target, hook->callback, HOOK_UNREACHABLE, "out of memory");
    judge(after, hook, false);
}

/* Taking */

static bool add_hook(struct after *after, const struct hook_event *event, const cJSON *item)
{
    struct after_hook *hook = calloc(1, sizeof *hook);
    char *body = hook ? event_body(item) : NULL;
    struct lane *lane = body ? enter_lane(after, event->lane) : NULL;
    if (!lane) {
        free(hook);
        free(body);
        return false;
    }
    *hook = (struct after_hook){.after = after,
                                .lane = lane,
                                .callback = event->callback,
                                .body = body,
                                .body_len = strlen(body),
                                .platform = event->platform,
                                .pause_ms = FIRST_PAUSE_MS,
                                .before = after->newest,
                                .stored = event->id != 0};
    memcpy(hook->address, event->address, sizeof hook->address);
    DL_APPEND(lane->hooks, hook);
    if (hook->stored)
        DL_APPEND2(after->order, hook, older, newer);
    after->waiting++;
    after->bytes += hook->body_len;
    return true;
}

static void take_item(struct after *after, const cJSON *item)
{
    struct hook_event event;
    event_read(item, &event);
    if (event.id != 0 && event.id <= after->newest)
        return; /* it has come before, on an earlier connection */
    if (after->newest == 0 && event.id != 0)
        after->newest = event.id - 1;
    if (event.callback != CALLBACK_COUNT && hook_config_has(after->target->config, event.callback) &&
        !add_hook(after, &event, item))
        say_line("[callback] out of memory: %s is not called", callback_name(event.callback));
    after->newest = larger(after->newest, event.id);
}

void after_take(struct after *after, const char *payload, size_t len)
{
    cJSON *item = json_read(payload, len);
    if (item)
        take_item(after, item);
    else
        say_line("[callback] something that came from the broker cannot be read");
    cJSON_Delete(item);
}

/* The clock */

static void end_pauses(struct after *after)
{
    struct lane *lane, *next;
    if (after->now < after->next_look)
        return;
    after->next_look = after->now + LOOK_EVERY_MS;
    DL_FOREACH_SAFE (after->pausing, lane, next) {
        if (lane->due > after->now)
            continue;
        DL_DELETE(after->pausing, lane);
        DL_APPEND(after->ready, lane);
    }
}

void after_tick(struct after *after, int64_t now)
{
    after->now = now;
    end_pauses(after);
    while (!after->stopped && after->ready && after->under_way < AFTER_AT_ONCE) {
        struct lane *lane = after->ready;
        DL_DELETE(after->ready, lane);
        call(after, lane->hooks);
    }
}

void after_stop(struct after *after)
{
    after->stopped = true;
}

/* Figures */

int64_t after_done(const struct after *after)
{
    return after->order ? after->order->before : after->newest;
}

size_t after_waiting(const struct after *after)
{
    return after->waiting;
}

size_t after_under_way(const struct after *after)
{
    return after->under_way;
}

bool after_is_full(struct after *after)
{
    const size_t tenths = after->full ? 9 : 10; /* of what may wait */
    after->full = after->waiting >= AFTER_WAIT_MAX * tenths / 10 ||
                  after->bytes >= (size_t)AFTER_BYTES_MAX / 10 * tenths;
    return after->full;
}

void after_close(struct after *after)
{
    struct lane *lane, *next;
    if (!after)
        return;
    HASH_ITER (hh, after->lanes, lane, next) {
        struct after_hook *hook, *other;
        DL_FOREACH_SAFE (lane->hooks, hook, other)
            hook_free(hook);
        HASH_DEL(after->lanes, lane);
        free(lane);
    }
    free(after);
}
