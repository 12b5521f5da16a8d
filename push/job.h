/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A push job as the broker sends it (docs/protocol.md, Push). */
#ifndef PUSH_JOB_H
#define PUSH_JOB_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_SOUND_MAX 128 /* bytes; it is the name of a file of the app's */

struct job {
    int64_t id, message; /* message: the id of the chat message */
    int64_t expire;      /* ms since 1970 */
    int64_t token_time;  /* when the device said its token last, ms since 1970; -1: not known */
    int attempt;
    int badge;   /* -1: the notification says nothing about it */
    bool silent; /* the badge is all there is to tell: no text, no sound, no message */
    /* Never NULL. Borrowed from the tree. */
    const char *provider, *business, *token, *user, *client, *title, *body, *collapse;
    const char *ext, *sound; /* NULL: none; a sound, too, that is longer than JOB_SOUND_MAX */
    const cJSON *about;      /* the member "message", an object; NULL: it is silent */
    char *raw;               /* as it came, NUL-terminated */
    size_t raw_len;
    cJSON *tree;
};

/* Takes a copy. NULL: `job` is filled and wants job_clear. Otherwise what is wrong, a few words. */
const char *job_parse(struct job *job, const char *payload, size_t len);
void job_clear(struct job *job);

/* A UUID in text that is the same whenever this job is sent for the same message to the same device. `out`
 * has 37 bytes; "" when OpenSSL fails. */
void job_uuid(const struct job *job, char out[37]);

#endif
