/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/import_progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ctl/bar.h"
#include "ctl/complain.h"
#include "lib/say.h"

#define TEXT_BYTES 512
#define MAGIC      "chatctl import 1"
/* A line of fixed order: the target has a line of its own. */
#define PLACE_FORMAT                                                                                         \
    "%" PRId64 " %" PRId64 " %" PRIx64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64

/* The place in the file; false: there is none that is meant for this. */
static bool read_place(struct import_progress *progress)
{
    char text[TEXT_BYTES + 1] = "";
    struct import_place place;
    ssize_t len = pread(progress->fd, text, TEXT_BYTES, 0);
    char *target = len > 0 ? strchr(text, '\n') : NULL, *numbers = target ? strchr(target + 1, '\n') : NULL;
    if (!numbers)
        return false;
    *target++ = *numbers++ = '\0';
    if (strcmp(text, MAGIC) != 0 || strcmp(target, progress->target) != 0 ||
        sscanf(numbers,
               "%" SCNd64 " %" SCNd64 " %" SCNx64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
               " .",
               &place.offset, &place.line, &place.hash, &place.proof, &place.imported, &place.there,
               &place.refused, &place.refused_bytes) != 8)
        return false;
    progress->place = place;
    return true;
}

/* One write, of the same length each time: what is there is whole, whenever this process ends. */
void progress_save(struct import_progress *progress)
{
    const struct import_place *place = &progress->place;
    char text[TEXT_BYTES + 1];
    if (progress->fd < 0)
        return;
    int len = snprintf(text, sizeof text, MAGIC "\n%s\n" PLACE_FORMAT " .\n", progress->target, place->offset,
                       place->line, place->hash, place->proof, place->imported, place->there, place->refused,
                       place->refused_bytes);
    if (len > TEXT_BYTES)
        return;
    memset(text + len, ' ', (size_t)(TEXT_BYTES - len));
    if (pwrite(progress->fd, text, TEXT_BYTES, 0) == TEXT_BYTES)
        return;
    complain("%s: %s: when this is interrupted it begins anew", progress->path, strerror(errno));
    close(progress->fd);
    progress->fd = -1;
}

static int lock(struct import_progress *progress)
{
    if (progress->fd < 0) {
        complain("%s: %s: when this is interrupted it begins anew", progress->path, strerror(errno));
        return EXIT_DONE;
    }
    if (flock(progress->fd, LOCK_EX | LOCK_NB) == 0)
        return EXIT_DONE;
    return errno == EWOULDBLOCK
               ? complain("%s: is in use: this file is being imported already", progress->path)
               : complain("%s: %s", progress->path, strerror(errno));
}

int progress_open(struct import_progress *progress, const char *path, const char *target, bool *found)
{
    *progress = (struct import_progress){.target = target, .fd = -1, .refused = -1, .keep = true};
    *found = false;
    if (snprintf(progress->path, sizeof progress->path, "%s.progress", path) >= PATH_MAX ||
        snprintf(progress->refused_path, sizeof progress->refused_path, "%s.refused", path) >= PATH_MAX)
        return complain("%s: the name is too long", path);
    progress->fd = open(progress->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result = lock(progress);
    *found = result == EXIT_DONE && progress->fd >= 0 && read_place(progress);
    if (result == EXIT_DONE && !*found)
        progress_reset(progress);
    return result;
}

void progress_reset(struct import_progress *progress)
{
    progress->place = (struct import_place){.line = 1, .proof = -1};
}

/* What is behind `refused_bytes` is of rows that come once more. */
static void open_refused(struct import_progress *progress)
{
    progress->refused = open(progress->refused_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (progress->refused >= 0 && (ftruncate(progress->refused, progress->place.refused_bytes) != 0 ||
                                   lseek(progress->refused, progress->place.refused_bytes, SEEK_SET) < 0)) {
        close(progress->refused);
        progress->refused = -1;
    }
    if (progress->refused < 0) {
        complain("%s: %s", progress->refused_path, strerror(errno));
        progress->keep = false;
    }
}

static void write_refused(struct import_progress *progress, const char *line)
{
    if (progress->refused < 0 && progress->keep)
        open_refused(progress);
    int len = progress->refused >= 0 ? dprintf(progress->refused, "%s\n", line) : 0;
    progress->place.refused_bytes += len > 0 ? len : 0;
}

void progress_refuse(struct import_progress *progress, const char *line)
{
    char *text = strdup(line ? line : "out of memory");
    progress->place.refused++;
    if (!text)
        return;
    say_safely(text);
    if (progress->keep)
        write_refused(progress, text);
    if (progress->shown <= REFUSED_SHOWN)
        bar_erase();
    if (progress->shown < REFUSED_SHOWN)
        fprintf(stderr, "%s\n", text);
    else if (progress->shown == REFUSED_SHOWN)
        fprintf(stderr, "... more are refused%s%s\n", progress->keep ? ": " : "",
                progress->keep ? progress->refused_path : "");
    progress->shown++;
    free(text);
}

void progress_close(struct import_progress *progress, bool over)
{
    if (progress->refused >= 0)
        close(progress->refused);
    if (over && progress->place.refused == 0 && progress->keep)
        unlink(progress->refused_path); /* of an earlier import */
    if ((over || progress->place.offset == 0) && progress->fd >= 0)
        unlink(progress->path);
    if (progress->fd >= 0)
        close(progress->fd);
}
