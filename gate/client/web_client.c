/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/web_client.h"

#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/json.h"

#define IDLE_MS 60000
#define OUT_MS  600000 /* for how long it is remembered that a client is signed out */

/* Errands */

void web_client_done(struct web_client *client, struct errand *errand)
{
    DL_DELETE(client->errands, errand);
    client->idle_since = clock_steady();
}

static void fail_all(struct web_client *client, unsigned status, int code, const char *error)
{
    while (client->errands) {
        struct errand *errand = client->errands;
        web_client_done(client, errand);
        errand->kind->fail(errand, status, code, error);
    }
}

static void begin(struct web_client *client, struct errand *errand)
{
    errand->begun = true;
    if (errand->kind->begin)
        errand->kind->begin(errand, client);
}

/* Some end as they begin. */
static void begin_all(struct web_client *client)
{
    struct errand *errand, *next;
    DL_FOREACH_SAFE (client->errands, errand, next)
        if (!errand->begun)
            begin(client, errand);
}

/* What waits to be fetched */

static void waiting_delete(struct web_client *client, struct waiting *waiting)
{
    client->waiting_count--;
    client->waiting_bytes -= waiting->len;
    DL_DELETE(client->waiting, waiting);
    free(waiting);
}

static void waiting_clear(struct web_client *client)
{
    while (client->waiting)
        waiting_delete(client, client->waiting);
}

void web_client_wrote(struct web_client *client, struct waiting *waiting)
{
    client->written = larger(client->written, waiting->id);
    waiting_delete(client, waiting);
}

void web_client_drop_given(struct web_client *client)
{
    struct waiting *waiting, *next;
    DL_FOREACH_SAFE (client->waiting, waiting, next)
        if (waiting->given && waiting->id == 0)
            waiting_delete(client, waiting);
}

/* The stamp begins with the id, if there is one. */
static int64_t id_of(const char *payload)
{
    long long id = 0;
    return sscanf(payload, "{\"id\":%lld", &id) == 1 ? id : 0;
}

