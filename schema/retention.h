/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is older than retention_days goes, a few rows at a time: messages, devices nobody has used since,
 * groups that were dismissed before; and the file gives their space back. Part of the writer thread, on its
 * connection, between its transactions.
 *
 * Here is decided what goes next. It goes in a frame, like all else that changes: the broker thread puts it. So
 * whoever executes the same frames has the same rows, whatever its clock says.
 *
 * Messages go in the order of their ids, so that those left are all those from an id on, of every
 * conversation. One whose time is still to come (the clock was wrong for a while) goes with its neighbours.
 * The newest stays however old it is: it tells the next start how far the ids are. */
#ifndef SCHEMA_RETENTION_H
#define SCHEMA_RETENTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retention;

/* Records of one frame; each has one number. */
#define RETENTION_RECORDS 12
struct retention_plan {
    size_t count;
    struct {
        uint16_t op;
        int64_t parameter;
    } records[RETENTION_RECORDS];
};

/* Prepares its statements; `db` is borrowed. -1: a sentence in `error`. */
__attribute__((warn_unused_result)) int retention_open(struct retention **out, sqlite3 *db, char *error,
                                                       size_t error_size);
void retention_free(struct retention *retention); /* NULL is fine */
/* What goes next: one small step of each kind, for what is older than `now - keep` (now: milliseconds since 1970,
 * keep: milliseconds). Reads only. false: nothing is so old. */
bool retention_next(struct retention *retention, int64_t now, int64_t keep, struct retention_plan *plan);
/* The messages of a step were removed, which took so long: the next step has more of them, or less. */
void retention_note(struct retention *retention, int64_t us);
/* Pages of the file that hold nothing any more, a few at a time; true when there may be more. */
bool retention_give_back(const struct retention *retention);
/* No message below this id is left; 0: there was none at retention_open, and none has gone since. It only rises. */
int64_t retention_first_id(struct retention *retention);

#endif
