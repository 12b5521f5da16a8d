/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/media/sniff.h"

#include <magic.h>
#include <stdio.h>
#include <string.h>

#include "lib/basics.h"

#define MAGIC_BYTES 65536 /* what libmagic looks at */
/* Nothing is unpacked or taken apart but text, for its encoding. */
#define FLAGS (MAGIC_MIME_TYPE | (MAGIC_NO_CHECK_BUILTIN & ~(MAGIC_NO_CHECK_TEXT | MAGIC_NO_CHECK_ENCODING)))

static const struct kind {
    const char *found, *ext, *content_type;
} kinds[] = {
    {"image/jpeg", "jpg", "image/jpeg"},
    {"image/png", "png", "image/png"},
    {"image/gif", "gif", "image/gif"},
    {"image/webp", "webp", "image/webp"},
    {"image/heic", "heic", "image/heic"},
    {"image/heif", "heic", "image/heic"},
    {"audio/mpeg", "mp3", "audio/mpeg"},
    {"audio/x-m4a", "m4a", "audio/mp4"},
    {"audio/mp4", "m4a", "audio/mp4"},
    {"audio/x-hx-aac-adts", "aac", "audio/aac"},
    {"audio/aac", "aac", "audio/aac"},
    {"audio/amr", "amr", "audio/amr"},
    {"audio/x-wav", "wav", "audio/wav"},
    {"audio/wav", "wav", "audio/wav"},
    {"audio/vnd.wave", "wav", "audio/wav"},
    {"audio/ogg", "ogg", "audio/ogg"},
    {"video/ogg", "ogg", "video/ogg"},
    {"video/webm", "webm", "video/webm"},
    {"video/mp4", "mp4", "video/mp4"},
    {"video/x-m4v", "mp4", "video/mp4"},
    {"video/quicktime", "mov", "video/quicktime"},
    {"application/pdf", "pdf", "application/pdf"},
    {"application/zip", "zip", "application/zip"},
    {"text/plain", "txt", "text/plain"},
};
static const struct kind opus = {NULL, "opus", "audio/ogg"},
                         other = {NULL, "bin", "application/octet-stream"};

const char *const sniff_extensions[] = {"jpg", "png", "gif", "webp", "heic", "mp3",  "m4a",
                                        "aac", "amr", "wav", "ogg",  "opus", "webm", "mp4",
                                        "mov", "pdf", "zip", "txt",  "bin",  NULL};

void *sniff_open(char *error, size_t error_size)
{
    magic_t magic = magic_open(FLAGS);
    if (magic && magic_load(magic, NULL) == 0)
        return magic;
    snprintf(error, error_size, "libmagic: %s", magic ? magic_error(magic) : "out of memory");
    sniff_close(magic);
    return NULL;
}

void sniff_close(void *magic)
{
    if (magic)
        magic_close(magic);
}

/* Which codec is in an Ogg file is behind the 28 bytes of its first page's head. */
static bool is_opus(const unsigned char *bytes, size_t len)
{
    return len >= 36 && memcmp(bytes + 28, "OpusHead", 8) == 0;
}

static const struct kind *find_kind(const char *found, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcasecmp(kinds[i].found, found) == 0)
            return strcmp(kinds[i].ext, "ogg") == 0 && is_opus(bytes, len) ? &opus : &kinds[i];
    return &other;
}

struct sniffed sniff(void *magic, const unsigned char *bytes, size_t len)
{
    const char *found = magic_buffer(magic, bytes, len < MAGIC_BYTES ? len : MAGIC_BYTES);
    const struct kind *kind = found ? find_kind(found, bytes, len) : &other;
    struct sniffed sniffed = {.ext = kind->ext, .content_type = kind->content_type};
    sniffed.is_picture = picture_measure(kind->ext, bytes, len, &sniffed.picture);
    return sniffed;
}
