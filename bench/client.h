/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Many MQTT 3.1.1 connections in one thread. Packets are written by hand, so that a client costs little
 * beside the broker that is measured. Whatever goes wrong ends the program: a measurement with holes is
 * none. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#define PAYLOAD_BYTES 128 /* of every message that is counted; a JSON object with `text` */

struct buffer {
    unsigned char *bytes;
    size_t len, size;
};

struct client {
    char user[33];
    char *password; /* the userSig; NULL: CONNECT with neither user name nor password */
    int fd;         /* -1: no connection */
    bool connected; /* CONNACK has come */
    bool leaving;   /* DISCONNECT is on its way: the broker closes */
    bool unordered; /* messages come from several senders: their numbers are not looked at */
    bool passing;   /* comes and goes: what it receives is not counted at all */
    bool bereaved;  /* its broker is killed: a connection that ends is no error */
    bool dirty;     /* has something to write, and is in the list of those that have */
    int subscribed, sent, acked, received; /* packets; `sent` and `acked` count commands too */
    int published;                         /* counted messages */
    int tips;                              /* about who came and who went */
    bool *seen;     /* of each message: acked or received; NULL: order is checked instead */
    int seens;      /* how many these are */
    char *response; /* the last answer to a command, malloc'ed; NULL: none yet */
    struct buffer in, out;
    struct client *next_dirty;
};

void clients_init(int port);

/* How many have connected, have gone, and so on, since the start; all clients together. */
struct totals {
    long connected, closed, subscribed, sent, acked, received;
    long replayed; /* messages that are not counted: the broker had them before */
};
extern struct totals totals;

/* All of these only queue; clients_turn() writes. */
void client_connect(struct client *client, bool clean);
void client_disconnect(struct client *client);
void client_subscribe(struct client *client, const char *topic, int qos);
void client_unsubscribe(struct client *client, const char *topic);
/* QoS 1, with `published` as its number and the time of now in it. */
void client_publish(struct client *client, const char *topic);
/* QoS 1 to $CONTROL/chat/v1; forgets the last response. */
void client_command(struct client *client, const char *json);

/* Writes what is queued, waits for whatever comes, at most so long, and handles it. */
void clients_turn(int milliseconds);

#endif
