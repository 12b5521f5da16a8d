/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/gate.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acl/code.h"
#include "gate/broker/asks.h"
#include "gate/client/web_api.h"
#include "gate/config.h"
#include "gate/files/files.h"
#include "gate/hook/hooks.h"
#include "gate/http/exchange.h"
#include "gate/http/server.h"
#include "gate/metrics.h"
#include "gate/rest/rest.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/daemon/http.h"
#include "lib/daemon/signals.h"
#include "lib/json.h"
#include "lib/keys.h"
#include "lib/say.h"

#define AGENT   "chatgate/" CHAT_VERSION /* what is said to whom hooks go */
#define TURN_MS 100
#define LAST_MS 5000 /* for what is under way at the end */

enum { ROUTES = 8 + WEB_ROUTES }; /* with one that has no path at the end */

/* NULL: not served. */
struct folders {
    struct folder *media, *web;
};

struct gate {
    const char *path;
    const struct gate_config *config; /* that counts: the caller's, or: */
    struct gate_config *reloaded;     /* the last one since; NULL: none */
    struct keys keys;
    struct http *http; /* hooks under way; the loop waits with it */
    struct hooks *hooks;
    struct asks *asks;
    struct rest_api *rest;
    struct web_api *web;
    struct folders folders;
    struct server *server;
    struct metrics metrics;
    struct route routes[ROUTES];
    int signals;
    int64_t last; /* when to stop waiting; 0: not ending */
    bool ended;
};

/* Folders */

static void close_folders(const struct folders *folders)
{
    folder_close(folders->media);
    folder_close(folders->web);
}

/* Returns 0, or -1: `error` says why. */
static int open_folders(struct folders *folders, const struct files_config *config, char *error, size_t size)
{
    *folders = (struct folders){0};
    if (config->media_dir)
        folders->media = folder_open(FOLDER_MEDIA, config->media_dir, error, size);
    if (config->web_dir)
        folders->web = folder_open(FOLDER_WEB, config->web_dir, error, size);
    if ((folders->media || !config->media_dir) && (folders->web || !config->web_dir))
        return 0;
    close_folders(folders);
    return -1;
}

/* Routes */

static void serve_health(void *context, struct exchange *exchange)
{
    (void)context;
    exchange_refuse(exchange, 200, 0, "");
}

static void serve_readiness(void *context, struct exchange *exchange)
{
    const struct gate *gate = context;
    char error[300], reason[280];
    const char *fault = asks_fault(gate->asks);
    if (!fault)
        fault = hooks_fault(gate->hooks, reason, sizeof reason);
    snprintf(error, sizeof error, "broker: %s", fault ? fault : "connected");
    exchange_refuse(exchange, fault ? 503 : 200, 0, fault ? error : "");
}

/* As web/page/main.js reads it. */
static void serve_page_config(void *context, struct exchange *exchange)
{
    const struct gate *gate = context;
    const struct gate_config *config = gate->config;
    cJSON *answer = cJSON_CreateObject();
    if (json_add_whole(answer, "SDKAppID", config->broker.sdkappid) &&
        cJSON_AddStringToObject(answer, "url", config->files.web_broker) &&
        cJSON_AddStringToObject(answer, "httpUrl", "")) {
        exchange_add_header(exchange, "Cache-Control", "no-cache");
        exchange_answer_json(exchange, 200, answer);
    } else {
        cJSON_Delete(answer);
        exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
    }
}

static void serve_media(void *context, struct exchange *exchange)
{
    const struct gate *gate = context;
    folder_serve(gate->folders.media, exchange);
}

static void serve_page(void *context, struct exchange *exchange)
{
    const struct gate *gate = context;
    folder_serve(gate->folders.web, exchange);
}

/* Each has its place, whatever is configured: server.h. */
static void set_routes(struct gate *gate)
{
    const struct folders *folders = &gate->folders;
    const bool tells_page = folders->web && gate->config->files.web_broker;
    const struct route routes[] = {
        {"POST", REST_PATH, REST_BODY_MAX, rest_serve, gate->rest, NULL},
        {"GET", "/healthz", 0, serve_health, NULL, NULL},
        {"GET", "/readyz", 0, serve_readiness, gate, NULL},
        {"GET", METRICS_PATH, 0, metrics_serve, &gate->metrics, NULL},
        {"GET", MEDIA_PATH, 0, folders->media ? serve_media : NULL, gate, NULL},
        {"GET", "/config.json", 0, tells_page ? serve_page_config : NULL, gate, NULL},
    };
    size_t count = COUNT(routes);
    memcpy(gate->routes, routes, sizeof routes);
    count += web_api_routes(gate->web, gate->routes + count);
    /* the last, for it has all paths */
    gate->routes[count] = (struct route){"GET", WEB_PATH, 0, folders->web ? serve_page : NULL, gate, NULL};
}