static struct waiting *waiting_new(const char *topic, int64_t id, const char *payload, size_t len)
{
    const size_t room = len + (topic ? strlen(topic) : 0) + 32;
    struct waiting *waiting = malloc(sizeof *waiting + room);
    if (!waiting)
        return NULL;
    *waiting = (struct waiting){.id = id, .event = !topic};
    const int printed =
        topic ? snprintf(waiting->text, room, "{\"topic\":\"%s\",\"message\":%.*s}", topic, (int)len, payload)
              : snprintf(waiting->text, room, "%.*s", (int)len, payload);
    waiting->len = (size_t)printed;
    for (char *c = waiting->text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' '; /* between the tokens of JSON */
    return waiting;
}

void web_client_settle(struct web_client *client)
{
    struct errand *errand, *next;
    client->unsettled = 0;
    DL_FOREACH_SAFE (client->errands, errand, next)
        if (errand->begun && errand->kind->arrived)
            errand->kind->arrived(errand, client);
}

/* Nobody fetches: what is stored comes again when somebody does. */
static void fall_asleep(struct web_client *client)
{
    client->ended = true;
    client->fetching = false;
}

static void keep(struct web_client *client, const char *topic, const char *payload, size_t len)
{
    const int64_t id = topic ? id_of(payload) : 0;
    if (client->ended || (id > 0 && id <= client->resume))
        return; /* it comes again; or the broker did not know yet that it has been fetched */
    struct waiting *waiting = waiting_new(topic, id, payload, len);
    if (waiting && waiting->len > WAITING_BYTES_MAX) {
        free(waiting); /* it never fits: history has it */
        return;
    }
    if (!waiting || client->waiting_count >= WAITING_MAX ||
        client->waiting_bytes + waiting->len > WAITING_BYTES_MAX) {
        free(waiting);
        web_client_settle(client); /* who fetches has what is there, and goes on from it */
        fall_asleep(client);
        return;
    }
    if (client->resume < 0 && waiting->id > 0)
        client->resume = waiting->id - 1;
    client->waiting_count++;
    client->waiting_bytes += waiting->len;
    DL_APPEND(client->waiting, waiting);
    client->unsettled++;
}

void web_client_tell(struct web_client *client, const char *command)
{
    char *text = NULL;
    const int len = asprintf(&text, "{\"commands\":[%s]}", command);
    if (len >= 0)
        (void)connection_publish(client->connection, CONTROL_TOPIC, text, (size_t)len, 0);
    free(len >= 0 ? text : NULL);
}

static void tell_ack(struct web_client *client)
{
    char command[80];
    if (client->resume < 0)
        return;
    snprintf(command, sizeof command, "{\"command\":\"ack\",\"id\":%lld}", (long long)client->resume);
    web_client_tell(client, command);
}

void web_client_ack(struct web_client *client, int64_t id)
{
    struct waiting *waiting, *next;
    if (id <= client->resume)
        return;
    client->resume = id;
    DL_FOREACH_SAFE (client->waiting, waiting, next)
        if (waiting->id > 0 && waiting->id <= id)
            waiting_delete(client, waiting);
    if (client->up && client->fetching)
        tell_ack(client);
}

/* Live groups */

static struct live_group *find_live(const struct web_client *client, const char *id)
{
    struct live_group *group = client->live;
    while (group && strcmp(group->id, id) != 0)
        group = group->next;
    return group;
}

bool web_client_join(struct web_client *client, const char *id)
{
    const struct live_group *other;
    size_t count;
    LL_COUNT(client->live, other, count);
    if (find_live(client, id))
        return true;
    struct live_group *group = count < LIVE_GROUPS_MAX ? calloc(1, sizeof *group) : NULL;
    if (!group)
        return false;
    snprintf(group->id, sizeof group->id, "%s", id);
    LL_PREPEND(client->live, group);
    return true;
}

void web_client_leave(struct web_client *client, const char *id)
{
    struct live_group *group = find_live(client, id);
    if (group)
        LL_DELETE(client->live, group);
    free(group);
}

/* What the broker says */

static const struct {
    const char *event, *reason;
    unsigned status;
    int code;
    const char *error;
} ends[] = {
    {"forceOffline", "otherDevice", 409, 0, "signed out by another device: POST /v1/login"},
    {"forceOffline", "kickDevice", 409, 0, "signed out by another device: POST /v1/login"},
    {"forceOffline", "banned", 401, CODE_BANNED, "the user is banned by an administrator"},
    {"forceOffline", NULL, 401, CODE_SIG_REVOKED, "signed out by an administrator"},
    {"sigExpired", NULL, 401, CODE_SIG_EXPIRED, "the userSig has expired"},
};

static void note_end(struct web_client *client, const char *name, const cJSON *event)
{
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(event, "reason");
    const char *why = cJSON_IsString(reason) ? reason->valuestring : "";
    for (size_t i = 0; i < COUNT(ends); i++) {
        if (strcmp(ends[i].event, name) != 0 || (ends[i].reason && strcmp(ends[i].reason, why) != 0))
            continue;
        client->out.status = ends[i].status;
        client->out.code = ends[i].code;
        snprintf(client->out.error, sizeof client->out.error, "%s", ends[i].error);
        return;
    }
}

static void hear_event(struct web_client *client, const char *payload, size_t len)
{
    cJSON *event = json_read(payload, len);
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(event, "event");
    struct errand *errand, *next;
    bool taken = false;
    DL_FOREACH_SAFE (client->errands, errand, next)
        if (!taken && errand->begun && errand->kind->heard && cJSON_IsString(name))
            taken = errand->kind->heard(errand, client, name->valuestring, event);
    if (cJSON_IsString(name))
        note_end(client, name->valuestring, event);
    if (!taken && client->fetching)
        keep(client, NULL, payload, len);
    cJSON_Delete(event);
}

static void hear_responses(struct web_client *client, const char *payload, size_t len)
{
    cJSON *tree = json_read(payload, len);
    cJSON *response, *after;
    for (response = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(tree, "responses"), 0); response;
         response = after) {
        struct errand *errand, *next;
        after = response->next;
        DL_FOREACH_SAFE (client->errands, errand, next)
            if (errand->begun && errand->kind->responded)
                errand->kind->responded(errand, client, response);
    }
    cJSON_Delete(tree);
}

static void on_message(void *context, const char *topic, const char *payload, size_t len)
{
    struct web_client *client = context;
    switch (topic_parse(topic).kind) {
    case TOPIC_EVENT:
        hear_event(client, payload, len);
        return;
    case TOPIC_RESPONSE:
        hear_responses(client, payload, len);
        return;
    default:
        keep(client, topic, payload, len);
    }
}

static void on_published(void *context, int mid, int reason)
{
    struct web_client *client = context;
    struct errand *errand, *next;
    DL_FOREACH_SAFE (client->errands, errand, next)
        if (errand->begun && errand->kind->published)
            errand->kind->published(errand, client, mid, reason);
}

static void on_subscribed(void *context, int mid, int reason)
{
    struct web_client *client = context;
    struct errand *errand, *next;
    DL_FOREACH_SAFE (client->errands, errand, next)
        if (errand->begun && errand->kind->subscribed)
            errand->kind->subscribed(errand, client, mid, reason);
}

/* From here on what comes waits to be fetched. An ack counts for what is subscribed to. */
static void fetch(struct web_client *client)
{
    char topic[TOPIC_MAX];
    client->fresh = true;
    topic_print_feed(topic, client->user);
    (void)connection_subscribe(client->connection, topic, 1);
    tell_ack(client);
    for (const struct live_group *group = client->live; group; group = group->next) {
        topic_print_group(topic, group->id);
        (void)connection_subscribe(client->connection, topic, 1);
    }
}

