/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The badge that falls. When a user has less unread than before (read on another device, recalled, deleted), phones
 * that nobody is looking at still show the old number. Each of them gets a silent job, a row of the push queue without
 * a conversation: due two seconds after the fall, and ten seconds after the last one of that phone. What it tells is
 * reckoned when it goes out. At most one waits per phone, so that of many falls the last state is told.
 *
 * A phone is a device with a push token of Apple's or Google's; a web hook gets messages only. With `push_badge` off
 * there are no such jobs, and those that wait end when they are due. Broker thread only. */
#ifndef PLUGIN_PUSH_PUSH_BADGE_H
#define PLUGIN_PUSH_PUSH_BADGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct chat;
struct conversation;
struct member;
struct message;
struct user;

/* In place of a row's conversation. */
#define BADGE_CONVERSATION 0

/* May the user have a phone? A point read the first time, then a comparison. Outside of a frame. No also where the
 * store cannot be read (store_reads_failed tells). */
bool badge_has_phone(struct chat *chat, struct user *user);

/* Before member_read: what badge_put_read is to be told. 0 where there is no phone. */
int64_t badge_before(struct chat *chat, struct user *user, struct member *member);
/* After member_read, in its frame: if fewer than `before` are unread, the phones of the reader, but this device, are
 * told; and where nothing is left to read, what waits to be pushed of the conversation goes. */
void badge_put_read(struct chat *chat, const struct actor *reader, struct member *member, int64_t before);
/* In the open frame: the user has less to read than before; the phones, but this device, are told. */
void badge_put_fallen(struct chat *chat, const struct actor *by);
/* In the open frame, which recalls the message: the phones of all who have not read it are told. */
void badge_put_recalled(struct chat *chat, const struct conversation *conversation,
                        const struct message *message);

#endif
