/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What puts jobs into the push queue (push.h): messages, and what a device that went was handed.
 *
 * push_put is all a message costs: one record, executed by the writer thread over the members that are away,
 * and not even that while every device that could want one has a job waiting (conversation->push_queued).
 * That flag is cleared by whatever may make a new job possible: a job goes out or ends, a device goes away or
 * gets a token, members come. Broker thread only. */
#ifndef PLUGIN_PUSH_PUSH_PUT_H
#define PLUGIN_PUSH_PUSH_PUT_H

#include "acl/identity.h"
#include "schema/log.h"
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct session;
struct user;

/* With a message, in its frame: jobs for who is to be told. `message->push` says whether and whom;
 * at/at_count are users named. */
void push_put(struct chat *chat, struct conversation *conversation, const struct message *message,
              char (*at)[USER_ID_MAX + 1], size_t at_count);
/* Something changed for this user's devices (went away, got a token, background): his conversations may want
 * jobs again. */
void push_user_changed(struct chat *chat, struct user *user);

/* At the end of a session, in its frame, in which the device's cursors are those of before the doubt
 * (subscriptions_put_doubtful): what was handed to it with ids above these may have got lost with the connection. Of
 * what none of its filters is about, what has an id above `after` has not come at all. Jobs for the conversations where
 * its user has not read it, if the device has a token. `after` INT64_MAX: for none. */
void push_put_handed(struct chat *chat, const char *client, int64_t after);

#endif
