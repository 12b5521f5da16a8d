/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the threads of the store have to say: lines that wait until the broker thread, which alone may write to the
 * broker's log, takes them. The lock is held for a copy of one line. */
#ifndef SCHEMA_LINES_H
#define SCHEMA_LINES_H

#include "schema/store_config.h"
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define LINES_MAX_WAITING 32
#define LINE_BYTES        500

struct line {
    enum store_log priority;
    char text[LINE_BYTES];
};

struct lines {
    pthread_mutex_t lock;
    struct line waiting[LINES_MAX_WAITING];
    size_t first, count;
};

void lines_init(struct lines *lines);
void lines_clear(struct lines *lines);
/* Any thread. A line for which there is no room, because nobody takes any, is lost. */
__attribute__((format(printf, 3, 4))) void lines_say(struct lines *lines, enum store_log priority,
                                                     const char *format, ...);
/* The oldest; false when there is none. Any thread. */
bool lines_take(struct lines *lines, char *line, size_t size, enum store_log *priority);

#endif
