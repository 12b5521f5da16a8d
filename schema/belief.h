/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Is the clock right? Something was set, or the machine has started with a wrong one, if it is not where the clock that
 * runs since the machine was started says that it must be, or, after another start of the machine, not within a day
 * of when it was last seen. Then nothing may be removed for its age until that has been so for a day, or somebody who
 * knows says that it is right. Lasts over restarts: a row of the database.
 *
 * Times are in ms: `wall` since 1970 (clock_wall), `boot` since the machine was started (clock_boot). One thread. */
#ifndef SCHEMA_BELIEF_H
#define SCHEMA_BELIEF_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BELIEF_TOLERANCE_MS                                                                                  \
    60000 /* between two looks, of which there is one a second: a clock that is corrected */

struct belief {
    int64_t ahead;    /* of a believed clock: wall - boot */
    bool doubted;     /* the clock is another one */
    int64_t doubtful; /* ... which is so much ahead of boot, */
    int64_t since;    /* and was first seen then (boot) */
    bool known;       /* `ahead` is of this start of the machine */
    int64_t time;     /* the newest that was believed before it; 0: none */
};

enum belief_news {
    BELIEF_SAME,
    BELIEF_SHAKEN,   /* the clock has jumped: it is not believed */
    BELIEF_RETURNED, /* it is what it was before */
    BELIEF_CHANGED   /* the new one is believed now */
};

/* Looks at the clock. `checked`: the date on which somebody has said that the clock is right, as the number YYYYMMDD, UTC;
 * on that day, the one before and the one after it is. 0: nobody has. */
enum belief_news belief_look(struct belief *belief, int64_t wall, int64_t boot, int64_t checked);
/* What the time should be, as far as is known. */
int64_t belief_expected(const struct belief *belief, int64_t boot);

/* Reads the row; `boot_id` is the machine's, now, "" where it has none. -1: a sentence in `error`. */
__attribute__((warn_unused_result)) int belief_load(struct belief *belief, sqlite3 *db, const char *boot_id,
                                                    char *error, size_t error_size);
/* Writes it, in a transaction of its own; false: the disk does not let it. */
__attribute__((warn_unused_result)) bool belief_save(const struct belief *belief, sqlite3 *db,
                                                     const char *boot_id, int64_t boot);

#endif
