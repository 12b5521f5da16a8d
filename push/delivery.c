/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/delivery.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/clock.h"
#include "lib/keyed_hash.h"
#include "lib/say.h"
#include "push/permit.h"
#include "push/standing.h"

#define STALL_MS       1000
#define QUIET_MS       100
#define PROBES         8 /* jobs a provider that hangs keeps, to see when it is back */
#define BOUNCE_SECONDS 2
#define ABSENT_SECONDS 30 /* until a provider that cannot be reached, or that is not ours, is tried again */
#define LIFE_MS        28000 /* after 30 s, usually, the broker gives a job to another worker */
#define LEAST_LEFT_MS  1000

struct counters {
    long long taken, done, retry, invalid_token, dead;
    long long answers, took_ms; /* of the provider */
};

struct app {
    struct account account;
    struct permit permit;
    struct standing standing;
    struct delivery *running, *waiting; /* sent; without authorization yet. The oldest first */
    size_t held;                        /* all of its deliveries */
    int64_t last_answer;
    struct counters counters;
    struct deliveries *all;
    struct app *prev, *next;
};

struct delivery {
    struct job job;
    struct app *app;
    struct delivery **home; /* the list it is in */
    struct transfer *transfer;
    int64_t taken, since; /* since: in that list */
    unsigned bearer_number;
    bool repeated, renewed;
    /* the broker has given the same job again for another message or token: that one will be answered */
    bool silent;
    struct delivery *prev, *next;
    UT_hash_handle hh;
};

struct deliveries {
    const struct push_config *config;
    struct http *http;
    delivery_answer *answer;
    void *context;
    struct app *apps;
    struct delivery *by_job; /* uthash */
    struct delivery *ready;
    size_t held, running, most;
};

static const struct provider *const providers[PROVIDER_COUNT] = {&provider_apns, &provider_fcm,
                                                                 &provider_webhook};

/* Lists */

static void move(struct delivery *delivery, struct delivery **home)
{
    if (delivery->home)
        DL_DELETE(*delivery->home, delivery);
    delivery->home = home;
    delivery->since = clock_steady();
    if (home)
        DL_APPEND(*home, delivery);
}

static void delivery_free(struct delivery *delivery)
{
    struct deliveries *all = delivery->app->all;
    move(delivery, NULL);
    if (delivery->transfer) {
        http_cancel(all->http, delivery->transfer);
        all->running--;
    }
    if (!delivery->silent)
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

static void finish(struct delivery *delivery, const struct outcome *outcome)
{
    struct deliveries *all = delivery->app->all;
    count(&delivery->app->counters, outcome->verdict);
    if (!delivery->silent)
        all->answer(all->context, &delivery->job, outcome);
    delivery_free(delivery);
}

__attribute__((format(printf, 2, 3))) static void give_back(struct delivery *delivery, const char *format,
                                                            ...)
{
    struct outcome outcome;
    char reason[sizeof outcome.reason];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    outcome_set(&outcome, VERDICT_RETRY, "%s", reason);
    finish(delivery, &outcome);
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
    finish(delivery, &outcome);
}

static void handle_failure(struct delivery *delivery, const struct http_answer *answer)
{
    if (answer->failure == HTTP_TIMEOUT) {
        give_back(delivery, "no answer within %lld s", (long long)(answer->took_ms + 500) / 1000);
    } else if (answer->failure == HTTP_BROKEN && !delivery->repeated) {
        delivery->repeated = true;
        move(delivery, &delivery->app->all->ready);
    } else if (answer->failure == HTTP_BROKEN) {
        give_back(delivery, "%s", answer->error);
    } else {
        handle_absence(delivery, answer);
    }
}

/* true: it goes out again, with another token. */
static bool send_again(struct delivery *delivery)
{
    struct app *app = delivery->app;
    if (delivery->renewed || !permit_renew(&app->permit, delivery->bearer_number))
        return false;
    delivery->renewed = true;
    move(delivery, &app->all->ready);
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
    finish(delivery, outcome);
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
    app->last_answer = clock_steady();
    app->counters.answers++;
    app->counters.took_ms += answer->took_ms;
    app->account.provider->judge(&delivery->job, answer, &outcome);
    settle(delivery, &outcome);
}

/* What waited for an access token. */
static void on_fetched(void *context, const struct outcome *failure)
{
    struct app *app = context;
    struct outcome outcome;
    if (failure) {
        outcome = *failure;
        standing_judge(&app->standing, clock_steady(), &outcome);
        while (app->waiting)
            finish(app->waiting, &outcome);
    }
    while (app->waiting)
        move(app->waiting, &app->all->ready);
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
        give_back(delivery, "out of memory");
        return;
    }
    delivery->bearer_number = app->account.bearer.number;
    move(delivery, &app->running);
    all->running++;
    if (all->running > all->most)
        all->most = all->running;
}

