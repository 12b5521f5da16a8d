/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl check: where clients connect: addresses that the broker can have, what travels in clear, how many may come. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/check.h"
#include "lib/basics.h"

#define ADDRESS_MAX   256
#define SPARE_FILES   64 /* that the broker opens beside connections: database, ring, logs, media */
#define DEFAULT_PORT  1883
#define HTTP_PROTOCOL "http_api"

#define SAY(check, level, setting, ...)                                                                      \
    report_say(&(check)->report, level, conf_place_of(setting), __VA_ARGS__)

struct check_listener {
    const struct conf_setting *line; /* what opens it */
    int number, port;                /* port 0: a socket file */
    char address[ADDRESS_MAX];       /* "": all addresses */
    bool websockets, encrypted;
    int64_t connections; /* at most; -1: no limit */
};

static bool is_public(const struct check_listener *listener)
{
    return listener->port > 0 && strcmp(listener->address, "localhost") != 0 &&
           strcmp(listener->address, "::1") != 0 && strncmp(listener->address, "127.", 4) != 0;
}

/* What they are */

/* "1883 127.0.0.1": the second word, without a comment. */
static void take_address(struct check_listener *listener, const char *value)
{
    value += strcspn(value, " ");
    value += strspn(value, " ");
    if (*value != '#')
        snprintf(listener->address, sizeof listener->address, "%.*s", (int)strcspn(value, " "), value);
}

static const char *text_of(const struct conf_check *check, int number, const char *name)
{
    const struct conf_setting *setting = conf_find_of(&check->conf, number, name);
    return setting ? setting->value : "";
}

static void fill(const struct conf_check *check, struct check_listener *listener)
{
    const struct conf_setting *connections = conf_find_of(&check->conf, listener->number, "max_connections");
    listener->websockets = strncmp(text_of(check, listener->number, "protocol"), "websockets", 10) == 0;
    listener->encrypted = (conf_find_of(&check->conf, listener->number, "certfile") &&
                           conf_find_of(&check->conf, listener->number, "keyfile")) ||
                          conf_find_of(&check->conf, listener->number, "psk_hint");
    listener->connections = connections ? strtoll(connections->value, NULL, 10) : -1;
    if (listener->websockets && check->version > 0 && check->version < 2001)
        listener->address[0] = '\0'; /* 2.0 gives libwebsockets no address */
}

/* Any setting about a listener that stands before each `listener` makes one more, on port 1883 unless `port` says
 * otherwise. */
static const struct conf_setting *find_default(const struct check_conf *conf)
{
    static const char *const names[] = {"port",
                                        "bind_address",
                                        "bind_interface",
                                        "cafile",
                                        "capath",
                                        "certfile",
                                        "keyfile",
                                        "max_connections",
                                        "max_qos",
                                        "maximum_qos",
                                        "protocol",
                                        "psk_hint",
                                        "require_certificate",
                                        "crlfile",
                                        "dhparamfile",
                                        "socket_domain",
                                        "use_username_as_clientid"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct conf_setting *setting = conf_find_of(conf, DEFAULT_LISTENER, names[i]);
        if (setting)
            return setting;
    }
    return NULL;
}

static bool find_listener(const struct conf_check *check, int number, struct check_listener *listener)
{
    *listener = (struct check_listener){.number = number};
    if (number == DEFAULT_LISTENER) {
        listener->line = find_default(&check->conf);
        const char *port = text_of(check, number, "port");
        listener->port = *port ? atoi(port) : DEFAULT_PORT;
        snprintf(listener->address, sizeof listener->address, "%s", text_of(check, number, "bind_address"));
    } else {
        listener->line = conf_find_of(&check->conf, number, "listener");
        listener->port = listener->line ? atoi(listener->line->value) : 0;
        if (listener->line)
            take_address(listener, listener->line->value);
    }
    if (listener->line)
        fill(check, listener);
    return listener->line != NULL;
}

static const char *shown_address(const struct check_listener *listener)
{
    return *listener->address ? listener->address : "all addresses";
}

/* Can the broker have it? As Mosquitto opens it, but nobody is let in. */

static const struct port_owner *find_owner(const struct conf_check *check, int port)
{
    for (size_t i = 0; i < check->owner_count; i++)
        if (check->owners[i].port == port)
            return &check->owners[i];
    return NULL;
}

