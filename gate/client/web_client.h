/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A client that comes over HTTP: its client id, its connection to the broker, what waits to be fetched, and the
 * requests under way, each an errand. The connection is there while there is something to do, and a minute longer.
 * One thread. */
#ifndef GATE_CLIENT_WEB_CLIENT_H
#define GATE_CLIENT_WEB_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acl/identity.h"
#include "gate/client/connection.h"
#include "lib/keyed_hash.h"

struct exchange;
struct web_client;

#define WAITING_MAX       1000  /* messages and events that wait to be fetched */
#define WAITING_BYTES_MAX 65536 /* and their bytes: beyond, the connection ends until somebody fetches */
#define LIVE_GROUPS_MAX   50

/* What a request wants done; embedded first in what its kind needs. `exchange` is answered when it ends. */
struct errand {
    const struct errand_kind *kind;
    struct exchange *exchange;
    int64_t deadline; /* ms of clock_steady; 0: none */
    bool begun;
    struct errand *prev, *next;
};

/* Functions that are NULL are not called. Whoever answers the exchange calls web_client_done before. */
struct errand_kind {
    bool fetches; /* it wants what comes, so the feed is subscribed to */
    bool once;    /* it is over soon, and no poll or stream */
    void (*begin)(struct errand *errand, struct web_client *client);
    /* true: it was this errand's alone. */
    bool (*heard)(struct errand *errand, struct web_client *client, const char *name, const cJSON *event);
    void (*responded)(struct errand *errand, struct web_client *client, cJSON *response);
    void (*published)(struct errand *errand, struct web_client *client, int mid, int reason);
    void (*subscribed)(struct errand *errand, struct web_client *client, int mid, int reason);
    /* Something waits to be fetched, and no more has come for a moment. */
    void (*arrived)(struct errand *errand, struct web_client *client);
    /* Its deadline has come; NULL: that is a failure. */
    void (*late)(struct errand *errand, struct web_client *client);
    /* It cannot be done, and is not in the list any more: answer and free. */
    void (*fail)(struct errand *errand, unsigned status, int code, const char *error);
};

/* Something that waits to be fetched. */
struct waiting {
    int64_t id; /* 0: it has none, and comes once */
    bool event, given;
    size_t len;
    struct waiting *prev, *next;
    char text[]; /* JSON: {"topic":..,"message":..}, or an event */
};

/* A live group that a client has joined. */
struct live_group {
    struct live_group *next;
    char id[GROUP_ID_MAX + 1];
};

struct web_client {
    char client_id[CLIENT_ID_MAX + 1], user[USER_ID_MAX + 1];
    char *sig;
    const struct connection_config *config;
    struct connection *connection; /* NULL: none */
    bool up, ended;                /* ended: it is closed at the next tick */
    bool fetching;                 /* it is subscribed to the feed, once it is up */
    bool fresh;                    /* since a moment ago only: a replay may be on its way */
    int64_t written;               /* the last id that went into a stream */
    int64_t resume;                /* all up to this id has been fetched for good; -1: not known */
    struct {
        unsigned status; /* 0: it is not signed out */
        int code;
        char error[160];
    } out;
    struct waiting *waiting;
    size_t waiting_count, waiting_bytes;
    struct errand *errands;
    struct live_group *live; /* LIVE_GROUPS_MAX at most */
    int64_t idle_since;
    unsigned unsettled;                      /* so many have come since the errands were told */
    int fd_watched;                          /* web_clients.c: -1, none */
    bool write_watched, in_unsettled, quiet; /* quiet: nothing came in the last turn */
    struct web_client *prev, *next;          /* of its list of unsettled ones */
    UT_hash_handle hh;
};

/* NULL: out of memory. `config` is borrowed. */
struct web_client *web_client_open(const struct connection_config *config, const char *user,
                                   const char *client_id);
/* Errands fail with 503. */
void web_client_close(struct web_client *client);

/* Gives it something to do, now or when it is connected; connects if need be. */
void web_client_run(struct web_client *client, struct errand *errand, const char *sig);
/* The errand has ended: it is out of the list. */
void web_client_done(struct web_client *client, struct errand *errand);
/* Signed out no more: a new login. */
void web_client_sign_in(struct web_client *client);

/* It has joined a live group, and joins it again on each connection; false: too many, or out of memory. */
__attribute__((warn_unused_result)) bool web_client_join(struct web_client *client, const char *group);
/* It was not there? That is fine. */
void web_client_leave(struct web_client *client, const char *group);

/* Up to this id everything has been fetched. What waits up to there goes, and the broker is told. */
void web_client_ack(struct web_client *client, int64_t id);
/* It has gone into a stream, and waits no more; nobody knows yet whether it has come. */
void web_client_wrote(struct web_client *client, struct waiting *waiting);
/* Who fetches now has nothing more. */
void web_client_end_fetching(struct web_client *client, unsigned status, const char *error);
/* Somebody fetches anew: who fetches now has nothing more, and what went into a stream and was not acked comes again. */
void web_client_fetch_anew(struct web_client *client);
/* What has been fetched and has no id goes. */
void web_client_drop_given(struct web_client *client);
/* A command without an answer that anybody waits for. */
void web_client_tell(struct web_client *client, const char *command);

/* Tells the errands that wait for something to come: once a moment, not for each message. */
void web_client_settle(struct web_client *client);

void web_client_tick(struct web_client *client, int64_t now);
/* Has it nothing to do, and has had nothing for so long that it may go? */
bool web_client_is_over(const struct web_client *client, int64_t now);

#endif
