/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/usersig.h"

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "lib/put.h"
#include "lib/sha256.h"
#include "lib/usersig_claims.h"

#define TEXT_MAX      16384 /* a userSig before it is decoded */
#define SIG_LEN       44    /* SHA256_BYTES in base64 */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

struct document {
    char json[USERSIG_INFLATED_MAX + 2]; /* a byte to see that it is too large, and a NUL */
    size_t len;
};

/* What is signed, without the userID and the userbuf. */
#define SIGNED_BYTES                                                                                         \
    (sizeof "TLS.identifier:\nTLS.sdkappid:\nTLS.time:\nTLS.expire:\nTLS.userbuf:\n" + 3 * PUT_NUMBER_MAX)

enum inflated { INFLATED, INFLATED_WITH_MORE_BEHIND, INFLATED_TOO_LARGE, NOT_INFLATED, OUT_OF_MEMORY };

/* Of a digit its value and one; 0: it is none. Tencent's base64 has * for +, - for / and _ for =. */
/* clang-format off */
static const unsigned char digits[256] = {
    ['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    ['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
    ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, ['*'] = 63, ['-'] = 64,
};
/* clang-format on */

/* Four digits become three bytes. What is no digit sets the bits above them. */
static bool decode_four(const char *text, unsigned char *out)
{
    const unsigned char *t = (const unsigned char *)text;
    const uint32_t bits = (digits[t[0]] - 1u) << 18 | (digits[t[1]] - 1u) << 12 | (digits[t[2]] - 1u) << 6 |
                          (digits[t[3]] - 1u);
    out[0] = (unsigned char)(bits >> 16);
    out[1] = (unsigned char)(bits >> 8);
    out[2] = (unsigned char)bits;
    return bits >> 24 == 0;
}

/* `out` has room for TEXT_MAX / 4 * 3 bytes. Returns the length, or -1. */
static int decode(const char *userSig, unsigned char *out)
{
    const size_t len = strnlen(userSig, TEXT_MAX + 1);
    char last[4];
    int pads = 0;
    bool good = true;
    if (len == 0 || len > TEXT_MAX || len % 4 != 0)
        return -1;
    memcpy(last, userSig + len - 4, sizeof last);
    for (; pads < 2 && last[3 - pads] == '_'; pads++)
        last[3 - pads] = 'A';
    for (size_t i = 0; i < len - 4; i += 4, out += 3)
        good &= decode_four(userSig + i, out);
    return decode_four(last, out) && good ? (int)(len / 4 * 3) - pads : -1;
}

/* Inflates at most a byte more than is allowed, whatever the stream would become. */
static enum inflated inflate_bounded(unsigned char *bytes, size_t len, struct document *out)
{
    z_stream stream = {.next_in = bytes, .avail_in = (uInt)len};
    if (inflateInit(&stream) != Z_OK)
        return OUT_OF_MEMORY;
    stream.next_out = (unsigned char *)out->json;
    stream.avail_out = USERSIG_INFLATED_MAX + 1;
    int result = inflate(&stream, Z_FINISH);
    out->len = stream.total_out;
    inflateEnd(&stream);
    out->json[out->len] = '\0';
    if (result == Z_MEM_ERROR)
        return OUT_OF_MEMORY;
    if (out->len > USERSIG_INFLATED_MAX)
        return INFLATED_TOO_LARGE;
    if (result != Z_STREAM_END)
        return NOT_INFLATED;
    return stream.avail_in > 0 ? INFLATED_WITH_MORE_BEHIND : INFLATED;
}

static enum inflated unpack(const char *userSig, struct document *out)
{
    unsigned char bytes[TEXT_MAX / 4 * 3];
    int len = decode(userSig, bytes);
    return len < 0 ? NOT_INFLATED : inflate_bounded(bytes, (size_t)len, out);
}

/* What is signed; malloc'ed, NULL when out of memory. */
static char *signed_text(const struct claims *claims)
{
    const char *id = claims->identifier, *buf = claims->userbuf;
    const size_t id_len = strlen(id), buf_len = buf ? strlen(buf) : 0;
    char *text = malloc(SIGNED_BYTES + id_len + buf_len);
    if (!text)
        return NULL;
    char *p = put_bytes(PUT(text, "TLS.identifier:"), id, id_len);
    p = put_number(PUT(p, "\nTLS.sdkappid:"), claims->sdkappid);
    p = put_number(PUT(p, "\nTLS.time:"), claims->created);
    p = put_number(PUT(p, "\nTLS.expire:"), claims->expire);
    p = PUT(p, "\n");
    if (buf)
        p = PUT(put_bytes(PUT(p, "TLS.userbuf:"), buf, buf_len), "\n");
    *p = '\0';
    return text;
}

static void sign(char sig[SIG_LEN + 1], const char *key, const char *text)
{
    unsigned char mac[SHA256_BYTES];
    hmac_sha256(key, text, mac);
    EVP_EncodeBlock((unsigned char *)sig, mac, SHA256_BYTES);
}

/* Tries every key to the end, so that the time tells nothing about which one fits. */
static int check_signature(const struct claims *claims, const struct keys *keys)
{
    char sig[SIG_LEN + 1];
    int matches = 0;
    if (strlen(claims->sig) != SIG_LEN)
        return CODE_SIG_WRONG_KEY;
    char *text = signed_text(claims);
    if (!text)
        return CODE_BUSY;
    for (size_t i = 0; i < keys->count; i++) {
        sign(sig, keys->key[i], text);
        matches |= CRYPTO_memcmp(sig, claims->sig, SIG_LEN) == 0;
    }
    OPENSSL_cleanse(sig, sizeof sig);
    free(text);
    return matches ? CODE_OK : CODE_SIG_WRONG_KEY;
}

static int check(const struct claims *claims, const char *user, int64_t sdkappid, const struct keys *keys,
                 int64_t now_seconds)
{
    if (claims->sdkappid != sdkappid)
        return CODE_SIG_OTHER_APP;
    if (strcmp(claims->identifier, user) != 0)
        return CODE_SIG_OTHER_USER;
    if (now_seconds > claims->created + claims->expire)
        return CODE_SIG_EXPIRED;
    return check_signature(claims, keys);
}

int usersig_verify(const char *userSig, const char *user, int64_t sdkappid, const struct keys *keys,
                   int64_t now_seconds, struct usersig *out)
{
    struct document document;
    struct claims claims;
    cJSON *root;
    if (!userSig || !*userSig)
        return CODE_SIG_EMPTY;
    enum inflated inflated = unpack(userSig, &document);
    if (inflated != INFLATED)
        return inflated == OUT_OF_MEMORY ? CODE_BUSY : CODE_SIG_MALFORMED;
    int code = claims_read(document.json, document.len, &claims, &root);
    if (code == CODE_OK)
        code = check(&claims, user, sdkappid, keys, now_seconds);
    if (code == CODE_OK)
        *out = (struct usersig){claims.created, claims.created + claims.expire};
    if (code == CODE_OK && claims.created - now_seconds > USERSIG_AHEAD_MAX)
        code = CODE_SIG_MALFORMED;
    cJSON_Delete(root);
    return code;
}

/* A userSig that is refused must not become a password: what is too large to parse, or cannot be for want of
 * memory, had better be one. */
bool usersig_shaped(const char *text)
{
    struct document document;
    cJSON *root;
    if (!text)
        return false;
    switch (unpack(text, &document)) {
    case INFLATED_TOO_LARGE:
        return memmem(document.json, document.len, "\"TLS.identifier\"", 16);
    case NOT_INFLATED:
        return false;
    case OUT_OF_MEMORY:
        return true;
    default:
        break;
    }
    int code = claims_parse(document.json, document.len, &root);
    bool shaped = code == CODE_BUSY || cJSON_GetObjectItemCaseSensitive(root, "TLS.identifier");
    cJSON_Delete(root);
    return shaped;
}

bool usersig_user(const char *userSig, char *out)
{
    struct document document;
    cJSON *root = NULL;
    if (!userSig || unpack(userSig, &document) != INFLATED ||
        claims_parse(document.json, document.len, &root) != CODE_OK)
        return false;
    const cJSON *user = cJSON_GetObjectItemCaseSensitive(root, "TLS.identifier");
    const bool good = cJSON_IsString(user) && user_id_valid(user->valuestring, strlen(user->valuestring));
    if (good)
        strcpy(out, user->valuestring);
    cJSON_Delete(root);
    return good;
}

/* Ordinary base64, malloc'ed; NULL when out of memory. */
static char *encode(const void *data, size_t len)
{
    char *text = malloc(BASE64_LEN(len) + 1);
    if (text)
        EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    return text;
}

/* The JSON of a userSig; malloc'ed. Nothing in it needs escaping: a userID has no such character, base64
 * neither. */
static char *print(const struct claims *claims)
{
    char *json;
    bool buf = claims->userbuf;
    int len =
        asprintf(&json,
                 "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"%s\",\"TLS.sdkappid\":%lld,\"TLS.time\":%lld,"
                 "\"TLS.expire\":%lld%s%s%s,\"TLS.sig\":\"%s\"}",
                 claims->identifier, (long long)claims->sdkappid, (long long)claims->created,
                 (long long)claims->expire, buf ? ",\"TLS.userbuf\":\"" : "", buf ? claims->userbuf : "",
                 buf ? "\"" : "", claims->sig);
    return len < 0 ? NULL : json;
}

/* Ordinary base64 in Tencent's alphabet. */
static void translate(char *text)
{
    for (; *text; text++)
        *text = *text == '+' ? '*' : *text == '/' ? '-' : *text == '=' ? '_' : *text;
}

static char *pack(const char *json)
{
    unsigned char bytes[USERSIG_INFLATED_MAX + 256];
    uLongf len = sizeof bytes;
    if (strlen(json) > USERSIG_INFLATED_MAX ||
        compress(bytes, &len, (const unsigned char *)json, (uLong)strlen(json)) != Z_OK)
        return NULL;
    char *text = encode(bytes, len);
    if (text)
        translate(text);
    return text;
}

static char *make(struct claims *claims, const char *key)
{
    char sig[SIG_LEN + 1];
    char *text = signed_text(claims), *json = NULL, *result = NULL;
    if (text) {
        sign(sig, key, text);
        claims->sig = sig;
        json = print(claims);
    }
    if (json)
        result = pack(json);
    free(json);
    free(text);
    return result;
}

static bool number_valid(int64_t number)
{
    return number >= 0 && number <= USERSIG_NUMBER_MAX;
}

char *usersig_mint(const char *user, int64_t sdkappid, int64_t created_seconds, int64_t expire_seconds,
                   const void *userbuf, size_t userbuf_len, const struct keys *keys)
{
    struct claims claims = {
        .identifier = user, .sdkappid = sdkappid, .created = created_seconds, .expire = expire_seconds};
    char *buf = NULL;
    if (!user_id_valid(user, strlen(user)) || keys->count == 0 || userbuf_len > USERSIG_INFLATED_MAX ||
        !number_valid(sdkappid) || !number_valid(created_seconds) || !number_valid(expire_seconds))
        return NULL;
    if (userbuf && !(buf = encode(userbuf, userbuf_len)))
        return NULL;
    claims.userbuf = buf;
    char *result = make(&claims, keys->key[0]);
    free(buf);
    return result;
}
