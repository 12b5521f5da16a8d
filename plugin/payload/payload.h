/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A publish: strict validation of what a client sends. Pure: no broker, no clock, any thread. The client's
 * own bytes are never printed anew. */
#ifndef PLUGIN_PAYLOAD_PAYLOAD_H
#define PLUGIN_PAYLOAD_PAYLOAD_H

#include "acl/identity.h"
#include "plugin/payload/payload_kinds.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words;

#define AT_MAX       30
#define MENTIONS_MAX (AT_MAX * (USER_ID_MAX + 1) + 2)
#define ELEMENTS_MIN 2
#define ELEMENTS_MAX 10

enum content {
    CONTENT_NONE,
    CONTENT_TEXT,
    CONTENT_IMAGE,
    CONTENT_SOUND,
    CONTENT_VIDEO,
    CONTENT_FILE,
    CONTENT_FACE,
    CONTENT_LOCATION,
    CONTENT_CUSTOM,
    CONTENT_MERGER,
    CONTENT_ELEMENTS
};

struct payload {
    enum content content;
    /* The client's members: what follows the first '{' of a JSON object, to the end ("\"text\":\"hi\"}").
     * Points into the payload given, or to `owned` for a text payload. */
    const char *body;
    size_t body_len;
    char *owned;    /* freed by payload_clear, as `at` is */
    int64_t random; /* 0: none */
    bool online_only;
    bool no_unread;
    bool push_disabled;
    enum priority priority;
    bool at_all;
    size_t at_count;
    char (*at)[USER_ID_MAX + 1];
};

/* Checks the payload of a publish. Codes: CODE_TOO_LONG (len > max_bytes), CODE_BAD_MESSAGE (empty, not
 * UTF-8, a NUL in a plain text, broken JSON, a member name twice, none or two content members, wrong type),
 * CODE_RESERVED_MEMBER (id seq sender to group time tips notice recall recalled edit edited purge at the top
 * level, however escaped), CODE_TOO_MANY_AT, CODE_BUSY (out of memory). `reason` gets a short sentence that
 * names the member ("" when there is nothing to say). On 0 `out` is filled and must be cleared. Even on
 * failure out->random is set when the payload was readable enough to find a valid one (the event `rejected`
 * repeats it). Memory: allocates for cJSON, for a text payload and for `at`. Work is O(n log n) in the payload, nesting
 * at most 64. */
__attribute__((warn_unused_result)) int payload_parse(struct payload *out, const void *data, size_t len,
                                                      size_t max_bytes, char *reason, size_t reason_size);

/* Holds the texts of a message that payload_parse has accepted against the list: text, custom.desc, merger.title and
 * merger.abstracts, file.name, location.desc, the same of elements, push.title and push.body. Where words are
 * replaced, payload->body becomes a new one, in which everything else stands as it was written. Returns 0,
 * CODE_WORD (with the reason; also when the payload would be longer than max_bytes), or CODE_BUSY: out of memory.
 * Linear in the payload. */
__attribute__((warn_unused_result)) int payload_filter(struct payload *payload, const struct words *words,
                                                       size_t max_bytes, char *reason, size_t reason_size);
/* Who is named in `at`, as the log has it (struct message): ",bob,carol,", "@all", or NULL for nobody. */
const char *payload_mentions(const struct payload *payload, char out[MENTIONS_MAX]);
void payload_clear(struct payload *payload);

#endif