/* Reload: everything that may fail comes first, and then nothing does */

static struct web_api_config web_config(const struct gate *gate, const struct gate_config *config)
{
    return (struct web_api_config){
        .broker = {config->broker.host, config->broker.ca_file, config->broker.port},
        .sdkappid = config->broker.sdkappid,
        .keys = &gate->keys,
        .max_upload_bytes = config->http.max_upload_bytes};
}

static void config_free(struct gate_config *config)
{
    if (config)
        gate_config_clear(config);
    free(config);
}

/* What is to take the place of what there is. */
struct gate_renewal {
    struct gate_config *config;
    struct keys keys;
    struct folders folders;
    struct link *link;
    struct hooks_renewal *hooks;
    char *report;
};

static void renewal_clear(struct gate_renewal *renewal)
{
    hooks_renewal_free(renewal->hooks);
    link_close(renewal->link);
    close_folders(&renewal->folders);
    keys_clear(&renewal->keys);
    config_free(renewal->config);
    free(renewal->report);
}

static int read_config(const struct gate *gate, struct gate_renewal *renewal, char *error, size_t size)
{
    size_t len;
    renewal->config = calloc(1, sizeof *renewal->config);
    FILE *report = renewal->config ? open_memstream(&renewal->report, &len) : NULL;
    if (!report)
        return -1;
    const bool read = gate_config_read(renewal->config, gate->path) == 0;
    if (!read)
        snprintf(error, size, "%s", renewal->config->conf.error);
    const int carried = read ? gate_config_carry(gate->config, renewal->config, report) : -1;
    return fclose(report) == 0 && carried == 0 ? 0 : -1;
}

static int load_keys(struct keys *keys, const char *path, char *error, size_t size)
{
    char reason[330];
    if (keys_load(keys, path, reason, sizeof reason) == 0)
        return 0;
    snprintf(error, size, "[broker] secret_key_file: %s", reason);
    return -1;
}

/* -1: `error` says why; renewal_clear in both cases. */
static int prepare(const struct gate *gate, struct gate_renewal *renewal, char *error, size_t size)
{
    if (read_config(gate, renewal, error, size))
        return -1;
    const struct gate_config *config = renewal->config;
    if (load_keys(&renewal->keys, config->broker.secret_key_file, error, size) ||
        server_prepare(&config->http, error, size) ||
        open_folders(&renewal->folders, &config->files, error, size))
        return -1;
    renewal->link = asks_prepare(gate->asks, &config->broker, error, size);
    if (renewal->link)
        renewal->hooks = hooks_prepare(gate->hooks, &config->hooks, &config->broker, error, size);
    return renewal->hooks ? 0 : -1;
}

/* Of the files that HTTP requests name, the contents may be others. */
static void take(struct gate *gate, struct gate_renewal *renewal)
{
    const struct gate_config *config = renewal->config;
    gate->keys = renewal->keys;
    const struct web_api_config web = web_config(gate, config);
    asks_take(gate->asks, renewal->link);
    hooks_take(gate->hooks, renewal->hooks);
    http_forget_files(gate->http);
    rest_take(gate->rest, &config->rest, config->broker.sdkappid);
    web_api_take(gate->web, &web);
    server_take(gate->server, &config->http);
    const struct folders folders = gate->folders;
    gate->folders = renewal->folders;
    gate->config = config;
    set_routes(gate);
    renewal->folders = folders; /* to be closed */
    renewal->config = gate->reloaded;
    gate->reloaded = (struct gate_config *)config;
    renewal->link = NULL;
    renewal->hooks = NULL;
}

static void reload(struct gate *gate)
{
    char error[400] = "out of memory";
    struct gate_renewal renewal = {0};
    if (prepare(gate, &renewal, error, sizeof error) == 0) {
        take(gate, &renewal);
        conf_say_report(renewal.report);
        say_line("the configuration was read again, and so were the files that it names");
    } else {
        conf_locate(gate->path, error, sizeof error);
        say_line("the configuration stays as it was: %s", error);
    }
    renewal_clear(&renewal);
}

/* The loop */

static void begin_to_end(struct gate *gate, int64_t now)
{
    if (gate->last != 0) {
        gate->ended = true; /* asked twice */
        return;
    }
    gate->last = now + LAST_MS;
    server_stop(gate->server);
    web_api_stop(gate->web);
    hooks_stop(gate->hooks);
    say_line("ending");
}

