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
#include "lib/say.h"

#define AGENT   "chatgate/" CHAT_VERSION /* what is said to whom hooks go */
#define TURN_MS 100
#define LAST_MS 5000 /* for what is under way at the end */

enum { ROUTES = 9 + WEB_ROUTES };

/* NULL: not served. */
struct folders {
    struct folder *media, *web;
};

struct gate {
    const char *path;
    const struct gate_config *config; /* of the start, which connections keep */
    struct gate_config *reloaded;     /* the last one since; NULL: none */
    struct http *http;                /* hooks under way; the loop waits with it */
    struct hooks *hooks;              /* NULL: there are none */
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
    const struct gate_config *config = gate->reloaded ? gate->reloaded : gate->config;
    cJSON *answer = cJSON_CreateObject();
    if (json_add_whole(answer, "SDKAppID", gate->config->broker.sdkappid) &&
        cJSON_AddStringToObject(answer, "url", config->files.web_broker) &&
        cJSON_AddStringToObject(answer, "httpUrl", "")) {
        exchange_add_header(exchange, "Cache-Control", "no-cache");
        exchange_answer_json(exchange, 200, answer);
    } else {
        cJSON_Delete(answer);
        exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
    }
}

static void set_routes(struct gate *gate, const struct files_config *files)
{
    const struct route routes[] = {
        {"POST", REST_PATH, REST_BODY_MAX, rest_serve, gate->rest, NULL},
        {"GET", "/healthz", 0, serve_health, NULL, NULL},
        {"GET", "/readyz", 0, serve_readiness, gate, NULL},
        {"GET", METRICS_PATH, 0, metrics_serve, &gate->metrics, NULL},
    };
    size_t count = 0;
    memset(gate->routes, 0, sizeof gate->routes);
    for (; count < COUNT(routes); count++)
        gate->routes[count] = routes[count];
    count += web_api_routes(gate->web, gate->routes + count);
    if (gate->folders.media)
        gate->routes[count++] = (struct route){"GET", MEDIA_PATH, 0, folder_serve, gate->folders.media, NULL};
    if (gate->folders.web && files->web_broker)
        gate->routes[count++] = (struct route){"GET", "/config.json", 0, serve_page_config, gate, NULL};
    if (gate->folders.web) /* the last, for it has all paths */
        gate->routes[count++] = (struct route){"GET", WEB_PATH, 0, folder_serve, gate->folders.web, NULL};
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

/* Who may ask and how much, the keys, the folders: what is behind the server. -1: all is as before. */
static int take_config(struct gate *gate, struct gate_config *config, char *error, size_t size)
{
    struct folders folders;
    if (gate_config_read(config, gate->path)) {
        snprintf(error, size, "%s", config->conf.error);
        return -1;
    }
    if (open_folders(&folders, &config->files, error, size))
        return -1;
    if (asks_reload(gate->asks, error, size) || hooks_reload(gate->hooks, error, size) ||
        web_api_reload(gate->web, error, size) ||
        rest_reload(gate->rest, &config->rest, gate->config->broker.secret_key_file, error, size)) {
        close_folders(&folders);
        return -1;
    }
    close_folders(&gate->folders);
    gate->folders = folders;
    set_routes(gate, &config->files);
    return 0;
}

static void config_free(struct gate_config *config)
{
    if (config)
        gate_config_clear(config);
    free(config);
}

static void reload(struct gate *gate)
{
    char error[400] = "out of memory";
    struct gate_config *config = malloc(sizeof *config);
    if (!config || take_config(gate, config, error, sizeof error)) {
        say_line("the configuration stays as it was: %s", error);
        config_free(config);
        return;
    }
    config_free(gate->reloaded);
    gate->reloaded = config;
    say_line(
        "the configuration was read again; [broker], [http] and [callback] count from the next start on");
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

/* false: `error` says why. */
static bool open_hooks(struct gate *gate, char *error, size_t size)
{
    const struct gate_config *config = gate->config;
    gate->http = http_open(AGENT, HOOK_CONNECTIONS);
    if (!gate->http || !config->hooks.url)
        return gate->http != NULL;
    gate->hooks = hooks_open(&config->hooks, &config->broker, gate->http, error, size);
    return gate->hooks != NULL;
}

static bool open_parts(struct gate *gate, char *error, size_t size)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, 0};
    const struct gate_config *config = gate->config;
    raise_limit_of_files();
    gate->signals = signals_open(signals); /* first: threads that look names up inherit the mask */
    if (gate->signals < 0)
        return false;
    gate->asks = asks_open(&config->broker, error, size);
    if (gate->asks)
        gate->rest = rest_open(&config->rest, config->broker.sdkappid, config->broker.secret_key_file,
                               gate->asks, error, size);
    const struct web_api_config web = {
        .broker = {config->broker.host, config->broker.ca_file, config->broker.port},
        .sdkappid = config->broker.sdkappid,
        .key_file = config->broker.secret_key_file,
        .max_upload_bytes = config->http.max_upload_bytes};
    if (gate->rest)
        gate->web = web_api_open(&web, gate->asks, error, size);
    if (!gate->web || !open_hooks(gate, error, size) ||
        open_folders(&gate->folders, &config->files, error, size))
        return false;
    set_routes(gate, &gate->config->files);
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
    if (gate->signals >= 0)
        close(gate->signals);
}

int gate_run(const struct gate_config *config, const char *path)
{
    char error[400] = "cannot start: out of memory or of files";
    struct gate gate = {.path = path, .config = config, .signals = -1};
    const bool opened = open_parts(&gate, error, sizeof error);
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
