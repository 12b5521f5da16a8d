/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a group's owner and admins have attached to it, such as the seats of a voice room: a few keys with texts, and a
 * version that each change raises. In memory from the first time that somebody asks; authoritative then. Broker thread
 * only. */
#ifndef PLUGIN_PEOPLE_ATTRIBUTE_H
#define PLUGIN_PEOPLE_ATTRIBUTE_H

#include "acl/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;

struct attribute {
    char key[ATTRIBUTE_KEY_MAX + 1];
    char *value;
};

struct attributes {
    int64_t version; /* 0: nothing has ever been set */
    size_t count;
    struct attribute list[ATTRIBUTES_MAX]; /* in no order */
};

/* Those of a group (its conversation's id), to be kept by it and freed. NULL: out of memory, or the store cannot be
 * read (store_reads_failed tells). */
struct attributes *attributes_load(struct chat *chat, int64_t group);
/* NULL: there is no such key. */
const char *attribute_value(const struct attributes *attributes, const char *key);

/* A change under way: what will be when it has been applied. */
struct attributes_change {
    struct attributes next;
    bool touched[ATTRIBUTES_MAX]; /* of next.list: set, and its value is the change's own */
    size_t gone_count;
    char gone[ATTRIBUTES_MAX][ATTRIBUTE_KEY_MAX + 1]; /* deleted keys */
};

/* Begins with what is there. */
void attributes_change_begin(struct attributes_change *change, const struct attributes *now);
/* A key that is not there is fine: false, nothing changes. */
bool attributes_change_delete(struct attributes_change *change, const char *key);
/* CODE_OK, or the limit that it breaks: CODE_TOO_MANY_ATTRIBUTES, CODE_ATTRIBUTE_KEY_TOO_LONG,
 * CODE_ATTRIBUTE_TOO_LONG; CODE_BUSY: out of memory. To say what is so already is no change. After the
 * deletions. */
int attributes_change_set(struct attributes_change *change, const char *key, const char *value);
/* CODE_OK, or CODE_ATTRIBUTES_TOO_LONG: all keys and values together. After the last of them. */
int attributes_change_check(const struct attributes_change *change);
bool attributes_change_is_one(const struct attributes_change *change);
/* In the open frame: what the group has becomes what the change says. The change is over. */
void attributes_apply(struct chat *chat, int64_t group, struct attributes *now,
                      struct attributes_change *change);
/* Instead of that. */
void attributes_change_drop(struct attributes_change *change);

void attributes_free(struct attributes *attributes); /* NULL is fine */

#endif
