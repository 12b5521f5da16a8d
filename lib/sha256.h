/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* SHA-256 and HMAC-SHA256 (RFC 2104) without memory: they cannot fail. OpenSSL's EVP and HMAC() look their algorithm up and
 * allocate for each call, which takes five times as long as the digest of a userSig. No state, any thread. */
#ifndef LIB_SHA256_H
#define LIB_SHA256_H

#include <stddef.h>

#define SHA256_BYTES 32

void sha256(const void *data, size_t len, unsigned char out[SHA256_BYTES]);
/* The same in lower-case hex. */
void sha256_hex(const void *data, size_t len, char out[2 * SHA256_BYTES + 1]);

/* `key` and `text` are texts. */
void hmac_sha256(const char *key, const char *text, unsigned char out[SHA256_BYTES]);
void hmac_sha256_hex(const char *key, const char *text, char out[2 * SHA256_BYTES + 1]);

#endif
