/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One command under way: what its function gets, and how it ends. Broker thread only. */
#ifndef PLUGIN_COMMANDS_COMMAND_H
#define PLUGIN_COMMANDS_COMMAND_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acl/command_table.h"
#include "acl/rules.h"
#include "plugin/session/actor.h"

struct chat;
struct control_request;
struct conversation;
struct member;
struct review;
struct review_verdict;
struct session;
struct user;

/* A field as it was checked. */
struct field_value {
    const cJSON *item; /* borrowed from the request; NULL: it is not there */
    int64_t number;
};

/* Whom and what the fields name that are looked up, and what the caller is there (access.h). */
struct access {
    struct user *user;                 /* of `userID`, `sender` or `owner` */
    struct conversation *conversation; /* NULL: none is named, or a pair that has not written yet */
    struct member *member; /* the caller; NULL: not in it, or in a live group by connection only */
    enum role role;        /* the caller's; in a live group whoever is there is a member */
};

/* What a command's function gets, and where it puts its answer. */
struct command {
    struct chat *chat;
    struct actor by;       /* the caller: whose command it is; with `as` that user, with no device */
    struct session *asker; /* who is answered, and pays; NULL: nobody, it has waited for a reviewer */
    const struct control_request *from; /* the publish it came in; NULL: the same */
    const cJSON *request;
    const char *text; /* the request as it was written (json_text.h) */
    struct field_value fields[FIELDS];
    struct access access;
    bool safe;            /* its answer says that something is stored (commands.def): reply.h */
    size_t walked;        /* conversations and members looked at in memory: account.h */
    size_t records_later; /* what it sets off will store: the same */
    size_t
        refused; /* of a list whose items are done one by one: the number, from 1, of the one at hand; 0: there is none */
    /* It has waited for a reviewer, and passes: waiting.h; NULL: it has just come, or what it committed has ended the
     * review. */
    const struct review *review;
    const struct review_verdict *verdict;
    cJSON *data;     /* an empty object: the answer's `data` */
    char error[200]; /* "" : the code's own text is used */
};

#define COMMAND_LATER (-1) /* later.h: no code; the answer comes by itself */

/* Called when the fields are as acl/commands.def wants them and what they name has been looked up. Returns 0,
 * a code of acl/code.h, or COMMAND_LATER. What it changed is durable (store_commit) when it returns 0; on a code nothing has
 * changed, but by the items before `refused`. */
typedef int command_function(struct command *command);

/* The fields, borrowed from the request. An optional text that is empty counts as absent. */
bool command_has(const struct command *command, enum field_name name);
/* Of any type that is a text; NULL: absent. */
const char *command_text(const struct command *command, enum field_name name);
/* Absent: the table's default. */
int64_t command_number(const struct command *command, enum field_name name);
/* Absent: false. */
bool command_bool(const struct command *command, enum field_name name);
/* NULL: absent; for cJSON_ArrayForEach that is an empty one. */
const cJSON *command_list(const struct command *command, enum field_name name);

/* Are both fields there, where one takes the place of the other? Then the error says so. */
bool command_has_both(struct command *command, enum field_name one, enum field_name other);

/* Sets the error of the answer; always CODE_BAD_REQUEST. */
__attribute__((format(printf, 2, 3))) int command_refuse(struct command *command, const char *format, ...);
/* For commands that change something, once all is checked: opens the frame. CODE_BUSY when the store has no
 * room now (for others than administrators already when only a quarter of the ring is left), or when something that was
 * looked up could not be read. */
int command_begin(struct command *command);
/* The same for a frame of at most `bytes`, as in store_begin_sized. */
int command_begin_sized(struct command *command, size_t bytes);
/* The end of every command's frame: it is durable, and what was announced in it is handed out. */
void command_commit(struct command *command);
/* The end of a command that has put something into `data`. complete = false: memory ran out on the way; no
 * answer is given then, the connection is closed. Always 0. */
int command_answered(struct command *command, bool complete);

#endif
