/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/identity.h"
#include "lib/keyed_hash.h"
#include "lib/text.h"
#include "schema/purging.h"
#include "schema/young.h"

/* An append that the database may not have yet. */
struct young_message {
    struct young young; /* in order of ids, too */
    struct message message;
    struct tail *tail;
    struct young_message *tail_prev, *tail_next; /* those of the conversation */
    char names[];                                /* sender, client and mentions */
};

#define RECALLED_BODY "\"recalled\":true}" /* as W_MESSAGE_RECALL leaves it */

/* A recall that the database may not have yet, of a message that it may have long since. */
struct recall {
    struct young young;
    int64_t id, conversation; /* of the message; its id is the key */
    bool counted;             /* as unread */
    char sender[];
};

/* The last edit of a message, that the database may not have yet. */
struct edit {
    struct young young;
    int64_t id, conversation; /* of the message; its id is the key */
    int64_t edits;
    const char *body; /* in the ring */
    size_t body_len;
    char *mentions;
    char sender[USER_ID_MAX + 1];
};

/* The young messages of one conversation. */
struct tail {
    int64_t conversation;
    int64_t base_id; /* of the last message before the first young one */
    struct young_message *list;
    UT_hash_handle hh;
};

struct log {
    struct store *store;
    struct young_list *messages, *recalls, *edits;
    struct tail *tails;
    struct purging *purging; /* NULL, nearly always */
};

static void forget(void *owner, struct young *young)
{
    struct log *log = owner;
    struct young_message *message = (struct young_message *)young;
    struct tail *tail = message->tail;
    if (message == tail->list)
        tail->base_id = message->message.id;
    DL_DELETE2(tail->list, message, tail_prev, tail_next);
    free(message);
    if (!tail->list) {
        HASH_DEL(log->tails, tail);
        free(tail);
    }
}

static void forget_edit(void *owner, struct young *young)
{
    (void)owner;
    free(((struct edit *)young)->mentions);
    free(young);
}

int log_open(struct log **out, struct store *store)
{
    struct log *log = *out = calloc(1, sizeof *log);
    if (!log)
        return -1;
    log->store = store;
    return young_open(&log->messages, store, forget, log) || young_open(&log->recalls, store, NULL, NULL) ||
                   young_open(&log->edits, store, forget_edit, NULL)
               ? -1
               : 0;
}

void log_close(struct log *log)
{
    if (!log)
        return;
    young_close(log->messages);
    young_close(log->recalls);
    young_close(log->edits);
    purging_clear(&log->purging);
    free(log);
}

static struct tail *tail_get(struct log *log, int64_t conversation, int64_t previous_id)
{
    struct tail *tail;
    HASH_FIND_NUMBER(hh, log->tails, conversation, tail);
    if (tail)
        return tail;
    tail = calloc(1, sizeof *tail);
    if (!tail)
        return NULL;
    tail->conversation = conversation;
    tail->base_id = previous_id;
    HASH_ADD_NUMBER(hh, log->tails, conversation, tail);
    if (tail->hh.tbl)
        return tail;
    free(tail);
    return NULL;
}

static void put(struct store *store, const struct message *m)
{
    if (m->kind == MESSAGE_EDIT)
        store_put(store, W_EDIT_ADD, "iiitiiib", m->id, m->conversation, m->seq, m->sender, m->time, m->quiet,
                  m->edit_of, m->body, m->body_len);
    else if (m->imported != 0)
        store_put(store, W_MESSAGE_IMPORT, "iiitiiitiib", m->id, m->conversation, m->seq, m->sender, m->time,
                  (int64_t)m->kind, m->random, m->mentions, m->quiet, m->imported, m->body, m->body_len);
    else if (m->quiet != 0)
        store_put(store, W_MESSAGE_ADD_QUIET, "iiittiiiitib", m->id, m->conversation, m->seq, m->sender,
                  m->client, m->time, (int64_t)m->kind, m->random, (int64_t)m->push, m->mentions, m->quiet,
                  m->body, m->body_len);
    else
        store_put(store, W_MESSAGE_ADD, "iiittiiiitb", m->id, m->conversation, m->seq, m->sender, m->client,
                  m->time, (int64_t)m->kind, m->random, (int64_t)m->push, m->mentions, m->body, m->body_len);
}

