/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/delivery.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "lib/clock.h"

#define ABSENT_SECONDS 30    /* until a provider that cannot be reached is tried again */
#define LIFE_MS        28000 /* after 30 s, usually, the broker gives a job to another worker */
#define LEAST_LEFT_MS  1000

/* Lists */

void delivery_move(struct delivery *delivery, struct delivery **home)
{
    if (delivery->home)
        DL_DELETE(*delivery->home, delivery);
    delivery->home = home;
    delivery->since = clock_steady();
    if (home)
        DL_APPEND(*home, delivery);
}

/* Who counts for it. */
static struct app *present(struct app *app)
{
    return app->heir ? app->heir : app;
}

void delivery_ready(struct delivery *delivery)
{
    struct app *heir = delivery->app->heir;
    if (heir) {
        delivery->app->held--;
        heir->held++;
        delivery->app = heir;
    }
    delivery_move(delivery, &delivery->app->all->ready);
}

void delivery_free(struct delivery *delivery)
{
    struct deliveries *all = delivery->app->all;
    delivery_move(delivery, NULL);
    if (delivery->transfer) {
        http_cancel(all->http, delivery->transfer);
        all->running--;
    }
    if (!delivery->unlisted)
        HASH_DEL(all->by_job, delivery);
    delivery->app->held--;
    all->held--;
    job_clear(&delivery->job);
    free(delivery);
}

/* The end */

static void count(struct counters *counters, enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_DONE:
        counters->done++;
        break;
    case VERDICT_INVALID_TOKEN:
        counters->invalid_token++;
        break;
    case VERDICT_DEAD:
        counters->dead++;
        break;
    default:
        counters->retry++;
    }
}

void delivery_finish(struct delivery *delivery, const struct outcome *outcome)
{
    struct deliveries *all = delivery->app->all;
    count(&present(delivery->app)->counters, outcome->verdict);
    if (!delivery->unlisted)
        all->answer(all->context, &delivery->job, outcome);
    delivery_free(delivery);
}

void delivery_give_back(struct delivery *delivery, const char *format, ...)
{
    struct outcome outcome;
    char reason[sizeof outcome.reason];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    outcome_set(&outcome, VERDICT_RETRY, "%s", reason);
    delivery_finish(delivery, &outcome);
}

/* The provider's answer */

/* It has not been asked: that counts for no attempt. */
static void handle_absence(struct delivery *delivery, const struct http_answer *answer)
{
    struct outcome outcome;
    long long seconds = (answer->took_ms + 500) / 1000;
    if (answer->failure == HTTP_NO_TIME)
        outcome_set(&outcome, VERDICT_WAIT, "no connection within %lld s", seconds);
    else
        outcome_set(&outcome, VERDICT_WAIT, "%s", answer->error);
    outcome.retry_after_seconds = ABSENT_SECONDS;
    delivery_finish(delivery, &outcome);
}

static void handle_failure(struct delivery *delivery, const struct http_answer *answer)
{
    if (answer->failure == HTTP_TIMEOUT) {
        delivery_give_back(delivery, "no answer within %lld s", (long long)(answer->took_ms + 500) / 1000);
    } else if (answer->failure == HTTP_BROKEN && !delivery->repeated) {
        delivery->repeated = true;
        delivery_ready(delivery);
    } else if (answer->failure == HTTP_BROKEN) {
        delivery_give_back(delivery, "%s", answer->error);
    } else {
        handle_absence(delivery, answer);
    }
}

/* true: it goes out again, with another token. */
static bool send_again(struct delivery *delivery)
{
    struct app *app = delivery->app;
    if (delivery->renewed || (!app->heir && !permit_renew(&app->permit, delivery->bearer_number)))
        return false;
    delivery->renewed = true;
    delivery_ready(delivery);
    return true;
}

static void settle(struct delivery *delivery, struct outcome *outcome)
{
    struct app *app = delivery->app;
    if (outcome->verdict == VERDICT_RENEW) {
        if (send_again(delivery))
            return;
        int64_t asked = outcome->retry_after_seconds;
        char reason[sizeof outcome->reason];
        snprintf(reason, sizeof reason, "%s", outcome->reason);
        outcome_set(outcome, VERDICT_OURS, "%.120s, with a new token too", reason);
        outcome->retry_after_seconds = asked;
    }
    standing_judge(&app->standing, clock_steady(), outcome);
    delivery_finish(delivery, outcome);
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct delivery *delivery = context;
    struct app *app = delivery->app;
    struct outcome outcome;
    delivery->transfer = NULL;
    app->all->running--;
    if (answer->failure != HTTP_ANSWERED) {
        handle_failure(delivery, answer);
        return;
    }
    present(app)->last_answer = clock_steady();
    present(app)->counters.answers++;
    present(app)->counters.took_ms += answer->took_ms;
    app->account.provider->judge(&delivery->job, answer, &outcome);
    settle(delivery, &outcome);
}

/* What waited for an access token. */
void deliveries_fetched(void *context, const struct outcome *failure)
{
    struct app *app = context;
    struct outcome outcome;
    if (failure) {
        outcome = *failure;
        standing_judge(&app->standing, clock_steady(), &outcome);
        while (app->waiting)
            delivery_finish(app->waiting, &outcome);
    }
    while (app->waiting)
        delivery_ready(app->waiting);
}

/* Sending */

static int64_t left_ms(const struct delivery *delivery)
{
    return delivery->taken + LIFE_MS - clock_steady();
}

static void send_now(struct delivery *delivery)
{
    struct app *app = delivery->app;
    struct deliveries *all = app->all;
    int64_t usual = app->account.config->timeout_seconds * 1000, left = left_ms(delivery);
    struct http_request request = {.ca_file = app->account.config->ca_file,
                                   .timeout_ms = (long)(usual < left ? usual : left)};
    if (app->account.provider->request(&app->account, &delivery->job, clock_wall(), &request))
        delivery->transfer = http_send(all->http, &request, on_answer, delivery);
    http_request_clear(&request);
    if (!delivery->transfer) {
        delivery_give_back(delivery, "out of memory");
        return;
    }
    delivery->bearer_number = app->account.bearer.number;
    delivery_move(delivery, &app->running);
    all->running++;
    if (all->running > all->most)
        all->most = all->running;
}

void delivery_start(struct delivery *delivery)
{
    struct app *app = delivery->app;
    struct outcome outcome;
    if (app->retired) {
        outcome_set(&outcome, VERDICT_WAIT, "the section is not there any more");
        delivery_finish(delivery, &outcome);
        return;
    }
    if (left_ms(delivery) < LEAST_LEFT_MS) {
        delivery_give_back(delivery, "no time is left for another try");
        return;
    }
    if (!standing_allows(&app->standing, clock_steady(), app->running || app->waiting, &outcome)) {
        delivery_finish(delivery, &outcome);
        return;
    }
    switch (permit_get(&app->permit, &outcome)) {
    case AUTHORIZED:
        send_now(delivery);
        break;
    case TO_BE_FETCHED:
        delivery_move(delivery, &app->waiting);
        break;
    case NOT_AUTHORIZED:
        settle(delivery, &outcome);
        break;
    }
}
