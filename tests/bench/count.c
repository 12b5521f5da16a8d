/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* count PLUGIN FOLDER: for callgrind, the events of some workloads on the plugin as it was built, between the broker of
 * tests/memory and an empty database in FOLDER. That broker's clock stands still, and before each turn the writer has
 * done all it has to: the same instructions every time. At the end of each workload callgrind writes its counts, with
 * the name of the workload and how many units they are for: "delivered 1000". docs/bench.md says what is counted. */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include <valgrind/callgrind.h>

#include "lib/keys.h"
#include "lib/usersig.h"
#include "plugin/core/mosquitto.h"
#include "tests/memory/fake_broker.h"

#define SDKAPPID  1400000000
#define YEAR      (365 * 86400)
#define PAIRS     10
#define MESSAGES  50 /* of each pair */
#define LISTENERS 200
#define SPOKEN    10 /* in the live group */
#define USERS     200
#define AT_ONCE   5 /* events of one turn */
#define TURN_MS   2
#define POLL_MS   100

static struct keys keys = {.count = 1, .key = {"a key that is known to nobody else"}};

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(1);
}

/* The plugin: what the broker of tests/memory calls, where the loader has put it. */

static void *plugin;

static void *entry(const char *name)
{
    void *found = plugin ? dlsym(plugin, name) : NULL;
    if (!found)
        die("%s", dlerror());
    return found;
}

typedef int version_function(int count, const int *versions);
typedef int init_function(mosquitto_plugin_id_t *identifier, void **userdata, struct mosquitto_opt *opts,
                          int count);
typedef int cleanup_function(void *userdata, struct mosquitto_opt *opts, int count);

int mosquitto_plugin_version(int count, const int *versions)
{
    return ((version_function *)entry(__func__))(count, versions);
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata, struct mosquitto_opt *opts,
                          int count)
{
    return ((init_function *)entry(__func__))(identifier, userdata, opts, count);
}

int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *opts, int count)
{
    return ((cleanup_function *)entry(__func__))(userdata, opts, count);
}

/* In the place of the C library's: hash tables have their secrets from here, and with others other chains. */
ssize_t getrandom(void *out, size_t len, unsigned flags)
{
    static unsigned char next;
    (void)flags;
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)out)[i] = next = (unsigned char)(next * 5 + 1);
    return (ssize_t)len;
}

/* Steps */

static struct mosquitto *root;
static int64_t began;

/* With the same userSig every time. */
static struct mosquitto *log_in(const char *user)
{
    char client_id[80];
    snprintf(client_id, sizeof client_id, "%s:linux:1", user);
    char *sig = usersig_mint(user, SDKAPPID, began / 1000, YEAR, NULL, 0, &keys);
    const struct fake_login login = {
        .client_id = client_id, .user = user, .password = sig ? sig : "", .version = 4};
    struct mosquitto *client = fake_connect(&login);
    free(sig);
    if (!client)
        die("%s was refused", user);
    return client;
}

static const char *text(const char *format, ...)
{
    static char out[300];
    va_list list;
    va_start(list, format);
    vsnprintf(out, sizeof out, format, list);
    va_end(list);
    return out;
}

static void subscribe(struct mosquitto *client, const char *filter, int qos)
{
    if (fake_subscribe(client, filter, qos) != FAKE_DONE)
        die("no subscription to %s", filter);
}

static void command(struct mosquitto *client, const char *json)
{
    if (fake_command(client, json, NULL) != FAKE_DONE)
        die("no answer to %s", json);
    fake_flush();
    if (strstr(fake_response(client), "\"code\":"))
        die("%s was answered %s", json, fake_response(client));
}

static void await_writer(void)
{
    static const char request[] = "{\"commands\":[{\"command\":\"getStats\"}]}";
    for (int i = 0; i < 100000; i++) {
        command(root, request);
        if (strstr(fake_response(root), "\"ringBytes\":0,"))
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        fake_pass(POLL_MS); /* answers, too, are counted against their receiver */
        fake_turn();
    }
    die("the writer does not come to its end: %s", fake_response(root));
}

/* Counting */

/* What has been done before is done. */
static void settle(void)
{
    fake_turn();
    await_writer();
}

static void count_begin(void)
{
    CALLGRIND_START_INSTRUMENTATION;
}

static void count_end(const char *name, int units)
{
    char title[60];
    snprintf(title, sizeof title, "%s %d", name, units);
    CALLGRIND_STOP_INSTRUMENTATION;
    CALLGRIND_DUMP_STATS_AT(title);
}

static void turn(void)
{
    fake_turn();
    fake_pass(TURN_MS);
}

static void turn_after(int event)
{
    if (event % AT_ONCE == AT_ONCE - 1)
        turn();
}

/* Workloads */

static struct mosquitto *senders[PAIRS], *receivers[PAIRS];

static void receivers_come(void)
{
    for (int i = 0; i < PAIRS; i++) {
        receivers[i] = log_in(text("receiver%d", i));
        turn();
    }
    settle();
    for (int i = 0; i < PAIRS; i++)
        subscribe(receivers[i], text("chat/user/receiver%d", i), 1);
}

