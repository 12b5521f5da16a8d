/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/web_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "gate/broker/asks.h"
#include "gate/client/group_types.h"
#include "gate/client/web_auth.h"
#include "gate/client/web_client.h"
#include "gate/client/web_clients.h"
#include "gate/client/web_errands.h"
#include "gate/http/exchange.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/say.h"

#define USER_PATH    "/v1/user/"
#define GROUP_PATH   "/v1/group/"
#define LIVE_PATH    "/v1/live/"
#define WAIT_MAX_S   60
#define WAIT_USUAL_S 25
#define LINE_MS      1000

struct web_api {
    struct web_api_config config;
    struct web_clients *clients;
    struct group_types *types;
    int64_t refused, next_line; /* logins; when a line may be written about one */
};

/* Who asks */

/* Somebody guesses, or an operator looks for whose clock is wrong: a line a second at most. */
static void refuse_login(struct web_api *api, struct exchange *exchange, int code, const char *error)
{
    const int64_t now = clock_steady();
    char address[ADDRESS_MAX];
    api->refused++;
    if (now >= api->next_line) {
        exchange_address(exchange, address);
        say_line("%s was refused: %s (%d); %lld such in all", address, error, code, (long long)api->refused);
        api->next_line = now + LINE_MS;
    }
    exchange_refuse(exchange, 401, code, error);
}

/* NULL: the exchange has been answered. A client that was signed out comes in by a login only. */
static struct web_client *enter(struct web_api *api, struct exchange *exchange, struct web_identity *identity,
                                bool login)
{
    const char *error;
    int code = web_auth(exchange, api->config.sdkappid, api->config.keys, identity, &error);
    if (code != CODE_OK) {
        refuse_login(api, exchange, code, error);
        return NULL;
    }
    struct web_client *client = web_clients_get(api->clients, identity->user, identity->client_id);
    if (!client) {
        exchange_refuse(exchange, 503, CODE_BUSY, "too many clients at a time");
        return NULL;
    }
    if (login)
        web_client_sign_in(client);
    if (client->out.status == 0)
        return client;
    exchange_refuse(exchange, client->out.status, client->out.code, client->out.error);
    return NULL;
}

/* `errand` NULL: it has been answered. */
static void run(struct web_api *api, struct web_client *client, struct errand *errand,
                const struct web_identity *identity)
{
    if (errand)
        web_clients_run(api->clients, client, errand, identity->sig);
}

/* The name behind a prefix; NULL: it is none, and the exchange has been answered. */
static const char *name_in_path(struct exchange *exchange, const char *prefix,
                                bool (*valid)(const char *, size_t), const char *error)
{
    const char *name = exchange_path(exchange) + strlen(prefix);
    if (valid(name, strlen(name)))
        return name;
    exchange_refuse(exchange, 404, 0, error);
    return NULL;
}

/* Requests */

static void send_to_user(void *context, struct exchange *exchange)
{
    struct web_api *api = context;
    struct web_identity identity;
    char topic[TOPIC_MAX];
    struct web_client *client = enter(api, exchange, &identity, false);
    const char *name = client ? name_in_path(exchange, USER_PATH, user_id_valid, "no userID") : NULL;
    if (!name)
        return;
    topic_print_inbox(topic, name);
    run(api, client, errand_send(exchange, topic, true), &identity);
}

/* A message to a group waits until it is known whether the group is a live one. */
struct group_message {
    struct web_api *api;
    struct exchange *exchange;
    struct web_identity identity;
    char group[GROUP_ID_MAX + 1];
};

static void send_to_known_group(void *context, bool live)
{
    struct group_message *message = context;
    struct web_api *api = message->api;
    char topic[TOPIC_MAX];
    struct web_client *client =
        web_clients_get(api->clients, message->identity.user, message->identity.client_id);
    topic_print_group(topic, message->group);
    if (client)
        run(api, client, errand_send(message->exchange, topic, !live), &message->identity);
    else
        exchange_refuse(message->exchange, 503, CODE_BUSY, "too many clients at a time");
    free(message);
}

static void send_to_group(void *context, struct exchange *exchange)
{
    struct web_api *api = context;
    struct web_identity identity;
    struct web_client *client = enter(api, exchange, &identity, false);
    const char *name = client ? name_in_path(exchange, GROUP_PATH, group_id_valid, "no groupID") : NULL;
    struct group_message *message = name ? malloc(sizeof *message) : NULL;
    if (!name)
        return;
    if (!message) {
        exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
        return;
    }
    *message = (struct group_message){api, exchange, identity, ""};
    snprintf(message->group, sizeof message->group, "%s", name);
    group_types_ask(api->types, message->group, send_to_known_group, message);
}

static void give_command(void *context, struct exchange *exchange)
{
    struct web_api *api = context;
    struct web_identity identity;
    struct web_client *client = enter(api, exchange, &identity, false);
    if (client)
        run(api, client, errand_command(exchange), &identity);
}

static void log_in(void *context, struct exchange *exchange)
{
    struct web_api *api = context;
    struct web_identity identity;
    struct web_client *client = enter(api, exchange, &identity, true);
    if (client)
        run(api, client, errand_login(exchange), &identity);
}

