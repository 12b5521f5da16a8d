/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/expiry.h"

#include <stdlib.h>

#define ROOM_MIN 64

static void put(struct expiry *expiry, struct expiry_entry *entry, size_t index)
{
    expiry->heap[index] = entry;
    entry->index = index;
}

static void rise(struct expiry *expiry, struct expiry_entry *entry)
{
    size_t index = entry->index;
    for (; index > 1 && expiry->heap[index / 2]->at > entry->at; index /= 2)
        put(expiry, expiry->heap[index / 2], index);
    put(expiry, entry, index);
}

/* The child that is due first; 0: none. */
static size_t first_child(const struct expiry *expiry, size_t index)
{
    size_t child = 2 * index;
    if (child > expiry->count)
        return 0;
    return child < expiry->count && expiry->heap[child + 1]->at < expiry->heap[child]->at ? child + 1 : child;
}

static void sink(struct expiry *expiry, struct expiry_entry *entry)
{
    size_t index = entry->index, child;
    for (; (child = first_child(expiry, index)) && expiry->heap[child]->at < entry->at; index = child)
        put(expiry, expiry->heap[child], index);
    put(expiry, entry, index);
}

/* Half of the memory goes back when three quarters are free: a wave of logins does not cost for ever. */
static bool fit(struct expiry *expiry, size_t count)
{
    size_t room = expiry->room;
    if (count + 1 > room)
        room = room ? 2 * room : ROOM_MIN;
    else if (room > ROOM_MIN && count + 1 < room / 4)
        room /= 2;
    if (room == expiry->room)
        return true;
    struct expiry_entry **heap = realloc(expiry->heap, room * sizeof *heap);
    if (!heap)
        return room < expiry->room;
    expiry->heap = heap;
    expiry->room = room;
    return true;
}

bool expiry_add(struct expiry *expiry, struct expiry_entry *entry, int64_t at)
{
    if (!fit(expiry, expiry->count + 1))
        return false;
    entry->at = at;
    put(expiry, entry, ++expiry->count);
    rise(expiry, entry);
    return true;
}

void expiry_move(struct expiry *expiry, struct expiry_entry *entry, int64_t at)
{
    if (entry->index == 0)
        return;
    entry->at = at;
    rise(expiry, entry);
    sink(expiry, entry);
}

void expiry_remove(struct expiry *expiry, struct expiry_entry *entry)
{
    size_t index = entry->index;
    if (index == 0)
        return;
    struct expiry_entry *last = expiry->heap[expiry->count--];
    entry->index = 0;
    if (last != entry) {
        put(expiry, last, index);
        rise(expiry, last);
        sink(expiry, last);
    }
    (void)fit(expiry, expiry->count); /* making it smaller cannot fail */
}

struct expiry_entry *expiry_first(const struct expiry *expiry)
{
    return expiry->count > 0 ? expiry->heap[1] : NULL;
}

void expiry_clear(struct expiry *expiry)
{
    for (size_t i = 1; i <= expiry->count; i++)
        expiry->heap[i]->index = 0;
    free(expiry->heap);
    *expiry = (struct expiry){0};
}
