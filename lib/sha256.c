/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* These functions of OpenSSL are deprecated since 3.0 in favour of EVP, and there in 3.5: the only ones that need no memory. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

void sha256(const void *data, size_t len, unsigned char out[SHA256_BYTES])
{
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, data, len);
    SHA256_Final(out, &state);
}

static void print_hex(const unsigned char bytes[SHA256_BYTES], char out[2 * SHA256_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * SHA256_BYTES] = '\0';
}

void sha256_hex(const void *data, size_t len, char out[2 * SHA256_BYTES + 1])
{
    unsigned char digest[SHA256_BYTES];
    sha256(data, len, digest);
    print_hex(digest, out);
}

/* The digest of the key's block, each byte changed by `pad`, and the data. */
static void half(const unsigned char block[SHA256_CBLOCK], unsigned char pad, const void *data, size_t len,
                 unsigned char out[SHA256_BYTES])
{
    SHA256_CTX state;
    unsigned char padded[SHA256_CBLOCK];
    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] = block[i] ^ pad;
    SHA256_Init(&state);
    SHA256_Update(&state, padded, sizeof padded);
    SHA256_Update(&state, data, len);
    SHA256_Final(out, &state);
    OPENSSL_cleanse(padded, sizeof padded);
}

void hmac_sha256(const char *key, const char *text, unsigned char out[SHA256_BYTES])
{
    unsigned char block[SHA256_CBLOCK] = {0};
    const size_t len = strlen(key);
    if (len > sizeof block)
        sha256(key, len, block);
    else
        memcpy(block, key, len);
    half(block, 0x36, text, strlen(text), out);
    half(block, 0x5c, out, SHA256_BYTES, out);
    OPENSSL_cleanse(block, sizeof block);
}

void hmac_sha256_hex(const char *key, const char *text, char out[2 * SHA256_BYTES + 1])
{
    unsigned char mac[SHA256_BYTES];
    hmac_sha256(key, text, mac);
    print_hex(mac, out);
}
