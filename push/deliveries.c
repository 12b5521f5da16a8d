/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/deliveries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/clock.h"
#include "lib/say.h"
#include "push/delivery.h"

#define STALL_MS        1000
#define QUIET_MS        100
#define PROBES          8 /* jobs a provider that hangs keeps, to see when it is back */
#define BOUNCE_SECONDS  2
#define NOBODYS_SECONDS 30 /* until a job that is for none of our sections is tried again */

static const struct provider *const providers[PROVIDER_COUNT] = {&provider_apns, &provider_fcm,
                                                                 &provider_webhook};

/* Sections */

static void app_free(struct app *app)
{
    while (app->running)
        delivery_free(app->running);
    while (app->waiting)
        delivery_free(app->waiting);
    permit_clear(&app->permit);
    app->account.provider->close(&app->account);
    bearer_clear(&app->account.bearer);
    app_config_clear(&app->config);
    free(app);
}

static void free_all(struct app *apps)
{
    struct app *app, *next;
    DL_FOREACH_SAFE (apps, app, next)
        app_free(app);
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
        delivery_give_back(app->running ? app->running : app->waiting,
                           "no answer for %lld ms, and others wait", (long long)silent_for(app, now));
}

static void bury(struct deliveries *all)
{
    struct app *app, *next;
    DL_FOREACH_SAFE (all->retired, app, next) {
        if (app->held > 0)
            continue;
        DL_DELETE(all->retired, app);
        app_free(app);
    }
}

void deliveries_tick(struct deliveries *all)
{
    bury(all);
    relieve(all);
    while (all->ready && all->running < DELIVERIES_MAX)
        delivery_start(all->ready);
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
    outcome.retry_after_seconds = NOBODYS_SECONDS;
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
    known->unlisted = true;
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
        delivery->unlisted = true; /* no memory for the table */
    delivery_move(delivery, &all->ready);
    if (!must_wait(app))
        return;
    struct outcome outcome;
    outcome_set(&outcome, VERDICT_RETRY, "the provider does not answer, and others wait");
    if (delivery->job.attempt <=
        1) /* a burst, perhaps; later ones keep their distance, or they would soon be dead */
        outcome.retry_after_seconds = BOUNCE_SECONDS;
    delivery_finish(delivery, &outcome);
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

/* NULL: `error` says why. */
static struct app *app_open(struct deliveries *all, const struct app_config *config, char *error,
                            size_t error_size)
{
    char reason[300] = "out of memory";
    struct app *app = calloc(1, sizeof *app);
    if (!app)
        return NULL;
    app->account.config = &app->config;
    app->account.provider = providers[config->kind];
    app->all = all;
    const bool copied = app_config_copy(&app->config, config);
    permit_init(&app->permit, &app->account, all->http, deliveries_fetched, app);
    standing_init(&app->standing, app->config.section);
    if (copied && app->account.provider->open(&app->account, reason, sizeof reason) == 0)
        return app;
    snprintf(error, error_size, "[%s] %s", config->section, reason);
    app_free(app);
    return NULL;
}

static int open_all(struct deliveries *all, const struct push_config *config, struct app **apps, char *error,
                    size_t error_size)
{
    const struct app_config *one;
    DL_FOREACH (config->apps, one) {
        struct app *app = app_open(all, one, error, error_size);
        if (!app)
            return -1;
        DL_APPEND(*apps, app);
    }
    return 0;
}

struct deliveries *deliveries_open(const struct push_config *config, struct http *http,
                                   delivery_answer *answer, void *context, char *error, size_t error_size)
{
    struct deliveries *all = calloc(1, sizeof *all);
    snprintf(error, error_size, "out of memory");
    if (!all)
        return NULL;
    *all = (struct deliveries){.http = http, .answer = answer, .context = context};
    if (open_all(all, config, &all->apps, error, error_size) == 0)
        return all;
    deliveries_close(all);
    return NULL;
}

void deliveries_trust(struct deliveries *all)
{
    struct app *app;
    DL_FOREACH (all->apps, app)
        standing_trust(&app->standing);
}

void deliveries_close(struct deliveries *all)
{
    if (!all)
        return;
    while (all->ready)
        delivery_free(all->ready);
    free_all(all->apps);
    free_all(all->retired);
    free(all);
}

/* Another configuration */

struct deliveries_renewal {
    struct app *apps;
};

struct deliveries_renewal *deliveries_prepare(struct deliveries *all, const struct push_config *config,
                                              char *error, size_t error_size)
{
    struct deliveries_renewal *renewal = calloc(1, sizeof *renewal);
    snprintf(error, error_size, "out of memory");
    if (!renewal || open_all(all, config, &renewal->apps, error, error_size) == 0)
        return renewal;
    deliveries_renewal_free(renewal);
    return NULL;
}

void deliveries_renewal_free(struct deliveries_renewal *renewal)
{
    if (renewal)
        free_all(renewal->apps);
    free(renewal);
}

static struct app *find_heir(struct app *apps, const struct app *app)
{
    struct app *heir;
    DL_FOREACH (apps, heir)
        if (strcmp(heir->config.section, app->config.section) == 0)
            break;
    return heir;
}

static void inherit(struct app *heir, struct app *app)
{
    const bool same_keys = app->account.provider->same_keys(&heir->account, &app->account);
    heir->counters = app->counters;
    heir->last_answer = app->last_answer;
    if (same_keys)
        permit_inherit(&heir->permit, &app->permit);
    if (same_keys && app_config_same(&heir->config, &app->config))
        standing_inherit(&heir->standing, &app->standing);
    else if (app_config_same(&heir->config, &app->config))
        say_line("reload: [%s] has other keys", heir->config.section);
}

/* Whoever has had `app` for an heir has `heir` now. */
static void retire(struct deliveries *all, struct app *app, struct app *heir)
{
    struct app *older;
    DL_FOREACH (all->retired, older)
        if (older->heir == app)
            older->heir = heir;
    app->retired = true;
    app->heir = heir;
    DL_DELETE(all->apps, app);
    DL_APPEND(all->retired, app);
    permit_clear(&app->permit);
    while (app->waiting)
        delivery_ready(app->waiting);
}

static void ready_anew(struct deliveries *all)
{
    struct delivery *last = all->ready ? all->ready->prev : NULL;
    for (bool more = last != NULL; more;) {
        struct delivery *first = all->ready;
        more = first != last;
        delivery_ready(first);
    }
}

void deliveries_renew(struct deliveries *all, struct deliveries_renewal *renewal_take)
{
    struct app *fresh = renewal_take->apps;
    while (all->apps) {
        struct app *app = all->apps, *heir = find_heir(fresh, app);
        if (heir)
            inherit(heir, app);
        retire(all, app, heir);
    }
    all->apps = fresh;
    ready_anew(all);
    free(renewal_take);
}
