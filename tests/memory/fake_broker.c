/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tests/memory/fake_broker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "plugin/core/mosquitto.h"
#include "tests/memory/failing_malloc.h"

#define CONTROL_TOPIC  "$CONTROL/chat/v1"
#define RESPONSE_TOPIC "$CONTROL/chat/v1/response"
#define CALLBACKS_MAX  32
#define OPTIONS_MAX    32
#define FILTERS_MAX    32
#define LINES_MAX      64
#define SOON_MS        10 /* the plugin asks for a turn after 1 ms, or after 100 */

struct received {
    struct received *prev, *next;
    char *topic, *payload;
};

struct mosquitto {
    char id[200], user[64];
    int version;
    bool kept, connected;
    char filters[FILTERS_MAX][128];
    int filter_count;
    struct received *received;
    const char *response;
    struct mosquitto *prev, *next;
};

struct queued {
    struct queued *prev, *next;
    char client_id[200]; /* "": whoever is subscribed */
    char topic[200];
    char *payload;
    size_t len;
};

struct mqtt5__property {
    int identifier;
    const char *value;
    struct mqtt5__property *next;
};

static struct {
    struct {
        int event;
        MOSQ_FUNC_generic_callback function;
    } callbacks[CALLBACKS_MAX];
    int callback_count;
    void *plugin, *userdata;
    struct mosquitto *clients; /* those that are gone, too */
    struct queued *queue;
    char lines[LINES_MAX][400];
    unsigned line_count;
} broker;

/* What 2.0 knows a plugin by begins with the listener that it stands below. */
static void *no_listener;

/* The clock */

static _Atomic int64_t passed; /* since the beginning of the test */
#define BEGINNING  INT64_C(1700000000000)
#define BOOTED_FOR INT64_C(86400000)

int64_t fake_now(void)
{
    return BEGINNING + passed;
}

void fake_pass(int64_t ms)
{
    passed += ms;
}

/* In the place of the C library's. CLOCK_MONOTONIC, by which threads wait, goes on by itself besides. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
    int64_t now = clock == CLOCK_REALTIME ? fake_now() : BOOTED_FOR + passed;
    if (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME && clock != CLOCK_MONOTONIC_COARSE) {
        int result = (int)syscall(SYS_clock_gettime, clock, out);
        int64_t ms = clock == CLOCK_MONOTONIC ? passed + out->tv_nsec / 1000000 : 0;
        if (ms > 0)
            *out = (struct timespec){.tv_sec = out->tv_sec + ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        return result;
    }
    *out = (struct timespec){.tv_sec = now / 1000, .tv_nsec = now % 1000 * 1000000};
    return 0;
}

/* Messages on their way to a client */

static bool matches(const char *filter, const char *topic)
{
    size_t len = strlen(filter);
    if (len > 1 && filter[len - 1] == '#')
        return strncmp(filter, topic, len - 1) == 0 ||
               (strlen(topic) == len - 2 && strncmp(filter, topic, len - 2) == 0);
    return strcmp(filter, topic) == 0;
}

static bool subscribed(const struct mosquitto *client, const char *topic)
{
    for (int i = 0; i < client->filter_count; i++)
        if (matches(client->filters[i], topic))
            return true;
    return false;
}

static void receive(struct mosquitto *client, const char *topic, const void *payload, size_t len)
{
    memory_pause();
    struct received *message = calloc(1, sizeof *message);
    message->topic = strdup(topic);
    message->payload = strndup(payload, len);
    DL_APPEND(client->received, message);
    if (strcmp(topic, RESPONSE_TOPIC) == 0 || strcmp(topic, "answers") == 0)
        client->response = message->payload;
    memory_resume();
}

static struct mosquitto *find(const char *client_id)
{
    struct mosquitto *client;
    DL_FOREACH (broker.clients, client)
        if (client->connected && strcmp(client->id, client_id) == 0)
            return client;
    return NULL;
}