bool log_append(struct log *log, const struct message *m, int64_t previous_id)
{
    size_t sender_size = strlen(m->sender) + 1, client_size = strlen(m->client) + 1;
    size_t mentions_size = m->mentions ? strlen(m->mentions) + 1 : 0;
    struct young_message *young = malloc(sizeof *young + sender_size + client_size + mentions_size);
    struct tail *tail = young ? tail_get(log, m->conversation, previous_id) : NULL;
    if (!tail) {
        free(young);
        return false;
    }
    put(log->store, m);
    young->message = *m;
    young->message.sender = memcpy(young->names, m->sender, sender_size);
    young->message.client = memcpy(young->names + sender_size, m->client, client_size);
    if (m->mentions)
        young->message.mentions =
            memcpy(young->names + sender_size + client_size, m->mentions, mentions_size);
    young->message.body = store_last_blob(log->store);
    if (!young->message.body) { /* the frame is broken and will be forgotten; until then it may be read */
        young->message.body = "";
        young->message.body_len = 0;
    }
    young->tail = tail;
    young_add(log->messages, &young->young);
    DL_APPEND2(tail->list, young, tail_prev, tail_next);
    return true;
}

static int64_t id_of(const struct young *young)
{
    return ((const struct young_message *)young)->message.id;
}

static struct young_message *young_of(struct log *log, int64_t id)
{
    struct young *young = log->messages->oldest;
    if (!young || id < id_of(young))
        return NULL;
    do
        young = young->prev; /* the youngest, then those before it */
    while (id_of(young) > id);
    return id_of(young) == id ? (struct young_message *)young : NULL;
}

static struct message message_of_row(sqlite3_stmt *s)
{
    if (sqlite3_column_count(s) == 1)
        return (struct message){.id = sqlite3_column_int64(s, 0)};
    return (struct message){.id = sqlite3_column_int64(s, 0),
                            .conversation = sqlite3_column_int64(s, 1),
                            .seq = sqlite3_column_int64(s, 2),
                            .sender = store_text(s, 3),
                            .client = store_text(s, 4),
                            .time = sqlite3_column_int64(s, 5),
                            .kind = (enum message_kind)sqlite3_column_int(s, 6),
                            .random = sqlite3_column_int64(s, 7),
                            .push = (enum message_push)sqlite3_column_int(s, 8),
                            .mentions = (const char *)sqlite3_column_text(s, 9),
                            .body = store_text(s, 10),
                            .body_len = (size_t)sqlite3_column_bytes(s, 10),
                            .recalled = sqlite3_column_int(s, 11) != 0,
                            .quiet = sqlite3_column_int64(s, 12),
                            .edits = sqlite3_column_int64(s, 13),
                            .edit_of = sqlite3_column_int64(s, 14),
                            .imported = sqlite3_column_int64(s, 15)};
}

/* What W_MESSAGE_RECALL makes of the row. */
static void strip(struct message *message)
{
    message->recalled = true;
    message->mentions = NULL;
    message->body = RECALLED_BODY;
    message->body_len = sizeof RECALLED_BODY - 1;
}

static const struct recall *find_recall(const struct log *log, int64_t id)
{
    return (const struct recall *)young_find(log->recalls, &id, sizeof id);
}

static const struct edit *find_edit(const struct log *log, int64_t id)
{
    return (const struct edit *)young_find(log->edits, &id, sizeof id);
}

#define EDIT_BYTES (sizeof "\"edit\":{\"id\":9223372036854775807,\"operator\":\"\"}}" + USER_ID_MAX)

