/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Messages that the server itself sends: tips in a group, notices in an inbox. They are put into the frame of
 * the command that causes them, so that both are durable or neither, and handed out when that frame has been
 * committed. */
#ifndef PLUGIN_DELIVERY_ANNOUNCE_H
#define PLUGIN_DELIVERY_ANNOUNCE_H

#include "acl/rules.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct user;

/* Members that are NULL or 0 are left out. Everything is borrowed. */
struct tips {
    enum tips_kind kind; /* decides by the group's type whether it is stored, delivered only, or nothing */
    const char *type;    /* "join", "kick", ... as the protocol says */
    const char *by;
    const char *const *members;
    size_t member_count;
    size_t count;      /* of those it is about, where not all are named */
    const cJSON *info; /* changed fields */
    const char *reason;
    const char *text;
    bool last; /* the group ends with it */
};

struct notice {
    const char *type;
    const char *group;
    const char *by;
    const char *reason;
    const char *text;
};

/* Before store_begin, for everyone who will get a notice: reads his inbox, so that command_begin notices a
 * store that cannot be read. */
void announce_expect(struct chat *chat, const char *user_id);
/* In the open frame. Out of memory: the command goes through, the announcement is missing (logged). */
void announce_tips(struct chat *chat, struct conversation *conversation, const struct tips *tips);
/* Has the group room for one more tip now? It has group_rate of them a second, besides its messages; who leaves, is
 * removed or muted is told of all the same. */
bool announce_tips_fit(const struct chat *chat, struct conversation *conversation);
/* What is told to the group in another way counts as one of them. */
void announce_tip_taken(const struct chat *chat, struct conversation *conversation);
void announce_notice(struct chat *chat, struct user *to, const struct notice *notice);
/* In two steps, where many get the same: the body, malloc'ed, NULL when memory is out; and to each of
 * them. */
char *announce_body(const struct notice *notice);
void announce_notice_body(struct chat *chat, struct user *to, const char *body);
/* The message `id` of this conversation has been recalled: to everybody in it, as a message of its own. */
void announce_recall(struct chat *chat, struct conversation *conversation, const char *by, int64_t id,
                     const char *reason);
/* A message has been edited: the same, with the text `body` behind the stamp. */
void announce_edit(struct chat *chat, struct conversation *conversation, const char *by, int64_t id,
                   const char *body);
/* What `sender` has written here, up to and with the message `id`, has been purged: the same. */
void announce_purge(struct chat *chat, struct conversation *conversation, const char *by, const char *sender,
                    int64_t id);
/* Instead of store_commit, the end of a frame in which something was announced: it is handed out. */
void announce_commit(struct chat *chat);
/* Hands out tips that are not stored, which need no frame. */
void announce_hand_out(struct chat *chat);

#endif
