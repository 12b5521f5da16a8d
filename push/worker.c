/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "acl/topic.h"
#include "lib/clock.h"
#include "lib/daemon/http.h"
#include "lib/daemon/link.h"
#include "lib/daemon/signals.h"
#include "lib/say.h"
#include "push/answers.h"
#include "push/deliveries.h"

#define COUNTERS_EVERY_MS 60000
#define LAST_MS           5000 /* for what is in flight at the end */
#define BUSY_TURN_MS      10   /* answers are being gathered */
#define TURN_MS           100
#define PARTING_MS        5000 /* for what is in flight before another connection */

struct worker {
    const char *path;
    const struct push_config *config; /* that counts: the caller's, or: */
    struct push_config *reloaded;     /* the last one since; NULL: none */
    struct http *http;
    struct link *link, *next_link; /* next_link: takes its place when nothing is in flight; NULL: none does */
    int64_t part_by;               /* at the latest */
    struct deliveries *deliveries;
    struct answers *answers;
    int signals;
    int64_t next_counters;
    int64_t last; /* when to stop waiting; 0: not ending */
    bool ended;
};

/* Between the parts */

static void on_up(void *context)
{
    struct worker *worker = context;
    answers_reconnected(worker->answers, clock_steady());
}

/* A job that comes while the worker ends, or the connection, is the broker's again in a moment. */
static void on_job(void *context, const char *topic, const char *payload, size_t len)
{
    struct worker *worker = context;
    (void)topic;
    if (worker->last == 0 && !worker->next_link)
        deliveries_take(worker->deliveries, payload, len);
}

static void on_response(void *context, const char *payload, size_t len)
{
    struct worker *worker = context;
    answers_heard(worker->answers, clock_steady(), payload, len);
}

static void log_failure(const struct job *job, const struct outcome *outcome)
{
    char consequence[60] = "to be tried again";
    if (outcome->verdict == VERDICT_DONE || outcome->said)
        return;
    if (outcome->verdict == VERDICT_INVALID_TOKEN)
        snprintf(consequence, sizeof consequence, "the token is invalid");
    else if (outcome->verdict == VERDICT_DEAD)
        snprintf(consequence, sizeof consequence, "given up");
    else if (outcome->retry_after_seconds >= 0)
        snprintf(consequence, sizeof consequence, "to be tried again in %lld s",
                 (long long)outcome->retry_after_seconds);
    say_line("[%s%s%s] job %lld of %s, attempt %d: %s; %s", job->provider, *job->business ? ":" : "",
             job->business, (long long)job->id, job->user, job->attempt, outcome->reason, consequence);
}

static void on_delivered(void *context, const struct job *job, const struct outcome *outcome)
{
    struct worker *worker = context;
    log_failure(job, outcome);
    if (!answers_add(worker->answers, job, outcome))
        say_line("out of memory: job %lld will be sent once more", (long long)job->id);
}

static bool send_command(void *context, const char *payload, size_t len)
{
    struct worker *worker = context;
    return link_command(worker->link, payload, len);
}

/* The loop */

static void begin_to_end(struct worker *worker, int64_t now)
{
    if (worker->last != 0) {
        worker->ended = true; /* asked twice */
        return;
    }
    worker->last = now + LAST_MS;
    say_line("ending; %zu jobs are in flight", deliveries_count(worker->deliveries));
}

/* Reload: everything that may fail comes first, and then nothing does */

struct worker_renewal {
    struct push_config *config;
    struct deliveries_renewal *deliveries;
    struct link *link;
    char *report;
};

static void config_free(struct push_config *config)
{
    if (config)
        push_config_clear(config);
    free(config);
}

static void renewal_clear(struct worker_renewal *renewal)
{
    deliveries_renewal_free(renewal->deliveries);
    link_close(renewal->link);
    config_free(renewal->config);
    free(renewal->report);
}

static struct link *open_link(struct worker *worker, const struct link_config *config, char *error,
                              size_t error_size)
{
    static const char *const topics[] = {PUSH_TOPIC, NULL};
    const struct link_handlers handlers = {worker, on_up, on_job, on_response};
    return link_open(config, topics, &handlers, error, error_size);
}

static int read_config(const struct worker *worker, struct worker_renewal *renewal, char *error,
                       size_t error_size)
{
    size_t len;
    renewal->config = calloc(1, sizeof *renewal->config);
    FILE *report = renewal->config ? open_memstream(&renewal->report, &len) : NULL;
    if (!report)
        return -1;
    const bool read = push_config_read(renewal->config, worker->path) == 0;
    if (!read)
        snprintf(error, error_size, "%s", renewal->config->conf.error);
    const int carried = read ? push_config_carry(worker->config, renewal->config, report) : -1;
    return fclose(report) == 0 && carried == 0 ? 0 : -1;
}

/* -1: `error` says why; renewal_clear in both cases. */
static int prepare(struct worker *worker, struct worker_renewal *renewal, char *error, size_t error_size)
{
    if (read_config(worker, renewal, error, error_size))
        return -1;
    renewal->deliveries = deliveries_prepare(worker->deliveries, renewal->config, error, error_size);
    if (renewal->deliveries)
        renewal->link = open_link(worker, &renewal->config->broker, error, error_size);
    return renewal->link ? 0 : -1;
}

