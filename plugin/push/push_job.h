/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One row of the push queue when it is due: what message it stands for now, whether anybody still wants it,
 * and how it is written for a worker. Reads the store, changes nothing. Broker thread only. */
#ifndef PLUGIN_PUSH_PUSH_JOB_H
#define PLUGIN_PUSH_PUSH_JOB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acl/identity.h"

struct chat;
struct conversation;
struct member;

enum push_state { JOB_WAITS, JOB_OUT, JOB_FAILED, JOB_DEAD };

/* Texts are borrowed from the statement: good until its next step. */
struct push_row {
    int64_t job, conversation, message, handed, due, created; /* conversation may be BADGE_CONVERSATION */
    int attempt;
    enum push_state state;
    bool only_this;
    const char *client, *user;
    const char *provider, *business, *token; /* NULL: none */
    int64_t token_time;                      /* when the device said it last; 0: not known */
};
/* A row of R_PUSH_DUE. */
void push_row_read(sqlite3_stmt *statement, struct push_row *row);

/* What a row stands for: a message, or the badge alone. */
struct push_target {
    struct conversation *conversation; /* NULL: it is no more, or it is a badge */
    struct member *member;             /* NULL: the same */
    int64_t id, time;                  /* of the message; of a badge: 0, and when it fell last */
    char sender[USER_ID_MAX + 1];
    char *body;
    size_t body_len;
};

enum push_verdict {
    PUSH_WANTED,
    PUSH_OVER, /* token gone, read, received, expired, replaced, left: the row can go */
    PUSH_LATER /* it cannot be told now: the store cannot be read, out of memory */
};
/* Fills `target`; to be cleared whatever comes out. */
enum push_verdict push_job_find(struct chat *chat, const struct push_row *row, struct push_target *target);
void push_target_clear(struct push_target *target);

/* The job as a worker gets it (docs/protocol.md, Push), for cJSON_free. NULL: out of memory, or a badge cannot be
 * reckoned now. */
char *push_job_print(struct chat *chat, const struct push_row *row, const struct push_target *target,
                     int attempt);

#endif
