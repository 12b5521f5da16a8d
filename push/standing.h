/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How a section stands with its provider, told from the answers. A fault of ours (credentials, configuration,
 * clock) is refused for every job alike: it is said loudly, jobs wait with their attempts uncounted, and one at a
 * time tries whether it is over. Tokens that are refused as those of another app or environment are doubted, not
 * dropped, until the section has shown that it has the right ones. */
#ifndef PUSH_STANDING_H
#define PUSH_STANDING_H

#include <stdbool.h>
#include <stdint.h>

#include "push/provider.h"

struct standing {
    const char *section;
    bool proven;         /* a token was taken, or known to have been one */
    bool faulty;         /* the last answers were about ourselves */
    int64_t probe_after; /* of the steady clock, as the next one */
    int64_t fault_said, doubt_said;
    long long kept; /* jobs that had to wait, tokens that were doubted, since that was said */
};

/* `section` is borrowed. */
void standing_init(struct standing *standing, const char *section);
/* For a reload that has changed nothing: what `from` knows. Whether a fault is over is tried at once. */
void standing_inherit(struct standing *heir, const struct standing *from);
/* Tokens that are refused are none from now on, and in no doubt: for who asks about one that is none. */
void standing_trust(struct standing *standing);

/* May a job be sent, while others are (`busy`)? false: `outcome` is what becomes of it. */
bool standing_allows(struct standing *standing, int64_t now, bool busy, struct outcome *outcome);

/* The provider's answer. VERDICT_OURS becomes VERDICT_WAIT, VERDICT_DOUBTED_TOKEN may become
 * VERDICT_INVALID_TOKEN. */
void standing_judge(struct standing *standing, int64_t now, struct outcome *outcome);

#endif
