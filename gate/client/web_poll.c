/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/web_errands.h"

#include <stdio.h>
#include <stdlib.h>

#include "acl/code.h"
#include "gate/client/web_client.h"
#include "gate/http/exchange.h"
#include "lib/basics.h"
#include "lib/clock.h"

#define JSON_TYPE  "application/json"
#define CONNECT_MS 12000 /* for the connection, before the waiting begins */
#define FRESH_MS   300   /* for a replay to begin */

struct polling {
    struct errand errand;
    int64_t wait_ms;
};

/* Writes what waits, of one kind. */
static void print_kind(FILE *out, struct web_client *client, bool events)
{
    struct waiting *waiting;
    const char *comma = "";
    for (waiting = client->waiting; waiting; waiting = waiting->next) {
        if (waiting->event != events)
            continue;
        fprintf(out, "%s%s", comma, waiting->text);
        waiting->given = true;
        comma = ",";
    }
}

/* {"messages":[..],"events":[..]}: what has an id stays until it is acked. */
static void answer(struct exchange *exchange, struct web_client *client)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out) {
        fputs("{\"messages\":[", out);
        print_kind(out, client, false);
        fputs("],\"events\":[", out);
        print_kind(out, client, true);
        fputs("]}", out);
    }
    if (!out || fclose(out)) {
        free(text);
        exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
        return;
    }
    web_client_drop_given(client);
    exchange_answer(exchange, 200, JSON_TYPE, text, len);
}

static void end(struct errand *errand, struct web_client *client)
{
    struct exchange *exchange = errand->exchange;
    client->fresh = false;
    web_client_done(client, errand);
    free(errand);
    answer(exchange, client);
}

/* Who has just connected gets what a replay brings, even without waiting. */
static void begin(struct errand *errand, struct web_client *client)
{
    const struct polling *polling = (struct polling *)errand;
    errand->deadline = clock_steady() + larger(polling->wait_ms, client->fresh ? FRESH_MS : 0);
    if (client->waiting)
        end(errand, client);
}

/* An event tells why the connection ends, so there may be one to give: else the poll has just nothing. */
static void fail(struct errand *errand, unsigned status, int code, const char *error)
{
    struct exchange *exchange = errand->exchange;
    free(errand);
    exchange_refuse(exchange, status, code, error);
}

static const struct errand_kind kind = {
    .fetches = true, .begin = begin, .arrived = end, .late = end, .fail = fail};

struct errand *errand_poll(struct exchange *exchange, int64_t wait_ms)
{
    struct polling *polling = calloc(1, sizeof *polling);
    if (!polling) {
        exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
        return NULL;
    }
    *polling = (struct polling){
        .errand = {.kind = &kind, .exchange = exchange, .deadline = clock_steady() + CONNECT_MS},
        .wait_ms = wait_ms};
    return &polling->errand;
}
