/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How a connection begins: who may log in, which of the user's devices have to go for it, and its first turn.
 * User, device and places are one frame. Broker thread only. */
#ifndef PLUGIN_LIFE_LOGIN_H
#define PLUGIN_LIFE_LOGIN_H

#include <stdbool.h>

struct chat;
struct mosquitto;

/* What the broker tells at login. */
struct login {
    const struct mosquitto *client;
    const char *client_id, *user, *password, *address;
    bool clean, mqtt5;
    int keepalive_seconds;
};

/* Of who is refused: for anything else, for a password that is not theirs, for their client id, for now. */
enum login_result {
    LOGIN_OK,
    LOGIN_DEFERRED,
    LOGIN_REFUSED,
    LOGIN_BAD_SIG,
    LOGIN_BAD_CLIENT_ID,
    LOGIN_BANNED,
    LOGIN_BUSY
};

/* BASIC_AUTH. Checks userID, client id and userSig, creates user and device, makes the session. Refusals are
 * logged in one line with userID, client id, address, code and its text. */
enum login_result session_login(struct chat *chat, const struct login *login);
/* CONNECT of 2.1. Who was not asked for a password (use_identity_as_username) and names a client id that is not
 * for them is closed at once, before anything queued for it is flushed. */
void session_connected(struct chat *chat, const struct mosquitto *client, const char *client_id);
/* BASIC_AUTH between RELOAD and the next TICK: the broker asks again for everyone. Changes nothing. */
enum login_result session_recheck(struct chat *chat, const struct login *login);
/* With `other_users`, as the option says: is it the login of somebody who is no chat user, for others to check? Who has no user name,
 * or a password that is no userSig, good or bad. Any thread. */
bool login_is_others(int other_users, const char *user, const char *password);
/* TICK: the first one of a session. By now the broker has given a kept session its subscriptions, or it has
 * none: ours are restored or forgotten (where that fails, at a later TICK); who lost its place while it was
 * away is told and closed. A bounded number a turn. */
bool logins_tick(struct chat *chat);

#endif
