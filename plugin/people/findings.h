/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What reads of the store have found out about a member's messages: kept, since it holds until something
 * happens that is in memory too, and the next question costs nothing. Each part says when it holds. */
#ifndef PLUGIN_PEOPLE_FINDINGS_H
#define PLUGIN_PEOPLE_FINDINGS_H

#include "plugin/people/member.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct findings {
    /* unread.c: `gone` messages after `gone_after` are recalled or deleted by him; while
     * conversation->recalls is this. */
    int64_t gone, gone_after, gone_recalls;
    /* unread.c: the conversation's first message after one was taken by retention, the seq before it, and
     * what he had sent before it; until retention takes that one too. */
    int64_t left_id, left_seq, left_sent;
    /* unread.c: of the messages up to `named_upto` the last that names him; 0: none. It may have gone since,
     * the others do not come back. */
    int64_t named_upto, named_id;
    /* visible.c: of the messages up to `seen_upto` the last that was there for him; 0: none. */
    int64_t seen_upto, seen_id;
    bool seen_deleted; /* since then */
};

/* NULL: out of memory, then every question reads again. */
static inline struct findings *findings_of(struct member *member)
{
    if (!member->findings && (member->findings = calloc(1, sizeof *member->findings)))
        member->findings->gone_after = -1;
    return member->findings;
}

/* He has deleted a message; `counted` as unread, if it is after his position. */
static inline void findings_deleted(const struct member *member, int64_t id, bool counted)
{
    struct findings *known = member->findings;
    if (!known)
        return;
    if (counted && known->gone_after >= 0 && id > known->gone_after)
        known->gone++;
    if (id == known->seen_id)
        known->seen_deleted = true;
}

#endif
