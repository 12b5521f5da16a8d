/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How large a picture is, by the first bytes of its file. Pure, any thread. */
#ifndef PLUGIN_MEDIA_PICTURE_H
#define PLUGIN_MEDIA_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct picture {
    uint32_t width, height; /* in pixels, as they are stored: before a turn that the file may ask for */
};

/* `ext`: jpg png gif webp heic; of all others, and where the bytes do not say, false. */
bool picture_measure(const char *ext, const unsigned char *bytes, size_t len, struct picture *picture);

#endif
