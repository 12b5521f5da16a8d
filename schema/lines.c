/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/lines.h"

#include <stdarg.h>
#include <stdio.h>

void lines_init(struct lines *lines)
{
    pthread_mutex_init(&lines->lock, NULL);
    lines->first = lines->count = 0;
}

void lines_clear(struct lines *lines)
{
    pthread_mutex_destroy(&lines->lock);
}

void lines_say(struct lines *lines, enum store_log priority, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    pthread_mutex_lock(&lines->lock);
    if (lines->count < LINES_MAX_WAITING) {
        struct line *line = &lines->waiting[(lines->first + lines->count++) % LINES_MAX_WAITING];
        line->priority = priority;
        vsnprintf(line->text, sizeof line->text, format, list);
    }
    pthread_mutex_unlock(&lines->lock);
    va_end(list);
}

bool lines_take(struct lines *lines, char *line, size_t size, enum store_log *priority)
{
    pthread_mutex_lock(&lines->lock);
    bool found = lines->count > 0;
    if (found) {
        const struct line *first = &lines->waiting[lines->first];
        snprintf(line, size, "%s", first->text);
        *priority = first->priority;
        lines->first = (lines->first + 1) % LINES_MAX_WAITING;
        lines->count--;
    }
    pthread_mutex_unlock(&lines->lock);
    return found;
}
