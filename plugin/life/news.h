/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What who listens to everything is told of connections: that one has begun, once, and how it has ended, once. A
 * connection that is taken over by the same client id goes on as the newer one: then a login is all that is told. Noted
 * down for each connection, whether anybody listens or not. Broker thread only. */
#ifndef PLUGIN_LIFE_NEWS_H
#define PLUGIN_LIFE_NEWS_H

#include <stdbool.h>

struct chat;
struct displacement;
struct session;

/* Its first TICK: by now it is sure that it is there. One that was let in only to hear its farewell has not logged in. */
void news_login(struct chat *chat, struct session *session);
/* It gets forceOffline, for the first time. */
void news_kicked(struct chat *chat, struct session *session, const struct displacement *why);
/* It is closed for a reason of its own: "logout", "expired". */
void news_closing(struct chat *chat, struct session *session, const char *action);
/* The connection has ended; `alone`: there is no other with its client id, older or newer. Nothing is told where the
 * reason was told before. */
void news_end(struct chat *chat, struct session *session, bool alone, bool lost);

#endif
