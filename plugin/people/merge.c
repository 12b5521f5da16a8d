/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/merge.h"

#include <stdlib.h>
#include <utlist.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"

/* One conversation's messages. */
struct stream {
    const struct member *member; /* whose messages these are */
    int64_t after;               /* given so far */
    int64_t next;                /* the id that comes then; 0: not looked up, DRAINED: none */
};

#define DRAINED  INT64_MAX
#define PATIENCE 2000

struct merge {
    struct chat *chat;
    struct user *user; /* whose merges this one is among */
    int64_t end;       /* the last id it gives */
    int64_t position;  /* everything up to here has been given or passed over */
    size_t count;
    struct stream streams[];
};

static int64_t start_of(const struct member *member, int64_t after)
{
    int64_t from = visible_from(member);
    return from > after ? from : after;
}

static bool wanted(const struct member *member, enum merge_scope scope, const struct conversation *one,
                   int64_t after)
{
    const struct conversation *conversation = member->conversation;
    if (member->role == ROLE_NONE || !conversation_stored(conversation) ||
        conversation->last_id <= start_of(member, after))
        return false;
    if (conversation->group && conversation->group->dismissed != 0)
        return false;
    return scope == MERGE_ALL || (scope == MERGE_PAIRS ? !conversation->group : conversation == one);
}

struct merge *merge_open(struct chat *chat, struct user *user, enum merge_scope scope,
                         struct conversation *one, int64_t after)
{
    const struct member *member;
    size_t room = 0;
    if (!memberships_load(chat, user))
        return NULL;
    DL_FOREACH2 (user->memberships, member, user_next)
        room += wanted(member, scope, one, after);
    struct merge *merge = malloc(sizeof *merge + room * sizeof *merge->streams);
    if (!merge)
        return NULL;
    merge->chat = chat;
    merge->user = user;
    user->merges++;
    merge->end = store_last_id(chat->store);
    merge->position = after;
    merge->count = 0;
    DL_FOREACH2 (user->memberships, member, user_next)
        if (wanted(member, scope, one, after))
            merge->streams[merge->count++] = (struct stream){member, start_of(member, after), 0};
    return merge;
}

void merge_skip_past(struct merge *merge)
{
    size_t left = 0;
    for (size_t i = 0; i < merge->count; i++) {
        struct stream stream = merge->streams[i];
        const struct conversation *conversation = stream.member->conversation;
        stream.after = larger(stream.after, conversation->past_id);
        if (stream.after < conversation->last_id)
            merge->streams[left++] = stream;
    }
    merge->count = left;
}

void merge_close(struct merge *merge)
{
    if (merge)
        merge->user->merges--;
    free(merge);
}

int64_t merge_end(const struct merge *merge)
{
    return merge->end;
}

int64_t merge_position(const struct merge *merge)
{
    return merge->position;
}

bool merge_empty(const struct merge *merge)
{
    return merge->count == 0;
}

static bool take_id(void *context, const struct message *message)
{
    ((struct stream *)context)->next = message->id;
    return false;
}

/* false: the store cannot be read, and it is to be looked up again. */
static bool look_up(struct merge *merge, struct stream *stream)
{
    if (stream->next != 0)
        return true;
    stream->next = DRAINED;
    if (!log_ids_after(merge->chat->log, stream->member->conversation->id, stream->after, take_id, stream)) {
        stream->next = 0;
        return false;
    }
    if (stream->next > merge->end)
        stream->next = DRAINED;
    return true;
}

struct run {
    struct merge *merge;
    struct stream *stream;
    int64_t bound, end;
    size_t given, limit;
    size_t patience; /* deleted ones that may still be passed over */
    merge_row *row;
    void *context;
    bool stopped; /* the caller has had enough */
};

/* The stream whose next message has the lowest id (NULL: all are drained), and the lowest of the others'.
 * false: the store cannot be read. */
static bool choose(struct run *run)
{
    struct stream *first = NULL;
    run->bound = DRAINED;
    for (size_t i = 0; i < run->merge->count; i++) {
        struct stream *stream = &run->merge->streams[i];
        if (!look_up(run->merge, stream))
            return false;
        if (stream->next == DRAINED)
            continue;
        if (!first || stream->next < first->next) {
            run->bound = first ? first->next : DRAINED;
            first = stream;
        } else if (stream->next < run->bound) {
            run->bound = stream->next;
        }
    }
    run->stream = first;
    return true;
}

static bool stop(struct run *run)
{
    run->stopped = true;
    run->stream->next = 0;
    return false;
}

/* Deleted since the merge was opened, or one by one. */
static bool gone(const struct run *run, const struct message *message)
{
    const struct member *member = run->stream->member;
    return message->id <= visible_from(member) || visible_deleted(run->merge->chat, member, message->id);
}

static bool pass_over(struct run *run)
{
    if (run->patience == 0)
        return false;
    run->patience--;
    return true;
}

static bool hand_over(struct run *run, const struct message *message)
{
    run->given++;
    return run->row(run->context, run->stream->member->conversation, message);
}

/* Gives messages of one stream as long as none of another comes first. One that the caller did not take comes
 * again. */
