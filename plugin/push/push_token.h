/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which device has which push token, and what goes with one that is lost. Broker thread only. */
#ifndef PLUGIN_PUSH_PUSH_TOKEN_H
#define PLUGIN_PUSH_PUSH_TOKEN_H

struct chat;
struct session;
struct user;

/* In the open frame: the device's token goes, with its jobs. */
void push_put_token_lost(struct chat *chat, const char *client);
/* The same for all devices of the user; the tokens in the database end with its devices (devices_end). */
void push_put_tokens_lost(struct chat *chat, const struct user *user);
/* The first one in memory only: the records are the caller's. */
void push_token_lost(struct chat *chat, const char *client);
/* The commands. Each opens its own frame. CODE_OK or a code; CODE_BUSY: the ring is full. */
int push_set_token(struct chat *chat, struct session *session, const char *provider, const char *business,
                   const char *token);
int push_remove_token(struct chat *chat, struct session *session);

#endif
