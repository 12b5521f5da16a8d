/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/files/range.h"
#include "gate/http/exchange.h"
#include "lib/basics.h"

#define INDEX    "index.html"
#define PART_MAX 255 /* bytes of a folder's or a file's name */

/* By kind of folder. */
static const struct traits {
    const char *path, *option, *caching, *policy;
} traits[] = {
    [FOLDER_MEDIA] = {MEDIA_PATH, "media_dir", "public, max-age=31536000, immutable", "sandbox"},
    [FOLDER_WEB] =
        {WEB_PATH, "web_dir", "no-cache",
         "default-src 'self'; img-src 'self' data: blob: http: https:; media-src 'self' data: blob: http: "
         "https:; connect-src 'self' http: https: ws: wss:; object-src 'none'; base-uri 'none'; "
         "frame-ancestors 'none'; form-action 'none'"},
};

static const struct file_type {
    const char *ext, *type;
} types[] = {
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"heic", "image/heic"},
    {"mp3", "audio/mpeg"},
    {"m4a", "audio/mp4"},
    {"aac", "audio/aac"},
    {"amr", "audio/amr"},
    {"wav", "audio/wav"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"webm", "video/webm"},
    {"mp4", "video/mp4"},
    {"mov", "video/quicktime"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"txt", "text/plain; charset=utf-8"},
};
/* Of a page besides; a file of strangers is never any of these. */
static const struct file_type page_types[] = {
    {"html", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"webmanifest", "application/manifest+json"},
    {"svg", "image/svg+xml"},
    {"ico", "image/x-icon"},
    {"woff2", "font/woff2"},
    {"wasm", "application/wasm"},
};
#define UNKNOWN_TYPE "application/octet-stream"

struct folder {
    enum folder_kind kind;
    int fd;
};

/* A file that was found. */
struct file {
    int fd;
    uint64_t size;
    char tag[64]; /* ETag, with its quotes */
    const char *type;
};

/* Finding */

/* NULL: it has none of these. */
static const char *look_up(const struct file_type *rows, size_t count, const char *ext)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].ext, ext) == 0)
            return rows[i].type;
    return NULL;
}

static const char *type_of(enum folder_kind kind, const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *type = dot ? look_up(types, COUNT(types), dot + 1) : NULL;
    if (!type && dot && kind == FOLDER_WEB)
        type = look_up(page_types, COUNT(page_types), dot + 1);
    return type ? type : UNKNOWN_TYPE;
}

/* The next part of a path, without slashes. false: it is none that is ever shown: empty, hidden, "..", too long. */
static bool take_part(const char **path, char part[PART_MAX + 1])
{
    size_t len = strcspn(*path, "/");
    if (len == 0 || len > PART_MAX || **path == '.')
        return false;
    memcpy(part, *path, len);
    part[len] = '\0';
    *path += len;
    return true;
}

/* From folder to folder, none of which may be a symbolic link. -1: there is no such file. */
static int open_below(int folder, const char *path, const char **name)
{
    char part[PART_MAX + 1];
    int at = dup(folder);
    *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    while (at >= 0) {
        if (!take_part(&path, part)) {
            close(at);
            return -1;
        }
        const bool last = *path == '\0';
        const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (last ? 0 : O_DIRECTORY);
        const int next = openat(at, part, flags);
        close(at);
        if (last)
            return next;
        at = next;
        path++;
    }
    return -1;
}

/* false: there is no such file. */
static bool find(const struct folder *folder, const char *path, struct file *file)
{
    struct stat status;
    const char *name;
    file->fd = open_below(folder->fd, path, &name);
    if (file->fd < 0)
        return false;
    if (fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(file->fd);
        return false;
    }
    file->size = (uint64_t)status.st_size;
    file->type = type_of(folder->kind, name);
    snprintf(file->tag, sizeof file->tag, "\"%llx-%llx-%llx\"", (unsigned long long)status.st_ino,
             (unsigned long long)status.st_size,
             (unsigned long long)status.st_mtim.tv_sec * 1000000000 +
                 (unsigned long long)status.st_mtim.tv_nsec);
    return true;
}

/* Answering */

/* Is the tag in a list of them? Weak ones are as good here (RFC 9110, section 13.1.2). */
static bool has_tag(const char *header, const char *tag)
{
    return header && (strcmp(header, "*") == 0 || strstr(header, tag));
}

static void add_headers(const struct folder *folder, struct exchange *exchange, const struct file *file)
{
    const struct traits *own = &traits[folder->kind];
    exchange_add_header(exchange, "ETag", file->tag);
    exchange_add_header(exchange, "Accept-Ranges", "bytes");
    exchange_add_header(exchange, "Cache-Control", own->caching);
    exchange_add_header(exchange, "Content-Security-Policy", own->policy);
    exchange_add_header(exchange, "X-Content-Type-Options", "nosniff");
    exchange_add_header(exchange, "Referrer-Policy", "no-referrer");
    if (folder->kind == FOLDER_MEDIA && strcmp(file->type, UNKNOWN_TYPE) == 0)
        exchange_add_header(exchange, "Content-Disposition", "attachment");
}

static void refuse_range(struct exchange *exchange, const struct file *file)
{
    char text[64];
    snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)file->size);
    close(file->fd);
    exchange_add_header(exchange, "Content-Range", text);
    exchange_answer(exchange, 416, NULL, NULL, 0);
}

static void answer_part(struct exchange *exchange, const struct file *file, uint64_t first, uint64_t count)
{
    char text[96];
    snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)first,
             (unsigned long long)(first + count - 1), (unsigned long long)file->size);
    exchange_add_header(exchange, "Content-Range", text);
    exchange_answer_file(exchange, 206, file->type, file->fd, first, count);
}

static void answer(struct exchange *exchange, const struct file *file)
{
    const char *condition = exchange_header(exchange, "If-Range");
    const bool same = !condition || strcmp(condition, file->tag) == 0;
    uint64_t first = 0, count = 0;
    switch (range_read(same ? exchange_header(exchange, "Range") : NULL, file->size, &first, &count)) {
    case RANGE_OUTSIDE:
        refuse_range(exchange, file);
        return;
    case RANGE_PART:
        answer_part(exchange, file, first, count);
        return;
    case RANGE_WHOLE:
        break;
    }
    exchange_answer_file(exchange, 200, file->type, file->fd, 0, file->size);
}

void folder_serve(void *context, struct exchange *exchange)
{
    const struct folder *folder = context;
    const char *path = exchange_path(exchange) + strlen(traits[folder->kind].path);
    struct file file;
    if (folder->kind == FOLDER_WEB && *path == '\0')
        path = INDEX;
    if (!find(folder, path, &file)) {
        exchange_refuse(exchange, 404, 0, "there is no such file");
        return;
    }
    add_headers(folder, exchange, &file);
    if (has_tag(exchange_header(exchange, "If-None-Match"), file.tag)) {
        close(file.fd);
        exchange_answer(exchange, 304, NULL, NULL, 0);
        return;
    }
    answer(exchange, &file);
}

struct folder *folder_open(enum folder_kind kind, const char *path, char *error, size_t error_size)
{
    struct folder *folder = malloc(sizeof *folder);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder && fd >= 0) {
        *folder = (struct folder){kind, fd};
        return folder;
    }
    snprintf(error, error_size, "[files] %s: %s: %s", traits[kind].option, path,
             fd < 0 ? strerror(errno) : "out of memory");
    if (fd >= 0)
        close(fd);
    free(folder);
    return NULL;
}

void folder_close(struct folder *folder)
{
    if (!folder)
        return;
    close(folder->fd);
    free(folder);
}