/* What W_EDITS_RECALL makes of the row. */
static void strip_edit(struct message *message, char body[EDIT_BYTES])
{
    int len = snprintf(body, EDIT_BYTES, "\"edit\":{\"id\":%lld,\"operator\":\"%.*s\"}}",
                       (long long)message->edit_of, USER_ID_MAX, message->sender);
    message->recalled = true;
    message->body = body;
    message->body_len = (size_t)len;
}

/* Purges */

bool log_purge_begin(struct log *log, int64_t conversation, const char *sender, int64_t upto)
{
    return purging_add(&log->purging, conversation, sender, upto);
}

void log_purge_end(struct log *log, int64_t conversation, const char *sender)
{
    purging_remove(&log->purging, conversation, sender);
}

bool log_is_purging(const struct log *log)
{
    return log->purging != NULL;
}

static bool is_purged(const struct log *log, const struct message *message)
{
    return log->purging && message->sender && message_is_content(message) &&
           purging_has(log->purging, message->conversation, message->sender, message->id);
}

/* Whoever has edited it, its message decides. */
static bool is_edit_of_purged(struct log *log, const struct message *edit)
{
    const struct young_message *young = young_of(log, edit->edit_of);
    if (young)
        return is_purged(log, &young->message);
    sqlite3_stmt *row = store_read(log->store, R_MESSAGE_SENDER);
    sqlite3_bind_int64(row, 1, edit->edit_of);
    bool purged = store_row(log->store, row) &&
                  purging_has(log->purging, edit->conversation, store_text(row, 0), edit->edit_of);
    store_done(row);
    return purged;
}

static bool is_stripped_edit(struct log *log, const struct message *message)
{
    if (message->kind != MESSAGE_EDIT || message->recalled)
        return false;
    return find_recall(log, message->edit_of) || (log->purging && is_edit_of_purged(log, message));
}

/* Gives a message as it is by now, after recalls, purges and edits that the database may not have yet. */
static bool give(struct log *log, const struct message *stored, log_row *row, void *context)
{
    char body[EDIT_BYTES];
    struct message message = *stored;
    const struct edit *edit = find_edit(log, message.id);
    if (find_recall(log, message.id) || is_purged(log, &message)) {
        strip(&message);
    } else if (edit) {
        message.body = edit->body;
        message.body_len = edit->body_len;
        message.mentions = edit->mentions;
        message.edits = edit->edits;
    } else if (is_stripped_edit(log, &message)) {
        strip_edit(&message, body);
    }
    return row(context, &message);
}

/* Rows of `statement` (bound) up to the bound that the young ones start from; a row may be in both, then it
 * is young no more and comes once. Returns false when the callback has had enough; *last is the last id
 * given. */
static bool rows_of_database(struct log *log, sqlite3_stmt *statement, log_row *row, void *context,
                             int64_t *last)
{
    bool more = true;
    while (more && store_row(log->store, statement)) {
        const struct message message = message_of_row(statement);
        *last = message.id;
        more = give(log, &message, row, context);
    }
    store_done(statement);
    return more;
}

static sqlite3_stmt *bind_range(struct log *log, enum read_id id, int64_t conversation, int64_t bound)
{
    sqlite3_stmt *statement = store_read(log->store, id);
    sqlite3_bind_int64(statement, 1, conversation);
    sqlite3_bind_int64(statement, 2, bound);
    return statement;
}

static struct young_message *tail_list(struct log *log, int64_t conversation, int64_t *base_id)
{
    struct tail *tail;
    HASH_FIND_NUMBER(hh, log->tails, conversation, tail);
    *base_id = tail ? tail->base_id : INT64_MAX;
    return tail ? tail->list : NULL;
}

/* The database has a prefix of the log: everything it gives comes before what is only young. */
static bool read_after(struct log *log, enum read_id read, int64_t conversation, int64_t after, log_row *row,
                       void *context)
{
    int64_t base_id, last = after;
    struct young_message *young = tail_list(log, conversation, &base_id);
    if (after < base_id) {
        sqlite3_stmt *statement = bind_range(log, read, conversation, after);
        if (!rows_of_database(log, statement, row, context, &last))
            return true;
        if (store_reads_failed(log->store))
            return false;
    }
    for (; young; young = young->tail_next)
        if (young->message.id > last && !give(log, &young->message, row, context))
            break;
    return true;
}

