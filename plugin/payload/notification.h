/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a phone shows of a message. Pure: no broker, no clock, any thread. */
#ifndef PLUGIN_PAYLOAD_NOTIFICATION_H
#define PLUGIN_PAYLOAD_NOTIFICATION_H

#include <stdbool.h>
#include <stddef.h>

/* Strings are malloc'ed, NULL when not given. */
struct notification {
    char *title, *body, *ext, *sound;
    bool badge; /* false: the job carries none */
};

/* Of a stored body, what follows the stamp (docs/protocol.md, Push): its text, cut at 100 characters (code
 * points), or a word for its content ("[Image]"); overridden by push.title/body/ext/sound/badge, of which an
 * empty string counts as absent. 0, to be cleared; or -1: it is no stored body, or out of memory; then `out`
 * is empty. */
__attribute__((warn_unused_result)) int notification_read(struct notification *out, const char *body,
                                                          size_t body_len);
void notification_clear(struct notification *notification);

#endif
