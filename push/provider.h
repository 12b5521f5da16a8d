/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What differs between Apple, Google and a web hook: keys, the request of a job, and what an answer means.
 * Each is a row of functions (apns.c, fcm.c, webhook.c); who delivers knows nothing else of them. Nothing here
 * sends or waits. */
#ifndef PUSH_PROVIDER_H
#define PUSH_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/daemon/http.h"
#include "push/config.h"
#include "push/job.h"

enum verdict {
    VERDICT_DONE,
    VERDICT_RETRY,         /* some times */
    VERDICT_WAIT,          /* again later, for as long as it is worth anything: it was not about this job */
    VERDICT_INVALID_TOKEN, /* the device is not there any more */
    VERDICT_DOUBTED_TOKEN, /* the same, or our configuration is another app's; standing.h tells them apart */
    VERDICT_DEAD,          /* it would be refused each time */
    VERDICT_RENEW,         /* our own authorization was refused: again with a new one */
    VERDICT_OURS           /* credentials, configuration, clock: refused whatever the job is */
};

struct outcome {
    enum verdict verdict;
    int64_t retry_after_seconds; /* -1: as the broker sees fit */
    bool said;                   /* a line of the section's stands for it in the log */
    char reason[200];            /* for people, valid UTF-8; no secret, no token */
};
__attribute__((format(printf, 3, 4))) void outcome_set(struct outcome *outcome, enum verdict verdict,
                                                       const char *format, ...);

/* How a job has ended; `job` is gone afterwards. */
typedef void delivery_answer(void *context, const struct job *job, const struct outcome *outcome);

/* What is sent with each request so that the provider knows us. */
struct bearer {
    char *text;             /* NULL: none */
    int64_t made, renew_at; /* seconds since 1970 */
    unsigned number;        /* rises with each new one */
};
/* Takes `text`. */
void bearer_set(struct bearer *bearer, char *text, int64_t made, int64_t renew_at);
void bearer_clear(struct bearer *bearer);
/* May it be used? One of the future was made by a clock that has gone back since. */
bool bearer_is_good(const struct bearer *bearer, int64_t now_seconds);

enum authorization { AUTHORIZED, TO_BE_FETCHED, NOT_AUTHORIZED };

/* One section of the configuration, with its keys. */
struct account {
    const struct app_config *config;
    const struct provider *provider;
    struct bearer bearer;
    void *keys; /* the provider's own */
};

struct provider {
    const char *name;
    /* Reads the keys. -1: `error` says why. */
    int (*open)(struct account *account, char *error, size_t error_size);
    void (*close)(struct account *account);
    /* Have both the same keys, so that what one got by them is good for the other? */
    bool (*same_keys)(const struct account *a, const struct account *b);
    int64_t renew_every_ms; /* bearers that it refuses are not made anew more often */
    /* Sees to the bearer. NULL: there is none. */
    enum authorization (*authorize)(struct account *account, int64_t now_seconds);
    /* For TO_BE_FETCHED: the request, and what came of it. false: it failed; fetched() fills `outcome` then
     * (verdict WAIT or OURS). */
    bool (*fetch)(struct account *account, int64_t now_seconds, struct http_request *out);
    bool (*fetched)(struct account *account, int64_t now_seconds, const struct http_answer *answer,
                    struct outcome *outcome);
    /* false: out of memory. The caller adds CA file and timeout. */
    bool (*request)(const struct account *account, const struct job *job, int64_t now_ms,
                    struct http_request *out);
    /* `answer` is HTTP_ANSWERED. */
    void (*judge)(const struct job *job, const struct http_answer *answer, struct outcome *outcome);
};
extern const struct provider provider_apns, provider_fcm, provider_webhook;

/* For the providers. */

/* A row of "what means what"; the first that matches counts. */
struct rule {
    long least, most;   /* of the status */
    const char *reason; /* NULL: any */
    enum verdict verdict;
    int64_t retry_seconds; /* when the answer says nothing; -1: as is usual */
};
/* `rules` end with one that matches everything. */
void judge_by_rules(const struct rule *rules, const struct http_answer *answer, const char *reason,
                    struct outcome *outcome);

#endif
