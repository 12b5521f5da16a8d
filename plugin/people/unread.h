/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a member has not read: others' messages with content after the read position, without quiet ones
 * (`noUnread`), and without those recalled, or deleted by the member, since. Counted from numbers kept per
 * member and conversation (schema/0001_init.sql, 0002), so that it costs the same however much is unread. Exact
 * also for what is not committed yet. Where the store cannot be read (store_reads_failed tells), an answer is a
 * guess. Broker thread only. */
#ifndef PLUGIN_PEOPLE_UNREAD_H
#define PLUGIN_PEOPLE_UNREAD_H

#include <stdbool.h>
#include <stdint.h>

struct chat;
struct conversation;
struct member;
struct user;

/* Does anything in it count as unread? Pairs but with @system, Private and Public groups that live. */
bool unread_counted(const struct conversation *conversation);
/* 0 where the type does not count. Reads the store only where something after the read position was recalled
 * or deleted, or where retention has taken messages after it. */
int64_t member_unread(struct chat *chat, struct member *member);
/* Does an unread message of somebody else name the member, or all? May read the log. */
bool member_at_me(struct chat *chat, struct member *member);
/* In the open frame: moves the read position to the message id, at most to the last one, never back. true: it
 * has moved. May read the log. */
bool member_read(struct chat *chat, struct member *member, int64_t id);
/* The sum over all conversations that count (pairs but with @system, Private and Public: docs/rules.md).
 * Loads the user's memberships; 0 where that fails. */
int64_t user_total_unread(struct chat *chat, struct user *user);
/* Up to which message the member has read. Where a conversation begins with what was imported as read, that is. */
int64_t member_read_id(const struct member *member);

#endif
