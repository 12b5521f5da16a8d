/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/import_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/complain.h"
#include "lib/json_text.h"

#define FNV_PRIME UINT64_C(1099511628211)

static void fill(struct import_source *source)
{
    ssize_t len;
    do
        len = read(source->fd, source->chunk, sizeof source->chunk);
    while (len < 0 && errno == EINTR);
    if (len < 0)
        source->error = errno;
    source->at = 0;
    source->len = len > 0 ? (unsigned)len : 0;
}

int source_peek(struct import_source *source)
{
    if (source->at == source->len)
        fill(source);
    return source->len > 0 ? source->chunk[source->at] : -1;
}

int source_next(struct import_source *source)
{
    int c = source_peek(source);
    if (c < 0)
        return c;
    source->at++;
    source->offset++;
    source->line += c == '\n';
    source->hash = (source->hash ^ (unsigned)c) * FNV_PRIME;
    return c;
}

bool source_skip_to(struct import_source *source, int64_t offset)
{
    while (source->offset < offset)
        if (source_next(source) < 0)
            return false;
    return source->offset == offset;
}

uint64_t source_hash(uint64_t hash, const void *bytes, unsigned long len)
{
    const unsigned char *p = bytes;
    for (unsigned long i = 0; i < len; i++)
        hash = (hash ^ p[i]) * FNV_PRIME;
    return hash;
}

/* What spreadsheets call Unicode text. */
static bool is_utf16(const struct import_source *source)
{
    return source->len >= 2 &&
           (memcmp(source->chunk, "\xFF\xFE", 2) == 0 || memcmp(source->chunk, "\xFE\xFF", 2) == 0);
}

static int check_begin(struct import_source *source)
{
    if (source_peek(source) < 0)
        return source->error ? complain("%s: %s", source->path, strerror(source->error))
                             : complain("%s: is empty", source->path);
    if (is_utf16(source))
        return complain("%s: is UTF-16: save it as UTF-8", source->path);
    return source_skip_to(source, (int64_t)json_mark_len((const char *)source->chunk, source->len))
               ? EXIT_DONE
               : complain("%s: cannot be read", source->path);
}

int source_open(struct import_source *source, const char *path)
{
    struct stat found;
    *source = (struct import_source){.path = path, .line = 1, .hash = SOURCE_HASH_BEGIN};
    source->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0)
        return complain("%s: %s", path, strerror(errno));
    if (fstat(source->fd, &found) != 0 || !S_ISREG(found.st_mode))
        return complain("%s: is not a file", path);
    source->size = found.st_size;
    return check_begin(source);
}

void source_close(struct import_source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}
