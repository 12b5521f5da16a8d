/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The beginning of an uploaded file: what it is, and how large a picture. What must hold: it is a
 * kind of the list, none that a browser runs; a picture has a width and a height. */
#include "plugin/media/sniff.h"
#include "tests/fuzz/fuzz.h"

static void *open_magic(void)
{
    static void *magic;
    char error[200] = "";
    if (!magic)
        magic = sniff_open(error, sizeof error);
    if (!magic)
        fprintf(stderr, "%s\n", error);
    HOLDS(magic);
    return magic;
}

static bool is_known(const char *ext)
{
    for (size_t i = 0; sniff_extensions[i]; i++)
        if (strcmp(sniff_extensions[i], ext) == 0)
            return true;
    return false;
}

static void try_sniff(const uint8_t *bytes, size_t size)
{
    const struct sniffed found = sniff(open_magic(), bytes, size);
    HOLDS(is_known(found.ext) && strlen(found.ext) <= EXTENSION_MAX);
    HOLDS(found.content_type && !strstr(found.content_type, "html") && !strstr(found.content_type, "svg"));
    if (found.is_picture)
        HOLDS(found.picture.width > 0 && found.picture.height > 0);
}

static void try_measure(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; sniff_extensions[i]; i++) {
        struct picture picture;
        if (picture_measure(sniff_extensions[i], bytes, size, &picture))
            HOLDS(picture.width > 0 && picture.height > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size ? size : 1); /* without a NUL behind it: a step over its end is seen */
    HOLDS(bytes);
    if (size > 0)
        memcpy(bytes, data, size);
    try_sniff(bytes, size);
    try_measure(bytes, size);
    free(bytes);
    return 0;
}
