/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/known_sig.h"

#include <openssl/crypto.h>
#include <string.h>

static bool in_time(const struct usersig *sig, int64_t now_seconds)
{
    return now_seconds <= sig->expires && sig->created - now_seconds <= USERSIG_AHEAD_MAX;
}

static bool is_same(const struct known_sig *known, const char *text)
{
    unsigned char digest[SHA256_BYTES];
    sha256(text, strlen(text), digest);
    return CRYPTO_memcmp(digest, known->digest, sizeof digest) == 0;
}

bool known_sig_holds(const struct known_sig *known, const char *text, uint32_t keys_read, int64_t now_seconds,
                     struct usersig *out)
{
    if (!known || !text || known->keys_read != keys_read || !in_time(&known->sig, now_seconds) ||
        !is_same(known, text))
        return false;
    *out = known->sig;
    return true;
}

void known_sig_keep(struct known_sig *known, const char *text, uint32_t keys_read, const struct usersig *sig)
{
    *known = (struct known_sig){.sig = *sig, .keys_read = keys_read};
    sha256(text, strlen(text), known->digest);
}
