/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a file is, by its content: libmagic looks, and what it says is mapped to a short list. Nothing on it is
 * run by a browser; whatever is not on it is "bin". One thread. */
#ifndef PLUGIN_MEDIA_SNIFF_H
#define PLUGIN_MEDIA_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "plugin/media/picture.h"

#define SNIFF_BYTES_MAX 262144 /* of the beginning: more is not looked at */
#define EXTENSION_MAX   4

/* libmagic's database, some megabytes of a mapped file. NULL: `error` says why. */
void *sniff_open(char *error, size_t error_size);
void sniff_close(void *magic);

struct sniffed {
    const char *ext, *content_type; /* static */
    bool is_picture;                /* whose size is known */
    struct picture picture;
};

/* Of the first bytes of a file, which are all of a short one. */
struct sniffed sniff(void *magic, const unsigned char *bytes, size_t len);

/* All extensions there are, NULL at the end. */
extern const char *const sniff_extensions[];

#endif
