/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
#include "gate/client/web_errands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "gate/client/web_client.h"
#include "gate/http/exchange.h"
#include "lib/basics.h"
#include "lib/clock.h"

#define EVENTS_TYPE "text/event-stream"
#define CONNECT_MS  12000
#define COMMENT_MS                                                                                           \
    15000 /* a line that says nothing keeps proxies from hanging up, and finds out who has gone */
#define FIRST_LINE "retry: 2000\n\n"
#define COMMENT    ":\n\n"
#define AWAY       "retry: 2000\n: the broker is away\n\n"

/* It lives until the exchange is gone, the errand until there is no connection to the broker any more. */
struct streaming {
    struct errand errand;
    struct web_client *client; /* NULL: the errand has ended */
    char *text;                /* what is being written */
    size_t len, at;
    bool comment;
};

/* Takes what waits next, and makes its text. false: there is none, or memory is out. */
static bool take_next(struct streaming *streaming)
{
    struct waiting *waiting = streaming->client ? streaming->client->waiting : NULL;
    char id[40] = "";
    char *text = NULL;
    if (!waiting)
        return false;
    if (waiting->id > 0)
        snprintf(id, sizeof id, "id: %lld\n", (long long)waiting->id);
    const int len =
        asprintf(&text, "%sevent: %s\ndata: %s\n\n", id, waiting->event ? "event" : "message", waiting->text);
    if (len < 0)
        return false;
    streaming->text = text;
    streaming->len = (size_t)len;
    web_client_wrote(streaming->client, waiting);
    return true;
}

static bool take_comment(struct streaming *streaming)
{
    if (!streaming->comment)
        return false;
    streaming->comment = false;
    streaming->text = strdup(COMMENT);
    streaming->len = streaming->text ? strlen(COMMENT) : 0;
    return streaming->text != NULL;
}

static size_t read_stream(void *context, char *out, size_t room)
{
    struct streaming *streaming = context;
    size_t done = 0;
    while (done < room && (streaming->text || take_next(streaming) || take_comment(streaming))) {
        const size_t count =
            (size_t)smaller((int64_t)(streaming->len - streaming->at), (int64_t)(room - done));
        memcpy(out + done, streaming->text + streaming->at, count);
        done += count;
        streaming->at += count;
        if (streaming->at < streaming->len)
            break;
        free(streaming->text);
        streaming->text = NULL;
        streaming->at = 0;
    }
    return done;
}

static void on_gone(void *context)
{
    struct streaming *streaming = context;
    if (streaming->client)
        web_client_done(streaming->client, &streaming->errand);
    free(streaming->text);
    free(streaming);
}

/* The answer begins: from here on what is wrong ends it, and the client comes again. */
static void begin(struct errand *errand, struct web_client *client)
{
    struct streaming *streaming = (struct streaming *)errand;
    streaming->client = client;
    streaming->text = strdup(FIRST_LINE);
    streaming->len = streaming->text ? strlen(FIRST_LINE) : 0;
    errand->deadline = clock_steady() + COMMENT_MS;
    client->fresh = false;
    exchange_add_header(errand->exchange, "Cache-Control", "no-store");
    exchange_add_header(errand->exchange, "X-Accel-Buffering", "no"); /* nginx */
    exchange_answer_stream(errand->exchange, EVENTS_TYPE, read_stream, on_gone, streaming);
}

static void arrived(struct errand *errand, struct web_client *client)
{
    (void)client;
    exchange_stream_wake(errand->exchange);
}

static void late(struct errand *errand, struct web_client *client)
{
    struct streaming *streaming = (struct streaming *)errand;
    (void)client;
    streaming->comment = true;
    errand->deadline = clock_steady() + COMMENT_MS;
    exchange_stream_wake(errand->exchange);
}

/* All that waits, behind what is being written: it may say why there is no more. */
static void take_rest(struct streaming *streaming)
{
    struct streaming rest = {.client = streaming->client};
    while (streaming->client->waiting && take_next(&rest)) {
        char *longer = realloc(streaming->text, streaming->len + rest.len + 1);
        if (longer) {
            memcpy(longer + streaming->len, rest.text, rest.len);
            streaming->text = longer;
            streaming->len += rest.len;
        }
        free(rest.text);
    }
}

/* A browser's EventSource gives up for ever at any status but 200: while the broker is away it gets a stream that ends,
 * and comes again. */
static void refuse(struct exchange *exchange, unsigned status, int code, const char *error)
{
    const char *accept = exchange_header(exchange, "Accept");
    char *text = status == 503 && accept && strstr(accept, EVENTS_TYPE) ? strdup(AWAY) : NULL;
    if (text)
        exchange_answer(exchange, 200, EVENTS_TYPE, text, strlen(text));
    else
        exchange_refuse(exchange, status, code, error);
}

static void fail(struct errand *errand, unsigned status, int code, const char *error)
{
    struct streaming *streaming = (struct streaming *)errand;
    struct exchange *exchange = errand->exchange;
    if (!streaming->client) {
        free(streaming);
        refuse(exchange, status, code, error);
        return;
    }
    if (!streaming->text)
        streaming->len = streaming->at = 0;
    take_rest(streaming);
    streaming->client = NULL;
    exchange_stream_end(exchange);
}

static const struct errand_kind kind = {
    .fetches = true, .begin = begin, .arrived = arrived, .late = late, .fail = fail};

struct errand *errand_events(struct exchange *exchange)
{
    struct streaming *streaming = calloc(1, sizeof *streaming);
    if (!streaming) {
        exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
        return NULL;
    }
    streaming->errand =
        (struct errand){.kind = &kind, .exchange = exchange, .deadline = clock_steady() + CONNECT_MS};
    return &streaming->errand;
}
