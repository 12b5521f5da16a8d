/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/jwt.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define P256_BYTES     32
#define SIGNATURE_MAX  1024
#define RSA_LEAST_BITS 2048

/* A key with a passphrase is refused rather than asked for. */
static int no_passphrase(char *buf, int size, int rwflag, void *context)
{
    (void)buf, (void)size, (void)rwflag, (void)context;
    return -1;
}

EVP_PKEY *jwt_key_read(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static bool is_p256(const EVP_PKEY *key)
{
    char group[32];
    size_t len;
    return EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 && strcmp(group, "prime256v1") == 0;
}

const char *jwt_algorithm(const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
        return is_p256(key) ? "ES256" : NULL;
    case EVP_PKEY_RSA:
        return EVP_PKEY_get_bits(key) >= RSA_LEAST_BITS ? "RS256" : NULL;
    default:
        return NULL;
    }
}

/* Appends without padding, returns the new end. */
static char *append_base64url(char *out, const void *data, size_t len)
{
    int written = EVP_EncodeBlock((unsigned char *)out, data, (int)len);
    char *end = out + written;
    while (end > out && end[-1] == '=')
        *--end = '\0';
    for (char *c = out; c < end; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    return end;
}

static size_t base64_room(size_t len)
{
    return (len + 2) / 3 * 4 + 1;
}

/* OpenSSL gives DER, a token wants both numbers plain, 32 bytes each. */
static bool flatten(unsigned char *signature, size_t *len)
{
    const unsigned char *der = signature;
    unsigned char flat[2 * P256_BYTES];
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)*len);
    bool good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), flat, P256_BYTES) == P256_BYTES &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), flat + P256_BYTES, P256_BYTES) == P256_BYTES;
    ECDSA_SIG_free(pair);
    if (!good)
        return false;
    memcpy(signature, flat, sizeof flat);
    *len = sizeof flat;
    return true;
}

static bool sign(EVP_PKEY *key, const char *text, size_t text_len, unsigned char *signature, size_t *len)
{
    const char *algorithm = jwt_algorithm(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    *len = SIGNATURE_MAX;
    bool good = algorithm && context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, signature, len, (const unsigned char *)text, text_len) == 1 &&
                (strcmp(algorithm, "RS256") == 0 || flatten(signature, len));
    EVP_MD_CTX_free(context);
    return good;
}

char *jwt_make(EVP_PKEY *key, const char *header, const char *claims)
{
    unsigned char signature[SIGNATURE_MAX];
    size_t header_len = strlen(header), claims_len = strlen(claims), len;
    char *token =
        malloc(base64_room(header_len) + base64_room(claims_len) + base64_room(sizeof signature) + 2);
    if (!token)
        return NULL;
    char *end = append_base64url(token, header, header_len);
    *end++ = '.';
    end = append_base64url(end, claims, claims_len);
    if (!sign(key, token, (size_t)(end - token), signature, &len)) {
        free(token);
        return NULL;
    }
    *end++ = '.';
    append_base64url(end, signature, len);
    return token;
}
