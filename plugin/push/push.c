/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/push/push.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/topic.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/push/push_badge.h"
#include "plugin/push/push_job.h"
#include "plugin/push/push_out.h"
#include "plugin/session/backlog.h"
#include "plugin/session/device.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"

#define WORKER_CREDIT    500
#define TURN_EVERY_MS    20
#define TURN_JOBS        100
#define TURN_ROWS        400 /* more than jobs: rows whose end is not committed yet are passed over */
#define TURN_PATIENCE_US 5000
#define LOOK_EVERY_MS    1000
#define EXPIRE_EVERY_MS  10000

int push_open(struct chat *chat)
{
    chat->push = calloc(1, sizeof *chat->push);
    return chat->push ? push_out_open(chat->push, chat->store) : -1;
}

void push_close(struct chat *chat)
{
    struct push *push = chat->push;
    if (!push)
        return;
    push_out_close(push);
    while (push->workers)
        push_worker_remove(chat, push->workers->session);
    free(push);
    chat->push = NULL;
}

/* Workers */

void push_worker_add(struct chat *chat, struct session *session)
{
    struct push_worker *worker = session->push.worker ? NULL : calloc(1, sizeof *worker);
    if (!worker)
        return;
    worker->session = session;
    session->push.worker = true;
    session->push.out = 0;
    DL_APPEND(chat->push->workers, worker);
    chat->push->next_due = 0;
}

void push_worker_remove(struct chat *chat, struct session *session)
{
    struct push *push = chat->push;
    struct push_worker *worker, *next;
    DL_FOREACH_SAFE (push->workers, worker, next) {
        if (worker->session != session)
            continue;
        DL_DELETE(push->workers, worker);
        free(worker);
    }
    for (struct job_out *job = push->out; job; job = job->next) {
        if (job->worker != session)
            continue;
        job->worker = NULL;
        push->gone++;
    }
    session->push.worker = false;
    session->push.out = 0;
}

static struct push_worker *find_worker(struct push *push)
{
    struct push_worker *worker = push->workers;
    while (worker && worker->session->push.out >= WORKER_CREDIT)
        worker = worker->next;
    return worker;
}

/* What workers had that have gone: next attempt at once. */
static void take_back(struct chat *chat)
{
    struct push *push = chat->push;
    struct job_out *job, *next;
    if (push->gone == 0 || !store_begin(chat->store))
        return;
    int count = 0;
    push->turn = chat->steady;
    DL_FOREACH_SAFE (push->out, job, next) {
        if (job->worker || ++count > WORKER_CREDIT)
            continue;
        store_put(chat->store, W_PUSH_RETRY, "iit", job->id, chat->now, (const char *)NULL);
        push_out_end(push, job);
    }
    store_commit(chat->store);
}

/* Handing out */

/* One pass over due rows, in one frame. */
struct turn {
    struct chat *chat;
    bool expiring; /* nothing is handed out, only what is over goes */
    int rows, jobs, records;
    int64_t started_us;
};

static bool may_go_on(const struct turn *turn)
{
    return turn->jobs < TURN_JOBS && clock_steady_us() - turn->started_us < TURN_PATIENCE_US &&
           (turn->expiring || find_worker(turn->chat->push));
}

/* The row waits no more: the next message there makes a new one. */
static void left(struct turn *turn, const struct push_row *row, const struct push_target *target)
{
    if (row->state == JOB_WAITS && target->conversation)
        target->conversation->push_queued = false;
    turn->records++;
}

static void drop(struct turn *turn, const struct push_row *row, const struct push_target *target)
{
    if (!push_out_add(turn->chat->push, row->job, row->client))
        return;
    store_put(turn->chat->store, W_PUSH_DROP, "i", row->job);
    left(turn, row, target);
}

static void bury(struct turn *turn, const struct push_row *row, const struct push_target *target)
{
    if (!push_out_add(turn->chat->push, row->job, row->client))
        return;
    push_put_dead(turn->chat, row->job, "no answer from a worker");
    left(turn, row, target);
}

/* Old, but for a message that is not: it need not be looked at again before that one is. */
static void renew(struct turn *turn, const struct push_row *row, const struct push_target *target)
{
    if (!push_out_add(turn->chat->push, row->job, row->client))
        return;
    store_put(turn->chat->store, W_PUSH_RENEW, "ii", row->job, target->time);
    turn->records++;
}

static bool send_job(struct turn *turn, const struct push_row *row, const struct push_target *target,
                     const struct push_worker *worker)
{
    char *text = push_job_print(turn->chat, row, target, row->attempt + 1);
    struct session *session = worker->session;
    if (text) {
        backlog_add(session, strlen(text));
        proof_given(session, strlen(PUSH_TOPIC), strlen(text));
    }
    bool sent = text && broker_send(session->client_id, PUSH_TOPIC, text, strlen(text), NULL, 0, 1,
                                    session->identifiers.jobs);
    cJSON_free(text);
    return sent;
}

static void lease(struct turn *turn, const struct push_row *row, const struct push_target *target,
                  struct job_out *job, struct push_worker *worker)
{
    struct chat *chat = turn->chat;
    struct push *push = chat->push;
    const int64_t lease = chat->options.push_lease_seconds * 1000;
    push_out_lease(push, job, worker->session, row->attempt + 1, chat->steady + lease);
    DL_DELETE(push->workers, worker); /* the next one is another's */
    DL_APPEND(push->workers, worker);
    store_put(chat->store, W_PUSH_LEASE, "iii", row->job, (int64_t)job->attempt, chat->now + lease);
    if (row->state == JOB_WAITS)
        store_put(chat->store, W_PUSH_SUPERSEDE, "iti", row->job, row->client, row->conversation);
    if (row->conversation == BADGE_CONVERSATION)
        store_put(chat->store, W_BADGE_TOLD, "ti", row->client, chat->now);
    left(turn, row, target);
}

