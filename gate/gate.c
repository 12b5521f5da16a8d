/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/gate.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate/broker/asks.h"
#include "gate/config.h"
#include "gate/files/files.h"
#include "gate/http/exchange.h"
#include "gate/http/server.h"
#include "gate/metrics.h"
#include "gate/rest/rest.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/daemon/signals.h"
#include "lib/say.h"

#define TURN_MS 100
#define LAST_MS 5000 /* for what is under way at the end */

enum { ROUTES = 8 };

struct gate {
    const struct gate_config *config;
    struct asks *asks;
    struct rest_api *rest;
    struct folder *media, *web; /* NULL: not served */
    struct server *server;
    struct metrics metrics;
    struct route routes[ROUTES];
    int signals;
    int64_t last; /* when to stop waiting; 0: not ending */
    bool ended;
};

/* Routes */

static void serve_health(void *context, struct exchange *exchange)
{
    (void)context;
    exchange_refuse(exchange, 200, 0, "");
}

static void serve_readiness(void *context, struct exchange *exchange)
{
    const struct gate *gate = context;
    const char *fault = asks_fault(gate->asks);
    char error[300];
    snprintf(error, sizeof error, "broker: %s", fault ? fault : "connected");
    exchange_refuse(exchange, fault ? 503 : 200, 0, fault ? error : "");
}

static void set_routes(struct gate *gate)
{
    const struct route routes[] = {
        {"POST", REST_PATH, REST_BODY_MAX, rest_serve, gate->rest},
        {"GET", "/healthz", 0, serve_health, NULL},
        {"GET", "/readyz", 0, serve_readiness, gate},
        {"GET", METRICS_PATH, 0, metrics_serve, &gate->metrics},
    };
    size_t count = 0;
    for (; count < COUNT(routes); count++)
        gate->routes[count] = routes[count];
    if (gate->media)
        gate->routes[count++] = (struct route){"GET", MEDIA_PATH, 0, folder_serve, gate->media};
    if (gate->web) /* the last, for it has all paths */
        gate->routes[count++] = (struct route){"GET", WEB_PATH, 0, folder_serve, gate->web};
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
    say_line("ending");
}

static void wait_and_serve(struct gate *gate)
{
    struct pollfd fds[3] = {{.fd = gate->signals, .events = POLLIN},
                            {.fd = server_fd(gate->server), .events = POLLIN}};
    const nfds_t count = asks_wants(gate->asks, &fds[2]) ? 3 : 2;
    (void)poll(fds, count, server_pause(gate->server, asks_pause(gate->asks, TURN_MS)));
    if (count == 3 && fds[2].revents)
        asks_serve(gate->asks, &fds[2]);
    server_run(gate->server);
    while (fds[0].revents && signals_read(gate->signals) != 0)
        begin_to_end(gate, clock_steady());
}

static void turn(struct gate *gate)
{
    int64_t now = clock_steady();
    asks_tick(gate->asks, now);
    wait_and_serve(gate);
    if (gate->last != 0 && (server_is_idle(gate->server) || now >= gate->last))
        gate->ended = true;
}

static bool open_folders(struct gate *gate, char *error, size_t size)
{
    const struct files_config *files = &gate->config->files;
    if (files->media_dir)
        gate->media = folder_open(FOLDER_MEDIA, files->media_dir, error, size);
    if (files->web_dir)
        gate->web = folder_open(FOLDER_WEB, files->web_dir, error, size);
    return (gate->media || !files->media_dir) && (gate->web || !files->web_dir);
}

static bool open_parts(struct gate *gate, char *error, size_t size)
{
    static const int signals[] = {SIGTERM, SIGINT, 0};
    const struct gate_config *config = gate->config;
    gate->signals = signals_open(signals); /* first: threads that look names up inherit the mask */
    if (gate->signals < 0)
        return false;
    gate->asks = asks_open(&config->broker, error, size);
    if (gate->asks)
        gate->rest = rest_open(&config->rest, config->broker.sdkappid, config->broker.secret_key_file,
                               gate->asks, error, size);
    if (!gate->rest || !open_folders(gate, error, size))
        return false;
    set_routes(gate);
    gate->server = server_open(&config->http, gate->routes, error, size);
    gate->metrics = (struct metrics){gate->asks, rest_counts(gate->rest), gate->server};
    return gate->server != NULL;
}

/* Who waits for the broker is answered first, and then nobody is under way. */
static void close_parts(struct gate *gate)
{
    asks_close(gate->asks);
    server_close(gate->server);
    rest_close(gate->rest);
    folder_close(gate->media);
    folder_close(gate->web);
    if (gate->signals >= 0)
        close(gate->signals);
}

int gate_run(const struct gate_config *config)
{
    char error[400] = "cannot start: out of memory or of files";
    struct gate gate = {.config = config, .signals = -1};
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
