/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The message log: append inside a frame, read in the order of ids. A read sees every append made before it:
 * what the database does not have yet is merged in from memory (bodies are not copied, they are read from the
 * ring). Broker thread only. */
#ifndef SCHEMA_LOG_H
#define SCHEMA_LOG_H

#include "schema/ids.h"
#include "schema/store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MESSAGE_QUIET: content that does not count as unread. */
enum message_kind {
    MESSAGE_CONTENT,
    MESSAGE_TIPS,
    MESSAGE_NOTICE,
    MESSAGE_RECALL,
    MESSAGE_QUIET,
    MESSAGE_EDIT,
    MESSAGE_PURGE
};
enum message_push { PUSH_NOBODY, PUSH_WILLING, PUSH_EVERYBODY };

/* Texts are borrowed: inside a callback they are good until it returns. */
struct message {
    int64_t id, conversation, seq, time, random;
    const char *sender, *client; /* client: the sending device's id, "" when the server sent it */
    enum message_kind kind;
    enum message_push push;
    const char *body; /* what follows the stamp; of a recalled message: that it was */
    size_t body_len;
    const char *mentions; /* ",bob,carol," or "@all"; NULL: nobody */
    bool recalled;
    int64_t quiet;   /* quiet ones in the conversation up to here, itself included */
    int64_t edits;   /* how often it has been edited; `body` and `mentions` are those of the last time */
    int64_t edit_of; /* MESSAGE_EDIT: the id of the message; 0: it is none */
    int64_t
        imported; /* ms: when it was brought here from elsewhere, where `time` is from; 0: it was sent here */
};

/* Has somebody written it? */
static inline bool message_is_content(const struct message *message)
{
    return message->kind == MESSAGE_CONTENT || message->kind == MESSAGE_QUIET;
}

/* Of the messages that count as unread, the number of the last one up to here. */
static inline int64_t message_counted(const struct message *message)
{
    return message->seq - message->quiet;
}

struct log;

__attribute__((warn_unused_result)) int log_open(struct log **out, struct store *store);
void log_close(struct log *log);

/* Puts the message into the open frame. `previous_id`: the last id of the conversation before this one.
 * false: out of memory, the frame is to be aborted. */
__attribute__((warn_unused_result)) bool log_append(struct log *log, const struct message *message,
                                                    int64_t previous_id);

/* Calls `row` for each message of the conversation with id > after, rising, until it returns false. `row`
 * must neither read the log itself nor write to the store (a frame, store_poll): what it is given would go.
 * false: the database could not be read (logged). */
typedef bool log_row(void *context, const struct message *message);
bool log_after(struct log *log, int64_t conversation, int64_t after, log_row *row, void *context);
/* The same with nothing but the ids set: an index scan. */
bool log_ids_after(struct log *log, int64_t conversation, int64_t after, log_row *row, void *context);
/* The same as log_after for id < before, falling. */
bool log_before(struct log *log, int64_t conversation, int64_t before, log_row *row, void *context);
/* The same as log_before with nothing but the ids set: an index scan. */
bool log_ids_before(struct log *log, int64_t conversation, int64_t before, log_row *row, void *context);
/* The same as log_after over all conversations. */
bool log_all_after(struct log *log, int64_t after, log_row *row, void *context);
/* Has the conversation more than `count` messages with id > after? Costs a third of looking at their ids. true also
 * where it may have so many: some are just being written, or the database could not be read. */
bool log_may_exceed(struct log *log, int64_t conversation, int64_t after, size_t count);
/* Calls `row` once with the message of this id, if it is there. */
bool log_find(struct log *log, int64_t id, log_row *row, void *context);
/* Calls `row` for each of these ids that is there, until it returns false. They rise, and are at most LOG_FIND_MAX. */
#define LOG_FIND_MAX 16
bool log_find_all(struct log *log, const int64_t *ids, size_t count, log_row *row, void *context);
/* Recalls a message, in the open frame, which must not be aborted after it: its content, and that of its
 * edits, is gone for every read from now on. false: out of memory, and nothing has changed. */
__attribute__((warn_unused_result)) bool log_recall(struct log *log, const struct message *message);
/* Purges. What `sender` has written up to and with the id `upto`, in this conversation or, with 0, in all, is
 * for every read from now on as if it had been recalled, its edits too; mentions and counts follow with
 * log_recall. To be said anew at each start, until log_recall has been called for all of these. false: out of
 * memory, and nothing has changed. */
__attribute__((warn_unused_result)) bool log_purge_begin(struct log *log, int64_t conversation,
                                                         const char *sender, int64_t upto);
void log_purge_end(struct log *log, int64_t conversation, const char *sender);
bool log_is_purging(const struct log *log);

/* Gives a message another body and other mentions, in the open frame, which must not be aborted after it: every read
 * has these from now on. The edit is appended as a message, too, with edit_of. false: out of memory, and nothing has
 * changed. */
__attribute__((warn_unused_result)) bool log_edit(struct log *log, const struct message *message,
                                                  const char *body, size_t body_len, const char *mentions);
/* Adds to `ids` the recalled messages of the conversation with id > after that counted as unread for the user:
 * others' content, not the quiet ones. Out of memory: some are missing, and store_reads_failed tells. */
void log_recalled(struct log *log, int64_t conversation, int64_t after, const char *user, struct ids *ids);
/* Calls `row` for messages with id > after in which somebody else names him (or all), falling, until it
 * returns false; of what it gets only the id and `recalled` are set. Of the messages that name anybody it
 * looks at the newest thousands. */
void log_mentioning(struct log *log, int64_t conversation, int64_t after, const char *user, log_row *row,
                    void *context);
/* Messages of `sender` with from < id <= to that count as unread for others; looks at no more than the first
 * `rows` messages there (-1: all). */
int64_t log_count_sent(struct log *log, int64_t conversation, const char *sender, int64_t from, int64_t to,
                       int64_t rows);

#endif
