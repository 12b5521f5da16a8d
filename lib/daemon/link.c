/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/daemon/link.h"

#include <errno.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acl/identity.h"
#include "acl/topic.h"
#include "lib/basics.h"
#include "lib/keys.h"
#include "lib/say.h"
#include "lib/usersig.h"

#define KEEPALIVE_S      15 /* the broker takes a machine that vanished for gone after 22 s */
#define FIRST_PAUSE_MS   500
#define LONGEST_PAUSE_MS 30000
#define PATIENCE_MS      10000 /* for CONNACK */
#define MISC_EVERY_MS    1000
#define SIG_SECONDS      604800
#define HELD_WAKE_MS     5000    /* in the place of pings, whose answers are not read */
#define WAKE_TOPIC       "$wake" /* no "#" matches it */
#define DEVICE_LETTERS   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

enum state { DOWN, CONNECTING, UP };

struct link {
    struct link_config config; /* the options are copies */
    const char *const *topics;
    int topic_count;
    struct link_handlers handlers;
    struct keys keys;
    struct mosquitto *mosq, *next_mosq; /* for the next connection; NULL: the same again */
    enum state state;
    bool subscribed, held;
    int64_t next;     /* DOWN: when to connect. CONNECTING: when to give up */
    int64_t pause_ms; /* before the try after the next */
    int64_t next_misc, next_wake, now;
    char fault[200];
};

#define IN_LINK(member) offsetof(struct link_config, member)

const struct conf_option link_options[] = {
    {"host", CONF_TEXT, IN_LINK(host), 0, "127.0.0.1", 0, 0},
    {"port", CONF_NUMBER, IN_LINK(port), 0, "1883", 1, 65535},
    {"ca_file", CONF_FILE, IN_LINK(ca_file), 0, NULL, 0, 0},
    {"user", CONF_TEXT, IN_LINK(user), CONF_REQUIRED, NULL, 0, 0},
    {"sdkappid", CONF_NUMBER, IN_LINK(sdkappid), CONF_REQUIRED, NULL, 1, 4294967295},
    {"secret_key_file", CONF_TEXT, IN_LINK(secret_key_file), CONF_REQUIRED, NULL, 0, 0},
    {"name", CONF_TEXT, IN_LINK(name), 0, NULL, 0, 0},
    {"wake_milliseconds", CONF_NUMBER, IN_LINK(wake_ms), 0, "25", 0, 1000},
    {NULL, CONF_TEXT, 0, 0, NULL, 0, 0},
};

const char *link_config_fault(const struct link_config *config)
{
    const char *name = config->name ? config->name : "";
    if (!user_id_valid(config->user, strlen(config->user)))
        return "user: is no userID";
    if (strlen(name) > DEVICE_PART_MAX || name[strspn(name, DEVICE_LETTERS)])
        return "name: at most 64 of A-Z a-z 0-9 _ . -";
    return NULL;
}

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
    if (!link->config.quiet)
        say_line("broker %s:%lld: %s; connecting again in %lld ms", link->config.host,
                 (long long)link->config.port, link->fault, (long long)pause);
    link->state = DOWN;
    link->subscribed = false;
    link->next = link->now + pause;
    link->pause_ms = smaller(link->pause_ms * 2, LONGEST_PAUSE_MS);
}

/* What libmosquitto tells */

/* All is well: logged in, and let subscribe to what we want. */
static void arrive(struct link *link)
{
    const bool some = link->topic_count > 0;
    link->pause_ms = FIRST_PAUSE_MS;
    link->subscribed = true;
    if (!link->config.quiet)
        say_line("broker %s:%lld: connected%s%s", link->config.host, (long long)link->config.port,
                 some ? ", and subscribed to " : "", some ? link->topics[0] : "");
}

static void on_connect(struct mosquitto *mosq, void *context, int code)
{
    struct link *link = context;
    if (code) {
        go_down(link, "the login of %s was refused: %s", link->config.user, mosquitto_connack_string(code));
        mosquitto_disconnect(mosq);
        return;
    }
    link->state = UP;
    if (link->handlers.up)
        link->handlers.up(link->handlers.context);
    if (link->topic_count == 0)
        arrive(link);
    else if (mosquitto_subscribe_multiple(mosq, NULL, link->topic_count, (char *const *)link->topics, 1, 0,
                                          NULL))
        go_down(link, "cannot subscribe");
}

