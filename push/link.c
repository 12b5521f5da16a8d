/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/link.h"

#include <curl/curl.h>
#include <errno.h>
#include <mosquitto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/keys.h"
#include "lib/say.h"
#include "lib/usersig.h"

#define JOBS_TOPIC       "chat/push"
#define COMMAND_TOPIC    "$CONTROL/chat/v1"
#define RESPONSE_TOPIC   "$CONTROL/chat/v1/response"
#define WAKE_TOPIC       "$chatpushd" /* no "#" matches it */
#define KEEPALIVE_S      15           /* so the jobs of a machine that vanished are another's after 22 s */
#define FIRST_PAUSE_MS   500
#define LONGEST_PAUSE_MS 30000
#define PATIENCE_MS      10000 /* for CONNACK */
#define MISC_EVERY_MS    1000
#define SIG_SECONDS      604800

enum state { DOWN, CONNECTING, UP };

struct link {
    const struct broker_config *config;
    struct link_handlers handlers;
    bool takes_jobs;
    struct keys keys;
    struct mosquitto *mosq;
    enum state state;
    int64_t next;     /* DOWN: when to connect. CONNECTING: when to give up */
    int64_t pause_ms; /* before the try after the next */
    int64_t next_misc, now;
    char fault[200];
};

/* A tenth more or less, so that many workers do not all come at once. */
static int64_t spread(int64_t pause)
{
    return pause - pause / 10 + random() % (pause / 5 + 1);
}

__attribute__((format(printf, 2, 3))) static void go_down(struct link *link, const char *format, ...)
{
    va_list args;
    if (link->state == DOWN)
        return;
    va_start(args, format);
    vsnprintf(link->fault, sizeof link->fault, format, args);
    va_end(args);
    int64_t pause = spread(link->pause_ms);
    say_line("broker %s:%lld: %s; connecting again in %lld ms", link->config->host,
             (long long)link->config->port, link->fault, (long long)pause);
    link->state = DOWN;
    link->next = link->now + pause;
    link->pause_ms = link->pause_ms * 2 < LONGEST_PAUSE_MS ? link->pause_ms * 2 : LONGEST_PAUSE_MS;
}

/* What libmosquitto tells */

static void on_connect(struct mosquitto *mosq, void *context, int code)
{
    struct link *link = context;
    if (code) {
        go_down(link, "the login of %s was refused: %s", link->config->user, mosquitto_connack_string(code));
        mosquitto_disconnect(mosq);
        return;
    }
    link->state = UP;
    link->handlers.up(link->handlers.context);
    if (link->takes_jobs && mosquitto_subscribe(mosq, NULL, JOBS_TOPIC, 1))
        go_down(link, "cannot subscribe");
}

static void on_subscribe(struct mosquitto *mosq, void *context, int mid, int count, const int *granted)
{
    struct link *link = context;
    (void)mid;
    if (count < 1 || granted[0] > 2) {
        go_down(link, "%s may not subscribe to " JOBS_TOPIC ": not an administrator?", link->config->user);
        mosquitto_disconnect(mosq);
        return;
    }
    link->pause_ms = FIRST_PAUSE_MS;
    say_line("broker %s:%lld: connected", link->config->host, (long long)link->config->port);
}

static void on_disconnect(struct mosquitto *mosq, void *context, int code)
{
    (void)mosq;
    go_down(context, "the connection ended: %s", code ? mosquitto_strerror(code) : "disconnected");
}

static void on_message(struct mosquitto *mosq, void *context, const struct mosquitto_message *message)
{
    struct link *link = context;
    (void)mosq;
    if (message->payloadlen <= 0)
        return;
    if (strcmp(message->topic, JOBS_TOPIC) == 0)
        link->handlers.job(link->handlers.context, message->payload, (size_t)message->payloadlen);
    else if (strcmp(message->topic, RESPONSE_TOPIC) == 0)
        link->handlers.response(link->handlers.context, message->payload, (size_t)message->payloadlen);
}

/* Opening */