bool log_after(struct log *log, int64_t conversation, int64_t after, log_row *row, void *context)
{
    return read_after(log, R_MESSAGES_AFTER, conversation, after, row, context);
}

bool log_ids_after(struct log *log, int64_t conversation, int64_t after, log_row *row, void *context)
{
    return read_after(log, R_MESSAGE_IDS_AFTER, conversation, after, row, context);
}

static bool read_before(struct log *log, enum read_id read, int64_t conversation, int64_t before,
                        log_row *row, void *context)
{
    int64_t base_id, last = before;
    struct young_message *list = tail_list(log, conversation, &base_id);
    for (struct young_message *y = list ? list->tail_prev : NULL; y; y = y == list ? NULL : y->tail_prev) {
        if (y->message.id >= last)
            continue;
        last = y->message.id;
        if (!give(log, &y->message, row, context))
            return true;
    }
    rows_of_database(log, bind_range(log, read, conversation, last), row, context, &last);
    return !store_reads_failed(log->store);
}

bool log_before(struct log *log, int64_t conversation, int64_t before, log_row *row, void *context)
{
    return read_before(log, R_MESSAGES_BEFORE, conversation, before, row, context);
}

bool log_ids_before(struct log *log, int64_t conversation, int64_t before, log_row *row, void *context)
{
    return read_before(log, R_MESSAGE_IDS_BEFORE, conversation, before, row, context);
}

bool log_all_after(struct log *log, int64_t after, log_row *row, void *context)
{
    const struct young *young = log->messages->oldest;
    int64_t last = after;
    if (!young || after + 1 < id_of(young)) {
        sqlite3_stmt *statement = store_read(log->store, R_ALL_MESSAGES_AFTER);
        sqlite3_bind_int64(statement, 1, after);
        if (!rows_of_database(log, statement, row, context, &last))
            return true;
        if (store_reads_failed(log->store))
            return false;
    }
    for (; young; young = young->next)
        if (id_of(young) > last && !give(log, &((const struct young_message *)young)->message, row, context))
            break;
    return true;
}

/* Those that the database has by now, and that are young still, are counted twice. */
bool log_may_exceed(struct log *log, int64_t conversation, int64_t after, size_t count)
{
    int64_t base_id;
    const struct young_message *young = tail_list(log, conversation, &base_id);
    for (; young; young = young->tail_next)
        if (young->message.id > after && count-- == 0)
            return true;
    sqlite3_stmt *statement = bind_range(log, R_MESSAGE_BEHIND, conversation, after);
    sqlite3_bind_int64(statement, 3, (int64_t)count);
    bool more = store_row(log->store, statement);
    store_done(statement);
    return more || store_reads_failed(log->store);
}

bool log_find(struct log *log, int64_t id, log_row *row, void *context)
{
    int64_t last;
    const struct young_message *young = young_of(log, id);
    if (young) {
        give(log, &young->message, row, context);
        return true;
    }
    sqlite3_stmt *statement = store_read(log->store, R_MESSAGE);
    sqlite3_bind_int64(statement, 1, id);
    rows_of_database(log, statement, row, context, &last);
    return !store_reads_failed(log->store);
}

bool log_find_all(struct log *log, const int64_t *ids, size_t count, log_row *row, void *context)
{
    const struct young *young = log->messages->oldest; /* those behind it are all young */
    int64_t last;
    size_t stored = 0;
    while (stored < count && (!young || ids[stored] < id_of(young)))
        stored++;
    if (stored > 0) {
        sqlite3_stmt *statement = store_read(log->store, R_MESSAGES_BY_ID);
        for (size_t i = 0; i < stored; i++)
            sqlite3_bind_int64(statement, (int)i + 1, ids[i]);
        if (!rows_of_database(log, statement, row, context, &last))
            return true;
    }
    for (; stored < count && !store_reads_failed(log->store); stored++) {
        const struct young_message *found = young_of(log, ids[stored]);
        if (found && !give(log, &found->message, row, context))
            return true;
    }
    return !store_reads_failed(log->store);
}

