/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How far an import is, in FILE.progress beside the file, so that the same command goes on there after an interruption; and what
 * was refused, in FILE.refused. While it is open nobody else imports this file. */
#ifndef CTL_IMPORT_PROGRESS_H
#define CTL_IMPORT_PROGRESS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define REFUSED_SHOWN 20 /* on stderr; all of them are in the file */

/* What is settled: all before `offset`. */
struct import_place {
    int64_t offset, line; /* of what is next */
    uint64_t hash;        /* of the file before it */
    int64_t proof;        /* offset of the last row before it that the broker has; -1: there is none */
    int64_t imported, there, refused;
    int64_t refused_bytes; /* of FILE.refused */
};

struct import_progress {
    const char *target; /* what is imported, and where to: "users 127.0.0.1:1883"; borrowed */
    char path[PATH_MAX], refused_path[PATH_MAX];
    int fd;      /* -1: it cannot be written, and an interrupted import begins anew */
    int refused; /* -1: there is none yet */
    bool keep;   /* FILE.refused */
    int shown;
    struct import_place place;
};

/* Reads it, if there is one of the same target; `found`: there is a place to go on at. Returns an exit code; what is wrong has
 * been said. */
__attribute__((warn_unused_result)) int progress_open(struct import_progress *progress, const char *path,
                                                      const char *target, bool *found);
/* Begins at the beginning. */
void progress_reset(struct import_progress *progress);
/* A row that is refused: `line` is what is said of it. On stderr, if it is one of the first, and into FILE.refused, unless
 * `progress` was never opened. */
void progress_refuse(struct import_progress *progress, const char *line);
/* Writes the place down. */
void progress_save(struct import_progress *progress);
/* `over`: all is done, and the place is not needed any more. */
void progress_close(struct import_progress *progress, bool over);

#endif
