/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How much the broker holds for a client that does not read: whatever the plugin has given to it for this session,
 * answers and events as well as messages, at any QoS, less what TCP says has come to the client. Mosquitto 2.0
 * sets no limit to what is at QoS 0, and never frees what it drops for want of room. So the plugin has a bound
 * of its own, well below the broker's; whose backlog is over it is given nothing until it is down to half. Broker
 * thread only. */
#ifndef PLUGIN_SESSION_BACKLOG_H
#define PLUGIN_SESSION_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin/session/session.h"

struct chat;

/* Given to the broker for it. Where nobody can be told at once (backlog_check) it is found at the next chance. */
static inline void backlog_add(struct session *session, size_t len)
{
    session->backlog.bytes += (int64_t)len;
    session->backlog.messages++;
}

/* Looks what has become of it. */
void backlog_look(struct chat *chat, struct session *session);

/* Says true, which makes backlog_sheds short. */
bool backlog_count_shed(struct chat *chat);

/* Is it over the bound? Often free: looks when much has been added only. */
static inline bool backlog_over(struct chat *chat, struct session *session)
{
    if (session->backlog.bytes >= session->backlog.look_bytes ||
        session->backlog.messages >= session->backlog.look_messages)
        backlog_look(chat, session);
    return session->backlog.over_since != 0;
}

/* Is what is not stored dropped, since nobody reads it? Counts it then. */
static inline bool backlog_sheds(struct chat *chat, struct session *session)
{
    return backlog_over(chat, session) && backlog_count_shed(chat);
}

/* Is it so far over the bound that not even a refusal is to be added? */
bool backlog_far_over(struct chat *chat, struct session *session);
/* Has it been over the bound for a keepalive, in which nothing came to the client? */
bool backlog_stuck(const struct chat *chat, const struct session *session);
/* Those that are over the bound, over backlog.next. NULL: none. */
struct session *backlogs_over(const struct chat *chat);
/* The session ends. */
void backlog_end(struct chat *chat, struct session *session);

#endif