static bool give(void *context, const struct message *message)
{
    struct run *run = context;
    if (message->id > run->bound || run->given == run->limit) {
        run->stream->next = message->id > run->end ? DRAINED : message->id;
        return false;
    }
    bool over = gone(run, message);
    if (store_reads_failed(run->merge->chat->store)) /* perhaps it is, and nobody can tell */
        return stop(run);
    if (!(over ? pass_over(run) : hand_over(run, message)))
        return stop(run);
    run->stream->after = run->merge->position = message->id;
    return true;
}

/* What the chosen stream has before any other's turn comes. false: the store cannot be read. */
static bool read_stream(struct run *run)
{
    struct stream *stream = run->stream;
    if (run->bound > run->end)
        run->bound = run->end;
    stream->next = DRAINED;
    if (log_after(run->merge->chat->log, stream->member->conversation->id, stream->after, give, run))
        return true;
    stream->next = 0;
    return false;
}

size_t merge_read(struct merge *merge, size_t limit, merge_row *row, void *context, bool *complete)
{
    struct run run = {.merge = merge,
                      .end = merge->end,
                      .limit = limit,
                      .patience = PATIENCE,
                      .row = row,
                      .context = context};
    bool good = choose(&run);
    while (good && run.stream && run.given < limit && !run.stopped)
        good = read_stream(&run) && choose(&run);
    *complete = good && !run.stream;
    return run.given;
}

/* The newest ids seen so far: up to twice the limit, then the older half goes. */
struct newest {
    struct chat *chat;
    const struct stream *stream;
    merge_counts *counts; /* NULL: all count */
    void *context;
    size_t patience; /* of the stream: as many may not count */
    int64_t *ids;
    size_t count, limit;
    int64_t after; /* of the stream, or the oldest that still matters */
    bool dropped;
};

static int falling(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void shrink(struct newest *newest)
{
    qsort(newest->ids, newest->count, sizeof *newest->ids, falling);
    if (newest->count <= newest->limit)
        return;
    newest->count = newest->limit;
    newest->dropped = true;
}

static bool does_count(struct newest *newest, const struct message *message)
{
    const struct member *member = newest->stream->member;
    if (!newest->counts || newest->patience == 0)
        return true;
    if (!visible_deleted(newest->chat, member, message->id) &&
        newest->counts(newest->context, member->conversation, message))
        return true;
    newest->patience--;
    return false;
}

static bool take_newest(void *context, const struct message *message)
{
    struct newest *newest = context;
    if (message->id <= newest->after)
        return false;
    if (!does_count(newest, message))
        return true;
    newest->ids[newest->count++] = message->id;
    if (newest->count < 2 * newest->limit + 1)
        return true;
    shrink(newest);
    int64_t oldest = newest->ids[newest->count - 1];
    newest->after = oldest > newest->after ? oldest : newest->after;
    return true;
}

static int64_t cut(struct merge *merge, int64_t before)
{
    for (size_t i = 0; i < merge->count; i++) {
        struct stream *stream = &merge->streams[i];
        stream->after = stream->after < before - 1 ? before - 1 : stream->after;
        stream->next = 0;
    }
    return before;
}

static int64_t last_id(const struct merge *merge)
{
    int64_t last = 0;
    for (size_t i = 0; i < merge->count; i++)
        if (merge->streams[i].member->conversation->last_id > last)
            last = merge->streams[i].member->conversation->last_id;
    return last;
}

static void find_newest_in(const struct merge *merge, struct newest *newest, int64_t *floor)
{
    const int64_t conversation = newest->stream->member->conversation->id;
    newest->after = larger(newest->stream->after, *floor);
    newest->patience = PATIENCE;
    if (newest->counts)
        log_before(merge->chat->log, conversation, INT64_MAX, take_newest, newest);
    else
        log_ids_before(merge->chat->log, conversation, INT64_MAX, take_newest, newest);
    if (newest->dropped)
        *floor = larger(newest->ids[newest->limit - 1], *floor);
}

/* The oldest of the newest that count; 0: all of them are within the limit. */
static int64_t find_newest(const struct merge *merge, struct newest *newest)
{
    int64_t floor = 0;
    newest->count = 0;
    newest->dropped = false;
    for (size_t i = 0; i < merge->count; i++) {
        newest->stream = &merge->streams[i];
        find_newest_in(merge, newest, &floor);
    }
    shrink(newest);
    return newest->dropped ? newest->ids[newest->count - 1] : 0;
}

/* Ids alone are found fast; which of them count is asked only where they are more than the limit. */
int64_t merge_newest(struct merge *merge, size_t limit, merge_counts *counts, void *context)
{
    struct newest newest = {.chat = merge->chat, .context = context, .limit = limit};
    if (merge->count == 0)
        return 0;
    if (limit == 0)
        return cut(merge, last_id(merge) + 1);
    newest.ids = malloc((2 * limit + 1) * sizeof *newest.ids);
    if (!newest.ids)
        return 0;
    int64_t oldest = find_newest(merge, &newest);
    newest.counts = counts;
    if (oldest != 0 && counts)
        oldest = find_newest(merge, &newest);
    free(newest.ids);
    return oldest != 0 && !store_reads_failed(merge->chat->store) ? cut(merge, oldest) : 0;
}
