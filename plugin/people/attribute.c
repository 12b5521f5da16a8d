/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/attribute.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "schema/store.h"

static void clear(struct attributes *attributes)
{
    for (size_t i = 0; i < attributes->count; i++)
        free(attributes->list[i].value);
    attributes->count = 0;
}

void attributes_free(struct attributes *attributes)
{
    if (attributes)
        clear(attributes);
    free(attributes);
}

/* A group without any is one row without a key. */
static bool read_row(struct attributes *attributes, sqlite3_stmt *row)
{
    attributes->version = sqlite3_column_int64(row, 0);
    if (sqlite3_column_type(row, 1) == SQLITE_NULL || attributes->count == ATTRIBUTES_MAX)
        return true;
    struct attribute *attribute = &attributes->list[attributes->count];
    text_copy(attribute->key, sizeof attribute->key, store_text(row, 1));
    attribute->value = strdup(store_text(row, 2));
    if (attribute->value)
        attributes->count++;
    return attribute->value != NULL;
}

struct attributes *attributes_load(struct chat *chat, int64_t group)
{
    struct attributes *attributes = calloc(1, sizeof *attributes);
    bool good = attributes != NULL;
    sqlite3_stmt *row = store_read(chat->store, R_ATTRIBUTES);
    sqlite3_bind_int64(row, 1, group);
    while (good && store_row(chat->store, row))
        good = read_row(attributes, row);
    store_done(row);
    if (!good)
        store_row_lost(chat->store);
    if (good && !store_reads_failed(chat->store))
        return attributes;
    attributes_free(attributes);
    return NULL;
}

static size_t find_key(const struct attributes *attributes, const char *key)
{
    size_t i = 0;
    while (i < attributes->count && strcmp(attributes->list[i].key, key) != 0)
        i++;
    return i;
}

const char *attribute_value(const struct attributes *attributes, const char *key)
{
    size_t i = find_key(attributes, key);
    return i < attributes->count ? attributes->list[i].value : NULL;
}

/* A change */

void attributes_change_begin(struct attributes_change *change, const struct attributes *now)
{
    *change = (struct attributes_change){.next = *now};
}

bool attributes_change_delete(struct attributes_change *change, const char *key)
{
    struct attributes *next = &change->next;
    size_t i = find_key(next, key);
    if (i == next->count)
        return false;
    text_copy(change->gone[change->gone_count++], sizeof *change->gone, key);
    next->list[i] = next->list[--next->count];
    return true;
}

int attributes_change_set(struct attributes_change *change, const char *key, const char *value)
{
    struct attributes *next = &change->next;
    const size_t i = find_key(next, key);
    if (strlen(key) > ATTRIBUTE_KEY_MAX)
        return CODE_ATTRIBUTE_KEY_TOO_LONG;
    if (strlen(value) > ATTRIBUTE_VALUE_MAX)
        return CODE_ATTRIBUTE_TOO_LONG;
    if (i == ATTRIBUTES_MAX)
        return CODE_TOO_MANY_ATTRIBUTES;
    if (i < next->count && strcmp(next->list[i].value, value) == 0)
        return CODE_OK;
    char *copy = strdup(value);
    if (!copy)
        return CODE_BUSY;
    if (change->touched[i])
        free(next->list[i].value);
    text_copy(next->list[i].key, sizeof next->list[i].key, key);
    next->list[i].value = copy;
    change->touched[i] = true;
    if (i == next->count)
        next->count++;
    return CODE_OK;
}

int attributes_change_check(const struct attributes_change *change)
{
    size_t bytes = 0;
    for (size_t i = 0; i < change->next.count; i++)
        bytes += strlen(change->next.list[i].key) + strlen(change->next.list[i].value);
    return bytes <= ATTRIBUTES_BYTES_MAX ? CODE_OK : CODE_ATTRIBUTES_TOO_LONG;
}

bool attributes_change_is_one(const struct attributes_change *change)
{
    bool any = change->gone_count > 0;
    for (size_t i = 0; i < change->next.count; i++)
        any = any || change->touched[i];
    return any;
}

void attributes_change_drop(struct attributes_change *change)
{
    for (size_t i = 0; i < change->next.count; i++)
        if (change->touched[i])
            free(change->next.list[i].value);
}

/* Frees what the group had and does not keep. */
static void take_over(struct attributes *now, const struct attributes_change *change)
{
    for (size_t i = 0; i < now->count; i++) {
        const size_t at = find_key(&change->next, now->list[i].key);
        if (at == change->next.count || change->touched[at])
            free(now->list[i].value);
    }
    *now = change->next;
}

void attributes_apply(struct chat *chat, int64_t group, struct attributes *now,
                      struct attributes_change *change)
{
    change->next.version++;
    for (size_t i = 0; i < change->gone_count; i++)
        store_put(chat->store, W_ATTRIBUTE_DELETE, "it", group, change->gone[i]);
    for (size_t i = 0; i < change->next.count; i++)
        if (change->touched[i])
            store_put(chat->store, W_ATTRIBUTE_SET, "itt", group, change->next.list[i].key,
                      change->next.list[i].value);
    store_put(chat->store, W_ATTRIBUTES_VERSION, "ii", group, change->next.version);
    take_over(now, change);
}
