/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/web_clients.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <utlist.h>

#include "gate/client/web_client.h"

#define EVENTS_MAX 256
#define SWEEP_MS   250
#define MANY       100 /* messages, after which nobody waits for more */

struct web_clients {
    const struct connection_config *config;
    struct web_client *all, *unsettled; /* something came for the latter in the last turns */
    int fd;
    int64_t next_sweep;
};

struct web_clients *web_clients_open(const struct connection_config *config)
{
    struct web_clients *clients = calloc(1, sizeof *clients);
    if (!clients)
        return NULL;
    *clients = (struct web_clients){.config = config, .fd = epoll_create1(EPOLL_CLOEXEC)};
    if (clients->fd >= 0)
        return clients;
    free(clients);
    return NULL;
}

void web_clients_stop(struct web_clients *clients)
{
    for (struct web_client *client = clients->all; client; client = client->hh.next)
        web_client_end_fetching(client, 503, "the gateway ends");
}

void web_clients_close(struct web_clients *clients)
{
    struct web_client *client, *next;
    if (!clients)
        return;
    HASH_ITER (hh, clients->all, client, next) {
        HASH_DEL(clients->all, client);
        web_client_close(client);
    }
    close(clients->fd);
    free(clients);
}

struct web_client *web_clients_get(struct web_clients *clients, const char *user, const char *client_id)
{
    struct web_client *client;
    HASH_FIND_STR(clients->all, client_id, client);
    if (client)
        return strcmp(client->user, user) == 0 ? client : NULL;
    if (HASH_COUNT(clients->all) >= WEB_CLIENTS_MAX)
        return NULL;
    client = web_client_open(clients->config, user, client_id);
    if (!client)
        return NULL;
    HASH_ADD_STR(clients->all, client_id, client);
    if (client->hh.tbl)
        return client;
    web_client_close(client);
    return NULL;
}

/* The socket comes some time after the client, and goes by itself: closed ones leave the epoll. */
static void watch(struct web_clients *clients, struct web_client *client)
{
    const int fd = client->connection ? connection_fd(client->connection) : -1;
    const bool write = fd >= 0 && connection_wants_write(client->connection);
    if (fd == client->fd_watched && write == client->write_watched)
        return;
    struct epoll_event event = {.events = EPOLLIN | (write ? (uint32_t)EPOLLOUT : 0), .data.ptr = client};
    if (fd >= 0 && (fd != client->fd_watched || epoll_ctl(clients->fd, EPOLL_CTL_MOD, fd, &event)))
        (void)epoll_ctl(clients->fd, EPOLL_CTL_ADD, fd, &event);
    client->fd_watched = fd;
    client->write_watched = write;
}

void web_clients_run(struct web_clients *clients, struct web_client *client, struct errand *errand,
                     const char *sig)
{
    web_client_run(client, errand, sig);
    watch(clients, client);
}

/* Who has gone leaves the epoll before the client does: it holds a pointer. */
static void serve(struct web_clients *clients, struct web_client *client, uint32_t events)
{
    if (client->connection)
        connection_serve(client->connection, (events & ~(uint32_t)EPOLLOUT) != 0, (events & EPOLLOUT) != 0);
    watch(clients, client);
    client->quiet = false;
    if (client->unsettled == 0 || client->in_unsettled)
        return;
    client->in_unsettled = true;
    DL_APPEND(clients->unsettled, client);
}

static void leave_unsettled(struct web_clients *clients, struct web_client *client)
{
    if (client->in_unsettled)
        DL_DELETE(clients->unsettled, client);
    client->in_unsettled = false;
}

/* For whom nothing came in this turn, or a lot by now. */
static void settle(struct web_clients *clients)
{
    struct web_client *client, *next;
    DL_FOREACH_SAFE (clients->unsettled, client, next) {
        const bool quiet = client->quiet;
        client->quiet = true;
        if (!quiet && client->unsettled < MANY)
            continue;
        leave_unsettled(clients, client);
        web_client_settle(client);
        watch(clients, client);
    }
}

static void sweep(struct web_clients *clients, int64_t now)
{
    struct web_client *client, *next;
    HASH_ITER (hh, clients->all, client, next) {
        web_client_tick(client, now);
        watch(clients, client);
        if (!web_client_is_over(client, now))
            continue;
        leave_unsettled(clients, client);
        HASH_DEL(clients->all, client);
        web_client_close(client);
    }
}

int web_clients_pause(const struct web_clients *clients, int most_ms)
{
    return clients->unsettled ? 0 : most_ms;
}

int web_clients_fd(const struct web_clients *clients)
{
    return clients->fd;
}

void web_clients_serve(struct web_clients *clients, int64_t now)
{
    struct epoll_event events[EVENTS_MAX];
    const int count = epoll_wait(clients->fd, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++)
        serve(clients, events[i].data.ptr, events[i].events);
    settle(clients);
    if (now < clients->next_sweep)
        return;
    clients->next_sweep = now + SWEEP_MS;
    sweep(clients, now);
}

size_t web_clients_count(const struct web_clients *clients)
{
    return HASH_COUNT(clients->all);
}