/* Recalls */

bool log_recall(struct log *log, const struct message *message)
{
    size_t sender_size = strlen(message->sender) + 1;
    struct recall *recall = calloc(1, sizeof *recall + sender_size);
    if (!recall)
        return false;
    recall->id = message->id;
    recall->conversation = message->conversation;
    recall->counted = message->kind == MESSAGE_CONTENT;
    memcpy(recall->sender, message->sender, sender_size);
    if (!young_add_keyed(log->recalls, &recall->young, &recall->id, sizeof recall->id))
        return false;
    store_put(log->store, W_MESSAGE_RECALL, "i", message->id);
    if (message->edits > 0)
        store_put(log->store, W_EDITS_RECALL, "i", message->id);
    return true;
}

/* Edits */

/* The one that is young already, or a new one; NULL: out of memory. */
static struct edit *edit_of(struct log *log, const struct message *message)
{
    struct edit *edit = (struct edit *)young_find(log->edits, &message->id, sizeof message->id);
    if (edit) {
        young_renew(log->edits, &edit->young);
        return edit;
    }
    edit = calloc(1, sizeof *edit);
    if (!edit)
        return NULL;
    edit->id = message->id;
    edit->conversation = message->conversation;
    text_copy(edit->sender, sizeof edit->sender, message->sender);
    return young_add_keyed(log->edits, &edit->young, &edit->id, sizeof edit->id) ? edit : NULL;
}

bool log_edit(struct log *log, const struct message *message, const char *body, size_t body_len,
              const char *mentions)
{
    char *names_copy = mentions ? strdup(mentions) : NULL;
    struct edit *edit = names_copy || !mentions ? edit_of(log, message) : NULL;
    if (!edit) {
        free(names_copy);
        return false;
    }
    store_put(log->store, W_MESSAGE_EDIT, "itb", message->id, mentions, body, body_len);
    free(edit->mentions);
    edit->mentions = names_copy;
    edit->edits = message->edits + 1;
    edit->body = store_last_blob(log->store);
    edit->body_len = edit->body ? body_len : 0; /* NULL: as in log_append */
    if (!edit->body)
        edit->body = "";
    return true;
}

/* Rows of a statement with (conversation, after, user) that gives ids. */
static void add_ids(struct log *log, enum read_id read, int64_t conversation, int64_t after, const char *user,
                    struct ids *ids)
{
    sqlite3_stmt *statement = bind_range(log, read, conversation, after);
    sqlite3_bind_text(statement, 3, user, -1, SQLITE_STATIC);
    while (store_row(log->store, statement))
        if (!ids_add(ids, sqlite3_column_int64(statement, 0)))
            store_row_lost(log->store);
    store_done(statement);
}

void log_recalled(struct log *log, int64_t conversation, int64_t after, const char *user, struct ids *ids)
{
    const struct young *young;
    add_ids(log, R_MESSAGES_RECALLED, conversation, after, user, ids);
    DL_FOREACH (log->recalls->oldest, young) {
        const struct recall *recall = (const struct recall *)young;
        if (recall->conversation == conversation && recall->counted && recall->id > after &&
            strcmp(recall->sender, user) != 0 && !ids_add(ids, recall->id))
            store_row_lost(log->store);
    }
}

static bool names(const char *mentions, const char *user)
{
    size_t len = strlen(user);
    if (strcmp(mentions, "@all") == 0)
        return true;
    for (const char *at = strchr(mentions, ','); at; at = strchr(at + 1, ','))
        if (strncmp(at + 1, user, len) == 0 && at[1 + len] == ',')
            return true;
    return false;
}

