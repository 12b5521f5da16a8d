/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/merge.h"

#include <stdlib.h>
#include <string.h>
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

/* A message that comes next. */
struct due {
    int64_t id;
    struct stream *stream;
};

#define DRAINED  INT64_MAX
#define PATIENCE 2000
#define DUE                                                                                                  \
    1000 /* ids are looked up at a time at most: all that a replay gives, if nobody sets replay_limit */

struct merge {
    struct chat *chat;
    struct user *user; /* whose merges this one is among */
    int64_t end;       /* the last id it gives */
    int64_t position;  /* everything up to here has been given or passed over */
    struct due *due;   /* in their order, before whatever else the streams have; NULL: none */
    size_t due_next, due_count;
    bool all_due; /* the streams have nothing else */
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
    merge->due = NULL;
    merge->due_next = merge->due_count = 0;
    merge->all_due = false;
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
    if (!merge)
        return;
    merge->user->merges--;
    free(merge->due);
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

/* Is nothing left? Not so where the store cannot be read. */
static bool is_drained(struct merge *merge)
{
    if (merge->due_next < merge->due_count || merge->all_due)
        return merge->due_next == merge->due_count;
    for (size_t i = 0; i < merge->count; i++)
        if (!look_up(merge, &merge->streams[i]) || merge->streams[i].next != DRAINED)
            return false;
    return true;
}

/* What comes next: the lowest ids of all streams, `most` of them in the end, twice as many meanwhile. */
struct plan {
    struct stream *stream; /* that is looked into */
    int64_t end, upto;     /* of the merge; no id after this one is wanted */
    size_t count, most;
    struct due due[2 * DUE];
};

static int rising(const void *a, const void *b)
{
    int64_t x = ((const struct due *)a)->id, y = ((const struct due *)b)->id;
    return x < y ? -1 : x > y ? 1 : 0;
}

static void keep_lowest(struct plan *plan)
{
    qsort(plan->due, plan->count, sizeof *plan->due, rising);
    if (plan->count < plan->most)
        return;
    plan->count = plan->most;
    plan->upto = plan->due[plan->most - 1].id;
}

static bool plan_id(void *context, const struct message *message)
{
    struct plan *plan = context;
    if (plan->stream->next == DRAINED && message->id <= plan->end)
        plan->stream->next = message->id;
    if (message->id > plan->upto)
        return false;
    plan->due[plan->count++] = (struct due){message->id, plan->stream};
    if (plan->count == 2 * plan->most)
        keep_lowest(plan);
    return true;
}

static bool plan_stream(struct merge *merge, struct plan *plan, struct stream *stream)
{
    plan->stream = stream;
    stream->next = DRAINED;
    if (log_ids_after(merge->chat->log, stream->member->conversation->id, stream->after, plan_id, plan))
        return true;
    stream->next = 0;
    return false;
}

/* false: out of memory. */
static bool set_due(struct merge *merge, const struct plan *plan)
{
    const size_t size = plan->count * sizeof *plan->due;
    struct due *due = malloc(size + 1);
    if (!due)
        return false;
    free(merge->due);
    merge->due = memcpy(due, plan->due, size);
    merge->due_next = 0;
    merge->due_count = plan->count;
    merge->all_due = plan->upto == merge->end;
    return true;
}

/* When what was due has been given: `wanted` ids, more than none. false: out of memory, or the store cannot be read. */
static bool find_due(struct merge *merge, size_t wanted)
{
    struct plan plan;
    plan.end = plan.upto = merge->end;
    plan.count = 0;
    plan.most = wanted < DUE ? wanted : DUE;
    for (size_t i = 0; i < merge->count; i++)
        if (merge->streams[i].next <= plan.upto && !plan_stream(merge, &plan, &merge->streams[i]))
            return false;
    keep_lowest(&plan);
    return set_due(merge, &plan);
}

struct run {
    struct merge *merge;
    struct stream *stream;
    size_t given, limit;
    size_t patience; /* deleted ones that may still be passed over */
    merge_row *row;
    void *context;
    bool stopped; /* the caller has had enough */
};

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

/* One that the caller did not take comes again, and one of which nobody can tell whether it was deleted. */
static bool give(void *context, const struct message *message)
{
    struct run *run = context;
    bool over = gone(run, message);
    run->stopped =
        store_reads_failed(run->merge->chat->store) || !(over ? pass_over(run) : hand_over(run, message));
    return !run->stopped;
}

static void move_on(const struct run *run, int64_t id)
{
    run->stream->after = run->merge->position = id;
    run->stream->next = 0;
}

/* One of those that are due; those before it are not there any more. */
static bool give_due(void *context, const struct message *message)
{
    struct run *run = context;
    struct merge *merge = run->merge;
    while (merge->due_next < merge->due_count && merge->due[merge->due_next].id < message->id)
        merge->due_next++;
    if (merge->due_next == merge->due_count)
        return false;
    run->stream = merge->due[merge->due_next].stream;
    if (!give(run, message))
        return false;
    merge->due_next++;
    move_on(run, message->id);
    return true;
}

/* Some at a time. false: out of memory, or the store cannot be read. */
static bool read_due(struct run *run)
{
    struct merge *merge = run->merge;
    if (merge->due_next == merge->due_count && !find_due(merge, run->limit))
        return false;
    while (!run->stopped && merge->due_next < merge->due_count && run->given < run->limit) {
        int64_t ids[LOG_FIND_MAX];
        size_t count = 0, first = merge->due_next;
        for (; count < LOG_FIND_MAX && first + count < merge->due_count && run->given + count < run->limit;
             count++)
            ids[count] = merge->due[first + count].id;
        if (!log_find_all(merge->chat->log, ids, count, give_due, run))
            return false;
        if (!run->stopped)
            merge->due_next = first + count;
    }
    return true;
}

static bool give_in_row(void *context, const struct message *message)
{
    struct run *run = context;
    if (message->id > run->merge->end)
        return false;
    run->stream->next = 0;
    if (run->given == run->limit || !give(run, message))
        return false;
    run->stream->after = run->merge->position = message->id;
    run->stream->next = DRAINED;
    return true;
}

/* Where there is one stream only, what is due need not be found first. false: the store cannot be read. */
static bool read_in_row(struct run *run)
{
    run->stream = run->merge->streams;
    run->stream->next = DRAINED;
    if (log_after(run->merge->chat->log, run->stream->member->conversation->id, run->stream->after,
                  give_in_row, run))
        return true;
    run->stream->next = 0;
    return false;
}

size_t merge_read(struct merge *merge, size_t limit, merge_row *row, void *context, bool *complete)
{
    struct run run = {.merge = merge, .limit = limit, .patience = PATIENCE, .row = row, .context = context};
    bool good = true;
    while (good && !run.stopped && run.given < limit && !is_drained(merge))
        good = merge->count == 1 ? read_in_row(&run) : read_due(&run);
    *complete = good && is_drained(merge);
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
    if (newest->count <= newest->limit)
        return;
    qsort(newest->ids, newest->count, sizeof *newest->ids, falling);
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
    merge->due_next = merge->due_count = 0;
    merge->all_due = false;
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

/* Are there surely no more than the limit? What is found for that need not be found again to be given. */
static bool are_few(struct merge *merge, size_t limit)
{
    const struct stream *only = merge->streams;
    if (merge->count == 1)
        return !log_may_exceed(merge->chat->log, only->member->conversation->id, only->after, limit);
    return find_due(merge, DUE) && merge->all_due && merge->due_count <= limit;
}

/* Ids alone are found fast; which of them count is asked only where they are more than the limit. */
int64_t merge_newest(struct merge *merge, size_t limit, merge_counts *counts, void *context)
{
    struct newest newest = {.chat = merge->chat, .context = context, .limit = limit};
    if (merge->count == 0)
        return 0;
    if (limit == 0)
        return cut(merge, last_id(merge) + 1);
    if (are_few(merge, limit))
        return 0;
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
