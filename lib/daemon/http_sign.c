/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/daemon/http_sign.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/daemon/http.h"
#include "lib/sha256.h"

/* HMAC-SHA256 of "timestamp.body". */
static bool make_signature(const char *key, const char *timestamp, const char *body, char out[65])
{
    char *text = NULL;
    if (asprintf(&text, "%s.%s", timestamp, body) < 0)
        return false;
    hmac_sha256_hex(key, text, out);
    free(text);
    return true;
}

bool http_sign(struct http_request *request, const char *key, int64_t now_ms)
{
    char timestamp[24], signature[65];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)now_ms);
    return make_signature(key, timestamp, request->body, signature) &&
           http_header(request, "X-Chat-Timestamp: %s", timestamp) &&
           http_header(request, "X-Chat-Signature: sha256=%s", signature);
}
