/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/daemon/http_sign.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/daemon/http.h"

/* HMAC-SHA256 of "timestamp.body" in lower-case hex. */
static bool make_signature(const char *key, const char *timestamp, const char *body, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char *text = NULL;
    int text_len = asprintf(&text, "%s.%s", timestamp, body);
    if (text_len < 0)
        return false;
    bool good =
        HMAC(EVP_sha256(), key, (int)strlen(key), (unsigned char *)text, (size_t)text_len, digest, &len);
    free(text);
    for (unsigned i = 0; good && i < len; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
    return good;
}

bool http_sign(struct http_request *request, const char *key, int64_t now_ms)
{
    char timestamp[24], signature[65];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)now_ms);
    return make_signature(key, timestamp, request->body, signature) &&
           http_header(request, "X-Chat-Timestamp: %s", timestamp) &&
           http_header(request, "X-Chat-Signature: sha256=%s", signature);
}
