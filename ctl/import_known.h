/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is known of conversations: how far each went when it was first seen, and a page of what is in it, by which rows that are
 * there already are known again. When there are too many it begins anew, and they are asked about once more. */
#ifndef CTL_IMPORT_KNOWN_H
#define CTL_IMPORT_KNOWN_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define KNOWN_PAGE 100 /* messages */

struct known;

/* Of a conversation between two, whichever is first; of a group, with "". */
uint64_t known_key(const char *first, const char *second);
/* NULL: nothing is known. */
struct known *known_find(uint64_t key);
/* An answer of getHistory has its last messages. */
void known_put(uint64_t key, const cJSON *messages);
void known_clear(void);

/* Is a message of this time (ms) perhaps there, since the conversation went so far? */
bool known_reaches(const struct known *known, int64_t time);

enum known_there { KNOWN_THERE, KNOWN_NOT_THERE, KNOWN_NOT_SEEN };
/* By its page. What was recalled or edited has no random any more, and is told by sender and time. */
enum known_there known_has(const struct known *known, const char *sender, int64_t time, int64_t random);

/* Where the page begins that tells it: an id to go on after, or 0, and then the time. */
int64_t known_page_after(const struct known *known, int64_t time);
/* That page. */
void known_take_page(struct known *known, int64_t time, const cJSON *data);
/* The page is old. */
void known_drop_page(struct known *known);

#endif
