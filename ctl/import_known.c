/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/import_known.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/import_batch.h"
#include "lib/basics.h"
#include "lib/keyed_hash.h"

#define KNOWN_MAX 100000  /* conversations */
#define SEEN_MAX  2000000 /* messages of all pages */

struct known {
    uint64_t key;
    int64_t last;     /* the time of its last message; -1: there is none */
    int64_t from, to; /* of these seconds the page has all there is: from <= second < to */
    int64_t page_end; /* the id of its last message; 0: there are no more */
    uint64_t *seen;   /* hashes of who has sent what when */
    size_t count;
    UT_hash_handle hh;
};

static struct known *all;
static size_t all_seen;

uint64_t known_key(const char *first, const char *second)
{
    const uint64_t a = keyed_hash(first, strlen(first)), b = keyed_hash(second, strlen(second));
    const uint64_t both[] = {a < b ? a : b, a < b ? b : a};
    return keyed_hash(both, sizeof both);
}

struct known *known_find(uint64_t key)
{
    struct known *known;
    HASH_FIND_NUMBER(hh, all, key, known);
    return known;
}

void known_clear(void)
{
    struct known *known, *next;
    HASH_ITER (hh, all, known, next) {
        HASH_DEL(all, known);
        free(known->seen);
        free(known);
    }
    all_seen = 0;
}

static bool is_content(const cJSON *message)
{
    static const char *const others[] = {"tips", "notice", "recall", "edit", "purge"};
    for (size_t i = 0; i < COUNT(others); i++)
        if (cJSON_HasObjectItem(message, others[i]))
            return false;
    return true;
}

/* Only content counts, but where there is none among these, anything. */
static int64_t last_time(const cJSON *messages)
{
    const cJSON *message;
    int64_t content = -1, any = -1;
    cJSON_ArrayForEach (message, messages) {
        any = number_of(message, "time");
        if (is_content(message))
            content = any;
    }
    return content >= 0 ? content : any;
}

void known_put(uint64_t key, const cJSON *messages)
{
    if (HASH_COUNT(all) >= KNOWN_MAX || all_seen >= SEEN_MAX)
        known_clear();
    struct known *known = calloc(1, sizeof *known);
    if (!known)
        return;
    known->key = key;
    known->last = last_time(messages);
    HASH_ADD_NUMBER(hh, all, key, known);
}

/* The order within a second is that of arrival. */
bool known_reaches(const struct known *known, int64_t time)
{
    return time / 1000 <= known->last / 1000;
}

/* Pages */

static uint64_t hash_of(const char *sender, int64_t time, int64_t random)
{
    char text[100];
    int len = snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %s", time, random, sender);
    return keyed_hash(text, (size_t)smaller(len, (int64_t)sizeof text - 1));
}

static bool is_seen(const struct known *known, uint64_t hash)
{
    for (size_t i = 0; i < known->count; i++)
        if (known->seen[i] == hash)
            return true;
    return false;
}

enum known_there known_has(const struct known *known, const char *sender, int64_t time, int64_t random)
{
    if (is_seen(known, hash_of(sender, time, random)) || is_seen(known, hash_of(sender, time, 0)))
        return KNOWN_THERE;
    return known->from <= time / 1000 && time / 1000 < known->to ? KNOWN_NOT_THERE : KNOWN_NOT_SEEN;
}

/* The second at which the page ends may go on behind it. */
static bool goes_on(const struct known *known, int64_t time)
{
    return known->count > 0 && known->page_end > 0 && time / 1000 == known->to;
}

int64_t known_page_after(const struct known *known, int64_t time)
{
    return goes_on(known, time) ? known->page_end : 0;
}

void known_drop_page(struct known *known)
{
    all_seen -= known->count;
    free(known->seen);
    known->seen = NULL;
    known->count = 0;
    known->from = known->to = known->page_end = 0;
}

static void note(struct known *known, const cJSON *message)
{
    const bool changed = cJSON_HasObjectItem(message, "recalled") || cJSON_HasObjectItem(message, "edited");
    if (is_content(message)) {
        known->seen[known->count++] = hash_of(text_of(message, "sender"), number_of(message, "time"),
                                              changed ? 0 : number_of(message, "random"));
        all_seen++;
    }
}

/* What a message without a random of its own has is 0 as well: it is nothing of ours, and told by sender and time, too. */
void known_take_page(struct known *known, int64_t time, const cJSON *data)
{
    const cJSON *message, *last = NULL, *list = cJSON_GetObjectItemCaseSensitive(data, "messages");
    if (!goes_on(known, time)) {
        known_drop_page(known);
        known->from = time / 1000;
    }
    uint64_t *seen =
        realloc(known->seen, (known->count + (size_t)cJSON_GetArraySize(list) + 1) * sizeof *seen);
    if (!seen)
        return;
    known->seen = seen;
    cJSON_ArrayForEach (message, list) {
        note(known, message);
        last = message;
    }
    const bool over = !last || cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "complete"));
    known->to = over ? INT64_MAX : number_of(last, "time") / 1000;
    known->page_end = over ? 0 : number_of(last, "id");
}
