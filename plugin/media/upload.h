/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Uploads that are open: who has begun which, and what of it has come. It is in memory alone, and gone after a
 * restart; what is promised over one is a file whose upload has finished (stock.h).
 *
 * An upload belongs to a client id and its user: a device that comes back goes on with it. It ends by upload_end,
 * by having finished, an hour after its last chunk, and ten minutes after its device went.
 *
 * A chunk that is accepted has been copied into the queue of the media thread, and is acked by the broker. When
 * it cannot be written it counts as never come, and the client is told by the event that a refusal brings.
 *
 * Broker thread only. */
#ifndef PLUGIN_MEDIA_UPLOAD_H
#define PLUGIN_MEDIA_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin/media/media_thread.h"

struct chat;
struct session;
struct upload;

/* Where the options name a media_dir: thread and stock, too. -1: one sentence in `error`. */
__attribute__((warn_unused_result)) int uploads_open(struct chat *chat, char *error, size_t error_size);
/* When the last session has ended. Takes what was never opened. */
void uploads_close(struct chat *chat);
bool uploads_tick(struct chat *chat);

/* What is going to come. */
struct upload_plan {
    int64_t size, chunk_bytes;
    const unsigned char *hash; /* SHA-256 that the whole has to have; NULL: any */
};
/* CODE_OK and the upload; CODE_TOO_MANY_MEMBERS, CODE_TOO_LONG, CODE_BUSY; then `error` may say more. */
int upload_begin(struct chat *chat, const struct session *session, const struct upload_plan *plan,
                 struct upload **out, const char **error);
const char *upload_id(const struct upload *upload);
/* The session's own upload of this id; or CODE_BAD_REQUEST, CODE_NOT_ALLOWED. */
int upload_find(struct chat *chat, const struct session *session, const char *id, struct upload **out,
                const char **error);
/* A publish to chat/upload/...: true, or it has been refused by an event `rejected`. */
bool upload_chunk(struct chat *chat, struct session *session, const char *topic, const void *bytes,
                  size_t len);

/* What is known of a file when its upload is over. */
struct upload_result {
    int code;                        /* CODE_OK: there is a file */
    const char *error;               /* of another code; "": its own text */
    const struct media_finish *file; /* of CODE_OK */
};
typedef void upload_finished_function(struct chat *chat, void *context, const struct upload_result *result);

/* Has all of it come? CODE_OK; or what is missing has been refused, by CODE_TOO_FAST or CODE_BUSY, and has not come
 * again; or CODE_BAD_REQUEST: the upload has ended. `missing`: the first chunk that is. */
int upload_check(struct chat *chat, struct upload *upload, int64_t *missing);
/* After upload_check, in the open frame: it is going to be a file. false: out of memory, or the store cannot be
 * read: the frame must be aborted. */
__attribute__((warn_unused_result)) bool upload_promise(struct chat *chat, struct upload *upload);
/* When that frame is durable: becomes the file. `finished` is called once, later, outside of frames; when the plugin
 * ends, too. */
void upload_finish(struct chat *chat, struct upload *upload, upload_finished_function *finished,
                   void *context);
/* Nothing is kept. Not when it is finishing: upload_find does not give that. */
void upload_end(struct chat *chat, struct upload *upload);

#endif
