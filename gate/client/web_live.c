/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/web_errands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "gate/client/web_client.h"
#include "gate/http/exchange.h"
#include "lib/clock.h"

#define PATIENCE_MS 10000

/* Coming and going */
struct joining {
    struct errand errand;
    char group[GROUP_ID_MAX + 1];
    bool join;
    int mid;
};

static void succeed(struct errand *errand, struct web_client *client)
{
    struct exchange *exchange = errand->exchange;
    web_client_done(client, errand);
    free(errand);
    exchange_answer_json(exchange, 200, cJSON_CreateObject());
}

static void fail(struct errand *errand, unsigned status, int code, const char *error)
{
    struct exchange *exchange = errand->exchange;
    free(errand);
    exchange_refuse(exchange, status, code, error);
}

static void leave(struct joining *joining, struct web_client *client, const char *topic)
{
    web_client_leave(client, joining->group);
    (void)connection_unsubscribe(client->connection, topic);
    succeed(&joining->errand, client);
}

static void begin(struct errand *errand, struct web_client *client)
{
    struct joining *joining = (struct joining *)errand;
    char topic[TOPIC_MAX];
    topic_print_group(topic, joining->group);
    if (!joining->join) {
        leave(joining, client, topic);
        return;
    }
    joining->mid = connection_subscribe(client->connection, topic, 1);
    if (joining->mid != 0)
        return;
    web_client_done(client, errand);
    fail(errand, 503, 0, "it could not be sent to the broker");
}

static void subscribed(struct errand *errand, struct web_client *client, int mid, int reason)
{
    struct joining *joining = (struct joining *)errand;
    if (mid != joining->mid)
        return;
    if (reason < 0x80 && web_client_join(client, joining->group)) {
        succeed(errand, client);
        return;
    }
    web_client_done(client, errand);
    fail(errand, 403, CODE_NOT_ALLOWED,
         reason < 0x80 ? "too many live groups at a time" : "no such live group, or not allowed");
}

static const struct errand_kind joining_kind = {
    .fetches = true, .once = true, .begin = begin, .subscribed = subscribed, .fail = fail};

struct errand *errand_live(struct exchange *exchange, const char *group, bool join)
{
    struct joining *joining = calloc(1, sizeof *joining);
    if (!joining) {
        exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
        return NULL;
    }
    *joining = (struct joining){
        .errand = {.kind = &joining_kind, .exchange = exchange, .deadline = clock_steady() + PATIENCE_MS},
        .join = join};
    snprintf(joining->group, sizeof joining->group, "%s", group);
    return &joining->errand;
}

/* Logging in: done when there is a connection */

static const struct errand_kind login_kind = {.begin = succeed, .fail = fail};

struct errand *errand_login(struct exchange *exchange)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (errand)
        *errand = (struct errand){
            .kind = &login_kind, .exchange = exchange, .deadline = clock_steady() + PATIENCE_MS};
    else
        exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
    return errand;
}
