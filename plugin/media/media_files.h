/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The files in media_dir: uploads/<id> while they come, <2 hex>/<32 hex>.<ext> for good. No symlink is followed
 * below the folder. Results are errno, 0: done. For the media thread, but for opening and closing. */
#ifndef PLUGIN_MEDIA_MEDIA_FILES_H
#define PLUGIN_MEDIA_MEDIA_FILES_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin/media/sniff.h"

#define MEDIA_ID_MAX 32 /* hex digits, of uploads and files */

struct media_folder {
    int root, uploads; /* descriptors; -1: not open */
};

/* Makes `uploads/` where it is not there, and holds a lock on it until media_folder_close. -1: one sentence in
 * `error`, nothing is open. */
__attribute__((warn_unused_result)) int media_folder_open(struct media_folder *folder, const char *path,
                                                          char *error, size_t error_size);
void media_folder_close(struct media_folder *folder);

/* Of all uploads: of an earlier life. What is no regular file stays. */
void media_remove_uploads(const struct media_folder *folder);
int media_remove_upload(const struct media_folder *folder, const char *id);
/* Makes the upload's file where there is none. */
int media_write_chunk(const struct media_folder *folder, const char *id, int64_t at, const void *bytes,
                      size_t len);
/* For reading. -1: errno. */
int media_open_upload(const struct media_folder *folder, const char *id);
/* The upload, open as `fd`, becomes <file>.<ext>, for good. On an error neither is there, or the upload is. */
int media_keep(const struct media_folder *folder, const char *id, int fd, const char *file, const char *ext);
/* `file`: 32 hex digits. One that is not there has been removed. */
int media_remove_file(const struct media_folder *folder, const char *file, const char *ext);

/* A walk over all files that are there for good; all zero in the beginning. */
struct media_walk {
    DIR *folder; /* the one it is in */
    int next;    /* the number of the folder that comes next */
};
struct media_entry {
    char file[MEDIA_ID_MAX + 1], ext[EXTENSION_MAX + 1];
    int64_t size, time; /* bytes; ms since 1970: when it was written */
};
/* The next entries, at most `max`, and a step at a time: there may be none, and the walk goes on. What is not named
 * as our files are is left out. false: that was all. */
bool media_walk_on(const struct media_folder *folder, struct media_walk *walk, struct media_entry *entries,
                   int max, int *count);
void media_walk_end(struct media_walk *walk);

#endif
