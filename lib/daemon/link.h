/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The connection to the broker: an MQTT client of an administrator, who gives commands and may subscribe to what
 * he is let. Connects again by itself, after 0.5 s, 1 s, 2 s ... 30 s; makes a userSig for each connection.
 * Never waits but for the broker's name to be looked up: the loop is the caller's. One thread. */
#ifndef LIB_DAEMON_LINK_H
#define LIB_DAEMON_LINK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/daemon/conf.h"

struct link;

struct link_config {
    char *host, *user, *secret_key_file;
    char *ca_file;   /* TLS: whose certificates are believed; NULL, and nothing of the next two: no TLS */
    char *ca_path;   /* no option: a folder of such, by c_rehash */
    bool system_cas; /* no option: whom the machine believes */
    char *own_cert,
        *own_key;   /* no options: files of a certificate that we show; both or none, with TLS only */
    bool insecure;  /* no option: the certificate may be for another name */
    char *user_sig; /* no option: in place of one made with the key; NULL: the key is read */
    char *name;     /* the device part of the client id; NULL: made up */
    int64_t port, sdkappid;
    int64_t wake_ms; /* how often the broker is woken while it is idle; 0: it is left to its own pace */
    bool quiet;      /* no option: nothing on stderr */
};
/* The options of a section [broker], which fill it. */
extern const struct conf_option link_options[];
/* NULL, or what is wrong with its texts: "user: is no userID". Opens no file. */
const char *link_config_fault(const struct link_config *config);

/* NULL: not told. */
struct link_handlers {
    void *context;
    /* Logged in, not subscribed yet: what is sent now is heard before the first message comes. */
    void (*up)(void *context);
    /* To one of the topics. */
    void (*message)(void *context, const char *topic, const char *payload, size_t len);
    /* The broker's answer to commands. */
    void (*response)(void *context, const char *payload, size_t len);
};

/* Reads the key file; connects with the first tick. `topics`, which are borrowed, are filters to subscribe to at QoS 1,
 * the last is followed by NULL. Of `config` the options are copied, the rest is borrowed. SIGPIPE is ignored from here
 * on. NULL: `error` says why. */
struct link *link_open(const struct link_config *config, const char *const *topics,
                       const struct link_handlers *handlers, char *error, size_t error_size);
/* Says good-bye. NULL is fine. */
void link_close(struct link *link);

/* For a reload: `fresh_take` was opened with the configuration and the keys that are to count from now on, and was
 * never ticked. May `link` stay connected, since where and as whom it signs in are the same? */
bool link_may_stay(const struct link *link, const struct link *fresh);
/* The link to use from now on: `link`, with the keys and the CA file of `fresh_take` for the connections to come, or
 * `fresh_take` when `link` may not stay. The other one is closed. */
struct link *link_renew(struct link *link, struct link *fresh_take);

/* Connects when it is time, keeps alive, and keeps the broker awake. `now`: milliseconds of clock_steady. */
void link_tick(struct link *link, int64_t now);
/* For how long to wait until the next tick: `most_ms`, or less. */
int link_pause(const struct link *link, int most_ms);
/* What to wait for; false: nothing. */
bool link_wants(struct link *link, struct pollfd *fd);
/* Reads and writes what can be, as fd->revents says. */
void link_serve(struct link *link, const struct pollfd *fd);
/* Both at QoS 0; the second to the commands' topic. false: not connected, or out of memory. */
bool link_publish(struct link *link, const char *topic, const void *payload, size_t len);
bool link_command(struct link *link, const char *payload, size_t len);
/* Says nothing to the broker, which looks after its plugins then: an answer to what was sent before goes out. */
void link_wake(struct link *link);

/* While it is held nothing is read, so nothing comes; it is kept alive, and what is sent goes out. A link that ends
 * meanwhile connects again only when it is let go. */
void link_hold(struct link *link, bool hold);

bool link_up(const struct link *link);
/* Up, and the broker has granted all topics. */
bool link_subscribed(const struct link *link);
/* Why it is not up, for people; "" before the first try. */
const char *link_fault(const struct link *link);

#endif