/* They have taken all they were handed. */
static void receivers_leave(void)
{
    fake_pass(60000);
    turn();
    for (int i = 0; i < PAIRS; i++)
        fake_release(receivers[i], NULL);
    turn();
}

static void write_each(int messages)
{
    for (int n = 0; n < PAIRS * messages; n++) {
        char payload[129] = {0}, topic[60];
        const int head = snprintf(payload, sizeof payload, "{\"number\":%d,\"text\":\"", n);
        memset(payload + head, 'x', sizeof payload - 3 - (size_t)head);
        memcpy(payload + sizeof payload - 3, "\"}", 2);
        snprintf(topic, sizeof topic, "chat/user/receiver%d", n % PAIRS);
        if (fake_publish(senders[n % PAIRS], topic, payload, 1) != FAKE_DONE)
            die("message %d to %s was refused", n, topic);
        turn_after(n);
    }
}

/* What a receiver has got since he came. */
static void check_received(int wanted)
{
    for (int i = 0; i < PAIRS; i++) {
        int got = fake_received(receivers[i], "chat/user/", "xxx", NULL);
        if (got != wanted)
            die("receiver%d has got %d of %d", i, got, wanted);
    }
}

static void count_delivered(void)
{
    for (int i = 0; i < PAIRS; i++)
        senders[i] = log_in(text("sender%d", i));
    receivers_come();
    write_each(1); /* the first of a pair makes the conversation */
    settle();
    count_begin();
    write_each(MESSAGES);
    count_end("delivered", PAIRS * MESSAGES);
    check_received(MESSAGES + 1);
}

static void count_stored(void)
{
    receivers_leave();
    settle();
    count_begin();
    write_each(MESSAGES);
    count_end("stored", PAIRS * MESSAGES);
}

/* Those that count_stored() has left. */
static void count_replay(void)
{
    receivers_come();
    count_begin();
    for (int i = 0; i < 100; i++)
        turn();
    count_end("replay", PAIRS * MESSAGES);
    check_received(MESSAGES);
}

static void count_live(void)
{
    struct mosquitto *listeners[LISTENERS];
    command(
        senders[0],
        "{\"commands\":[{\"command\":\"createGroup\",\"groupType\":\"AVChatRoom\",\"groupID\":\"live\"}]}");
    for (int i = 0; i < LISTENERS; i++) {
        listeners[i] = log_in(text("listener%d", i));
        subscribe(listeners[i], "chat/group/live", 0);
        turn_after(i);
    }
    for (int i = 0; i < 10; i++) { /* tips */
        turn();
        fake_pass(1000);
    }
    settle();
    count_begin();
    for (int i = 0; i < SPOKEN; i++) {
        if (fake_publish(senders[0], "chat/group/live", "{\"text\":\"hello to all\"}", 1) != FAKE_DONE)
            die("message %d to the group was refused", i);
        turn();
    }
    count_end("live", SPOKEN * LISTENERS);
    for (int i = 0; i < LISTENERS; i++)
        if (fake_received(listeners[i], "chat/group/live", "hello to all", NULL) != SPOKEN)
            die("listener%d has not got all", i);
    for (int i = 0; i < LISTENERS; i++)
        fake_release(listeners[i], NULL);
}

/* The userSigs are made here, and not counted; what they cost the plugin is. */
static void count_logins(const char *name)
{
    struct mosquitto *users[USERS];
    settle();
    count_begin();
    for (int i = 0; i < USERS; i++) {
        users[i] = log_in(text("user%d", i));
        turn_after(i);
    }
    count_end(name, USERS);
    for (int i = 0; i < USERS; i++)
        fake_release(users[i], NULL);
    turn();
}

static void start(const char *file, const char *folder)
{
    char key_file[300], database[300];
    snprintf(key_file, sizeof key_file, "%s/key", folder);
    snprintf(database, sizeof database, "%s/chat.db", folder);
    const char *options[] = {
        "sdkappid", "1400000000", "secret_key_file", key_file, "database",   database, "admins", "root",
        "sync",     "off",        "user_rate",       "0",      "group_rate", "0",      NULL};
    umask(077); /* a key file that others can read is refused */
    FILE *key = fopen(key_file, "w");
    if (!key || fprintf(key, "%s\n", keys.key[0]) < 0 || fclose(key) != 0)
        die("cannot write %s", key_file);
    plugin = dlopen(file, RTLD_NOW);
    if (!plugin)
        die("%s", dlerror());
    if (!fake_start(options))
        die("the plugin does not start: see FAKE_BROKER_LOG");
}

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage: %s PLUGIN FOLDER", argv[0]);
    began = fake_now();
    start(argv[1], argv[2]);
    fake_turn();
    root = log_in("root");
    subscribe(root, "$CONTROL/chat/v1/response", 1);
    fake_turn();
    count_delivered();
    count_stored();
    count_replay();
    count_live();
    count_logins("logins");
    count_logins("returns");
    fake_stop();
    return 0;
}
