/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Transient events on chat/user/<self>/event, straight to one client, never stored. QoS 1, or 0 where the
 * inbox was subscribed at 0. Everything is borrowed. Out of memory: the event is missing. Broker thread
 * only. */
#ifndef PLUGIN_DELIVERY_EVENT_H
#define PLUGIN_DELIVERY_EVENT_H

#include "plugin/session/actor.h"
#include "plugin/session/device.h"
#include <cjson/cJSON.h>
#include <stdint.h>

struct chat;
struct conversation;
struct displacement;
struct erasure;
struct member;
struct user;

/* One that is written already. */
void event_send(struct session *session, const char *text);
/* A refused publish. random 0: it had none. `reason` may be "" (the code's text is used then). */
void event_rejected(struct chat *chat, struct session *session, const char *topic, int code,
                    const char *reason, int64_t random);
/* To everyone connected who is in the group; `changed` are the fields with their new values. */
void event_group_info(struct chat *chat, struct conversation *group, const cJSON *changed);
/* The group's attributes have changed, by `writer`, who is not told (NULL: nobody's device): to everyone connected who
 * is in it; `changed` has what was `set` and what was `delete`d, and becomes the event. In a live group it is one
 * publish on the group's own topic, however many listen. */
void event_attributes(struct chat *chat, const struct session *writer, struct conversation *group,
                      cJSON *changed, int64_t version);
/* A replay was cut: history before `before` has the rest. */
void event_more(struct session *session, const char *topic, int64_t before);

/* The reader's position in a pair has moved: to the other side's devices. */
void event_read(struct chat *chat, const struct user *reader, const struct conversation *conversation,
                int64_t id);
/* The same to the reader's other devices, all where it was read with none, with what is left unread. */
void event_unread(struct chat *chat, const struct actor *reader, struct member *member);

/* What a user has of a conversation is another now, and no message says so: to their devices but the one that has done
 * it. `name` is "pinned", "receiveOption" or "member", and `value` is JSON. */
void event_conversation(const struct actor *by, const struct user *user,
                        const struct conversation *conversation, const char *name, const char *value);
/* ... they have come into the group, or are out of it. */
void event_member(const struct actor *by, const struct user *user, const struct conversation *group,
                  bool member);

/* Is the client given events? Not while too much waits for it (backlog.h). */
bool event_is_heard(const struct session *session);
/* How many were not sent, since their device does not read. */
uint64_t events_shed(void);

/* To the deleter's other devices: these messages (`ids` is borrowed), or the whole conversation, are gone. */
void event_deleted(struct chat *chat, const struct actor *deleter, const cJSON *ids);
void event_deleted_conversation(struct chat *chat, const struct actor *deleter,
                                const struct conversation *conversation, bool kept);
/* The same to one that was away: a conversation, or `count` messages from this one on, DELETE_MAX at most. false: out
 * of memory. */
__attribute__((warn_unused_result)) bool event_erased(struct chat *chat, struct session *session,
                                                      const struct erasure *first, size_t count);
/* What `sender` has written in this conversation up to and with the message `id` has lost its content: to
 * everyone connected who is in it, but not to the sender of a pair. */
void event_purged(struct chat *chat, struct conversation *conversation, const char *sender, int64_t id);
/* The last words before a close: why, and whose device it gave way to. */
void event_force_offline(struct session *session, const struct displacement *why);
/* How that says the reason. */
const char *event_reason(enum offline_reason reason);
void event_sig_expired(struct session *session);

/* Until when this user may not send to the group (ms; 0: they may again): to all their devices. */
void event_muted(const struct user *user, const struct conversation *group, int64_t until);

/* Until when this user may not come into the live group (ms; 0: they may again): to all their devices. */
void event_banned(const struct user *user, const struct conversation *group, int64_t until);

/* The status of a watched user has changed, at `time` (ms). */
void event_status(struct session *session, const struct user *user, const char *status, int64_t time);

#endif
