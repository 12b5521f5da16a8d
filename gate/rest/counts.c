/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/rest/counts.h"

#include <stdlib.h>

#include "lib/keyed_hash.h"

struct pair {
    const char *command; /* by its address */
    int64_t code;
};

struct tally {
    struct pair pair;
    const char *service;
    int64_t count;
    UT_hash_handle hh;
};

struct counts {
    struct tally *tallies;
};

struct counts *counts_open(void)
{
    return calloc(1, sizeof(struct counts));
}

void counts_close(struct counts *counts)
{
    struct tally *tally, *next;
    if (!counts)
        return;
    HASH_ITER (hh, counts->tallies, tally, next) {
        HASH_DEL(counts->tallies, tally);
        free(tally);
    }
    free(counts);
}

/* NULL: out of memory, or there are too many. */
static struct tally *add(struct counts *counts, const struct pair *pair, const char *service)
{
    struct tally *tally = HASH_COUNT(counts->tallies) < COUNTS_MAX ? calloc(1, sizeof *tally) : NULL;
    if (!tally)
        return NULL;
    tally->pair = *pair;
    tally->service = service;
    HASH_ADD(hh, counts->tallies, pair, sizeof tally->pair, tally);
    if (tally->hh.tbl)
        return tally;
    free(tally);
    return NULL;
}

void counts_add(struct counts *counts, const char *service, const char *command, int code)
{
    const struct pair pair = {command, code};
    struct tally *tally;
    HASH_FIND(hh, counts->tallies, &pair, sizeof pair, tally);
    if (!tally)
        tally = add(counts, &pair, service);
    if (tally)
        tally->count++;
}

void counts_each(const struct counts *counts,
                 void (*each)(void *context, const char *service, const char *command, int code,
                              int64_t count),
                 void *context)
{
    const struct tally *tally;
    for (tally = counts->tallies; tally; tally = tally->hh.next)
        each(context, tally->service, tally->pair.command, (int)tally->pair.code, tally->count);
}
