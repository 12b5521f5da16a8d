/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An Apple provider token over restarts, in a file of one line, open to nobody else: key id, team id, when it was
 * made, the token. Whoever makes more than one in 20 minutes is refused by Apple. */
#ifndef PUSH_TOKEN_FILE_H
#define PUSH_TOKEN_FILE_H

#include <stdint.h>

/* The token of this key, for free(), and when it was made (seconds since 1970). NULL: there is none that can be
 * used; a file with a fault is named in the log. */
char *token_file_read(const char *path, const char *key_id, const char *team_id, int64_t *made);
/* Takes the place of what is there, whole or not at all. A failure is said in the log. */
void token_file_write(const char *path, const char *key_id, const char *team_id, int64_t made,
                      const char *token);

#endif
