/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* userSig: Tencent's TLSSigAPIv2, byte-compatible. Verify and mint; no state, no clock, any thread.
 * Base64 and HMAC are OpenSSL's, inflate is zlib's, JSON is cJSON's. */
#ifndef LIB_USERSIG_H
#define LIB_USERSIG_H

#include "acl/identity.h"
#include "lib/keys.h"
#include <stdbool.h>
#include <stdint.h>

#define USERSIG_INFLATED_MAX 8192
#define USERSIG_NUMBER_MAX   9007199254740992LL /* 2^53 */
#define USERSIG_AHEAD_MAX    300                /* seconds: clocks differ */

struct usersig {
    int64_t created; /* seconds since 1970 */
    int64_t expires; /* seconds since 1970: created + expire; that second itself is still valid */
};

/* Is `userSig` what `user` may log in with at `now_seconds`? Checks in this order: empty (70002), shape
 * (70003), sdkappid (70014), identifier (70013), expiry (70001), HMAC in constant time against each key
 * (70009), and that it was not made more than USERSIG_AHEAD_MAX seconds from now (70003). `out` is filled on success, and
 * for one that is too far in the future; nothing is written to it else. NULL as userSig counts as empty. Returns 0 or a code of
 * acl/code.h; out of memory it is 10002, whatever the userSig is. */
__attribute__((warn_unused_result)) int usersig_verify(const char *userSig, const char *user,
                                                       int64_t sdkappid, const struct keys *keys,
                                                       int64_t now_seconds, struct usersig *out);

/* True when the text inflates to a JSON object that has TLS.identifier: a userSig, good or bad, not
 * somebody's password. True as well when memory is out before that is clear. */
bool usersig_shaped(const char *text);

/* Whose userSig it says that it is, good or bad: `out` has USER_ID_MAX + 1 bytes. false: it says nothing of that kind,
 * or memory is out. */
bool usersig_user(const char *userSig, char *out);

/* Makes a userSig, signed with keys->key[0]. userbuf may be NULL. Returns malloc'ed text, NULL when out of
 * memory or the user is not a valid userID. */
char *usersig_mint(const char *user, int64_t sdkappid, int64_t created_seconds, int64_t expire_seconds,
                   const void *userbuf, size_t userbuf_len, const struct keys *keys);

#endif
