/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Some rows on their way to the broker, and what each kind of rows asks it: a kind says what the next request is, hears the
 * answers, and has settled each row at last. All it asks may be asked again after a broken connection. */
#ifndef CTL_IMPORT_BATCH_H
#define CTL_IMPORT_BATCH_H

#include <stdio.h>

#include "acl/command_table.h"
#include "ctl/import_rows.h"

#define BATCH_ROWS       100    /* what one command takes of users, members and messages */
#define BATCH_BYTES      160000 /* of the rows in it, as far as they are known to be long */
#define REQUEST_COMMANDS 50     /* what the broker takes in one request */

enum item_state { ITEM_OPEN, ITEM_NEW, ITEM_THERE, ITEM_REFUSED };

struct import_item {
    struct import_row row;
    enum item_state state;
    int step;    /* the kind's own: what is to be asked about it next */
    int command; /* of the request under way: the number of the one that it is in; -1: of none */
    /* Of a message */
    uint64_t conversation;
    int64_t time, random;
    bool sent;
    bool proving; /* the broker has taken it for one that it has: is it that? */
};

struct import_batch {
    const struct import_kind *kind;
    struct import_item items[BATCH_ROWS];
    int count;
    size_t bytes;
    int what[REQUEST_COMMANDS]; /* the kind's own: what each command of the request under way asks */
    bool under_way, over;       /* over: nothing is left to be asked */
    bool again;                 /* the broker is busy, and is to be asked once more after a moment */
    bool unread;                /* messages are to count as unread */
    bool proof;                 /* of one row, of which only is to be found out whether it is there */
    int64_t not_before;         /* ms of clock_steady */
    const char *name;           /* of the file */
    struct import_batch *next;
};

/* A request that is being written. */
struct import_request {
    FILE *out;
    int commands;
};

struct import_kind {
    const char *name; /* "users" */
    int under_way;    /* batches at a time */
    bool open;        /* there are other columns, too */
    /* Ended by TYPE_NONE. */
    void (*columns)(struct command_field out[COMMAND_FIELDS_MAX]);
    /* Looks at a row that fits the columns, and may refuse it. NULL: there is nothing to look at. */
    void (*prepare)(struct import_batch *batch, struct import_item *item);
    /* Writes the next request; none, when all rows are settled. */
    void (*ask)(struct import_batch *batch, struct import_request *request);
    /* The answer to its command of this number. */
    void (*hear)(struct import_batch *batch, int number, const cJSON *answer);
    /* The connection is another: what was under way may have been done or not. NULL: that makes no difference. */
    void (*forget)(struct import_batch *batch);
};

extern const struct import_kind import_users, import_groups, import_members, import_messages;

/* For kinds */

/* Adds a column: the field of that name of a list, with this need. */
void column_add(struct command_field out[COMMAND_FIELDS_MAX], const struct command_field *fields,
                enum field_name name, enum field_need need);
/* A member of the row; "" where there is none. */
const char *item_text(const struct import_item *item, enum field_name name);
bool item_has(const struct import_item *item, enum field_name name);

/* {"command":name}; NULL: out of memory. */
cJSON *command_new(enum command_number number);
/* A copy of the row's member goes into `object`, if it is there. */
void command_copy(cJSON *object, const struct import_item *item, enum field_name name);
/* Adds it to the request as that which asks `what`, and deletes it. Returns its number. */
int request_add(struct import_batch *batch, struct import_request *request, cJSON *command_take, int what);

/* A row is settled as refused: "users.csv:17: WHY". */
__attribute__((format(printf, 3, 4))) void item_refuse(const struct import_batch *batch,
                                                       struct import_item *item, const char *format, ...);
/* ... with the code and the error of an answer. */
void item_refuse_for(const struct import_batch *batch, struct import_item *item, const cJSON *answer);

int answer_code(const cJSON *answer);
/* Is the broker busy? Then the batch is marked to be asked again. */
bool answer_is_busy(struct import_batch *batch, const cJSON *answer);
/* A list in its data; NULL: none. */
const cJSON *answer_list(const cJSON *answer, const char *name);
/* Numbers and texts of an object; 0 and "" where there are none. */
int64_t number_of(const cJSON *object, const char *name);
const char *text_of(const cJSON *object, const char *name);

#endif