/* A number of the query; -1: it is none. */
static int64_t read_query(const struct exchange *exchange, const char *name, int64_t absent)
{
    const char *text = exchange_query(exchange, name);
    if (!text)
        return absent;
    return *text && strlen(text) < 17 && text[strspn(text, "0123456789")] == '\0' ? strtoll(text, NULL, 10)
                                                                                  : -1;
}

static void poll_messages(void *context, struct exchange *exchange)
{
    struct web_api *api = context;
    struct web_identity identity;
    const int64_t ack = read_query(exchange, "ack", 0), wait = read_query(exchange, "wait", WAIT_USUAL_S);
    struct web_client *client = enter(api, exchange, &identity, false);
    if (!client)
        return;
    if (ack < 0 || wait < 0) {
        exchange_refuse(exchange, 400, CODE_BAD_REQUEST,
                        ack < 0 ? "ack must be an id" : "wait must be seconds");
        return;
    }
    web_client_ack(client, ack);
    web_client_fetch_anew(client);
    run(api, client, errand_poll(exchange, smaller(wait, WAIT_MAX_S) * 1000), &identity);
}

/* The browser's EventSource says itself what it had last. */
static void stream_messages(void *context, struct exchange *exchange)
{
    struct web_api *api = context;
    struct web_identity identity;
    const char *last = exchange_header(exchange, "Last-Event-ID");
    struct web_client *client = enter(api, exchange, &identity, false);
    if (!client)
        return;
    if (last && strlen(last) < 17 && last[strspn(last, "0123456789")] == '\0')
        web_client_ack(client, strtoll(last, NULL, 10));
    web_client_fetch_anew(client);
    run(api, client, errand_events(exchange), &identity);
}

/* Before megabytes come. */
static void admit_file(void *context, struct exchange *exchange)
{
    struct web_api *api = context;
    struct web_identity identity;
    const char *error, *length = exchange_header(exchange, "Content-Length");
    const int code = web_auth(exchange, api->config.sdkappid, api->config.keys, &identity, &error);
    if (code != CODE_OK)
        refuse_login(api, exchange, code, error);
    else if (length && strtoull(length, NULL, 10) > (unsigned long long)api->config.max_upload_bytes)
        exchange_refuse(exchange, 413, CODE_TOO_LONG, "the file is too long");
}

static void take_file(void *context, struct exchange *exchange)
{
    struct web_api *api = context;
    struct web_identity identity;
    struct web_client *client = enter(api, exchange, &identity, false);
    if (client)
        run(api, client, errand_media(exchange, (uint64_t)api->config.max_upload_bytes), &identity);
}

static void come_or_go(struct web_api *api, struct exchange *exchange, bool join)
{
    struct web_identity identity;
    struct web_client *client = enter(api, exchange, &identity, false);
    const char *name = client ? name_in_path(exchange, LIVE_PATH, group_id_valid, "no groupID") : NULL;
    if (name)
        run(api, client, errand_live(exchange, name, join), &identity);
}

static void join_live(void *context, struct exchange *exchange)
{
    come_or_go(context, exchange, true);
}

static void leave_live(void *context, struct exchange *exchange)
{
    come_or_go(context, exchange, false);
}

size_t web_api_routes(struct web_api *api, struct route *out)
{
    const struct route routes[] = {
        {"POST", USER_PATH, WEB_BODY_MAX, send_to_user, api, NULL},
        {"POST", GROUP_PATH, WEB_BODY_MAX, send_to_group, api, NULL},
        {"POST", "/v1/command", WEB_BODY_MAX, give_command, api, NULL},
        {"POST", "/v1/login", 0, log_in, api, NULL},
        {"GET", "/v1/poll", 0, poll_messages, api, NULL},
        {"GET", WEB_EVENTS_PATH, 0, stream_messages, api, NULL},
        {"POST", "/v1/media", (size_t)api->config.max_upload_bytes, take_file, api, admit_file},
        {"POST", LIVE_PATH, 0, join_live, api, NULL},
        {"DELETE", LIVE_PATH, 0, leave_live, api, NULL},
    };
    _Static_assert(COUNT(routes) <= WEB_ROUTES, "room for the routes");
    memcpy(out, routes, sizeof routes);
    return COUNT(routes);
}

/* Life */

struct web_api *web_api_open(const struct web_api_config *config, struct asks *asks)
{
    struct web_api *api = calloc(1, sizeof *api);
    if (!api)
        return NULL;
    api->config = *config;
    api->clients = web_clients_open(&api->config.broker);
    api->types = group_types_open(asks);
    if (api->clients && api->types)
        return api;
    web_api_close(api);
    return NULL;
}

void web_api_take(struct web_api *api, const struct web_api_config *config)
{
    api->config = *config;
}

void web_api_stop(struct web_api *api)
{
    web_clients_stop(api->clients);
}

void web_api_close(struct web_api *api)
{
    if (!api)
        return;
    web_clients_close(api->clients);
    group_types_close(api->types);
    free(api);
}

int web_api_fd(const struct web_api *api)
{
    return web_clients_fd(api->clients);
}

int web_api_pause(const struct web_api *api, int most_ms)
{
    return web_clients_pause(api->clients, most_ms);
}

void web_api_serve(struct web_api *api, int64_t now)
{
    web_clients_serve(api->clients, now);
}

size_t web_api_clients(const struct web_api *api)
{
    return web_clients_count(api->clients);
}
