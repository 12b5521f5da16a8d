/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What reads of the store have found out about a member's messages: kept, since it holds until something
 * happens that is in memory too, and the next question costs nothing. Each part says when it holds. Broker
 * thread only. */
#ifndef PLUGIN_PEOPLE_FINDINGS_H
#define PLUGIN_PEOPLE_FINDINGS_H

#include "plugin/people/member.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct findings {
    /* unread.c: of the messages after `gone_after`, `gone` are recalled, or deleted by the member; while
     * conversation->recalls is `gone_recalls`. gone_after < 0: not known. */
    int64_t gone, gone_after, gone_recalls;
    /* unread.c: the conversation's first message after retention has taken one, what counts before it, and what
     * the member had sent before it; until retention takes that one too. left_id 0: not known. */
    int64_t left_id, left_counted, left_sent;
    /* unread.c: of the messages up to `named_upto` the last that names the member; 0: none. It may have been deleted
     * since; while conversation->recalls is `named_recalls`. */
    int64_t named_upto, named_id, named_recalls;
    /* visible.c: of the messages up to `seen_upto` the last that was there for the member, 0: none; and
     * whether the member has deleted that one since. */
    int64_t seen_upto, seen_id;
    bool seen_deleted;
};

/* The member's, made when first asked for; freed with the member. NULL: out of memory, and every question
 * reads again. */
static inline struct findings *findings_of(struct member *member)
{
    if (!member->findings && (member->findings = calloc(1, sizeof *member->findings)))
        member->findings->gone_after = -1;
    return member->findings;
}

/* The member has deleted a message; `counted`: it was unread, if it is after the read position. */
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
