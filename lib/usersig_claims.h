/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What stands in a userSig when it is unpacked: JSON, and the members of it that count. No state, any thread. */
#ifndef LIB_USERSIG_CLAIMS_H
#define LIB_USERSIG_CLAIMS_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/* The members of it that count. */
struct claims {
    const char *version, *identifier, *userbuf, *sig;
    int64_t sdkappid, created, expire;
};

/* Ends in a NUL, which `len` does not count. CODE_OK and the tree of an object, to be freed with cJSON_Delete; or CODE_SIG_MALFORMED, or out of memory CODE_BUSY, and
 * NULL. */
__attribute__((warn_unused_result)) int claims_parse(const char *json, size_t len, cJSON **out);

/* CODE_OK and the members: all that must be there, of the right kind, no name of the object twice. Their strings are
 * borrowed, from `json`, which may change, and from *tree, which the caller gives to cJSON_Delete in any case (NULL:
 * it was read without one). Or CODE_SIG_MALFORMED; or out of memory CODE_BUSY. */
__attribute__((warn_unused_result)) int claims_read(char *json, size_t len, struct claims *out, cJSON **tree);

#endif
