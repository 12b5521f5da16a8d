/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is read out of a large database (bench/fill): commands one after the other, and a crowd that
 * returns. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "bench/die.h"
#include "bench/meter.h"
#include "bench/workload.h"
#include "lib/basics.h"

#define TURN_MS        100
#define ASKERS         50
#define ASKS           40  /* of each */
#define MISSED         100 /* as bench/fill has left them */
#define LOGINS_AT_ONCE 64  /* less than Mosquitto's listen backlog of 100 */
#define TALK_MS        50  /* between two messages of one sender */
#define TALK_LEAST_NS  3000000000LL
#define WORST_LEAST_NS 6000000000LL
#define WORST_QUIET_NS 1000000000LL /* before the first returns */
#define GIVE_UP_NS     120000000000LL

/* Commands */

/* What a reader is asked about: a group of his, and ids to go through. */
struct subject {
    char group[64];
    long long newest;
};

/* Writes the command's members for the n-th question. */
typedef void ask(char *out, size_t size, const struct subject *subject, int n);

static cJSON *answer(struct client *client, const char *members, bool measured)
{
    char json[400];
    snprintf(json, sizeof json, "{\"commands\":[{%s}]}", members);
    long long start = meter_now();
    for (client_command(client, json); !client->response;) {
        clients_turn(TURN_MS);
        if (meter_now() - start > GIVE_UP_NS)
            die("no answer to %s", json);
    }
    if (measured)
        meter_latency(meter_now() - start);
    cJSON *all = cJSON_Parse(client->response);
    cJSON *first = cJSON_DetachItemFromArray(cJSON_GetObjectItem(all, "responses"), 0);
    cJSON_Delete(all);
    if (!first)
        die("%s was answered %s", json, client->response);
    return first;
}

static int code_of(const cJSON *response)
{
    const cJSON *code = cJSON_GetObjectItem(response, "code");
    return code ? code->valueint : 0;
}

/* Ids are spread evenly over everything, so that what is read lies anywhere in the file. */
static long long id_of(const struct subject *subject, int n)
{
    return subject->newest / ASKS * (n * 7 % ASKS) + 1;
}

static void choose_subject(struct client *client, struct subject *subject, int n)
{
    cJSON *response = answer(client, "\"command\":\"getJoinedGroups\"", false);
    const cJSON *groups = cJSON_GetObjectItem(cJSON_GetObjectItem(response, "data"), "groups");
    const cJSON *group, *chosen = cJSON_GetArrayItem(groups, n % (cJSON_GetArraySize(groups) + !groups));
    if (!chosen)
        die("%s is in no group: is this a database of bench/fill?", client->user);
    snprintf(subject->group, sizeof subject->group, "%s",
             cJSON_GetStringValue(cJSON_GetObjectItem(chosen, "groupID")));
    subject->newest = 0;
    cJSON_ArrayForEach (group, groups) {
        long long last = (long long)cJSON_GetNumberValue(cJSON_GetObjectItem(group, "lastID"));
        subject->newest = last > subject->newest ? last : subject->newest;
    }
    cJSON_Delete(response);
}

static void ask_one(struct load *load, struct client *client, const struct subject *subject, ask *question,
                    int n, int expected)
{
    char members[300];
    question(members, sizeof members, subject, n);
    cJSON *response = answer(client, members, true);
    int code = code_of(response);
    if (code == 10026 && expected == 0)
        load->absent = true;
    else if (code != expected)
        die("%s was answered %d", members, code);
    cJSON_Delete(response);
}

/* One at a time, each of another reader than the last. What is asked first of each is measured with the
 * others. */
static void ask_all(struct load *load, ask *question, int expected)
{
    struct subject subjects[ASKERS];
    connect_all(load->of, ASKERS, true);
    for (int i = 0; i < ASKERS; i++)
        choose_subject(&load->of[i], &subjects[i], i);
    meter_start();
    for (int n = 0; n < ASKS; n++)
        for (int i = 0; i < ASKERS && !load->absent; i++)
            ask_one(load, &load->of[i], &subjects[i], question, n, expected);
    meter_stop();
}

static void ask_unknown(char *out, size_t size, const struct subject *subject, int n)
{
    (void)subject, (void)n;
    snprintf(out, size, "\"command\":\"noSuchCommand\"");
}

static void ask_history(char *out, size_t size, const struct subject *subject, int n)
{
    snprintf(out, size, "\"command\":\"getHistory\",\"group\":\"%s\",\"limit\":20,\"before\":%lld",
             subject->group, id_of(subject, n));
}

static void ask_conversations(char *out, size_t size, const struct subject *subject, int n)
{
    (void)subject, (void)n;
    snprintf(out, size, "\"command\":\"getConversations\",\"limit\":100");
}

static void ask_sync_100(char *out, size_t size, const struct subject *subject, int n)
{
    snprintf(out, size, "\"command\":\"sync\",\"limit\":100,\"after\":%lld", id_of(subject, n));
}

static void ask_unread(char *out, size_t size, const struct subject *subject, int n)
{
    (void)subject, (void)n;
    snprintf(out, size, "\"command\":\"getUnread\"");
}

static void ask_read_to(char *out, size_t size, const struct subject *subject, int n)
{
    snprintf(out, size, "\"command\":\"markRead\",\"group\":\"%s\",\"id\":%lld", subject->group,
             subject->newest / ASKS * n + 1);
}

static void run_unknown(struct load *load)
{
    ask_all(load, ask_unknown, 10026);
}

