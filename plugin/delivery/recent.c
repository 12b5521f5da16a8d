/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/recent.h"

#include <stdlib.h>
#include <string.h>

#include "acl/identity.h"
#include "lib/basics.h"
#include "lib/keyed_hash.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "schema/log.h"
#include "schema/store.h"

#define REMEMBERED_MS 300000
#ifndef SLOTS_MAX            /* a test sets a lower one */
#define SLOTS_MAX (1u << 20) /* a little more than a million */
#endif
#define SLOTS_MIN (1u << 10)
#define NONE      UINT32_MAX

/* A ring of slots in the order in which they came, the oldest overwritten; buckets chain slots by what names a message. */
struct slot {
    char sender[USER_ID_MAX + 1];
    uint32_t next; /* older slot of the same bucket */
    int64_t since; /* by the steady clock */
    struct recent recent;
};

struct recents {
    struct slot *slots;
    uint32_t *buckets;
    uint32_t capacity; /* a power of two */
    uint32_t first, count;
};

static uint32_t bucket_of(const struct recents *recents, const char *sender, int64_t conversation,
                          int64_t random)
{
    char key[2 * sizeof(int64_t) + USER_ID_MAX + 1];
    char *end = mempcpy(mempcpy(key, &conversation, sizeof conversation), &random, sizeof random);
    end = stpncpy(end, sender, USER_ID_MAX);
    return (uint32_t)keyed_hash(key, (size_t)(end - key)) & (recents->capacity - 1);
}

static uint32_t bucket_of_slot(const struct recents *recents, const struct slot *slot)
{
    return bucket_of(recents, slot->sender, slot->recent.conversation, slot->recent.random);
}

static uint32_t slot_at(const struct recents *recents, uint32_t index)
{
    return (recents->first + index) & (recents->capacity - 1);
}

static void link_slot(struct recents *recents, uint32_t at)
{
    struct slot *slot = &recents->slots[at];
    uint32_t *bucket = &recents->buckets[bucket_of_slot(recents, slot)];
    slot->next = *bucket;
    *bucket = at;
}

static void drop_oldest(struct recents *recents)
{
    uint32_t at = recents->first;
    const struct slot *slot = &recents->slots[at];
    uint32_t *link = &recents->buckets[bucket_of_slot(recents, slot)];
    while (*link != at)
        link = &recents->slots[*link].next;
    *link = slot->next;
    recents->first = slot_at(recents, 1);
    recents->count--;
}

static bool grow(struct recents *recents)
{
    struct recents grown = {.capacity = recents->capacity ? recents->capacity * 2 : SLOTS_MIN};
    grown.slots = malloc(grown.capacity * sizeof *grown.slots);
    grown.buckets = malloc(grown.capacity * sizeof *grown.buckets);
    if (!grown.slots || !grown.buckets) {
        free(grown.slots);
        free(grown.buckets);
        return false;
    }
    memset(grown.buckets, 0xff, grown.capacity * sizeof *grown.buckets);
    for (; grown.count < recents->count; grown.count++) {
        grown.slots[grown.count] = recents->slots[slot_at(recents, grown.count)];
        link_slot(&grown, grown.count);
    }
    free(recents->slots);
    free(recents->buckets);
    *recents = grown;
    return true;
}

static bool make_room(struct recents *recents, int64_t steady)
{
    while (recents->count > 0 && recents->slots[recents->first].since < steady - REMEMBERED_MS)
        drop_oldest(recents);
    if (recents->count < recents->capacity)
        return true;
    if (recents->capacity < SLOTS_MAX)
        return grow(recents);
    drop_oldest(recents);
    return true;
}

bool recent_expect(struct chat *chat)
{
    return make_room(chat->recents, chat->steady);
}

bool recent_add(struct chat *chat, const char *sender, const struct recent *recent)
{
    struct recents *recents = chat->recents;
    if (!make_room(recents, chat->steady))
        return false;
    uint32_t at = slot_at(recents, recents->count++);
    text_copy(recents->slots[at].sender, sizeof recents->slots[at].sender, sender);
    recents->slots[at].recent = *recent;
    recents->slots[at].since = chat->steady;
    link_slot(recents, at);
    return true;
}

void recent_note(struct chat *chat, const struct message *message)
{
    const struct recent recent = {.random = message->random,
                                  .id = message->id,
                                  .seq = message->seq,
                                  .time = message->time,
                                  .conversation = message->conversation};
    if (message->random != 0)
        (void)recent_add(chat, message->sender, &recent);
}

const struct recent *recent_find(struct chat *chat, const char *sender, int64_t conversation, int64_t random)
{
    const struct recents *recents = chat->recents;
    if (recents->count == 0)
        return NULL;
    for (uint32_t at = recents->buckets[bucket_of(recents, sender, conversation, random)]; at != NONE;
         at = recents->slots[at].next) {
        const struct slot *slot = &recents->slots[at];
        if (slot->recent.random == random && slot->recent.conversation == conversation &&
            strcmp(slot->sender, sender) == 0)
            return slot->since >= chat->steady - REMEMBERED_MS ? &slot->recent : NULL;
    }
    return NULL;
}

/* From the newest back to five minutes before it, even if the clock says that they are older: it may have been set
 * while nobody was here. First how far that is, then the rows, in their order. They are remembered as if they came
 * now. */
static bool remember_again(struct chat *chat)
{
    int64_t oldest = INT64_MAX, newest = INT64_MIN;
    uint32_t count = 0;
    sqlite3_stmt *row = store_read(chat->store, R_RECENT_TIMES);
    while (count++ < SLOTS_MAX && store_row(chat->store, row)) {
        int64_t time = sqlite3_column_int64(row, 1);
        newest = larger(newest, time);
        if (time < (newest < chat->now ? newest : chat->now) - REMEMBERED_MS)
            break;
        oldest = sqlite3_column_int64(row, 0);
    }
    store_done(row);
    row = store_read(chat->store, R_RECENT_RANDOMS);
    sqlite3_bind_int64(row, 1, oldest);
    bool fits = true;
    while (fits && store_row(chat->store, row)) {
        const struct recent recent = {.id = sqlite3_column_int64(row, 0),
                                      .conversation = sqlite3_column_int64(row, 1),
                                      .seq = sqlite3_column_int64(row, 2),
                                      .time = sqlite3_column_int64(row, 4),
                                      .random = sqlite3_column_int64(row, 5)};
        fits = recent_add(chat, store_text(row, 3), &recent);
    }
    store_done(row);
    return fits && !store_reads_failed(chat->store);
}

int recents_open(struct chat *chat)
{
    chat->recents = calloc(1, sizeof *chat->recents);
    return chat->recents && remember_again(chat) ? 0 : -1;
}

void recents_close(struct chat *chat)
{
    if (!chat->recents)
        return;
    free(chat->recents->slots);
    free(chat->recents->buckets);
    free(chat->recents);
    chat->recents = NULL;
}
