/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "acl/code.h"
#include "gate/broker/asks.h"
#include "gate/config.h"
#include "gate/files/files.h"
#include "gate/hook/hook_check.h"
#include "lib/clock.h"
#include "lib/say.h"

#define TURN_MS 50

struct inquiry {
    bool answered;
    int code;
};

static void on_answer(void *context, struct ask_answer *answer)
{
    struct inquiry *inquiry = context;
    inquiry->answered = true;
    inquiry->code = answer->code;
}

/* For as long as an ask is waited for. */
static void await(struct asks *asks, const struct inquiry *inquiry)
{
    while (!inquiry->answered) {
        struct pollfd fd;
        asks_tick(asks, clock_steady());
        const nfds_t count = asks_wants(asks, &fd) ? 1 : 0;
        (void)poll(&fd, count, asks_pause(asks, TURN_MS));
        if (count)
            asks_serve(asks, &fd);
    }
}

/* A command that only administrators may give. */
static int ask_broker(struct asks *asks, const char *what)
{
    struct inquiry inquiry = {0};
    cJSON *command = cJSON_CreateObject();
    asks_tick(asks, clock_steady());
    if (!command || !cJSON_AddStringToObject(command, "command", "getStats")) {
        cJSON_Delete(command);
        return say_check(false, what, "out of memory");
    }
    if (!asks_send(asks, command, on_answer, &inquiry))
        return say_check(false, what, "out of memory");
    await(asks, &inquiry);
    if (inquiry.code == ASK_LOST)
        return say_check(false, what, asks_fault(asks) ? asks_fault(asks) : "no answer");
    return say_check(inquiry.code == CODE_OK, what, inquiry.code == CODE_OK ? "" : code_text(inquiry.code));
}

static int check_broker(const struct gate_config *config)
{
    char error[400], what[100];
    snprintf(what, sizeof what, "[broker] %.60s:%lld", config->broker.host, (long long)config->broker.port);
    struct link_config broker = config->broker;
    broker.name = NULL; /* the gateway that runs keeps its own */
    struct asks *asks = asks_open(&broker, error, sizeof error);
    if (!asks)
        return say_check(false, what, error);
    int result = ask_broker(asks, what);
    asks_close(asks);
    return result;
}

static int check_folder(enum folder_kind kind, const char *what, const char *path)
{
    char error[400] = "";
    if (!path)
        return EXIT_SUCCESS;
    struct folder *folder = folder_open(kind, path, error, sizeof error);
    folder_close(folder);
    return say_check(folder != NULL, what, error);
}

static int check_rest(const struct gate_config *config)
{
    const bool some = config->rest.admins != NULL;
    return say_check(true, "[rest]", some ? "" : "no `admins`: nobody may call it");
}

static int check_port(const struct gate_config *config)
{
    static const struct route none[] = {{0}};
    char error[400] = "", what[100];
    snprintf(what, sizeof what, "[http] %.60s:%lld", config->http.address, (long long)config->http.port);
    struct server *server = server_open(&config->http, none, error, sizeof error);
    server_close(server);
    return say_check(server != NULL, what, error);
}

int check_all(const struct gate_config *config)
{
    int result = check_broker(config);
    result |= check_port(config);
    result |= check_rest(config);
    result |= check_folder(FOLDER_MEDIA, "[files] media_dir", config->files.media_dir);
    result |= check_folder(FOLDER_WEB, "[files] web_dir", config->files.web_dir);
    result |= hook_check(&config->hooks, &config->broker);
    return result;
}
