/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/rivals.h"

#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/keyed_hash.h"

#define RIVALS_MAX 16

struct rival {
    uint64_t id;   /* of the client id: a keyed hash, 64 bits are enough */
    int64_t since; /* 0: nobody is in this place */
    int64_t wait;
};

struct rivals {
    struct rival all[RIVALS_MAX];
};

static const struct rival *find(const struct rivals *rivals, const char *client_id)
{
    const uint64_t id = keyed_hash(client_id, strlen(client_id));
    for (size_t i = 0; rivals && i < RIVALS_MAX; i++)
        if (rivals->all[i].since != 0 && rivals->all[i].id == id)
            return &rivals->all[i];
    return NULL;
}

static size_t longest_ago(const struct rivals *rivals)
{
    size_t found = 0;
    for (size_t i = 1; i < RIVALS_MAX; i++)
        if (rivals->all[i].since < rivals->all[found].since)
            found = i;
    return found;
}

static int64_t next_wait(const struct rival *rival, int64_t now)
{
    if (!rival || now - rival->since >= RIVAL_CALM_MS)
        return 0;
    return rival->wait == 0 ? RIVAL_WAIT_MIN_MS : smaller(2 * rival->wait, RIVAL_WAIT_MAX_MS);
}

void rivals_add(struct rivals **rivals, const char *client_id, int64_t now)
{
    if (!*rivals && !(*rivals = calloc(1, sizeof **rivals)))
        return;
    const struct rival *known = find(*rivals, client_id);
    size_t place = known ? (size_t)(known - (*rivals)->all) : longest_ago(*rivals);
    (*rivals)->all[place] = (struct rival){
        .id = keyed_hash(client_id, strlen(client_id)), .since = now, .wait = next_wait(known, now)};
}

int64_t rivals_wait(const struct rivals *rivals, const char *client_id, int64_t now)
{
    const struct rival *rival = find(rivals, client_id);
    return rival ? larger(rival->since + rival->wait - now, 0) : 0;
}