static void on_subscribe(struct mosquitto *mosq, void *context, int mid, int count, const int *granted)
{
    struct link *link = context;
    (void)mid;
    for (int i = 0; i < link->topic_count; i++) {
        if (i < count && granted[i] <= 2)
            continue;
        go_down(link, "%s may not subscribe to %s: not an administrator?", link->config.user,
                link->topics[i]);
        mosquitto_disconnect(mosq);
        return;
    }
    arrive(link);
}

static void on_disconnect(struct mosquitto *mosq, void *context, int code)
{
    (void)mosq;
    go_down(context, "the connection ended: %s", code ? mosquitto_strerror(code) : "disconnected");
}

static void on_message(struct mosquitto *mosq, void *context, const struct mosquitto_message *message)
{
    struct link *link = context;
    const struct link_handlers *handlers = &link->handlers;
    (void)mosq;
    if (message->payloadlen <= 0)
        return;
    size_t len = (size_t)message->payloadlen;
    if (strcmp(message->topic, RESPONSE_TOPIC) == 0) {
        if (handlers->response)
            handlers->response(handlers->context, message->payload, len);
    } else if (handlers->message)
        handlers->message(handlers->context, message->topic, message->payload, len);
}

/* Opening */

/* user:other:name: of the platform "other" a user may have any number. */
static bool make_client_id(const struct link_config *config, char *out, size_t size)
{
    char host[40] = "worker";
    if (config->name)
        return snprintf(out, size, "%s:other:%s", config->user, config->name) < (int)size;
    (void)gethostname(host, sizeof host - 1);
    for (char *c = host; *c; c++)
        if (!strchr(DEVICE_LETTERS, *c))
            *c = '-';
    return snprintf(out, size, "%s:other:%s-%ld", config->user, host, (long)getpid()) < (int)size;
}

static const char *set_up_tls(struct mosquitto *mosq, const struct link_config *config)
{
    const bool named = config->ca_file || config->ca_path;
    if (named &&
        mosquitto_tls_set(mosq, config->ca_file, config->ca_path, config->own_cert, config->own_key, NULL))
        return "ca_file, or another file for TLS, cannot be used";
    if (config->system_cas && mosquitto_int_option(mosq, MOSQ_OPT_TLS_USE_OS_CERTS, 1))
        return "libmosquitto has no TLS by the machine's certificates";
    if (config->insecure && mosquitto_tls_insecure_set(mosq, true))
        return "libmosquitto has no TLS";
    return NULL;
}

static const char *set_up(struct link *link)
{
    char id[160];
    const struct link_config *config = &link->config;
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
    return set_up_tls(link->mosq, config);
}

static const char *load_keys(struct link *link, char *reason, size_t size)
{
    char fault[300];
    if (link->config.user_sig ||
        keys_load(&link->keys, link->config.secret_key_file, fault, sizeof fault) == 0)
        return NULL;
    snprintf(reason, size, "secret_key_file: %s", fault);
    return reason;
}

struct link *link_open(const struct link_config *config, const char *const *topics,
                       const struct link_handlers *handlers, char *error, size_t error_size)
{
    char reason[330];
    struct link *link = calloc(1, sizeof *link);
    if (!link) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN); /* mosquitto_new does so in 2.0, not in 2.1, where the end of TLS is a write */
    mosquitto_lib_init();
    *link = (struct link){.topics = topics, .handlers = *handlers};
    while (topics[link->topic_count])
        link->topic_count++;
    link->pause_ms = FIRST_PAUSE_MS;
    link->config = *config;
    const char *fault = conf_own(link_options, &link->config) ? "out of memory" : NULL;
    if (!fault)
        fault = load_keys(link, reason, sizeof reason);
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
    if (link->next_mosq)
        mosquitto_destroy(link->next_mosq);
    keys_clear(&link->keys);
    conf_clear(link_options, &link->config);
    mosquitto_lib_cleanup();
    free(link);
}

/* Another configuration */

/* The keys and the pace may be others while it is connected. */
static bool ends_connection(const struct conf_option *option)
{
    return option->offset != IN_LINK(secret_key_file) && option->offset != IN_LINK(wake_ms);
}

bool link_may_stay(const struct link *link, const struct link *fresh)
{
    const struct conf_option *option = link_options;
    while (option->name &&
           (!ends_connection(option) || conf_option_same(option, &link->config, &fresh->config)))
        option++;
    return !option->name;
}

static void swap_configs(struct link *link, struct link *other)
{
    const struct link_config config = link->config;
    link->config = other->config;
    other->config = config;
}