static void say_in_use(struct conf_check *check, const struct check_listener *listener)
{
    const struct port_owner *owner = find_owner(check, listener->port);
    if (check->pid > 0 && (!owner || owner->pid == 0 || owner->pid == check->pid))
        SAY(check, FINDING_OK, listener->line, NULL,
            "port %d: a broker with this configuration runs there (process %d)", listener->port,
            (int)check->pid);
    else if (owner && owner->pid > 0)
        SAY(check, FINDING_ERROR, listener->line, "End it, or choose another port",
            "port %d is in use by %s (process %d), and the broker does not start", listener->port,
            owner->name, (int)owner->pid);
    else
        SAY(check, FINDING_ERROR, listener->line, "As root: ss -ltnp shows by whom",
            "port %d is in use, and the broker does not start", listener->port);
}

static int try_address(const struct addrinfo *address)
{
    const int yes = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0; /* no IPv6 here: Mosquitto passes it over */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    int result = bind(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    close(fd);
    return result;
}

static void say_failed(struct conf_check *check, const struct check_listener *listener, int reason)
{
    if (reason == EADDRINUSE)
        say_in_use(check, listener);
    else if (reason == EACCES)
        SAY(check, FINDING_ERROR, listener->line,
            "Choose one above 1023, and let a proxy or the firewall lead there",
            "port %d is for root, and the broker gives up root before it opens its ports", listener->port);
    else if (reason == EADDRNOTAVAIL)
        SAY(check, FINDING_ERROR, listener->line, "Name one that `ip address` shows",
            "this machine has no address %s, and the broker does not start", listener->address);
    else
        SAY(check, FINDING_ERROR, listener->line, NULL, "port %d cannot be opened: %s", listener->port,
            strerror(reason));
}

static void check_address(struct conf_check *check, const struct check_listener *listener)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM},
                    *found = NULL;
    char port[16];
    int reason = 0;
    if (listener->port <= 0 || listener->port > 65535)
        return;
    snprintf(port, sizeof port, "%d", listener->port);
    int fault = getaddrinfo(*listener->address ? listener->address : NULL, port, &hints, &found);
    if (fault) {
        SAY(check, FINDING_ERROR, listener->line, NULL, "listener %d: the address %s cannot be found: %s",
            listener->port, listener->address, gai_strerror(fault));
        return;
    }
    for (const struct addrinfo *at = found; at && reason == 0; at = at->ai_next)
        reason = try_address(at);
    freeaddrinfo(found);
    if (reason)
        say_failed(check, listener, reason);
}

/* Of two listeners the later one cannot have the port. */
static void check_others(struct conf_check *check, const struct check_listener *listener)
{
    struct check_listener other;
    for (int i = DEFAULT_LISTENER; i <= check->conf.listeners; i++)
        if (i != listener->number && find_listener(check, i, &other) && other.port == listener->port &&
            listener->port > 0 && other.line < listener->line &&
            (!*other.address || !*listener->address || strcmp(other.address, listener->address) == 0)) {
            SAY(check, FINDING_ERROR, listener->line, "Give it another port",
                "port %d is also opened by %s:%d, and the broker does not start", listener->port,
                other.line->place.file, other.line->place.line);
            return;
        }
}

/* What bites those who come */

static void check_clear(struct conf_check *check, const struct check_listener *listener)
{
    if (!is_public(listener) || listener->encrypted)
        return;
    if (listener->websockets)
        SAY(check, FINDING_NOTE, listener->line, NULL,
            "port %d (WebSockets, %s) is not encrypted: it is for a web server on this machine that adds "
            "TLS, and the "
            "firewall must keep others from it",
            listener->port, shown_address(listener));
    else
        SAY(check, FINDING_WARNING, listener->line,
            "Add certfile and keyfile, or open it to this machine only: listener 1883 127.0.0.1",
            "port %d (%s) is not encrypted: who listens on the way has userSigs, which are as good as "
            "passwords, and "
            "reads all",
            listener->port, shown_address(listener));
}

static void check_default(struct conf_check *check, const struct check_listener *listener)
{
    if (listener->number == DEFAULT_LISTENER && strcmp(listener->line->name, "port") != 0)
        SAY(check, FINDING_WARNING, listener->line,
            "Put it below the listener that it is about, in the same file",
            "%s stands before any listener of its file: Mosquitto opens port %d on %s for it",
            listener->line->name, listener->port, shown_address(listener));
}