/* Where log_mentioning has come to, falling. */
struct naming_rows {
    struct log *log;
    int64_t conversation, after, last;
    const char *user;
    log_row *row;
    void *context;
};

static bool is_named(const struct naming_rows *rows, const char *sender, const char *mentions)
{
    return mentions && strcmp(sender, rows->user) != 0 && names(mentions, rows->user);
}

static bool give_naming(struct naming_rows *rows, int64_t id)
{
    const struct message message = {.id = id, .recalled = find_recall(rows->log, id) != NULL};
    rows->last = id;
    return rows->row(rows->context, &message);
}

/* The newest before rows->last that names him since an edit, of which the database may not know. */
static const struct edit *next_edit(const struct naming_rows *rows)
{
    const struct young *young;
    const struct edit *newest = NULL;
    DL_FOREACH (rows->log->edits->oldest, young) {
        const struct edit *edit = (const struct edit *)young;
        if (edit->conversation == rows->conversation && edit->id > rows->after && edit->id < rows->last &&
            (!newest || edit->id > newest->id) && is_named(rows, edit->sender, edit->mentions))
            newest = edit;
    }
    return newest;
}

static bool give_edits(struct naming_rows *rows, int64_t down_to)
{
    const struct edit *edit;
    while ((edit = next_edit(rows)) && edit->id >= down_to)
        if (!give_naming(rows, edit->id))
            return false;
    return true;
}

/* One that was edited a moment ago comes by what it is now, or not at all. */
static bool take_naming_row(void *context, const struct message *message)
{
    struct naming_rows *rows = context;
    if (!give_edits(rows, message->id))
        return false;
    return find_edit(rows->log, message->id) || give_naming(rows, message->id);
}

/* false: no more is wanted, or there is none. */
static bool give_young_naming(struct naming_rows *rows)
{
    int64_t base_id;
    struct young_message *list = tail_list(rows->log, rows->conversation, &base_id);
    for (struct young_message *y = list ? list->tail_prev : NULL; y; y = y == list ? NULL : y->tail_prev) {
        const struct message *m = &y->message;
        const struct edit *edit = find_edit(rows->log, m->id);
        rows->last = m->id;
        if (m->id <= rows->after ||
            (is_named(rows, m->sender, edit ? edit->mentions : m->mentions) && !give_naming(rows, m->id)))
            return false;
    }
    return true;
}

void log_mentioning(struct log *log, int64_t conversation, int64_t after, const char *user, log_row *row,
                    void *context)
{
    struct naming_rows rows = {log, conversation, after, INT64_MAX, user, row, context};
    int64_t last;
    if (!give_young_naming(&rows))
        return;
    sqlite3_stmt *statement = bind_range(log, R_MESSAGES_MENTIONING, conversation, after);
    sqlite3_bind_text(statement, 3, user, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, rows.last);
    if (rows_of_database(log, statement, take_naming_row, &rows, &last))
        (void)give_edits(&rows, after + 1);
}

int64_t log_count_sent(struct log *log, int64_t conversation, const char *sender, int64_t from, int64_t to,
                       int64_t rows)
{
    int64_t base_id, count = 0, last = 0;
    struct young_message *young = tail_list(log, conversation, &base_id);
    for (; young; young = young->tail_next) {
        const struct message *m = &young->message;
        last = last == 0 ? m->id : last;
        count += m->id > from && m->id <= to && m->kind == MESSAGE_CONTENT && strcmp(m->sender, sender) == 0;
    }
    sqlite3_stmt *s = bind_range(log, R_MESSAGES_SENT, conversation, 0);
    sqlite3_bind_text(s, 2, sender, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, from);
    sqlite3_bind_int64(s, 4, last != 0 && last - 1 < to ? last - 1 : to);
    sqlite3_bind_int64(s, 5, rows);
    if (store_row(log->store, s))
        count += sqlite3_column_int64(s, 0);
    store_done(s);
    return count;
}