static int call(int event, void *event_data)
{
    for (int i = 0; i < broker.callback_count; i++)
        if (broker.callbacks[i].event == event)
            return broker.callbacks[i].function(event, event_data, broker.userdata);
    return MOSQ_ERR_SUCCESS;
}

static int ask_access(struct mosquitto *client, int access, const char *topic, const void *payload,
                      size_t len, int qos)
{
    struct mosquitto_evt_acl_check event = {.client = client,
                                            .topic = topic,
                                            .payload = payload,
                                            .payloadlen = (uint32_t)len,
                                            .access = access,
                                            .qos = (uint8_t)qos};
    return call(MOSQ_EVT_ACL_CHECK, &event);
}

static void hand_out(const char *topic, const void *payload, size_t len, int qos)
{
    struct mosquitto *client;
    DL_FOREACH (broker.clients, client)
        if (client->connected && subscribed(client, topic) &&
            ask_access(client, MOSQ_ACL_READ, topic, payload, len, qos) == MOSQ_ERR_SUCCESS)
            receive(client, topic, payload, len);
}

static void queued_free(struct queued *message)
{
    DL_DELETE(broker.queue, message);
    free(message->payload);
    free(message);
}

void fake_flush(void)
{
    struct queued *message, *next;
    DL_FOREACH_SAFE (broker.queue, message, next) {
        struct mosquitto *client = message->client_id[0] ? find(message->client_id) : NULL;
        if (client)
            receive(client, message->topic, message->payload, message->len);
        else if (!message->client_id[0])
            hand_out(message->topic, message->payload, message->len, 1);
        queued_free(message);
    }
}

/* What the plugin calls */

void *mosquitto_malloc(size_t size)
{
    return malloc(size);
}

void mosquitto_free(void *block)
{
    free(block);
}

void mosquitto_log_printf(int level, const char *format, ...)
{
    char *line = broker.lines[broker.line_count++ % LINES_MAX];
    va_list list;
    memory_pause();
    va_start(list, format);
    vsnprintf(line, sizeof broker.lines[0], format, list);
    va_end(list);
    if (getenv("FAKE_BROKER_LOG"))
        fprintf(stderr, "%d: %s\n", level, line);
    memory_resume();
}

