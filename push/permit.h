/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A section's leave to send: the token by which its provider knows us. Signed here or fetched, kept while it is
 * good, and replaced once when the provider refuses it; a provider that goes on refusing is left alone with new
 * ones for as long as it wants (provider.h: renew_every_ms). */
#ifndef PUSH_PERMIT_H
#define PUSH_PERMIT_H

#include "push/provider.h"

struct http;
struct transfer;

/* What came of a fetch. `failure`: NULL when there is a token now. */
typedef void permit_fetched(void *context, const struct outcome *failure);

struct permit {
    struct account *account;
    struct http *http;
    permit_fetched *fetched;
    void *context;
    struct transfer *fetch;           /* under way */
    int64_t fetch_after, renew_after; /* of the steady clock */
};

/* All is borrowed. */
void permit_init(struct permit *permit, struct account *account, struct http *http, permit_fetched *fetched,
                 void *context);
/* For a reload, of sections with the same keys: the token, and when another may be made in its place, move to `heir`. */
void permit_inherit(struct permit *heir, struct permit *from);
/* A fetch under way ends without a word. */
void permit_clear(struct permit *permit);

/* AUTHORIZED: account->bearer is good, or none is needed. TO_BE_FETCHED: fetched() comes, later.
 * NOT_AUTHORIZED: `failure` says why. */
enum authorization permit_get(struct permit *permit, struct outcome *failure);
/* The provider has refused the bearer of this number. true: permit_get may lead to another one. */
bool permit_renew(struct permit *permit, unsigned number);

#endif