static void log_counters(const struct gate *gate)
{
    say_line("%lld requests over HTTP, %zu connections; broker: %s", (long long)server_requests(gate->server),
             server_connections(gate->server), asks_fault(gate->asks) ? asks_fault(gate->asks) : "connected");
}

static void heed_signals(struct gate *gate)
{
    for (int signal; (signal = signals_read(gate->signals)) != 0;)
        if (signal == SIGHUP)
            reload(gate);
        else if (signal == SIGUSR1)
            log_counters(gate);
        else
            begin_to_end(gate, clock_steady());
}

static void wait_and_serve(struct gate *gate)
{
    struct pollfd fds[4 + HOOK_FDS] = {{.fd = gate->signals, .events = POLLIN},
                                       {.fd = server_fd(gate->server), .events = POLLIN},
                                       {.fd = web_api_fd(gate->web), .events = POLLIN}};
    const unsigned first_hook = asks_wants(gate->asks, &fds[3]) ? 4 : 3;
    const unsigned hooks = hooks_wants(gate->hooks, &fds[first_hook]);
    const int pause = web_api_pause(gate->web, asks_pause(gate->asks, hooks_pause(gate->hooks, TURN_MS)));
    http_turn(gate->http, fds, first_hook + hooks, server_pause(gate->server, pause));
    if (first_hook == 4 && fds[3].revents)
        asks_serve(gate->asks, &fds[3]);
    hooks_serve(gate->hooks, &fds[first_hook], hooks);
    web_api_serve(gate->web, clock_steady());
    server_run(gate->server);
    if (fds[0].revents)
        heed_signals(gate);
}

static void turn(struct gate *gate)
{
    int64_t now = clock_steady();
    asks_tick(gate->asks, now);
    hooks_tick(gate->hooks, now);
    wait_and_serve(gate);
    const bool idle = server_is_idle(gate->server) && hooks_is_idle(gate->hooks);
    if (gate->last != 0 && (idle || now >= gate->last))
        gate->ended = true;
}

/* As many as we may: each client over HTTP has a connection on either side. */
static void raise_limit_of_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool open_parts(struct gate *gate, char *error, size_t size)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, 0};
    const struct gate_config *config = gate->config;
    const struct web_api_config web = web_config(gate, config);
    raise_limit_of_files();
    gate->signals = signals_open(signals); /* first: threads that look names up inherit the mask */
    gate->http = http_open(AGENT, HOOK_CONNECTIONS);
    if (gate->signals < 0 || !gate->http ||
        load_keys(&gate->keys, config->broker.secret_key_file, error, size))
        return false;
    gate->asks = asks_open(&config->broker, error, size);
    if (gate->asks)
        gate->rest = rest_open(&config->rest, config->broker.sdkappid, &gate->keys, gate->asks);
    if (gate->rest)
        gate->web = web_api_open(&web, gate->asks);
    if (gate->web)
        gate->hooks = hooks_open(&config->hooks, &config->broker, gate->http, error, size);
    if (!gate->hooks || open_folders(&gate->folders, &config->files, error, size))
        return false;
    set_routes(gate);
    gate->server = server_open(&config->http, gate->routes, error, size);
    gate->metrics = (struct metrics){gate->asks, rest_counts(gate->rest), gate->server, gate->hooks};
    return gate->server != NULL;
}

/* Who waits for the broker is answered first, and then nobody is under way. */
static void close_parts(struct gate *gate)
{
    asks_close(gate->asks);
    http_close(gate->http);
    hooks_close(gate->hooks);
    web_api_close(gate->web);
    server_close(gate->server);
    rest_close(gate->rest);
    close_folders(&gate->folders);
    config_free(gate->reloaded);
    keys_clear(&gate->keys);
    if (gate->signals >= 0)
        close(gate->signals);
}

int gate_run(const struct gate_config *config, const char *path)
{
    char error[400] = "cannot start: out of memory or of files";
    struct gate gate = {.path = path, .config = config, .signals = -1};
    const bool opened = open_parts(&gate, error, sizeof error);
    if (!opened)
        conf_locate(path, error, sizeof error);
    if (opened)
        say_line("chatgate %s started: http://%s:%lld/", CHAT_VERSION, config->http.address,
                 (long long)config->http.port);
    else
        say_line("%s", error);
    while (opened && !gate.ended)
        turn(&gate);
    close_parts(&gate);
    if (opened)
        say_line("ended");
    return opened ? EXIT_SUCCESS : EXIT_FAILURE;
}
