/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Ending a connection from our side: what there is to say is queued, then flushed, and only then the
 * connection is closed. And when a running session's userSig expires. Broker thread only. */
#ifndef PLUGIN_LIFE_CLOSING_H
#define PLUGIN_LIFE_CLOSING_H

#include "plugin/session/device.h"
#include "plugin/session/session.h"
#include <stdbool.h>
#include <stdint.h>

struct chat;
struct user;

/* -1: out of memory. */
__attribute__((warn_unused_result)) int closing_open(struct chat *chat);
/* When no session is left. What was never opened is fine. */
void closing_close(struct chat *chat);

/* Closes the connection once everything queued for it so far has been written, and its device has had half a
 * second to read that. One that has to go already is fine. */
void session_close_soon(struct chat *chat, struct session *session);
/* The event forceOffline, then the close. */
void session_force_offline(struct chat *chat, struct session *session, const struct displacement *why);
/* The same to every session of the user; what one still sends until it is closed is refused. */
void sessions_force_offline(struct chat *chat, const struct user *user, enum offline_reason reason);
/* Is its end under way? Then it gets no push token, and its userSig cannot be renewed. */
static inline bool session_leaves(const struct session *session)
{
    return session_closing(session) || session->login.farewell;
}

/* The device has to go, in the open frame: its place, its push token and the jobs for it. It is to be told:
 * now, by the caller (session_force_offline), when it is connected, or else at its next login. */
void device_lose_place(struct chat *chat, struct user *user, const struct device_entry *device,
                       const struct displacement *why);
/* The same for all devices of the user; none of them is to be told at its next login. */
void devices_lose_all(struct chat *chat, struct user *user);

/* From login on the session ends when its userSig does (second `expires`). false: out of memory. */
__attribute__((warn_unused_result)) bool expiry_watch(struct chat *chat, struct session *session,
                                                      int64_t expires_seconds);
/* It ends then instead. */
void expiry_renew(struct chat *chat, struct session *session, int64_t expires_seconds);
/* The session has ended. */
void expiry_unwatch(struct chat *chat, struct session *session);

/* TICK: what is to be said to expired ones, and closes; a bounded number a turn. true: there is more. */
bool closing_tick(struct chat *chat);

#endif
