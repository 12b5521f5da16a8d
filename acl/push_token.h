/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The one spelling of a push token. Pure: no broker, no memory. */
#ifndef ACL_PUSH_TOKEN_H
#define ACL_PUSH_TOKEN_H

#include "acl/limits.h"

/* Writes the token as it is kept and compared: one of Apple's in lower case, others as they are. `given` is valid
 * UTF-8 of at most TOKEN_MAX bytes. NULL, or what is wrong with it, to stand behind the field's name: no whole
 * bytes of hex at Apple, a blank or a control character anywhere. */
const char *push_token_spell(const char *provider, const char *given, char out[TOKEN_MAX + 1]);

#endif