/* libmosquitto reads a CA file once. */
static void take_mosq(struct link *link, struct link *fresh)
{
    if (link->next_mosq)
        mosquitto_destroy(link->next_mosq);
    link->next_mosq = fresh->mosq;
    fresh->mosq = NULL;
    mosquitto_user_data_set(link->next_mosq, link);
}

struct link *link_renew(struct link *link, struct link *fresh_take)
{
    if (!link_may_stay(link, fresh_take)) {
        fresh_take->held = link->held;
        fresh_take->now = link->now;
        link_close(link);
        return fresh_take;
    }
    swap_configs(link, fresh_take);
    link->keys = fresh_take->keys;
    take_mosq(link, fresh_take);
    link_close(fresh_take);
    return link;
}

/* Life */

/* malloc'ed; NULL: out of memory. */
static char *make_sig(const struct link *link)
{
    const struct link_config *config = &link->config;
    if (config->user_sig)
        return strdup(config->user_sig);
    return usersig_mint(config->user, config->sdkappid, time(NULL), SIG_SECONDS, NULL, 0, &link->keys);
}

static void use_next_mosq(struct link *link)
{
    if (!link->next_mosq)
        return;
    mosquitto_destroy(link->mosq);
    link->mosq = link->next_mosq;
    link->next_mosq = NULL;
}

static void connect_now(struct link *link)
{
    const struct link_config *config = &link->config;
    use_next_mosq(link);
    char *sig = make_sig(link);
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

/* Mosquitto looks after its plugins when something happens, and ten times a second otherwise. Any packet is
 * something. */
static void keep_awake(struct link *link)
{
    const int64_t pause = link->config.wake_ms;
    if ((pause == 0 && !link->held) || link->now < link->next_wake)
        return;
    link_wake(link);
    if (pause == 0)
        link->next_wake = link->now + HELD_WAKE_MS;
}

void link_tick(struct link *link, int64_t now)
{
    link->now = now;
    if (link->state == DOWN && !link->held && now >= link->next)
        connect_now(link);
    if (link->state == CONNECTING && now >= link->next) {
        go_down(link, "no answer");
        mosquitto_disconnect(link->mosq);
    }
    if (link->state == UP && !link->held && now >= link->next_misc) {
        link->next_misc = now + MISC_EVERY_MS;
        check(link, mosquitto_loop_misc(link->mosq));
    }
    keep_awake(link);
}

int link_pause(const struct link *link, int most_ms)
{
    const int64_t wake = link->config.wake_ms;
    return link->state == UP && wake > 0 ? (int)smaller(most_ms, wake) : most_ms;
}

/* What comes before it is up is ours. */
static bool is_read(const struct link *link)
{
    return !link->held || link->state != UP;
}

bool link_wants(struct link *link, struct pollfd *fd)
{
    int number = link->state == DOWN ? -1 : mosquitto_socket(link->mosq);
    *fd = (struct pollfd){.fd = number, .events = is_read(link) ? POLLIN : 0};
    if (mosquitto_want_write(link->mosq))
        fd->events |= POLLOUT;
    return number >= 0 && fd->events != 0;
}

void link_serve(struct link *link, const struct pollfd *fd)
{
    if (fd->revents & POLLOUT)
        check(link, mosquitto_loop_write(link->mosq, 1));
    if (link->state != DOWN && is_read(link) && (fd->revents & ~POLLOUT))
        check(link, mosquitto_loop_read(link->mosq, 1));
}

bool link_publish(struct link *link, const char *topic, const void *payload, size_t len)
{
    return link->state == UP &&
           mosquitto_publish(link->mosq, NULL, topic, (int)len, payload, 0, false) == MOSQ_ERR_SUCCESS;
}

bool link_command(struct link *link, const char *payload, size_t len)
{
    return link_publish(link, CONTROL_TOPIC, payload, len);
}

void link_wake(struct link *link)
{
    link->next_wake = link->now + link->config.wake_ms;
    (void)link_publish(link, WAKE_TOPIC, NULL, 0);
}

void link_hold(struct link *link, bool hold)
{
    if (link->held && !hold)
        link->next_misc = link->now + MISC_EVERY_MS; /* the answer to a ping may wait to be read */
    link->held = hold;
}

bool link_up(const struct link *link)
{
    return link->state == UP;
}

const char *link_fault(const struct link *link)
{
    return link->fault;
}

bool link_subscribed(const struct link *link)
{
    return link->subscribed;
}