/* user:other:name: of the platform "other" a user may have any number. */
static bool make_client_id(const struct broker_config *config, char *out, size_t size)
{
    char host[40] = "worker";
    if (config->name)
        return snprintf(out, size, "%s:other:%s", config->user, config->name) < (int)size;
    (void)gethostname(host, sizeof host - 1);
    for (char *c = host; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", *c))
            *c = '-';
    return snprintf(out, size, "%s:other:%s-%ld", config->user, host, (long)getpid()) < (int)size;
}

static const char *set_up(struct link *link)
{
    char id[160];
    const struct broker_config *config = link->config;
    if (!make_client_id(config, id, sizeof id))
        return "the client id is too long";
    link->mosq = mosquitto_new(id, true, link);
    if (!link->mosq)
        return "out of memory";
    mosquitto_connect_callback_set(link->mosq, on_connect);
    mosquitto_disconnect_callback_set(link->mosq, on_disconnect);
    mosquitto_subscribe_callback_set(link->mosq, on_subscribe);
    mosquitto_message_callback_set(link->mosq, on_message);
    mosquitto_int_option(link->mosq, MOSQ_OPT_TCP_NODELAY, 1);
    if (config->ca_file && mosquitto_tls_set(link->mosq, config->ca_file, NULL, NULL, NULL, NULL))
        return "[broker] ca_file: cannot be used";
    return NULL;
}

struct link *link_open(const struct broker_config *config, const struct link_handlers *handlers,
                       bool takes_jobs, char *error, size_t error_size)
{
    char reason[300];
    struct link *link = calloc(1, sizeof *link);
    mosquitto_lib_init();
    if (!link) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    *link = (struct link){.config = config, .handlers = *handlers, .takes_jobs = takes_jobs};
    link->pause_ms = FIRST_PAUSE_MS;
    const char *fault = NULL;
    if (keys_load(&link->keys, config->secret_key_file, reason, sizeof reason))
        fault = reason;
    if (!fault)
        fault = set_up(link);
    if (!fault)
        return link;
    snprintf(error, error_size, "[broker] %s", fault);
    link_close(link);
    return NULL;
}

void link_close(struct link *link)
{
    if (!link)
        return;
    if (link->mosq) {
        link->state = DOWN;
        mosquitto_disconnect(link->mosq);
        mosquitto_destroy(link->mosq);
    }
    keys_clear(&link->keys);
    mosquitto_lib_cleanup();
    free(link);
}

/* Life */

static void connect_now(struct link *link)
{
    const struct broker_config *config = link->config;
    char *sig = usersig_mint(config->user, config->sdkappid, time(NULL), SIG_SECONDS, NULL, 0, &link->keys);
    int result = sig ? mosquitto_username_pw_set(link->mosq, config->user, sig) : MOSQ_ERR_NOMEM;
    free(sig);
    link->state = CONNECTING;
    link->next = link->now + PATIENCE_MS;
    if (result == MOSQ_ERR_SUCCESS)
        result = mosquitto_connect_async(link->mosq, config->host, (int)config->port, KEEPALIVE_S);
    if (result != MOSQ_ERR_SUCCESS)
        go_down(link, "%s", result == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(result));
}

/* libmosquitto has closed the socket of what it reports. */
static void check(struct link *link, int result)
{
    if (result != MOSQ_ERR_SUCCESS)
        go_down(link, "%s", mosquitto_strerror(result));
}

void link_tick(struct link *link, int64_t now)
{
    link->now = now;
    if (link->state == DOWN && now >= link->next)
        connect_now(link);
    if (link->state == CONNECTING && now >= link->next) {
        go_down(link, "no answer");
        mosquitto_disconnect(link->mosq);
    }
    if (link->state == UP && now >= link->next_misc) {
        link->next_misc = now + MISC_EVERY_MS;
        check(link, mosquitto_loop_misc(link->mosq));
    }
}

bool link_wants(struct link *link, struct curl_waitfd *fd)
{
    int number = link->state == DOWN ? -1 : mosquitto_socket(link->mosq);
    *fd = (struct curl_waitfd){.fd = number, .events = CURL_WAIT_POLLIN};
    if (mosquitto_want_write(link->mosq))
        fd->events |= CURL_WAIT_POLLOUT;
    return number >= 0;
}

void link_serve(struct link *link, const struct curl_waitfd *fd)
{
    if (fd->revents & CURL_WAIT_POLLOUT)
        check(link, mosquitto_loop_write(link->mosq, 1));
    if (link->state != DOWN && (fd->revents & ~CURL_WAIT_POLLOUT))
        check(link, mosquitto_loop_read(link->mosq, 1));
}

bool link_command(struct link *link, const char *payload, size_t len)
{
    return link->state == UP && mosquitto_publish(link->mosq, NULL, COMMAND_TOPIC, (int)len, payload, 0,
                                                  false) == MOSQ_ERR_SUCCESS;
}

void link_wake(struct link *link)
{
    if (link->state == UP)
        (void)mosquitto_publish(link->mosq, NULL, WAKE_TOPIC, 0, NULL, 0, false);
}

bool link_up(const struct link *link)
{
    return link->state == UP;
}

const char *link_fault(const struct link *link)
{
    return link->fault;
}