static void check_identity(struct conf_check *check, const struct check_listener *listener)
{
    static const struct {
        const char *name;
        enum finding_level level;
        const char *advice, *text;
    } settings[] = {
        {"use_username_as_clientid", FINDING_WARNING, "Remove the line",
         "all devices of a user have one client id then, and each login ends the one before"},
        {"use_identity_as_username", FINDING_WARNING,
         "Remove the line, or keep chat users from this listener",
         "who comes with a certificate is not asked for a userSig, and is no user of the chat"},
        {"use_subject_as_username", FINDING_WARNING, "Remove the line, or keep chat users from this listener",
         "who comes with a certificate is not asked for a userSig, and is no user of the chat"},
    };
    for (size_t i = 0; i < COUNT(settings); i++) {
        const struct conf_setting *setting = conf_find_of(&check->conf, listener->number, settings[i].name);
        if (conf_says(setting, false))
            SAY(check, settings[i].level, setting, settings[i].advice, "%s: %s", settings[i].name,
                settings[i].text);
    }
}

static void check_reach(struct conf_check *check, const struct check_listener *listener)
{
    const struct conf_setting *mount = conf_find_of(&check->conf, listener->number, "mount_point");
    const struct conf_setting *qos = conf_find_of(&check->conf, listener->number, "max_qos");
    if (mount)
        SAY(check, FINDING_ERROR, mount, "Remove the line",
            "mount_point: topics of this listener's clients are other ones to the chat, so that they reach "
            "nothing of it");
    if (qos && atoi(qos->value) == 0)
        SAY(check, FINDING_WARNING, qos, "Remove the line",
            "max_qos 0: who publishes at QoS 1 or 2, as clients of a chat do, is closed");
}

static void check_protocol(struct conf_check *check, const struct check_listener *listener)
{
    const struct conf_setting *setting = conf_find_of(&check->conf, listener->number, "protocol");
    if (!setting || strcmp(setting->value, "mqtt") == 0 || strcmp(setting->value, "websockets") == 0 ||
        strcmp(setting->value, "mqttsn") == 0)
        return;
    if (strcmp(setting->value, HTTP_PROTOCOL) != 0 || check->version < 2001)
        SAY(check, FINDING_ERROR, setting, "Write mqtt or websockets",
            "protocol: \"%.40s\" is none that Mosquitto knows, and it does not start", setting->value);
}

/* Connections */

static void check_connections(struct conf_check *check, const struct check_listener *listener, int64_t *sum)
{
    if (listener->connections > 0)
        *sum += listener->connections;
    else if (is_public(listener) && !conf_find(&check->conf, "global_max_connections"))
        SAY(check, FINDING_WARNING, listener->line, "max_connections below it",
            "port %d has no max_connections: who can connect can use up all files that the broker may open "
            "(%lld), and "
            "nobody else comes in",
            listener->port, (long long)check->files);
}

static void check_files_limit(struct conf_check *check, int64_t sum)
{
    if (sum > 0 && check->files > 0 && sum + SPARE_FILES > check->files)
        SAY(check, FINDING_WARNING, conf_find(&check->conf, "max_connections"),
            "LimitNOFILE in `systemctl edit mosquitto`, above the sum; or a lower max_connections",
            "the listeners take %lld connections together, but the broker may open %lld files (%s): from "
            "then on nobody "
            "comes in, and no file can be uploaded",
            (long long)sum, (long long)check->files, check->files_by);
}

static void check_listener(struct conf_check *check, const struct check_listener *listener, int64_t *sum)
{
    check_default(check, listener);
    check_address(check, listener);
    check_others(check, listener);
    check_protocol(check, listener);
    check_clear(check, listener);
    check_identity(check, listener);
    check_reach(check, listener);
    check_connections(check, listener, sum);
}

void check_listeners(struct conf_check *check)
{
    struct check_listener listener;
    int64_t sum = 0;
    size_t count = 0;
    for (int i = DEFAULT_LISTENER; i <= check->conf.listeners; i++)
        if (find_listener(check, i, &listener)) {
            check_listener(check, &listener, &sum);
            count++;
        }
    check_files_limit(check, sum);
    if (count == 0)
        report_say(&check->report, FINDING_WARNING, (struct finding_place){check->path, 0},
                   "Add a `listener`",
                   "there is no listener: Mosquitto then opens port 1883 to this machine only, and lets "
                   "everybody in whom the "
                   "plugin leaves to it");
    else if (report_faults(&check->report) == 0)
        SAY(check, FINDING_OK, NULL, NULL, "%zu listener%s can be opened", count, count == 1 ? "" : "s");
}
