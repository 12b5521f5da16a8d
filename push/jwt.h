/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* JSON Web Tokens (RFC 7515, 7518): ES256 for Apple, RS256 for Google. OpenSSL signs. No state. */
#ifndef PUSH_JWT_H
#define PUSH_JWT_H

#include <openssl/evp.h>

/* The private key of a PEM text without passphrase, for EVP_PKEY_free. NULL: there is none. */
EVP_PKEY *jwt_key_read(const char *pem);
/* "ES256", "RS256", or NULL for a key that is neither of P-256 nor RSA of at least 2048 bits. */
const char *jwt_algorithm(const EVP_PKEY *key);

/* header.claims.signature, for free(). `header` and `claims` are JSON; the header must name jwt_algorithm of
 * the key. NULL: out of memory, or a key of another kind. */
char *jwt_make(EVP_PKEY *key, const char *header, const char *claims);

#endif
