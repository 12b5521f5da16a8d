/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/permit.h"

#include "lib/clock.h"
#include "lib/daemon/http.h"

#define FETCH_AGAIN_MS 5000

void permit_init(struct permit *permit, struct account *account, struct http *http, permit_fetched *fetched,
                 void *context)
{
    *permit = (struct permit){.account = account, .http = http, .fetched = fetched, .context = context};
}

void permit_clear(struct permit *permit)
{
    if (permit->fetch)
        http_cancel(permit->http, permit->fetch);
    permit->fetch = NULL;
}

void permit_inherit(struct permit *heir, struct permit *from)
{
    bearer_clear(&heir->account->bearer);
    heir->account->bearer = from->account->bearer;
    from->account->bearer = (struct bearer){0};
    heir->renew_after = from->renew_after;
}

static void on_fetched(void *context, const struct http_answer *answer)
{
    struct permit *permit = context;
    struct account *account = permit->account;
    struct outcome failure;
    bool good = false;
    permit->fetch = NULL;
    if (answer->failure == HTTP_ANSWERED)
        good = account->provider->fetched(account, clock_wall() / 1000, answer, &failure);
    else
        outcome_set(&failure, VERDICT_WAIT, "no access token: %s", answer->error);
    if (!good)
        permit->fetch_after = clock_steady() + FETCH_AGAIN_MS;
    permit->fetched(permit->context, good ? NULL : &failure);
}

static enum authorization fetch(struct permit *permit, struct outcome *failure)
{
    struct account *account = permit->account;
    struct http_request request = {.ca_file = account->config->ca_file,
                                   .timeout_ms = (long)account->config->timeout_seconds * 1000};
    if (permit->fetch)
        return TO_BE_FETCHED;
    if (clock_steady() < permit->fetch_after) {
        outcome_set(failure, VERDICT_WAIT, "no access token a moment ago");
        return NOT_AUTHORIZED;
    }
    if (account->provider->fetch(account, clock_wall() / 1000, &request))
        permit->fetch = http_send(permit->http, &request, on_fetched, permit);
    http_request_clear(&request);
    if (permit->fetch)
        return TO_BE_FETCHED;
    outcome_set(failure, VERDICT_RETRY, "no access token: out of memory");
    return NOT_AUTHORIZED;
}

enum authorization permit_get(struct permit *permit, struct outcome *failure)
{
    struct account *account = permit->account;
    enum authorization authorization = account->provider->authorize
                                           ? account->provider->authorize(account, clock_wall() / 1000)
                                           : AUTHORIZED;
    if (authorization == TO_BE_FETCHED)
        return fetch(permit, failure);
    if (authorization == NOT_AUTHORIZED)
        outcome_set(failure, VERDICT_OURS, "no token could be signed");
    return authorization;
}

bool permit_renew(struct permit *permit, unsigned number)
{
    struct bearer *bearer = &permit->account->bearer;
    int64_t now = clock_steady();
    if (!bearer->text || number != bearer->number)
        return true; /* another has been made meanwhile, or will be */
    if (now < permit->renew_after)
        return false;
    bearer_clear(bearer);
    permit->renew_after = now + permit->account->provider->renew_every_ms;
    return true;
}
