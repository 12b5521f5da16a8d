/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who asks: `Authorization: Basic` with userID and userSig, or `Bearer` with the userSig alone; X-Chat-Client is the
 * client id. A browser's EventSource has no headers: for a stream, and only there, `usersig` and `client` in the query
 * take their places. One thread. */
#ifndef GATE_CLIENT_WEB_AUTH_H
#define GATE_CLIENT_WEB_AUTH_H

#include <stdint.h>

#include "acl/identity.h"
#include "lib/keys.h"

struct exchange;

#define SIG_MAX         2048 /* bytes of a userSig */
#define WEB_EVENTS_PATH "/v1/events"

struct web_identity {
    char user[USER_ID_MAX + 1], sig[SIG_MAX + 1], client_id[CLIENT_ID_MAX + 1];
};

/* 0, or the code of a refusal; *error says why. The userSig is checked against the keys. */
int web_auth(const struct exchange *exchange, int64_t sdkappid, const struct keys *keys,
             struct web_identity *identity, const char **error);

#endif
