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

#define STALL_MS       1000
#define QUIET_MS       100
#define PROBES         8 /* jobs a provider that hangs keeps, to see when it is back */
#define BOUNCE_SECONDS 2
#define FETCH_AGAIN_MS 5000
#define RENEW_EVERY_MS 60000 /* a clock that is wrong must not cost a new token for each job */
#define LIFE_MS        28000 /* after 30 s, usually, the broker gives a job to another worker */
#define LEAST_LEFT_MS  1000

struct counters {
    long long taken, done, retry, invalid_token, dead;
    long long answers, took_ms; /* of the provider */
};

struct app {
    struct account account;
    struct delivery *running, *waiting; /* sent; without authorization yet. The oldest first */
    size_t held;                        /* all of its deliveries */
    int64_t last_answer;
    struct transfer *fetch;
    int64_t fetch_after, renew_after;
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

static void handle_failure(struct delivery *delivery, const struct http_answer *answer)
{
    long long seconds = (answer->took_ms + 500) / 1000;
    if (answer->failure == HTTP_TIMEOUT) {
        give_back(delivery, "no answer within %lld s", seconds);
    } else if (answer->failure == HTTP_NO_TIME) {
        give_back(delivery, "no connection within %lld s", seconds);
    } else if (answer->failure == HTTP_BROKEN && !delivery->repeated) {
        delivery->repeated = true;
        move(delivery, &delivery->app->all->ready);
    } else {
        give_back(delivery, "%s", answer->error);
    }
}

static void handle_refusal(struct delivery *delivery, const struct outcome *outcome)
{
    struct app *app = delivery->app;
    struct bearer *bearer = &app->account.bearer;
    bool newest = bearer->text && delivery->bearer_number == bearer->number;
    int64_t now = clock_steady();
    if (delivery->renewed || (newest && now < app->renew_after)) {
        give_back(delivery, "%s, with a new token too", outcome->reason);
        return;
    }
    if (newest) {
        bearer_clear(bearer);
        app->renew_after = now + RENEW_EVERY_MS;
    }
    delivery->renewed = true;
    move(delivery, &app->all->ready);
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
    app->account.provider->judge(answer, &outcome);
    if (outcome.verdict == VERDICT_RENEW)
        handle_refusal(delivery, &outcome);
    else
        finish(delivery, &outcome);
}

/* The access token, for which deliveries wait */

static void fail_waiting(struct app *app, const struct outcome *outcome)
{
    while (app->waiting)
        finish(app->waiting, outcome);
}

static void on_fetched(void *context, const struct http_answer *answer)
{
    struct app *app = context;
    struct account *account = &app->account;
    struct outcome outcome;
    bool good = false;
    app->fetch = NULL;
    if (answer->failure == HTTP_ANSWERED)
        good = account->provider->fetched(account, clock_wall() / 1000, answer, &outcome);
    else
        outcome_set(&outcome, VERDICT_RETRY, "no access token: %s", answer->error);
    if (!good) {
        app->fetch_after = clock_steady() + FETCH_AGAIN_MS;
        fail_waiting(app, &outcome);
    }
    while (app->waiting)
        move(app->waiting, &app->all->ready);
}

static void set_way(const struct app *app, struct http_request *request, int64_t most_ms)
{
    int64_t usual = app->account.config->timeout_seconds * 1000;
    request->ca_file = app->account.config->ca_file;
    request->timeout_ms = (long)(usual < most_ms ? usual : most_ms);
}

static void wait_for_token(struct app *app, struct delivery *delivery)
{
    struct http_request request = {0};
    struct account *account = &app->account;
    move(delivery, &app->waiting);
    if (app->fetch)
        return;
    if (clock_steady() < app->fetch_after) {
        give_back(delivery, "no access token a moment ago");
        return;
    }
    set_way(app, &request, LIFE_MS);
    if (account->provider->fetch(account, clock_wall() / 1000, &request))
        app->fetch = http_send(app->all->http, &request, on_fetched, app);
    http_request_clear(&request);
    if (!app->fetch)
        give_back(delivery, "no access token: out of memory");
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
    struct http_request request = {0};
    set_way(app, &request, left_ms(delivery));
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
    struct account *account = &app->account;
    if (left_ms(delivery) < LEAST_LEFT_MS) {
        give_back(delivery, "no time is left for another try");
        return;
    }
    enum authorization authorization = account->provider->authorize
                                           ? account->provider->authorize(account, clock_wall() / 1000)
                                           : AUTHORIZED;
    if (authorization == AUTHORIZED)
        send_now(delivery);
    else if (authorization == TO_BE_FETCHED)
        wait_for_token(app, delivery);
    else
        give_back(delivery, "no token could be signed");
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
    outcome_set(&outcome, VERDICT_RETRY, "the worker has no section [%s]", section);
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
    if (app->fetch)
        http_cancel(app->all->http, app->fetch);
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
