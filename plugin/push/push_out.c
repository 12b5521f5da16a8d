/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/push/push_out.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "plugin/core/chat.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define KEEP_EVERY 100 /* deaths */

static void forget(void *owner, struct young *young)
{
    struct push *push = owner;
    HASH_DEL(push->jobs, (struct job_out *)young);
    free(young);
}

int push_out_open(struct push *push, struct store *store)
{
    return young_open(&push->ended, store, forget, push) || young_open(&push->changed, store, NULL, NULL) ? -1
                                                                                                          : 0;
}

void push_out_close(struct push *push)
{
    while (push->out)
        push_out_free(push, push->out);
    young_close(push->ended);
    young_close(push->changed);
}

struct job_out *push_out_find(struct push *push, int64_t id)
{
    struct job_out *job;
    HASH_FIND(hh, push->jobs, &id, sizeof id, job);
    return job;
}

struct job_out *push_out_add(struct push *push, int64_t id, const char *client)
{
    size_t size = strlen(client) + 1;
    struct job_out *job = calloc(1, sizeof *job + size);
    if (!job)
        return NULL;
    memcpy(job->client, client, size);
    job->id = id;
    job->ended = true;
    HASH_ADD(hh, push->jobs, id, sizeof job->id, job);
    if (!job->hh.tbl) {
        free(job);
        return NULL;
    }
    young_add(push->ended, &job->young);
    return job;
}

/* Takes an outstanding job back from its worker; it is in neither list then. */
static void detach(struct push *push, struct job_out *job)
{
    if (job->ended) {
        young_remove(push->ended, &job->young);
        return;
    }
    DL_DELETE(push->out, job);
    if (job->worker)
        job->worker->push.out--;
    else
        push->gone--;
    job->worker = NULL;
}

void push_out_free(struct push *push, struct job_out *job)
{
    detach(push, job);
    forget(push, &job->young);
}

void push_out_lease(struct push *push, struct job_out *job, struct session *worker, int attempt,
                    int64_t lease_end)
{
    detach(push, job);
    job->ended = false;
    job->worker = worker;
    job->attempt = attempt;
    job->lease_end = lease_end;
    worker->push.out++;
    DL_APPEND(push->out, job);
}

void push_out_end(struct push *push, struct job_out *job)
{
    detach(push, job);
    job->ended = true;
    young_add(push->ended, &job->young);
    push->fresh = true;
}

static char *append(char *end, const char *text)
{
    size_t size = strlen(text) + 1;
    memcpy(end, text, size);
    return end + size;
}

static struct changed *make_changed(const char *client, const char *provider, const char *token)
{
    size_t size = strlen(client) + 1 + (token ? strlen(provider) + strlen(token) + 2 : 0);
    struct changed *changed = calloc(1, sizeof *changed + size);
    if (!changed)
        return NULL;
    char *end = append(changed->client, client);
    if (token) {
        changed->provider = end;
        changed->token = append(end, provider);
        append(append(end, provider), token);
    }
    return changed;
}

void push_out_token_changed(struct push *push, const char *client, const char *provider, const char *token)
{
    struct changed *changed = make_changed(client, provider, token);
    push->fresh = true;
    for (struct job_out *job = push->out; job; job = job->next)
        if (strcmp(job->client, client) == 0)
            job->token_changed = true;
    if (changed) /* or a job may go out with the token of a moment ago */
        young_add(push->changed, &changed->young);
}

/* The last change counts. */
static const struct changed *find_changed(const struct push *push, const char *client)
{
    const struct young *young;
    const struct changed *found = NULL;
    DL_FOREACH (push->changed->oldest, young)
        if (strcmp(((const struct changed *)young)->client, client) == 0)
            found = (const struct changed *)young;
    return found;
}

bool push_out_token_fresh(const struct push *push, const char *client)
{
    return find_changed(push, client) != NULL;
}

static bool gives(const struct changed *changed, const char *provider, const char *token)
{
    return changed->token && strcmp(changed->token, token) == 0 && strcmp(changed->provider, provider) == 0;
}

const char *push_out_token_holder(const struct push *push, const char *client, const char *provider,
                                  const char *token)
{
    const struct young *young;
    DL_FOREACH (push->changed->oldest, young) {
        const struct changed *changed = (const struct changed *)young;
        if (gives(changed, provider, token) && strcmp(changed->client, client) != 0 &&
            find_changed(push, changed->client) == changed)
            return changed->client;
    }
    return NULL;
}

void push_out_end_leases(struct chat *chat)
{
    struct push *push = chat->push;
    while (push->out && push->out->lease_end <= chat->steady &&
           store_has(chat->store, push->out->young.mark) && push->out->worker)
        push_out_free(push, push->out);
}

void push_put_dead(struct chat *chat, int64_t job, const char *error)
{
    store_put(chat->store, W_PUSH_DEAD, "it", job, error);
    if (chat->push->died++ % KEEP_EVERY == 0) /* it looks at all that are kept */
        store_put(chat->store, W_PUSH_DEAD_KEEP, "");
}

void push_put_token_gone(struct chat *chat, const char *client)
{
    store_put(chat->store, W_TOKEN_DROP, "t", client);
    store_put(chat->store, W_PUSH_DROP_DEVICE, "t", client);
}