static void on_up(void *context)
{
    struct web_client *client = context;
    client->up = true;
    if (client->fetching)
        fetch(client);
    begin_all(client);
}

/* What MQTT 5 says of a refused login (docs/protocol.md, section 1). */
static int code_of_refusal(int reason)
{
    return reason == MQTT_RC_BANNED ? CODE_BANNED : 0;
}

static void on_down(void *context, bool refused, int reason)
{
    struct web_client *client = context;
    client->up = false;
    client->ended = true;
    if (client->out.status != 0)
        fail_all(client, client->out.status, client->out.code, client->out.error);
    else if (refused)
        fail_all(client, 401, code_of_refusal(reason), "refused by the broker");
    else
        fail_all(client, 503, 0, "the connection to the broker has ended");
}

static const struct connection_handlers handlers = {on_up, on_down, on_message, on_published, on_subscribed};

/* Life */

struct web_client *web_client_open(const struct connection_config *config, const char *user,
                                   const char *client_id)
{
    struct web_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->config = config;
    client->fd_watched = -1;
    client->resume = -1;
    client->idle_since = clock_steady();
    snprintf(client->user, sizeof client->user, "%s", user);
    snprintf(client->client_id, sizeof client->client_id, "%s", client_id);
    return client;
}

/* What has come and was not fetched is to come again. */
static void hang_up(struct web_client *client)
{
    if (client->up)
        tell_ack(client);
    connection_close(client->connection);
    waiting_clear(client);
    client->connection = NULL;
    client->up = client->ended = false;
    client->fd_watched = -1; /* its number may come again */
}

void web_client_close(struct web_client *client)
{
    fail_all(client, 503, 0, "the gateway ends");
    hang_up(client);
    while (client->live)
        web_client_leave(client, client->live->id);
    free(client->sig);
    free(client);
}

void web_client_end_fetching(struct web_client *client, unsigned status, const char *error)
{
    struct errand *errand, *next;
    DL_FOREACH_SAFE (client->errands, errand, next) {
        if (!errand->kind->fetches || errand->kind->once)
            continue;
        web_client_done(client, errand);
        errand->kind->fail(errand, status, 0, error);
    }
}

void web_client_fetch_anew(struct web_client *client)
{
    web_client_end_fetching(client, 409, "another poll or stream of this client has taken its place");
    if (client->written <= client->resume || !client->connection)
        return;
    fail_all(client, 503, 0, "the connection to the broker begins anew");
    hang_up(client);
    client->written = 0;
}

void web_client_sign_in(struct web_client *client)
{
    client->out.status = 0;
}

/* false: out of memory. */
static bool dial(struct web_client *client, const char *sig)
{
    if (client->ended)
        hang_up(client);
    if (client->connection)
        return true;
    free(client->sig);
    client->sig = strdup(sig);
    if (client->sig)
        client->connection =
            connection_open(client->config, client->user, client->sig, client->client_id, &handlers, client);
    return client->connection != NULL;
}

void web_client_run(struct web_client *client, struct errand *errand, const char *sig)
{
    DL_APPEND(client->errands, errand);
    if (!dial(client, sig)) {
        web_client_done(client, errand);
        errand->kind->fail(errand, 503, CODE_BUSY, "out of memory");
        return;
    }
    if (errand->kind->fetches && !client->fetching) {
        client->fetching = true;
        if (client->up)
            fetch(client);
    }
    if (client->up)
        begin(client, errand);
}

static void give_up_late(struct web_client *client, int64_t now)
{
    struct errand *errand, *next;
    DL_FOREACH_SAFE (client->errands, errand, next) {
        if (errand->deadline == 0 || errand->deadline > now)
            continue;
        if (errand->kind->late && client->up) {
            errand->kind->late(errand, client);
            continue;
        }
        web_client_done(client, errand);
        errand->kind->fail(errand, 504, 0, "the broker does not answer; it may have been done");
    }
}

void web_client_tick(struct web_client *client, int64_t now)
{
    if (client->connection)
        connection_tick(client->connection, now);
    give_up_late(client, now);
    if (client->ended) {
        fail_all(client, 503, 0, "too much waited: fetch again");
        hang_up(client);
    } else if (client->connection && !client->errands && now - client->idle_since > IDLE_MS) {
        hang_up(client);
        client->fetching = false;
    }
}

bool web_client_is_over(const struct web_client *client, int64_t now)
{
    const int64_t most = client->out.status != 0 ? OUT_MS : IDLE_MS;
    return !client->connection && !client->errands && now - client->idle_since > most;
}
