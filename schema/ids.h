/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A short list of message ids. */
#ifndef SCHEMA_IDS_H
#define SCHEMA_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define IDS_MAX 65536

struct ids {
    int64_t *list;
    size_t count, room;
};

/* false: out of memory, and it is not noted. Neither is one of too many. */
static inline bool ids_add(struct ids *ids, int64_t id)
{
    if (ids->count == IDS_MAX)
        return true;
    if (ids->count == ids->room) {
        size_t room = ids->room ? ids->room * 2 : 16;
        int64_t *more = realloc(ids->list, room * sizeof *more);
        if (!more)
            return false;
        ids->list = more;
        ids->room = room;
    }
    ids->list[ids->count++] = id;
    return true;
}

static inline bool ids_have(const struct ids *ids, int64_t id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (ids->list[i] == id)
            return true;
    return false;
}

static inline void ids_add_all(struct ids *ids, const struct ids *more)
{
    for (size_t i = 0; i < more->count; i++)
        ids_add(ids, more->list[i]);
}

static inline void ids_clear(struct ids *ids)
{
    free(ids->list);
    *ids = (struct ids){0};
}

#endif
