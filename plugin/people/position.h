/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where in a conversation a seq or a time is. Both rise with the ids there, so that a search by halves finds them
 * without an index of their own: some dozens of small reads at most, some hundreds where there is a past (past.h). There
 * times rise by the second only, and only those of messages with a seq of their own: tips may be from
 * later. Exact also for what is not committed yet. Where
 * the store cannot be read (store_reads_failed tells), an answer is a guess. Broker thread only. */
#ifndef PLUGIN_PEOPLE_POSITION_H
#define PLUGIN_PEOPLE_POSITION_H

#include <stdint.h>

struct chat;
struct conversation;

enum position_by { POSITION_SEQ, POSITION_TIME };

struct position {
    int64_t id;  /* INT64_MAX: there is none */
    int64_t seq; /* of this message */
};

/* The first message of the conversation whose seq, or time in ms, is at least `value`; of tips and the like, which
 * repeat a seq, the message that has it comes first. */
struct position position_find(struct chat *chat, const struct conversation *conversation, enum position_by by,
                              int64_t value);
/* The time of the last message that has a seq of its own; 0: there is none any more. */
int64_t position_last_time(struct chat *chat, const struct conversation *conversation);

#endif
