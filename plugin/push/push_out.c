/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/push/push_out.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "plugin/core/chat.h"
#include "plugin/session/session.h"
#include "schema/store.h"

struct job *push_out_find(struct push *push, int64_t id)
{
    struct job *job;
    HASH_FIND(hh, push->jobs, &id, sizeof id, job);
    return job;
}

struct job *push_out_add(struct chat *chat, int64_t id, const char *client)
{
    struct push *push = chat->push;
    size_t size = strlen(client) + 1;
    struct job *job = calloc(1, sizeof *job + size);
    if (!job)
        return NULL;
    memcpy(job->client, client, size);
    job->id = id;
    job->ended = true;
    job->mark = store_mark(chat->store);
    HASH_ADD(hh, push->jobs, id, sizeof job->id, job);
    if (!job->hh.tbl) {
        free(job);
        return NULL;
    }
    DL_APPEND(push->ended, job);
    return job;
}

/* Takes an outstanding job back from its worker; it is in neither list then. */
static void detach(struct push *push, struct job *job)
{
    if (job->ended) {
        DL_DELETE(push->ended, job);
        return;
    }
    DL_DELETE(push->out, job);
    if (job->worker)
        job->worker->push_out--;
    else
        push->gone--;
    job->worker = NULL;
}

void push_out_free(struct push *push, struct job *job)
{
    detach(push, job);
    HASH_DEL(push->jobs, job);
    free(job);
}

void push_out_lease(struct chat *chat, struct job *job, struct session *worker, int attempt,
                    int64_t lease_end)
{
    struct push *push = chat->push;
    detach(push, job);
    job->ended = false;
    job->mark = store_mark(chat->store);
    job->worker = worker;
    job->attempt = attempt;
    job->lease_end = lease_end;
    worker->push_out++;
    DL_APPEND(push->out, job);
}

void push_out_end(struct chat *chat, struct job *job)
{
    struct push *push = chat->push;
    detach(push, job);
    job->ended = true;
    job->mark = store_mark(chat->store);
    DL_APPEND(push->ended, job);
    push->fresh = true;
}

void push_out_token_changed(struct chat *chat, const char *client)
{
    struct push *push = chat->push;
    size_t size = strlen(client) + 1;
    struct changed *changed = calloc(1, sizeof *changed + size);
    push->fresh = true;
    for (struct job *job = push->out; job; job = job->next)
        if (strcmp(job->client, client) == 0)
            job->token_changed = true;
    if (!changed)
        return; /* a job may go out with the token of a moment ago */
    memcpy(changed->client, client, size);
    changed->mark = store_mark(chat->store);
    DL_APPEND(push->changed, changed);
}

bool push_out_token_fresh(const struct push *push, const char *client)
{
    const struct changed *changed = push->changed;
    while (changed && strcmp(changed->client, client) != 0)
        changed = changed->next;
    return changed != NULL;
}

void push_out_prune(struct chat *chat)
{
    struct push *push = chat->push;
    while (push->ended && store_has(chat->store, push->ended->mark))
        push_out_free(push, push->ended);
    while (push->out && push->out->lease_end <= chat->now && store_has(chat->store, push->out->mark) &&
           push->out->worker)
        push_out_free(push, push->out);
    while (push->changed && store_has(chat->store, push->changed->mark)) {
        struct changed *first = push->changed;
        DL_DELETE(push->changed, first);
        free(first);
    }
}

void push_out_clear(struct push *push)
{
    struct changed *changed, *next;
    while (push->out)
        push_out_free(push, push->out);
    while (push->ended)
        push_out_free(push, push->ended);
    DL_FOREACH_SAFE (push->changed, changed, next)
        free(changed);
    push->changed = NULL;
}

void push_put_dead(struct chat *chat, int64_t job, const char *error)
{
    store_put(chat->store, W_PUSH_DEAD, "it", job, error);
    store_put(chat->store, W_PUSH_DEAD_TRIM, "");
}

void push_put_token_gone(struct chat *chat, const char *client)
{
    store_put(chat->store, W_TOKEN_DROP, "t", client);
    store_put(chat->store, W_PUSH_DROP_DEVICE, "t", client);
}