static void start(struct delivery *delivery)
{
    struct app *app = delivery->app;
    struct outcome outcome;
    if (left_ms(delivery) < LEAST_LEFT_MS) {
        give_back(delivery, "no time is left for another try");
        return;
    }
    if (!standing_allows(&app->standing, clock_steady(), app->running || app->waiting, &outcome)) {
        finish(delivery, &outcome);
        return;
    }
    switch (permit_get(&app->permit, &outcome)) {
    case AUTHORIZED:
        send_now(delivery);
        break;
    case TO_BE_FETCHED:
        move(delivery, &app->waiting);
        break;
    case NOT_AUTHORIZED:
        settle(delivery, &outcome);
        break;
    }
}

/* Providers that hang */

static int64_t silent_for(const struct app *app, int64_t now)
{
    const struct delivery *oldest = app->running ? app->running : app->waiting;
    if (!oldest)
        return 0;
    return now - (oldest->since > app->last_answer ? oldest->since : app->last_answer);
}

static bool crowded(const struct deliveries *all)
{
    return all->apps->next && all->held > DELIVERIES_MAX - DELIVERIES_FREE;
}

/* A new job for a provider that holds the others up: it is not begun. */
static bool must_wait(const struct app *app)
{
    return crowded(app->all) && app->held > PROBES && silent_for(app, clock_steady()) >= QUIET_MS;
}

static struct app *find_stalled(struct deliveries *all, int64_t now)
{
    struct app *app;
    DL_FOREACH (all->apps, app)
        if (app->held > PROBES && silent_for(app, now) >= STALL_MS)
            return app;
    return NULL;
}

static void relieve(struct deliveries *all)
{
    struct app *app;
    int64_t now = clock_steady();
    while (crowded(all) && (app = find_stalled(all, now)))
        give_back(app->running ? app->running : app->waiting, "no answer for %lld ms, and others wait",
                  (long long)silent_for(app, now));
}

void deliveries_tick(struct deliveries *all)
{
    relieve(all);
    while (all->ready && all->running < DELIVERIES_MAX)
        start(all->ready);
}

/* Taking */

static struct app *find_app(struct deliveries *all, const struct job *job)
{
    struct app *app;
    DL_FOREACH (all->apps, app)
        if (strcmp(app->account.provider->name, job->provider) == 0 &&
            strcmp(app->account.config->business, job->business) == 0)
            break;
    return app;
}

static void refuse(struct deliveries *all, struct job *job, const char *section)
{
    struct outcome outcome;
    outcome_set(&outcome, VERDICT_WAIT, "the worker has no section [%s]", section);
    outcome.retry_after_seconds = ABSENT_SECONDS;
    all->answer(all->context, job, &outcome);
    job_clear(job);
}

static bool is_same(const struct job *known, const struct job *job)
{
    return known->message == job->message && strcmp(known->token, job->token) == 0;
}

/* true: there is nothing more to do. */
static bool is_under_way(struct deliveries *all, const struct job *job)
{
    struct delivery *known;
    HASH_FIND(hh, all->by_job, &job->id, sizeof job->id, known);
    if (!known || is_same(&known->job, job))
        return known != NULL;
    HASH_DEL(all->by_job, known);
    known->silent = true;
    return false;
}

