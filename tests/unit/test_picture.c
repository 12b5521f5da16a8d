/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How large a picture is: from its first bytes, however many there are and whatever is in them. Real ones are in
 * tests/broker/test_media.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "plugin/media/picture.h"

#define BYTES(text) (const unsigned char *)(text), sizeof(text) - 1

static const struct {
    const char *ext;
    const unsigned char *bytes;
    size_t len;
    uint32_t width, height;
} pictures[] = {
    {"png", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\x41\0\0\0\x7b\x08\2\0\0\0"), 321, 123},
    {"gif", BYTES("GIF89a\x41\1\x7b\0\x80\0\0"), 321, 123},
    {"jpg", BYTES("\xff\xd8\xff\xe0\0\4ab\xff\xff\xc4\0\2\xff\xc2\0\x11\x08\0\x7b\1\x41\3\1"), 321, 123},
    {"webp", BYTES("RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x40\1\0\x7a\0\0"), 321, 123},
    {"webp", BYTES("RIFF\x1e\0\0\0WEBPVP8L\x0a\0\0\0\x2f\x40\x81\x1e\0\0\0\0\0\0"), 321, 123},
    {"webp", BYTES("RIFF\x1e\0\0\0WEBPVP8 \x0a\0\0\0\x30\1\0\x9d\1\x2a\x41\1\x7b\0"), 321, 123},
    {"heic",
     BYTES("\0\0\0\x10"
           "ftypheic\0\0\0\0"
           "\0\0\0\x44"
           "meta\0\0\0\0"
           "\0\0\0\x38iprp"
           "\0\0\0\x30ipco"
           "\0\0\0\x14ispe\0\0\0\0\0\0\0\x10\0\0\0\x10"
           "\0\0\0\x14ispe\0\0\0\0\0\0\1\x41\0\0\0\x7b"),
     321, 123},
};

static void test_each_kind_is_measured(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pictures); i++) {
        struct picture picture;
        if (!picture_measure(pictures[i].ext, pictures[i].bytes, pictures[i].len, &picture))
            fail_msg("%zu, %s: nothing found", i, pictures[i].ext);
        assert_int_equal(picture.width, pictures[i].width);
        assert_int_equal(picture.height, pictures[i].height);
    }
}

static void test_nothing_else_is(void **state)
{
    struct picture picture;
    (void)state;
    assert_false(picture_measure("mp4", pictures[0].bytes, pictures[0].len, &picture));
    assert_false(picture_measure("jpg", pictures[0].bytes, pictures[0].len, &picture));
}

/* Exactly so many bytes, so that a sanitizer sees who reads more. */
static void measure_copy(const char *ext, const unsigned char *bytes, size_t len)
{
    struct picture picture;
    unsigned char *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, bytes, len);
    (void)picture_measure(ext, copy, len, &picture);
    free(copy);
}

static void test_any_length_will_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pictures); i++)
        for (size_t len = 0; len <= pictures[i].len; len++)
            measure_copy(pictures[i].ext, pictures[i].bytes, len);
}

static void test_any_byte_may_be_another(void **state)
{
    static const unsigned char odd[] = {0, 1, 7, 8, 0x7f, 0x80, 0xff};
    unsigned char bytes[128];
    (void)state;
    for (size_t i = 0; i < COUNT(pictures); i++)
        for (size_t at = 0; at < pictures[i].len; at++)
            for (size_t k = 0; k < COUNT(odd); k++) {
                memcpy(bytes, pictures[i].bytes, pictures[i].len);
                bytes[at] = odd[k];
                measure_copy(pictures[i].ext, bytes, pictures[i].len);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_is_measured),
        cmocka_unit_test(test_nothing_else_is),
        cmocka_unit_test(test_any_length_will_do),
        cmocka_unit_test(test_any_byte_may_be_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
