/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Hash tables whose keys strangers choose: SipHash-1-3 with a secret of this process, which nobody outside can
 * find colliding keys for. All tables have it: this header is included instead of uthash.h. Any thread. */
#ifndef LIB_KEYED_HASH_H
#define LIB_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct keyed_hash_secret {
    uint64_t first, second;
};

/* By chance, made before main() or with the plugin; the same until the process ends. */
extern struct keyed_hash_secret keyed_hash_secret;

struct siphash {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t siphash_rotate(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void siphash_round(struct siphash *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = siphash_rotate(s->v1, 13) ^ s->v0;
    s->v3 = siphash_rotate(s->v3, 16) ^ s->v2;
    s->v0 = siphash_rotate(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v1 = siphash_rotate(s->v1, 17) ^ s->v2;
    s->v3 = siphash_rotate(s->v3, 21) ^ s->v0;
    s->v2 = siphash_rotate(s->v2, 32);
}

static inline void siphash_word(struct siphash *s, uint64_t word)
{
    s->v3 ^= word;
    siphash_round(s);
    s->v0 ^= word;
}

static inline uint64_t siphash_load(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* The last 0 to 7 bytes, and the length above them. */
static inline uint64_t siphash_tail(const unsigned char *bytes, size_t len)
{
    uint64_t word = (uint64_t)len << 56;
    size_t rest = len & 7;
    if (rest > 0 && len > rest) /* at once, with those before */
        return word | siphash_load(bytes + len - 8) >> (64 - 8 * rest);
    for (size_t i = 0; i < rest; i++)
        word |= (uint64_t)bytes[i] << 8 * i;
    return word;
}

/* Of `len` bytes. As in the paper (Aumasson and Bernstein) on a machine that is little endian; on others it is
 * another function, as good. */
static inline uint64_t keyed_hash(const void *key, size_t len)
{
    const unsigned char *bytes = key;
    const struct keyed_hash_secret *secret = &keyed_hash_secret;
    struct siphash s = {.v0 = secret->first ^ 0x736f6d6570736575,
                        .v1 = secret->second ^ 0x646f72616e646f6d,
                        .v2 = secret->first ^ 0x6c7967656e657261,
                        .v3 = secret->second ^ 0x7465646279746573};
    for (size_t at = 0; at + 8 <= len; at += 8)
        siphash_word(&s, siphash_load(bytes + at));
    siphash_word(&s, siphash_tail(bytes, len));
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        siphash_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* Of a number that nobody outside chooses, like an address or a count: far cheaper. */
static inline unsigned keyed_hash_number(uint64_t number)
{
    return (unsigned)((number ^ keyed_hash_secret.first) * (keyed_hash_secret.second | 1) >> 32);
}

#define HASH_FUNCTION(key, len, hash) (hash) = (unsigned)keyed_hash(key, len)

#include <uthash.h>

/* HASH_ADD and HASH_FIND for tables with such keys; `number` is an lvalue of the field's type. */
#define HASH_ADD_NUMBER(hh, head, field, add)                                                                \
    HASH_ADD_BYHASHVALUE(hh, head, field, sizeof(add)->field,                                                \
                         keyed_hash_number((uint64_t)(uintptr_t)(add)->field), add)
#define HASH_FIND_NUMBER(hh, head, number, out)                                                              \
    HASH_FIND_BYHASHVALUE(hh, head, &(number), sizeof(number),                                               \
                          keyed_hash_number((uint64_t)(uintptr_t)(number)), out)

#endif
