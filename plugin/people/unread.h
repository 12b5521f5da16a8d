/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a member has not read: others' messages with content after his read position, without those recalled
 * or deleted by him since. Counted from numbers kept per member (schema/0001_init.sql), so that it costs the
 * same however much is unread. */
#ifndef PLUGIN_PEOPLE_UNREAD_H
#define PLUGIN_PEOPLE_UNREAD_H

#include <stdbool.h>
#include <stdint.h>

struct chat;
struct member;
struct user;

/* 0 where the type does not count. Reads the store only where something was recalled or deleted after his
 * read position. */
int64_t member_unread(struct chat *chat, struct member *member);
/* Does an unread message of somebody else name him, or all? */
bool member_at_me(struct chat *chat, struct member *member);
/* Moves the read position to the message id (at most the last one), in the open frame; never back. true when
 * it moved. May read the log. */
bool member_read(struct chat *chat, struct member *member, int64_t id);
/* Sum of unread over all conversations that count (RULES: pairs, Private, Public; not @system). Exact: also
 * what is not yet committed. Loads memberships. */
int64_t user_total_unread(struct chat *chat, struct user *user);

#endif
