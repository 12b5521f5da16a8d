/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a topic or a filter means, and how ours are written. Pure: no memory, no broker, any thread. Who may
 * use one is decided by rules.h and by the caller, who knows whether `name` is the client's own userID. */
#ifndef ACL_TOPIC_H
#define ACL_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#include "acl/identity.h"

/* Topics that name nobody. */
#define PUSH_TOPIC       "chat/push"
#define REVIEW_TOPIC     "chat/review"
#define EVERYTHING_TOPIC "chat/feed"
#define CONTROL_TOPIC    "$CONTROL/chat/v1"
#define RESPONSE_TOPIC   "$CONTROL/chat/v1/response"
#define UPLOAD_TOPIC     "chat/upload/"      /* and <uploadID>/<n> */
#define STATS_TOPIC      "$SYS/broker/chat/" /* and the counter's name */

enum topic_kind {
    TOPIC_OTHER,      /* outside chat/, $CONTROL/chat/ and $SYS/broker/chat/: none of our business */
    TOPIC_INBOX,      /* chat/user/<userID> */
    TOPIC_FEED,       /* chat/user/<userID>/# (filters only) */
    TOPIC_FEED_GROUP, /* chat/user/<userID>/group/<groupID>: what a feed delivers on; nobody publishes or
                         subscribes it */
    TOPIC_GROUP,      /* chat/group/<groupID> */
    TOPIC_EVENT,      /* chat/user/<userID>/event */
    TOPIC_PUSH,       /* chat/push */
    TOPIC_EVERYTHING, /* chat/feed */
    TOPIC_REVIEW,     /* chat/review */
    TOPIC_UPLOAD,     /* chat/upload/<uploadID>/<n> */
    TOPIC_CONTROL,    /* $CONTROL/chat/v1 */
    TOPIC_RESPONSE,   /* $CONTROL/chat/v1/response */
    TOPIC_STATS,      /* $SYS/broker/chat/...; for filters: exactly $SYS/broker/chat/# or a topic below it */
    TOPIC_CLOSED /* any other topic or filter of ours, $share/.../chat/... and $share/.../$CONTROL/chat/...
                    included: nobody may publish or subscribe it */
};

struct topic {
    enum topic_kind kind;
    /* userID or groupID, inside the text given, not NUL-terminated; NULL where there is none */
    const char *name;
    size_t name_len;
};

/* A topic a message is published or delivered on (no wildcards). An inbox, event or group topic whose id is
 * not of a valid shape is TOPIC_CLOSED. `topic` is NUL-terminated and borrowed. */
struct topic topic_parse(const char *topic);

/* A filter as it stands in SUBSCRIBE, $share/<name>/ included. Every filter whose first level (after
 * $share/<name>/) is `chat`, other than the ones above written exactly, is TOPIC_CLOSED; so is $share of one
 * that is allowed alone.
 * `#`, `+/...`, `$SYS/#` are TOPIC_OTHER: what they would match of ours is withheld per message. */
struct topic filter_parse(const char *filter);

/* Does it name this user or group? */
bool topic_names(const struct topic *topic, const char *id);
/* The name, NUL-terminated; the longest is a group's. */
void topic_copy_name(char out[GROUP_ID_MAX + 1], const struct topic *topic);

/* Printing, for ids of valid shape: what is printed parses back. `out` has TOPIC_MAX bytes. */
#define TOPIC_MAX (sizeof "chat/user//group/" + USER_ID_MAX + GROUP_ID_MAX)
void topic_print_inbox(char *out, const char *user);
void topic_print_feed(char *out, const char *user); /* the filter */
void topic_print_feed_group(char *out, const char *user, const char *group);
void topic_print_event(char *out, const char *user);
void topic_print_group(char *out, const char *group);

/* Is it the topic of this group? */
bool topic_is_group(const char *topic, const char *group);

#endif
