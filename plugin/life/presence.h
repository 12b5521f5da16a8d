/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who is online, and who wants to know. A session watches users while it lasts; a change of a watched user is
 * told to each of them once, some a turn, at most one change a second: what came back to what was told is not
 * told, and the last state always is. A user whom nobody watches costs nothing. In memory only, broker thread
 * only. */
#ifndef PLUGIN_LIFE_PRESENCE_H
#define PLUGIN_LIFE_PRESENCE_H

#include <stdbool.h>

struct chat;
struct session;
struct user;

/* ONLINE: a device is connected in the foreground; BACKGROUND: all that are connected are in the
 * background. */
enum user_status { STATUS_OFFLINE, STATUS_BACKGROUND, STATUS_ONLINE };

/* -1: out of memory. */
__attribute__((warn_unused_result)) int presence_open(struct chat *chat);
/* When no session is left, and so no watch. What was never opened is fine. */
void presence_close(struct chat *chat);

enum user_status presence_status(const struct user *user);
/* As clients know it: "online", "background" or "offline". */
const char *presence_name(enum user_status status);

/* His devices have come, gone, or changed between foreground and background. */
void presence_changed(struct chat *chat, struct user *user);

/* From now on the session is told when the status is another than it is now. Twice is once. The caller sees
 * to WATCHED_MAX (session->presence.watching). false: out of memory. */
__attribute__((warn_unused_result)) bool presence_watch(struct chat *chat, struct session *session,
                                                        struct user *user);
bool presence_watches(const struct session *session, const struct user *user);
/* Who is not watched is fine. */
void presence_unwatch(struct chat *chat, struct session *session, const struct user *user);
/* The session ends, and all its watching. */
void presence_unwatch_all(struct chat *chat, struct session *session);

/* TICK. true: there is more to tell at the next one. */
bool presence_tick(struct chat *chat);

#endif