static void run_history(struct load *load)
{
    ask_all(load, ask_history, 0);
}

static void run_conversations(struct load *load)
{
    ask_all(load, ask_conversations, 0);
}

static void run_sync(struct load *load)
{
    ask_all(load, ask_sync_100, 0);
}

static void run_unread(struct load *load)
{
    ask_all(load, ask_unread, 0);
}

static void run_read_to(struct load *load)
{
    ask_all(load, ask_read_to, 0);
}

static long count_asks(const struct load *load)
{
    (void)load;
    return ASKERS * ASKS;
}

/* A crowd that returns while others talk */

struct talk {
    long long least, quiet; /* how long it lasts at least, and for how long nobody returns */
    int first, senders;     /* who writes to the first receivers */
    bool to_group;          /* the very first speaks to the live group beside */
    long long begin;
    long due, spoken; /* messages of these, and of that one, so far */
};

/* Senders take turns, so that messages are spread evenly. */
static void write_what_is_due(struct load *load, struct talk *talk)
{
    char topic[TOPIC_MAX];
    const long long elapsed = meter_now() - talk->begin, pace = TALK_MS * 1000000LL;
    for (; talk->due < elapsed * talk->senders / pace; talk->due++) {
        long sender = talk->due % talk->senders;
        snprintf(topic, sizeof topic, "chat/user/%s", load->to[sender].user);
        client_publish(&load->from[talk->first + sender], topic);
    }
    for (; talk->to_group && talk->spoken < elapsed / pace; talk->spoken++)
        client_publish(load->from, "chat/group/" GROUP);
}

static void return_some(struct load *load, int *returned)
{
    char topic[TOPIC_MAX];
    long talkers = load->senders + load->receivers;
    for (; *returned < load->readers && talkers + *returned - totals.connected < LOGINS_AT_ONCE;
         ++*returned) {
        struct client *client = &load->of[*returned];
        snprintf(topic, sizeof topic, "chat/user/%s/#", client->user);
        client_connect(client, true);
        client_subscribe(client, topic, 1);
    }
}

/* Begins the clock; until those who have returned have all that they missed. Returns when they had it. */
static long long talk_and_return(struct load *load, struct talk *talk)
{
    const long missed = (long)load->readers * MISSED;
    long long served = 0;
    int returned = 0;
    meter_start();
    talk->begin = meter_now();
    for (long long elapsed = 0; served == 0 || elapsed < talk->least; elapsed = meter_now() - talk->begin) {
        write_what_is_due(load, talk);
        if (elapsed >= talk->quiet)
            return_some(load, &returned);
        clients_turn(1);
        if (served == 0 && totals.replayed >= missed)
            served = elapsed + 1;
        if (elapsed > GIVE_UP_NS)
            die("%ld of %ld missed messages came", totals.replayed, missed);
    }
    return served;
}

/* The rate is of those who returned; latencies are of the talk. */
static void run_talk(struct load *load)
{
    char topic[TOPIC_MAX];
    struct talk talk = {.least = TALK_LEAST_NS, .senders = load->senders};
    connect_all(load->from, load->senders + load->receivers, true);
    for (int i = 0; i < load->receivers; i++) {
        snprintf(topic, sizeof topic, "chat/user/%s", load->to[i].user);
        client_subscribe(&load->to[i], topic, 1);
    }
    await(&totals.subscribed, load->receivers);
    const long long served = talk_and_return(load, &talk);
    meter_stop();
    await(&totals.received, talk.due);
    meter_served(served);
}

/* The same, and the first sender speaks to a live group, of which all receivers are but those that the others write
 * to. */
static void run_worst(struct load *load)
{
    const int others = load->senders - 1;
    char topic[TOPIC_MAX];
    struct talk talk = {
        .least = WORST_LEAST_NS, .quiet = WORST_QUIET_NS, .first = 1, .senders = others, .to_group = true};
    connect_all(load->from, load->senders + load->receivers, true);
    create_group(load, "AVChatRoom");
    for (int i = 0; i < load->receivers; i++) {
        bool listens = i >= others;
        snprintf(topic, sizeof topic, listens ? "chat/group/" GROUP : "chat/user/%s", load->to[i].user);
        client_subscribe(&load->to[i], topic, listens ? 0 : 1);
    }
    await(&totals.subscribed, load->receivers);
    const long long served = talk_and_return(load, &talk);
    await(&totals.received, talk.due + talk.spoken * (load->receivers - others));
    meter_stop();
    meter_served(served);
}

static long count_returned(const struct load *load)
{
    return load->readers ? load->readers : 1;
}

const struct workload readings[] = {
    {"unknown", "command", 0, 0, ASKERS, 0, run_unknown, count_asks},
    {"history", "command", 0, 0, ASKERS, 0, run_history, count_asks},
    {"conversations", "command", 0, 0, ASKERS, 0, run_conversations, count_asks},
    {"sync", "command", 0, 0, ASKERS, 0, run_sync, count_asks},
    {"unread", "command", 0, 0, ASKERS, 0, run_unread, count_asks},
    {"read-to", "command", 0, 0, ASKERS, 0, run_read_to, count_asks},
    {"talk", "login", 50, 50, 0, 0, run_talk, count_returned},
    {"return", "login", 50, 50, 1000, 0, run_talk, count_returned},
    {"worst", "login", 51, 250, 1000, 0, run_worst, count_returned},
};
const size_t readings_count = COUNT(readings);