static void hand_out(struct turn *turn, const struct push_row *row, const struct push_target *target)
{
    struct push *push = turn->chat->push;
    struct push_worker *worker = find_worker(push);
    struct job_out *job = worker ? push_out_add(turn->chat->push, row->job, row->client) : NULL;
    if (!job)
        return;
    if (send_job(turn, row, target, worker))
        lease(turn, row, target, job, worker);
    else
        push_out_free(push, job);
}

static bool is_out(const struct chat *chat, const struct job_out *job)
{
    return job->ended || !job->worker || job->lease_end > chat->steady ||
           !store_has(chat->store, job->young.mark);
}

/* Out to a worker, or changed by a frame that is not committed: the row as read is of the past. */
static bool is_past(struct chat *chat, const struct push_row *row)
{
    struct job_out *job = push_out_find(chat->push, row->job);
    const struct user *user = user_in_memory(chat, row->user);
    if ((user && devices_stale(chat, user)) || push_out_token_fresh(chat->push, row->client) ||
        (job && is_out(chat, job)))
        return true;
    if (job)
        push_out_free(chat->push, job);
    return false;
}

/* A lease that ended by itself; after a restart of the broker due is 0. */
static bool unanswered(const struct push_row *row)
{
    return row->state == JOB_OUT && row->due != 0;
}

static void handle(struct turn *turn, const struct push_row *row)
{
    struct push_target target;
    turn->rows++;
    if (is_past(turn->chat, row))
        return;
    turn->jobs++;
    switch (push_job_find(turn->chat, row, &target)) {
    case PUSH_OVER:
        drop(turn, row, &target);
        break;
    case PUSH_WANTED:
        if (turn->expiring)
            renew(turn, row, &target);
        else if (unanswered(row) && row->attempt >= PUSH_ATTEMPTS)
            bury(turn, row, &target);
        else
            hand_out(turn, row, &target);
        break;
    case PUSH_LATER:
        break;
    }
    push_target_clear(&target);
}

/* Rows that were due at `due`. true: all of them have been seen. */
static bool take_turn(struct chat *chat, int64_t due, bool expiring)
{
    struct turn turn = {.chat = chat, .expiring = expiring, .started_us = clock_steady_us()};
    struct push_row row;
    bool row_read = true;
    chat->push->turn = chat->steady;
    if (!store_begin(chat->store))
        return false;
    sqlite3_stmt *s = store_read(chat->store, R_PUSH_DUE);
    sqlite3_bind_int64(s, 1, due);
    sqlite3_bind_int64(s, 2, TURN_ROWS);
    while (may_go_on(&turn) && (row_read = store_row(chat->store, s))) {
        push_row_read(s, &row);
        handle(&turn, &row);
    }
    store_done(s);
    if (turn.records > 0)
        store_commit(chat->store);
    else
        store_abort(chat->store);
    chat->push->fresh = chat->push->fresh || turn.records > 0;
    return !row_read && turn.rows < TURN_ROWS;
}

static int64_t read_next_due(struct chat *chat)
{
    int64_t latest = chat->now + LOOK_EVERY_MS, due = latest;
    sqlite3_stmt *s = store_read(chat->store, R_PUSH_NEXT_DUE);
    if (store_row(chat->store, s) && sqlite3_column_type(s, 0) != SQLITE_NULL)
        due = sqlite3_column_int64(s, 0);
    store_done(s);
    return due < latest ? due : latest;
}

static bool news_committed(struct chat *chat)
{
    struct push *push = chat->push;
    if (push->fresh && push->awaited == 0) {
        push->awaited = store_last_mark(chat->store);
        push->fresh = false;
    }
    if (push->awaited == 0 || !store_has(chat->store, push->awaited))
        return false;
    push->awaited = 0;
    return true;
}

static void dispatch(struct chat *chat)
{
    struct push *push = chat->push;
    if (!find_worker(push) || !store_has(chat->store, push->dropped) ||
        (!push->more && chat->now < push->next_due))
        return;
    push->more = !take_turn(chat, chat->now, false);
    if (!push->more)
        push->next_due = read_next_due(chat);
}

/* Also without any worker: nothing waits for ever. */
static void expire(struct chat *chat)
{
    struct push *push = chat->push;
    if (chat->steady < push->next_expiry)
        return;
    push->next_expiry = chat->steady + EXPIRE_EVERY_MS;
    if (!store_believes_clock(chat->store))
        return;
    bool all = take_turn(chat, chat->now - chat->options.push_ttl_seconds * 1000, true);
    if (!all)
        push->next_expiry = chat->steady + EXPIRE_EVERY_MS / 100;
}

/* false: the ring is full. */
static bool move_due(struct chat *chat)
{
    struct push *push = chat->push;
    if (push->clock_moved == 0)
        return true;
    if (!store_write(chat->store, W_PUSH_MOVE, "i", push->clock_moved))
        return false;
    push->clock_moved = push->next_due = 0;
    push->fresh = true;
    return true;
}

/* Before anything of the new time is put. */
void push_clock_moved(struct chat *chat, int64_t by)
{
    chat->push->clock_moved += by;
    (void)move_due(chat);
}

static void take_turns(struct chat *chat)
{
    struct push *push = chat->push;
    if (chat->steady - push->turn < TURN_EVERY_MS || !move_due(chat))
        return;
    take_back(chat);
    expire(chat);
    dispatch(chat);
}

bool push_tick(struct chat *chat)
{
    struct push *push = chat->push;
    push_out_end_leases(chat);
    if (news_committed(chat))
        push->more = true;
    take_turns(chat);
    return find_worker(push) && (push->fresh || push->awaited != 0 || push->more);
}