static void take_link(struct worker *worker, struct link *fresh_take, int64_t now)
{
    link_close(worker->next_link);
    worker->next_link = NULL;
    if (link_may_stay(worker->link, fresh_take)) {
        worker->link = link_renew(worker->link, fresh_take);
        return;
    }
    worker->next_link = fresh_take;
    worker->part_by = now + PARTING_MS;
}

static void take(struct worker *worker, struct worker_renewal *renewal, int64_t now)
{
    struct push_config *before = worker->reloaded;
    conf_say_report(renewal->report);
    http_forget_files(worker->http);
    deliveries_renew(worker->deliveries, renewal->deliveries);
    take_link(worker, renewal->link, now);
    worker->config = worker->reloaded = renewal->config;
    *renewal = (struct worker_renewal){.config = before, .report = renewal->report};
}

static void reload(struct worker *worker, int64_t now)
{
    char error[400] = "out of memory";
    struct worker_renewal renewal = {0};
    if (prepare(worker, &renewal, error, sizeof error) == 0) {
        take(worker, &renewal, now);
        say_line("the configuration was read again, and so were the files that it names");
    } else {
        conf_locate(worker->path, error, sizeof error);
        say_line("the configuration stays as it was: %s", error);
    }
    renewal_clear(&renewal);
}

static void read_signals(struct worker *worker, int64_t now)
{
    for (int signal; (signal = signals_read(worker->signals)) != 0;)
        if (signal == SIGUSR1)
            deliveries_log(worker->deliveries);
        else if (signal == SIGHUP)
            reload(worker, now);
        else
            begin_to_end(worker, now);
}

static bool is_idle(const struct worker *worker)
{
    return deliveries_count(worker->deliveries) == 0 && answers_count(worker->answers) == 0;
}

static void wait_and_serve(struct worker *worker)
{
    struct pollfd fds[2] = {{.fd = worker->signals, .events = POLLIN}};
    unsigned count = link_wants(worker->link, &fds[1]) ? 2 : 1;
    int pause = is_idle(worker) ? TURN_MS : BUSY_TURN_MS;
    http_turn(worker->http, fds, count, link_pause(worker->link, pause));
    if (count == 2)
        link_serve(worker->link, &fds[1]);
    if (fds[0].revents)
        read_signals(worker, clock_steady());
}

/* What comes meanwhile is left to the broker, so it is not for long. */
static void change_link(struct worker *worker, int64_t now)
{
    if (!worker->next_link || (link_up(worker->link) && !is_idle(worker) && now < worker->part_by))
        return;
    worker->link = link_renew(worker->link, worker->next_link);
    worker->next_link = NULL;
}

static void turn(struct worker *worker)
{
    int64_t now = clock_steady();
    change_link(worker, now);
    link_tick(worker->link, now);
    deliveries_tick(worker->deliveries);
    answers_tick(worker->answers, now, worker->last != 0 || worker->next_link);
    wait_and_serve(worker);
    if (now >= worker->next_counters) {
        deliveries_log(worker->deliveries);
        worker->next_counters = now + COUNTERS_EVERY_MS;
    }
    if (worker->last != 0 && (is_idle(worker) || now >= worker->last))
        worker->ended = true;
}

static bool open_parts(struct worker *worker, char *error, size_t error_size)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, 0};
    worker->signals = signals_open(signals); /* first: threads that look names up inherit the mask */
    worker->http = http_open(PUSH_AGENT, PUSH_CONNECTIONS);
    worker->answers = answers_open(send_command, worker);
    if (worker->signals < 0 || !worker->http || !worker->answers)
        return false;
    worker->deliveries =
        deliveries_open(worker->config, worker->http, on_delivered, worker, error, error_size);
    if (worker->deliveries)
        worker->link = open_link(worker, &worker->config->broker, error, error_size);
    return worker->link != NULL;
}

static void close_parts(struct worker *worker)
{
    link_close(worker->link);
    link_close(worker->next_link);
    deliveries_close(worker->deliveries);
    answers_close(worker->answers);
    http_close(worker->http);
    config_free(worker->reloaded);
    if (worker->signals >= 0)
        close(worker->signals);
}

int worker_run(const struct push_config *config, const char *path)
{
    char error[400] = "cannot start: out of memory or of files";
    struct worker worker = {.path = path, .config = config, .signals = -1};
    bool opened = open_parts(&worker, error, sizeof error);
    if (opened)
        say_line("chatpushd %s started", CHAT_VERSION);
    if (!opened) {
        conf_locate(path, error, sizeof error);
        say_line("%s", error);
    }
    worker.next_counters = clock_steady() + COUNTERS_EVERY_MS;
    while (opened && !worker.ended)
        turn(&worker);
    if (opened) {
        deliveries_log(worker.deliveries);
        say_line("ended; %zu jobs go back to the broker", deliveries_count(worker.deliveries));
    }
    close_parts(&worker);
    return opened ? EXIT_SUCCESS : EXIT_FAILURE;
}
