/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The push queue on the broker's side. A job row waits in the store for a device and a conversation; it
 * stands for the newest message there that the user would be told about. Jobs are handed to workers (admin
 * clients subscribed to chat/push), leased, retried with back-off, kept as dead.
 *
 * push_put is all a message costs: one record, executed by the writer thread over the members that are away,
 * and not even that while every device that could want one has a job waiting (conversation->push_queued).
 * That flag is cleared by whatever may make a new job possible: a job goes out or ends, a device goes away or
 * gets a token, members come. */
#ifndef PLUGIN_PUSH_PUSH_H
#define PLUGIN_PUSH_PUSH_H

#include "acl/identity.h"
#include "schema/log.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct session;
struct user;

__attribute__((warn_unused_result)) int push_open(struct chat *chat);
void push_close(struct chat *chat);

/* With a message, in its frame: jobs for who is to be told. `message->push` says whether and whom;
 * at/at_count are users named. */
void push_put(struct chat *chat, struct conversation *conversation, const struct message *message,
              char (*at)[USER_ID_MAX + 1], size_t at_count);
/* Something changed for this user's devices (went away, got a token, background): his conversations may want
 * jobs again. */
void push_user_changed(struct chat *chat, struct user *user);

/* At the end of a session, in its frame: what was handed to this device with ids above `after` may have got
 * lost with the connection. Jobs for the conversations where its user has not read it, if the device has a
 * token. */
void push_put_handed(struct chat *chat, const struct session *session, int64_t after);

/* In the open frame: the device's token goes, with its jobs. */
void push_put_token_lost(struct chat *chat, const char *client);
/* The same for all devices of the user; the tokens in the database end with its devices (devices_end). */
void push_put_tokens_lost(struct chat *chat, const struct user *user);
/* The first one in memory only: the records are the caller's. */
void push_token_lost(struct chat *chat, const char *client);

/* SUBSCRIBE / UNSUBSCRIBE of chat/push, and the end of a worker's session: its jobs go to the next at
 * once. */
void push_worker_add(struct chat *chat, struct session *session);
void push_worker_remove(struct chat *chat, struct session *session);
/* TICK: hands due jobs to workers, a bounded number a turn; lets leases end; drops what is expired. true: a
 * worker waits for jobs that are about to come, the next tick should be soon. */
bool push_tick(struct chat *chat);

/* The commands. Each opens its own frame. CODE_OK or a code; CODE_BUSY: the ring is full. What is answered
 * twice, or is not known any more, is fine. */
int push_set_token(struct chat *chat, struct session *session, const char *provider, const char *business,
                   const char *token);
int push_remove_token(struct chat *chat, struct session *session);
int push_done(struct chat *chat, const int64_t *jobs, size_t count);
/* retry_after_seconds < 0: by the schedule (10 s, 20 s, ... at most 1 h; the 8th failure is the last).
 * `dead`: this one is the last. */
int push_failed(struct chat *chat, int64_t job, int64_t retry_after_seconds, const char *error,
                bool invalid_token, bool dead);
void push_counts(struct chat *chat, int64_t *pending, int64_t *dead);
/* The newest dead jobs, DEAD_GIVEN_MAX at most, as `dead` of `data`. What died a moment ago may be missing.
 * false: out of memory. */
#define DEAD_GIVEN_MAX 100
bool push_add_dead(struct chat *chat, cJSON *data);

#endif
