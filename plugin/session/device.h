/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Devices, that is client ids: whose they are, which hold a place among their user's devices, which have lost
 * theirs and are still to be told.
 *
 * A login takes a place, and keeps it while the device is away; a logout, a kick or a newcomer (acl/policy.h)
 * ends it. Who was not connected then is told at his next login, and that only. The store has it all; what is
 * not committed yet is kept here for one group commit, so that every answer is exact. Broker thread only. */
#ifndef PLUGIN_SESSION_DEVICE_H
#define PLUGIN_SESSION_DEVICE_H

#include "acl/identity.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct session;
struct user;
struct young_device;

/* A column of the store: never change a value. */
enum offline_reason {
    OFFLINE_NONE,
    OFFLINE_OTHER_DEVICE,
    OFFLINE_KICK_DEVICE,
    OFFLINE_ADMIN,
    OFFLINE_DELETED,
    OFFLINE_BANNED
};

/* Why a device has lost its place, and to whom: the newcomer, or the device that kicked it. */
struct displacement {
    enum offline_reason reason;
    enum platform platform;
    char client_id[CLIENT_ID_MAX + 1]; /* "": nobody's device */
};

/* In place of a place, in the store too. */
#define PLACE_LOGGED_OUT (-1)

struct device {
    bool known;
    char user[USER_ID_MAX + 1];
    enum platform platform;
    bool acks, has_token;
    int64_t place; /* in the order of logins; 0: it holds none, PLACE_LOGGED_OUT: it has logged out itself */
    struct displacement displacement; /* it is to be told, unless the reason is OFFLINE_NONE */
};

/* -1: out of memory. */
__attribute__((warn_unused_result)) int devices_open(struct chat *chat);
/* When no session is left. What was never opened is fine. */
void devices_close(struct chat *chat);

/* What is known of a client id. false: the store cannot be read. */
__attribute__((warn_unused_result)) bool device_load(struct chat *chat, const char *client_id,
                                                     struct device *out);

struct device_entry {
    char client_id[CLIENT_ID_MAX + 1];
    enum platform platform;
    int64_t place;
    int64_t last_used;
};

struct device_list {
    struct device_entry *items; /* to be freed */
    size_t count, room;
};

/* The devices that have to go when this user (NULL: a new one) logs in with this one. Nothing for platforms
 * that do not count. false: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) bool devices_in_way(struct chat *chat, struct user *user,
                                                        const char *client_id, enum platform platform,
                                                        struct device_list *out);
/* Adds to these the connections, the earliest login first, that have to go so that with this one no more than
 * CONNECTIONS_MAX are there that may stay. The same. */
__attribute__((warn_unused_result)) bool devices_too_many(const struct user *user, const char *client_id,
                                                          struct device_list *out);
/* The devices that hold a place, the latest login first, at most DEVICES_LISTED. false: the same. */
#define DEVICES_LISTED 100
__attribute__((warn_unused_result)) bool devices_of(struct chat *chat, const struct user *user,
                                                    struct device_list *out);

/* In the open frame. A login: the device is this user's, and online, and the latest place is its. */
void device_take_place(struct chat *chat, const struct session *session);
/* logout: it is counted no more, and has nothing to be told; a made-up client id is anybody's. */
void device_leave_place(struct chat *chat, const struct session *session);
/* It has to go, and is to be told. The caller tells it when it is connected, and takes its push token:
 * device_lose_place() of life/closing.h. */
void device_displace(struct chat *chat, struct user *user, const struct device_entry *device,
                     const struct displacement *why);
/* All devices of the user: places, tokens, and what they had to be told. Jobs are the caller's:
 * devices_lose_all() of life/closing.h. */
void devices_end(struct chat *chat, struct user *user);

/* In the open frame: the device's session has ended, and it has been told. */
void device_told(struct chat *chat, struct user *user, const char *client_id, enum platform platform);

/* Is what the store says of places and tokens of this user's devices older than devices_end? */
bool devices_stale(const struct chat *chat, const struct user *user);

#endif
