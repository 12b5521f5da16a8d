/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/media/picture.h"

#include <string.h>

#include "lib/basics.h"

/* A part of the file. Reads past its end give zeros. */
struct view {
    const unsigned char *bytes;
    size_t len;
};

static uint32_t byte(struct view view, size_t at)
{
    return at < view.len ? view.bytes[at] : 0;
}

static uint32_t big16(struct view view, size_t at)
{
    return byte(view, at) << 8 | byte(view, at + 1);
}

static uint32_t big32(struct view view, size_t at)
{
    return big16(view, at) << 16 | big16(view, at + 2);
}

static uint32_t little16(struct view view, size_t at)
{
    return byte(view, at) | byte(view, at + 1) << 8;
}

static uint32_t little24(struct view view, size_t at)
{
    return little16(view, at) | byte(view, at + 2) << 16;
}

static uint32_t little32(struct view view, size_t at)
{
    return little16(view, at) | little16(view, at + 2) << 16;
}

static bool says(struct view view, size_t at, const char *text)
{
    size_t len = strlen(text);
    return at + len <= view.len && memcmp(view.bytes + at, text, len) == 0;
}

static struct view behind(struct view view, size_t at)
{
    if (at > view.len)
        at = view.len;
    return (struct view){view.bytes + at, view.len - at};
}

static struct picture measure_png(struct view file)
{
    if (!says(file, 12, "IHDR"))
        return (struct picture){0};
    return (struct picture){big32(file, 16), big32(file, 20)};
}

static struct picture measure_gif(struct view file)
{
    return (struct picture){little16(file, 6), little16(file, 8)};
}

/* Three kinds: lossy, lossless, and extended, which says how large the canvas is. */
static struct picture measure_webp(struct view file)
{
    if (file.len < 30)
        return (struct picture){0};
    if (says(file, 12, "VP8 "))
        return (struct picture){little16(file, 26) & 0x3fff, little16(file, 28) & 0x3fff};
    if (says(file, 12, "VP8L")) {
        uint32_t bits = little32(file, 21);
        return (struct picture){(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
    }
    if (says(file, 12, "VP8X"))
        return (struct picture){little24(file, 24) + 1, little24(file, 27) + 1};
    return (struct picture){0};
}

/* SOF0..SOF15, without the three among them that are tables. */
static bool is_frame(uint32_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Segment by segment up to the frame's; what stands before it may be a preview with a frame of its own. */
static struct picture measure_jpg(struct view file)
{
    struct view left = behind(file, 2);
    while (left.len >= 9) {
        uint32_t marker = byte(left, 1);
        if (byte(left, 0) != 0xff)
            break;
        if (is_frame(marker))
            return (struct picture){big16(left, 7), big16(left, 5)};
        left = behind(left, marker == 0xff ? 1 : 2 + (size_t)big16(left, 2));
    }
    return (struct picture){0};
}

/* The content of the first box of this type, empty when there is none; `skip`: what stands before the boxes. */
static struct view find_box(struct view boxes, size_t skip, const char *type)
{
    boxes = behind(boxes, skip);
    while (boxes.len >= 8) {
        size_t size = big32(boxes, 0);
        if (size < 8)
            break;
        if (size > boxes.len)
            size = boxes.len;
        if (says(boxes, 4, type))
            return (struct view){boxes.bytes + 8, size - 8};
        boxes = behind(boxes, size);
    }
    return (struct view){boxes.bytes, 0};
}

/* meta/iprp/ipco has an ispe for the whole, for its tiles and for previews: the largest is the picture. */
static struct picture measure_heic(struct view file)
{
    struct picture largest = {0};
    struct view left = find_box(find_box(find_box(file, 0, "meta"), 4, "iprp"), 0, "ipco");
    for (;;) {
        struct view box = find_box(left, 0, "ispe");
        if (box.len < 12)
            return largest;
        struct picture one = {big32(box, 4), big32(box, 8)};
        if ((uint64_t)one.width * one.height > (uint64_t)largest.width * largest.height)
            largest = one;
        left = behind(left, (size_t)(box.bytes + box.len - left.bytes));
    }
}

static const struct {
    const char *ext;
    struct picture (*measure)(struct view file);
} kinds[] = {{"jpg", measure_jpg},
             {"png", measure_png},
             {"gif", measure_gif},
             {"webp", measure_webp},
             {"heic", measure_heic}};

bool picture_measure(const char *ext, const unsigned char *bytes, size_t len, struct picture *picture)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (strcmp(kinds[i].ext, ext) != 0)
            continue;
        *picture = kinds[i].measure((struct view){bytes, len});
        return picture->width > 0 && picture->height > 0;
    }
    return false;
}
