/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What who listens to everything (listeners.h) is told besides messages: the other kinds of items of chat/feed. They are
 * told to who is connected and are not stored. Each kind has a function, for whoever makes it happen, to be called when
 * it has happened (after the frame); without a listener it does nothing. Out of memory, or where the store cannot be
 * read: the item, or a number in it, is missing. Everything is borrowed. Broker thread only. */
#ifndef PLUGIN_DELIVERY_HAPPENING_H
#define PLUGIN_DELIVERY_HAPPENING_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct displacement;
struct member;
struct profile;
struct session;
struct user;

/* `state`: how a connection has begun, or ended. */
void happening_state(struct chat *chat, const struct session *session, const char *action);
/* ... by forceOffline, whose reason this is. */
void happening_kicked(struct chat *chat, const struct session *session, const char *reason,
                      const struct displacement *why);

/* `group`. Members that are NULL or 0 are left out. */
struct group_happening {
    const char *action; /* "create", "join", ... as the protocol says */
    const struct conversation *group;
    const char *by;
    const char *const *members;
    size_t member_count;
    size_t count;             /* of those it is about, where not all are named */
    const cJSON *info, *more; /* what is new: the members of both */
    const char *reason;
};
void happening_group(struct chat *chat, const struct group_happening *what);
/* The group was made, by this one, with these members besides its owner. */
void happening_created(struct chat *chat, const struct conversation *group, const char *by,
                       const char *const *members, size_t count);
/* These have come into it, and perhaps it is full now. */
void happening_joined(struct chat *chat, const struct conversation *group, const char *by,
                      const char *const *members, size_t count, const char *reason);
/* These have left, or were removed, and perhaps the group has ended with the last of them. */
void happening_quit(struct chat *chat, const struct conversation *group, const char *member);
void happening_removed(struct chat *chat, const struct conversation *group, const char *by,
                       const char *const *members, size_t count, const char *reason);
/* One member has another role, or is the owner now. */
void happening_role(struct chat *chat, const struct conversation *group, const char *by, const char *member,
                    const char *role);
void happening_owner(struct chat *chat, const struct conversation *group, const char *by, const char *member);
/* One user is muted, or banned, until then (ms; 0: no longer): `name` is the member of `info` that says so. */
void happening_until(struct chat *chat, const struct group_happening *what, const char *name, int64_t until);
/* The end of a group, in two steps: before it the members are listed, and after it they are told of, which takes the
 * list over. NULL: nobody listens, or memory is out; nothing is told then. */
cJSON *happening_before_dismissal(struct chat *chat, struct conversation *group);
void happening_dismissed(struct chat *chat, const struct conversation *group, const char *by,
                         cJSON *members_take);

/* `read`: the member's read position has moved. */
void happening_read(struct chat *chat, struct member *member);
/* `profile`: what the user says is this now, and was that. */
void happening_profile(struct chat *chat, const struct user *user, const struct profile *before,
                       const struct profile *now);
/* `blacklist`: these are on the user's now (action "add"), or not any more ("remove"). */
void happening_blacklist(struct chat *chat, const struct user *user, const char *action,
                         const char *const *users, size_t count);
/* `rejected`: a publish was refused. At most 100 a second are told. */
struct rejection {
    const char *user, *client, *platform;
    const char *address; /* NULL: not known */
    const char *topic, *error;
    int code;
    int64_t random; /* 0: it had none */
};
void happening_rejected(struct chat *chat, const struct rejection *what);

/* `shed`: a live group has dropped a message. They are counted, and told once a second. */
void happening_shed(struct chat *chat, const struct conversation *group);
/* TICK. */
bool happenings_tick(struct chat *chat);
void happenings_close(struct chat *chat);

#endif