int mosquitto_callback_register(mosquitto_plugin_id_t *identifier, int event,
                                MOSQ_FUNC_generic_callback function, const void *event_data, void *userdata)
{
    void *memory = malloc(100); /* Mosquitto's own */
    (void)identifier, (void)event_data;
    if (!memory)
        return MOSQ_ERR_NOMEM;
    free(memory);
    if (event > MOSQ_EVT_DISCONNECT)
        return MOSQ_ERR_NOT_SUPPORTED;
    broker.userdata = userdata;
    broker.callbacks[broker.callback_count].event = event;
    broker.callbacks[broker.callback_count++].function = function;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_callback_unregister(mosquitto_plugin_id_t *identifier, int event,
                                  MOSQ_FUNC_generic_callback function, const void *event_data)
{
    (void)identifier, (void)event_data;
    for (int i = 0; i < broker.callback_count; i++) {
        if (broker.callbacks[i].event != event || broker.callbacks[i].function != function)
            continue;
        broker.callbacks[i] = broker.callbacks[--broker.callback_count];
        return MOSQ_ERR_SUCCESS;
    }
    return MOSQ_ERR_NOT_FOUND;
}

/* Takes over payload and properties when it succeeds. */
int mosquitto_broker_publish(const char *client_id, const char *topic, int len, void *payload, int qos,
                             bool retain, mosquitto_property *properties)
{
    struct queued *message = calloc(1, sizeof *message);
    (void)qos, (void)retain;
    if (!message)
        return MOSQ_ERR_NOMEM;
    snprintf(message->client_id, sizeof message->client_id, "%s", client_id ? client_id : "");
    snprintf(message->topic, sizeof message->topic, "%s", topic);
    message->payload = payload;
    message->len = (size_t)len;
    mosquitto_property_free_all(&properties);
    DL_APPEND(broker.queue, message);
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_kick_client_by_clientid(const char *client_id, bool with_will)
{
    struct mosquitto *client = find(client_id);
    (void)with_will;
    if (client)
        fake_disconnect(client);
    return MOSQ_ERR_SUCCESS;
}

const char *mosquitto_client_address(const struct mosquitto *client)
{
    (void)client;
    return "192.0.2.1";
}

bool mosquitto_client_clean_session(const struct mosquitto *client)
{
    return !client->kept;
}

const char *mosquitto_client_id(const struct mosquitto *client)
{
    return client->id;
}

int mosquitto_client_keepalive(const struct mosquitto *client)
{
    (void)client;
    return 60;
}

int mosquitto_client_protocol(const struct mosquitto *client)
{
    (void)client;
    return mp_mqtt;
}

int mosquitto_client_protocol_version(const struct mosquitto *client)
{
    return client->version;
}

int mosquitto_client_sub_count(const struct mosquitto *client)
{
    return client->filter_count;
}

static const char *property(const mosquitto_property *properties, int identifier)
{
    for (; properties; properties = properties->next)
        if (properties->identifier == identifier)
            return properties->value;
    return NULL;
}

const mosquitto_property *mosquitto_property_read_string(const mosquitto_property *properties, int identifier,
                                                         char **out, bool skip_first)
{
    const char *value = property(properties, identifier);
    (void)skip_first;
    return value && (*out = strdup(value)) ? properties : NULL;
}

const mosquitto_property *mosquitto_property_read_binary(const mosquitto_property *properties, int identifier,
                                                         void **out, uint16_t *len, bool skip_first)
{
    const char *value = property(properties, identifier);
    (void)skip_first;
    if (!value || !(*out = strdup(value)))
        return NULL;
    *len = (uint16_t)strlen(value);
    return properties;
}

int mosquitto_property_add_varint(mosquitto_property **list, int identifier, uint32_t value)
{
    (void)list, (void)identifier, (void)value;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_property_add_binary(mosquitto_property **properties, int identifier, const void *value,
                                  uint16_t len)
{
    struct mqtt5__property *added = calloc(1, sizeof *added);
    (void)value, (void)len;
    if (!added)
        return MOSQ_ERR_NOMEM;
    added->identifier = identifier;
    added->next = *properties;
    *properties = added;
    return MOSQ_ERR_SUCCESS;
}

void mosquitto_property_free_all(mosquitto_property **properties)
{
    while (*properties) {
        struct mqtt5__property *next = (*properties)->next;
        free(*properties);
        *properties = next;
    }
}

/* What clients do */

static void forget_received(struct mosquitto *client)
{
    struct received *message, *next;
    DL_FOREACH_SAFE (client->received, message, next) {
        free(message->topic);
        free(message->payload);
        free(message);
    }
}

static void client_free(struct mosquitto *client)
{
    forget_received(client);
    DL_DELETE(broker.clients, client);
    free(client);
}

void fake_release(struct mosquitto *client, struct mosquitto *heir)
{
    if (!client)
        return;
    fake_disconnect(client);
    if (heir) {
        DL_CONCAT(heir->received, client->received);
        client->received = NULL;
    }
    client_free(client);
}

static struct mosquitto *client_create(const struct fake_login *login)
{
    memory_pause();
    struct mosquitto *client = calloc(1, sizeof *client);
    memory_resume();
    snprintf(client->id, sizeof client->id, "%s", login->client_id);
    snprintf(client->user, sizeof client->user, "%s", login->user);
    client->version = login->version;
    client->kept = login->kept;
    client->connected = true;
    client->response = "";
    return client;
}

static void inherit(struct mosquitto *client, const struct mosquitto *before)
{
    if (!client->kept || !before->kept)
        return;
    memcpy(client->filters, before->filters, sizeof client->filters);
    client->filter_count = before->filter_count;
}

/* The last connection with this client id, ended or not. */
static struct mosquitto *last_with(const char *client_id)
{
    struct mosquitto *client, *last = NULL;
    DL_FOREACH (broker.clients, client)
        if (strcmp(client->id, client_id) == 0)
            last = client;
    return last;
}

struct mosquitto *fake_connect(const struct fake_login *login)
{
    struct mosquitto *client = client_create(login), *before = last_with(login->client_id);
    char password[2000];
    snprintf(password, sizeof password, "%s", login->password);
    struct mosquitto_evt_basic_auth event = {
        .client = client, .username = client->user, .password = password};
    DL_APPEND(broker.clients, client);
    if (call(MOSQ_EVT_BASIC_AUTH, &event) != MOSQ_ERR_SUCCESS) {
        client_free(client);
        return NULL;
    }
    if (before) {
        inherit(client, before);
        fake_disconnect(before);
    }
    return client;
}

void fake_disconnect(struct mosquitto *client)
{
    struct mosquitto_evt_disconnect event = {.client = client, .reason = -1};
    if (!client->connected)
        return;
    client->connected = false;
    call(MOSQ_EVT_DISCONNECT, &event);
}

bool fake_connected(const struct mosquitto *client)
{
    return client && client->connected;
}

/* 2.0 does not close for a SUBSCRIBE that is denied: the SUBACK says so. */
enum fake_answer fake_subscribe(struct mosquitto *client, const char *filter, int qos)
{
    if (ask_access(client, MOSQ_ACL_SUBSCRIBE, filter, NULL, 0, qos) != MOSQ_ERR_SUCCESS)
        return FAKE_REFUSED;
    for (int i = 0; i < client->filter_count; i++)
        if (strcmp(client->filters[i], filter) == 0)
            return FAKE_DONE;
    snprintf(client->filters[client->filter_count++], sizeof client->filters[0], "%s", filter);
    return FAKE_DONE;
}

void fake_unsubscribe(struct mosquitto *client, const char *filter)
{
    ask_access(client, MOSQ_ACL_UNSUBSCRIBE, filter, NULL, 0, 0);
    for (int i = 0; i < client->filter_count; i++)
        if (strcmp(client->filters[i], filter) == 0)
            memmove(client->filters[i], client->filters[client->filter_count-- - 1],
                    sizeof client->filters[0]);
}

static enum fake_answer close_client(struct mosquitto *client)
{
    fake_disconnect(client);
    return FAKE_CLOSED;
}

static enum fake_answer publish(struct mosquitto *client, struct mosquitto_evt_message *event)
{
    int result =
        ask_access(client, MOSQ_ACL_WRITE, event->topic, event->payload, event->payloadlen, event->qos);
    if (result == MOSQ_ERR_SUCCESS)
        result = call(MOSQ_EVT_MESSAGE, event);
    if (result == MOSQ_ERR_ACL_DENIED)
        return FAKE_REFUSED;
    if (result != MOSQ_ERR_SUCCESS)
        return close_client(client);
    hand_out(event->topic, event->payload, event->payloadlen, event->qos);
    return FAKE_DONE;
}

enum fake_answer fake_publish(struct mosquitto *client, const char *topic, const char *payload, int qos)
{
    char name[200];
    memory_pause();
    char *bytes = strdup(payload);
    memory_resume();
    snprintf(name, sizeof name, "%s", topic);
    struct mosquitto_evt_message event = {.client = client,
                                          .topic = name,
                                          .payload = bytes,
                                          .payloadlen = (uint32_t)strlen(bytes),
                                          .qos = (uint8_t)qos};
    enum fake_answer answer = publish(client, &event);
    if (event.payload != bytes)
        free(event.payload);
    free(bytes);
    return answer;
}

enum fake_answer fake_command(struct mosquitto *client, const char *request, const char *correlation)
{
    struct mqtt5__property data = {MQTT_PROP_CORRELATION_DATA, correlation, NULL};
    struct mqtt5__property topic = {MQTT_PROP_RESPONSE_TOPIC, "answers", &data};
    struct mosquitto_evt_control event = {.client = client,
                                          .topic = CONTROL_TOPIC,
                                          .payload = request,
                                          .payloadlen = (uint32_t)strlen(request),
                                          .properties = correlation ? &topic : NULL,
                                          .qos = 1};
    client->response = "";
    if (ask_access(client, MOSQ_ACL_WRITE, CONTROL_TOPIC, request, strlen(request), 1) != MOSQ_ERR_SUCCESS)
        return FAKE_REFUSED;
    return call(MOSQ_EVT_CONTROL, &event) == MOSQ_ERR_SUCCESS ? FAKE_DONE : close_client(client);
}

/* The loop */

bool fake_turn(void)
{
    struct mosquitto_evt_tick event = {0};
    fake_flush();
    call(MOSQ_EVT_TICK, &event);
    return event.next_s * 1000 + event.next_ms <= SOON_MS;
}

/* Passwords are gone by now. */
static void ask_again(struct mosquitto *client)
{
    struct mosquitto_evt_basic_auth event = {.client = client, .username = client->user};
    if (call(MOSQ_EVT_BASIC_AUTH, &event) != MOSQ_ERR_SUCCESS)
        fake_disconnect(client);
}

void fake_reload(void)
{
    struct mosquitto_evt_reload event = {0};
    struct mosquitto *client, *next;
    call(MOSQ_EVT_RELOAD, &event);
    DL_FOREACH_SAFE (broker.clients, client, next)
        if (client->connected)
            ask_again(client);
}

bool fake_start(const char *const *options)
{
    static const int versions[] = {5, 4, 3};
    struct mosquitto_opt opts[OPTIONS_MAX];
    int count = 0;
    for (; options[2 * count]; count++)
        opts[count] = (struct mosquitto_opt){(char *)(uintptr_t)options[2 * count],
                                             (char *)(uintptr_t)options[2 * count + 1]};
    broker.line_count = 0;
    memset(broker.lines, 0, sizeof broker.lines);
    return mosquitto_plugin_version(3, versions) == 5 &&
           mosquitto_plugin_init((mosquitto_plugin_id_t *)&no_listener, &broker.plugin, opts, count) ==
               MOSQ_ERR_SUCCESS;
}

/* The broker frees its clients and tells nobody. */
void fake_stop(void)
{
    mosquitto_plugin_cleanup(broker.plugin, NULL, 0);
    broker.plugin = NULL;
    while (broker.queue)
        queued_free(broker.queue);
    while (broker.clients)
        client_free(broker.clients);
}

/* What a test asks */

int fake_received(const struct mosquitto *client, const char *topics, const char *words, const char *more)
{
    const struct received *message;
    int count = 0;
    DL_FOREACH (client->received, message)
        count += strncmp(message->topic, topics, strlen(topics)) == 0 && strstr(message->payload, words) &&
                 (!more || strstr(message->payload, more));
    return count;
}

const char *fake_last(const struct mosquitto *client, const char *topics, const char *words)
{
    const struct received *message;
    const char *last = "";
    DL_FOREACH (client->received, message)
        if (strncmp(message->topic, topics, strlen(topics)) == 0 && strstr(message->payload, words))
            last = message->payload;
    return last;
}

const char *fake_response(const struct mosquitto *client)
{
    return client->response;
}

const char *fake_log_find(const char *words)
{
    for (unsigned i = 0; i < LINES_MAX; i++)
        if (strstr(broker.lines[i], words))
            return broker.lines[i];
    return NULL;
}
