/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One request to the operator's URL, and what its answer is. One thread. */
#ifndef GATE_HOOK_POST_H
#define GATE_HOOK_POST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/hook/hook_config.h"
#include "gate/hook/hook_counts.h"
#include "lib/daemon/http.h"

#define POST_ANSWER_MAX 65536 /* bytes of an answer's body, which may have a message */

struct keys;

/* Where to, and how it is known that it is us. */
struct post_target {
    const struct hook_config *config;
    int64_t sdkappid;
    struct keys *token, *secret; /* NULL: none */
    struct http *http;
    struct hook_counts counts;
};

struct post {
    enum callback callback;
    const char *body; /* copied */
    const char *address, *platform;
    int64_t timeout_ms;
};

/* Reads the files, if there is a URL. -1: `error` says why; post_close in both cases. */
__attribute__((warn_unused_result)) int post_open(struct post_target *target, char *error, size_t size);
void post_close(struct post_target *target);
/* For a reload: config, sdkappid and keys of `fresh`, which is post_closed. */
void post_take(struct post_target *target, struct post_target *fresh);
/* http_send. NULL: out of memory. */
struct transfer *post_send(struct post_target *target, const struct post *post, http_callback *callback,
                           void *context);

/* What has become of one. */
struct post_result {
    enum hook_outcome outcome;
    cJSON *answer; /* for cJSON_Delete, when it was answered; else NULL */
    char why[160]; /* for people, when it was not */
    int64_t took_ms;
};
void post_read(const struct http_answer *answer, struct post_result *out);
void post_count(struct post_target *target, enum callback callback, const struct post_result *result);
/* Counts one that was not even sent. */
void post_failed(struct post_target *target, enum callback callback, enum hook_outcome outcome,
                 const char *why);

/* Tencent's `Sign`: SHA-256 of token and time, in hex. For tests, too. */
__attribute__((warn_unused_result)) bool post_sign(const char *token, int64_t seconds, char out[65]);

#endif
