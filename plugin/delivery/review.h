/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What somebody has to look at before others see it: the option `review`. The rules have accepted it, it is in the
 * store and acked, and nobody has been given it.
 *
 * Reviewers are administrators subscribed to chat/review. Each review goes to one of them, who decides by the command
 * `reviewed`; what one has who leaves goes to the others. When nobody decides in review_seconds, or nobody has been
 * there to decide for ten seconds, it is as review_default says. What becomes of a review only its kind knows (struct
 * review_kind), which also takes it out of the store, in the frame of what it becomes.
 *
 * Reviews of one conversation pass in the order in which they came: one that may pass waits for those before it. After
 * a restart all of them are here again, and their time begins anew. What waits is bounded, in number, in bytes and for
 * each user. Broker thread only. */
#ifndef PLUGIN_DELIVERY_REVIEW_H
#define PLUGIN_DELIVERY_REVIEW_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/keyed_hash.h"

struct chat;
struct review_lane;
struct reviewer;
struct session;

#define REVIEWS_MAX       10000
#define REVIEWS_BYTES_MAX ((size_t)64 << 20)
#define REVIEWER_MAX      500 /* with one reviewer */

/* Of one user. */
#define USER_REVIEWS_MAX       1000
#define USER_REVIEWS_BYTES_MAX ((size_t)8 << 20)

enum review_action { REVIEW_PASS, REVIEW_REFUSE, REVIEW_DROP, REVIEW_REPLACE };

/* Texts are borrowed. */
struct review_verdict {
    enum review_action action;
    int code;             /* REVIEW_REFUSE */
    const char *error;    /* the same; "": the code's own text */
    const char *text;     /* REVIEW_REPLACE: a JSON object in the place of the review's */
    const cJSON *refused; /* REVIEW_PASS: users for whom an invitation is refused; NULL: none */
    bool by_default;      /* by review_default: nobody has decided in time */
};

/* What is looked at. Its texts are its own. */
struct review {
    int64_t number; /* rises, over restarts too */
    const struct review_kind *kind;
    const char *sender, *client, *platform, *address; /* who has sent it, and from where */
    const char *topic;                                /* where it is addressed to; "": nowhere */
    const char *text;                                 /* the message, or the command: a JSON object */
    int64_t time;                                     /* when it came, ms */
    int64_t random;                                   /* of a message; 0: none */
    int64_t about;                                    /* the id that is edited; 0: it is no edit */
    int qos;
    void *own; /* the kind's, or NULL */

    /* All below: review.c. */
    const char *to; /* userID or groupID, in `topic`; NULL: none */
    bool group;     /* ... is a group's */
    int64_t since;  /* chat->steady when it began to wait in this life */
    bool passed;    /* it waits for those before it only */
    char *replaced; /* ... with this text in the place of its own; NULL: with that */
    int doom;       /* a code: whom it was for, or whom it came from, is not there any more; 0: they are */
    size_t bytes;
    struct reviewer *reviewer;              /* who is to decide; NULL: nobody yet, or no more */
    struct review *prev, *next;             /* all, by number */
    struct review *queue_prev, *queue_next; /* those of one reviewer; of nobody yet; or doomed */
    struct review_lane *lane;               /* NULL: it need not keep any order */
    struct review *lane_prev, *lane_next;   /* ... with these */
    UT_hash_handle hh;                      /* messages with `random`, by `key` */
    char *key;
    char texts[];
};

struct review_kind {
    int number;       /* a column of the store: never change it */
    const char *name; /* how reviewers are told the text: "message" */
    bool ordered;     /* within its conversation */
    bool replaceable; /* REVIEW_REPLACE may come */
    bool command;     /* it came by one: it leaves room in the ring for messages */
    /* It is decided, and its turn. true: that is done, and the store has no more of it (review_put_end, review_end);
     * false: not now (the ring is full, memory is out), and it is to stay. */
    bool (*end)(struct chat *chat, struct review *review, const struct review_verdict *verdict);
    void (*free)(void *own); /* NULL: nothing is to be freed */
};

/* `kinds`, ended by NULL, live as long as the plugin. Loads what the last life has left. 0, or -1: out of memory, or
 * the store cannot be read. */
__attribute__((warn_unused_result)) int reviews_open(struct chat *chat,
                                                     const struct review_kind *const *kinds);
/* Takes what was never opened. */
void reviews_close(struct chat *chat);
/* Ends what is due and gives out what waits, some of it a turn. true: there is more. */
bool reviews_tick(struct chat *chat);

/* Something that the option wants to be looked at, by this sender, to there ("": to nobody). CODE_OK: it is to wait
 * (review_begin), or to go on as it is where nobody can look at it and that is the default. A code: it is refused, by
 * default or since as much of this sender waits as may (CODE_TOO_FAST). */
__attribute__((warn_unused_result)) int review_check(const struct chat *chat, const struct review_kind *kind,
                                                     const char *sender, const char *topic, bool *waits);
/* Takes what `plan` says, in a frame of its own: it is in the ring then, and perhaps with a reviewer. Texts are copied;
 * `own` is taken over. NULL: not now, nothing has changed, and `own` is the caller's. */
struct review *review_begin(struct chat *chat, const struct review *plan);
/* Does a message of this sender, to there and with this `random`, wait already? */
bool review_is_waiting(const struct chat *chat, const char *sender, const char *topic, int64_t random);
/* In the open frame: the store has no more of it. */
void review_put_end(struct chat *chat, const struct review *review);
/* The same in a frame of its own; false: the ring is full. */
__attribute__((warn_unused_result)) bool review_end(struct chat *chat, const struct review *review);
/* The device that has sent it; NULL: it is not connected, or another user's by now. */
struct session *review_device(struct chat *chat, const struct review *review);

/* The code of a refusal. One that a reviewer has chosen is taken where it is of those he may choose from. */
int review_code(const struct review *review, int64_t chosen);
/* The same without a review: for what is addressed there. */
int review_default_code(const char *topic);

/* A review that this session has to decide; NULL: it has none of that number. */
struct review *review_of(const struct chat *chat, const struct session *session, int64_t number);
/* CODE_OK; CODE_BUSY: not now, it stays with the reviewer. */
__attribute__((warn_unused_result)) int review_decide(struct chat *chat, struct review *review,
                                                      const struct review_verdict *verdict);

/* SUBSCRIBE to chat/review (false: out of memory); UNSUBSCRIBE, and the end of the session or of its rights, where one
 * that is no reviewer is fine. */
__attribute__((warn_unused_result)) bool reviewer_add(struct chat *chat, struct session *session);
void reviewer_remove(struct chat *chat, const struct session *session);
/* What an MQTT 5 client calls its subscription to chat/review (0: nothing, or Mosquitto 2.0), to be set; NULL: it has
 * none. */
uint32_t *reviewer_identifier(struct chat *chat, const struct session *session);

/* A user was deleted, a group has ended: what waits of them, or for them, is refused soon. */
void reviews_lose_user(struct chat *chat, const char *user_id);
void reviews_lose_group(struct chat *chat, const char *group_id);

#endif