/* Takes the job. */
static void add(struct deliveries *all, struct app *app, struct job *job)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    if (!delivery) {
        job_clear(job); /* it comes again when its lease ends */
        return;
    }
    delivery->job = *job;
    delivery->app = app;
    delivery->taken = clock_steady();
    app->held++;
    all->held++;
    app->counters.taken++;
    HASH_ADD(hh, all->by_job, job.id, sizeof delivery->job.id, delivery);
    if (!delivery->hh.tbl)
        delivery->silent = true; /* no memory for the table */
    move(delivery, &all->ready);
    if (!must_wait(app))
        return;
    struct outcome outcome;
    outcome_set(&outcome, VERDICT_RETRY, "the provider does not answer, and others wait");
    if (delivery->job.attempt <=
        1) /* a burst, perhaps; later ones keep their distance, or they would soon be dead */
        outcome.retry_after_seconds = BOUNCE_SECONDS;
    finish(delivery, &outcome);
}

void deliveries_take(struct deliveries *all, const char *payload, size_t len)
{
    struct job job;
    char section[100];
    const char *fault = job_parse(&job, payload, len);
    if (fault) {
        say_line("a job that cannot be read (%s)", fault);
        return;
    }
    struct app *app = find_app(all, &job);
    snprintf(section, sizeof section, "%s%s%s", job.provider, *job.business ? ":" : "", job.business);
    if (!app)
        refuse(all, &job, section);
    else if (is_under_way(all, &job))
        job_clear(&job);
    else
        add(all, app, &job);
}

size_t deliveries_count(const struct deliveries *all)
{
    return all->held;
}

void deliveries_log(const struct deliveries *all)
{
    const struct app *app;
    say_line("counters: %zu jobs here, %zu in flight, at most %zu so far", all->held, all->running,
             all->most);
    DL_FOREACH (all->apps, app) {
        const struct counters *n = &app->counters;
        say_line(
            "counters: [%s] taken %lld, done %lld, to be tried again %lld, invalid tokens %lld, given up "
            "%lld; %lld ms an answer",
            app->account.config->section, n->taken, n->done, n->retry, n->invalid_token, n->dead,
            n->answers ? n->took_ms / n->answers : 0);
    }
}

/* Opening */

static int add_app(struct deliveries *all, const struct app_config *config, char *error, size_t error_size)
{
    char reason[200] = "out of memory";
    struct app *app = calloc(1, sizeof *app);
    if (!app)
        return -1;
    app->account.config = config;
    app->account.provider = providers[config->kind];
    app->all = all;
    permit_init(&app->permit, &app->account, all->http, on_fetched, app);
    standing_init(&app->standing, config->section);
    DL_APPEND(all->apps, app);
    if (app->account.provider->open(&app->account, reason, sizeof reason) == 0)
        return 0;
    snprintf(error, error_size, "[%s] %s", config->section, reason);
    return -1;
}

struct deliveries *deliveries_open(const struct push_config *config, struct http *http,
                                   delivery_answer *answer, void *context, char *error, size_t error_size)
{
    const struct app_config *app;
    struct deliveries *all = calloc(1, sizeof *all);
    snprintf(error, error_size, "out of memory");
    if (!all)
        return NULL;
    *all = (struct deliveries){.config = config, .http = http, .answer = answer, .context = context};
    DL_FOREACH (config->apps, app) {
        if (add_app(all, app, error, error_size)) {
            deliveries_close(all);
            return NULL;
        }
    }
    return all;
}

static void app_free(struct app *app)
{
    while (app->running)
        delivery_free(app->running);
    while (app->waiting)
        delivery_free(app->waiting);
    permit_clear(&app->permit);
    app->account.provider->close(&app->account);
    bearer_clear(&app->account.bearer);
    free(app);
}

void deliveries_close(struct deliveries *all)
{
    struct app *app, *next;
    if (!all)
        return;
    while (all->ready)
        delivery_free(all->ready);
    DL_FOREACH_SAFE (all->apps, app, next)
        app_free(app);
    free(all);
}
