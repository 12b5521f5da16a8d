/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The thread that works on the files in media_dir, so that the broker's never waits for one.
 *
 * Jobs are given to it in a queue and executed in that order; only the end of an upload, which takes long (the
 * file is read again, hashed and synced), is done in steps between others. A job that is over comes back, but for
 * chunks that were written: the broker thread takes it at TICK.
 *
 * In the folder are `uploads/`, with a file for each open upload, and 256 folders of two hex digits, with the
 * files that are there for good. All are opened below the folder as it was at the start, without following
 * symlinks. What is in `uploads/` when it starts is of an earlier life, and is removed. A lock on that folder
 * keeps a second broker out.
 *
 * Nothing has its final name before all of it is on the disk. Then comes the rename, then the folder is synced.
 *
 * A mutex is held by either side for some instructions, to put a job into a list or to take it. The thread blocks
 * all signals; it allocates nothing but what libmagic and OpenSSL do.
 *
 * Threads: all functions here are for the broker thread. */
#ifndef PLUGIN_MEDIA_MEDIA_THREAD_H
#define PLUGIN_MEDIA_MEDIA_THREAD_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acl/identity.h"
#include "plugin/media/media_files.h"
#include "plugin/media/sniff.h"

#define MEDIA_QUEUE_BYTES 16777216
#define MEDIA_HASH_BYTES  32
#define MEDIA_LIST_MAX    64

enum media_task { MEDIA_CHUNK, MEDIA_FINISH, MEDIA_DROP, MEDIA_REMOVE, MEDIA_LIST };

struct media_job {
    enum media_task task;
    int error;               /* out: errno; 0: all is well */
    struct media_temp *temp; /* whose; NULL: MEDIA_REMOVE and MEDIA_LIST */
    struct media_job *next;
};

/* A chunk to be written. Comes back only when it could not be. From malloc. */
struct media_chunk {
    struct media_job job;
    int64_t number, at;
    size_t len;
    char bytes[];
};

enum media_end {
    MEDIA_KEPT,       /* there is a file for good, and `hash` is its own */
    MEDIA_UNWRITTEN,  /* a chunk could not be written, that came back before this: nothing has changed */
    MEDIA_WRONG_SIZE, /* of these there is no file for good */
    MEDIA_WRONG_HASH,
    MEDIA_FAILED /* for job.error */
};

/* The upload is complete: becomes a file for good. */
struct media_finish {
    struct media_job job;
    char file[MEDIA_ID_MAX + 1];
    int64_t size;
    int64_t failures; /* chunks of which the broker thread knows that they could not be written */
    bool has_hash;    /* as it has to be, in `hash` */
    unsigned char hash[MEDIA_HASH_BYTES];
    /* out: what has become of it */
    enum media_end end;
    struct sniffed found;
    /* private */
    EVP_MD_CTX *digest;
    int64_t hashed;
    struct media_finish *next_active;
};

/* A file for good has to go; it is fine when it is not there. From malloc, and comes back. */
struct media_remove {
    struct media_job job;
    char file[MEDIA_ID_MAX + 1];
    char ext[EXTENSION_MAX + 1]; /* "": whichever it may have */
    /* Whose row it is, for who gets it back. */
    char user[USER_ID_MAX + 1];
    int64_t size;
    struct media_remove *next;
};

/* Some more of what is there for good; each time it is given, the next. From malloc, and comes back. */
struct media_list {
    struct media_job job;
    bool more; /* out: these are not the last */
    int count;
    struct media_entry entries[MEDIA_LIST_MAX];
};

/* The file of an open upload, from malloc. It is there for the jobs that name it until its `drop`, the last one, has
 * come back. */
struct media_temp {
    char id[MEDIA_ID_MAX + 1];
    int64_t failures; /* the thread's own: chunks that could not be written */
    bool wants_hash;
    unsigned char hash[MEDIA_HASH_BYTES];
    struct media_finish finish;
    struct media_job drop;
};

struct media_thread;

/* Looks at the folder, removes what is left of uploads, and starts the thread. -1: one sentence in `error`. */
__attribute__((warn_unused_result)) int media_thread_open(struct media_thread **out, const char *folder,
                                                          char *error, size_t error_size);
/* Ends it after the step that it is at; jobs that are queued are not executed, and are freed. NULL is fine. */
void media_thread_close(struct media_thread *thread);

/* Is there room for a chunk of so many bytes? */
bool media_thread_has_room(struct media_thread *thread, size_t len);
/* It is the thread's until it comes back. */
void media_thread_give(struct media_thread *thread, struct media_job *job);
/* The jobs that have come back, the oldest first, over ->next. NULL: none. */
struct media_job *media_thread_take_done(struct media_thread *thread);
/* Frees one that has come back; with a MEDIA_DROP the media_temp that it is in; a MEDIA_FINISH stays a part of
 * that. */
void media_job_free(struct media_job *job);

#endif
