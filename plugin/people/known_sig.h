/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The userSig with which a user has logged in last: once it was found good, a login with it costs a hash of it (0.2 us)
 * where unpacking and verifying it costs 3. Kept with the user, while the user is in memory and the keys are the same; not
 * the text itself, nobody needs it. What else may stand against a login (banned, kicked) is the caller's. Any thread. */
#ifndef PLUGIN_PEOPLE_KNOWN_SIG_H
#define PLUGIN_PEOPLE_KNOWN_SIG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/sha256.h"
#include "lib/usersig.h"

struct known_sig {
    unsigned char digest[SHA256_BYTES];
    struct usersig sig;
    uint32_t keys_read; /* chat->keys_read when it was verified; 0: there is none */
};

/* Is this text the known one, and good by this clock, as usersig_verify would say? Then `out` is what is in it. Compared in
 * constant time. `known` and `text` may be NULL. false: verify it. */
bool known_sig_holds(const struct known_sig *known, const char *text, uint32_t keys_read, int64_t now_seconds,
                     struct usersig *out);
/* usersig_verify has found it good. */
void known_sig_keep(struct known_sig *known, const char *text, uint32_t keys_read, const struct usersig *sig);

#endif
