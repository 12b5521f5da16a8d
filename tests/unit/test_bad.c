/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The file of frames that can never be executed: what is put there is read again, whatever is in between. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/bad.h"

struct bad_fixture {
    char folder[64], path[96];
    uint8_t bytes[8192];
    size_t len;
};

static int set_up(void **state)
{
    struct bad_fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/test_bad.XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/db.bad", f->folder);
    return 0;
}

static int tear_down(void **state)
{
    struct bad_fixture *f = *state;
    unlink(f->path);
    int result = rmdir(f->folder);
    free(f);
    return result;
}

static int keep(const struct bad_fixture *f, uint64_t position, const char *records, const char *reason)
{
    const struct ring_frame frame = {
        .position = position, .records = 3, .bytes = (const uint8_t *)records, .len = strlen(records)};
    return bad_keep(f->path, &frame, 1234567, reason);
}

static void load(struct bad_fixture *f)
{
    FILE *file = fopen(f->path, "rb");
    assert_non_null(file);
    f->len = fread(f->bytes, 1, sizeof f->bytes, file);
    fclose(file);
}

static void assert_next(const struct bad_fixture *f, size_t *offset, uint64_t position, const char *records,
                        const char *reason)
{
    struct bad_entry entry;
    assert_true(bad_next(f->bytes, f->len, offset, &entry));
    assert_true(entry.frame.position == position && entry.time == 1234567);
    assert_int_equal(entry.frame.records, 3);
    assert_int_equal(entry.frame.len, strlen(records));
    assert_memory_equal(entry.frame.bytes, records, entry.frame.len);
    assert_int_equal(entry.reason_len, strlen(reason));
    assert_memory_equal(entry.reason, reason, entry.reason_len);
}

static void frames_are_read_as_they_were_kept(void **state)
{
    struct bad_fixture *f = *state;
    struct bad_entry entry;
    struct stat found;
    size_t offset = 0;
    assert_int_equal(keep(f, 1, "records1", "a reason"), 0);
    assert_int_equal(keep(f, UINT64_C(1) << 40, "records2records2", ""), 0);
    assert_int_equal(stat(f->path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    load(f);
    assert_next(f, &offset, 1, "records1", "a reason");
    assert_next(f, &offset, UINT64_C(1) << 40, "records2records2", "");
    assert_false(bad_next(f->bytes, f->len, &offset, &entry));
    assert_int_equal(offset, f->len);
}

static void a_torn_entry_hides_none_behind_it(void **state)
{
    struct bad_fixture *f = *state;
    struct bad_entry entry;
    assert_int_equal(keep(f, 1, "records1", "first"), 0);
    load(f);
    for (size_t cut = 0; cut < f->len; cut++) {
        size_t offset = 0;
        assert_int_equal(truncate(f->path, (off_t)cut), 0);
        assert_int_equal(keep(f, 2, "records2", "second"), 0);
        size_t whole = f->len;
        load(f);
        assert_true(bad_next(f->bytes, f->len, &offset, &entry));
        assert_int_equal(entry.frame.position, 2);
        assert_int_equal(entry.skipped, cut);
        assert_int_equal(offset, f->len);
        f->len = whole;
        unlink(f->path);
        assert_int_equal(keep(f, 1, "records1", "first"), 0);
    }
}

static void other_bytes_are_no_entry_and_are_never_read_out_of_bounds(void **state)
{
    struct bad_fixture *f = *state;
    struct bad_entry entry;
    assert_int_equal(keep(f, 1, "records1", "reason"), 0);
    load(f);
    for (size_t len = 0; len < f->len; len++) {
        size_t offset = 0;
        uint8_t *cut = malloc(len + (len == 0)); /* of exactly that size, for a sanitizer */
        assert_non_null(cut);
        memcpy(cut, f->bytes, len);
        assert_false(bad_next(cut, len, &offset, &entry));
        free(cut);
    }
    for (size_t at = 0; at < f->len; at++) {
        size_t offset = 0;
        f->bytes[at] ^= 0x80;
        assert_false(bad_next(f->bytes, f->len, &offset, &entry));
        f->bytes[at] ^= 0x80;
    }
}

static void what_cannot_be_written_whole_leaves_the_file_as_it_was(void **state)
{
    struct bad_fixture *f = *state;
    struct rlimit none;
    char large[4096] = "";
    memset(large, 'x', sizeof large - 1);
    assert_int_equal(keep(f, 1, "records1", "reason"), 0);
    load(f);
    size_t before = f->len;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &none), 0);
    const struct rlimit limit = {.rlim_cur = 1000, .rlim_max = none.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int error = keep(f, 2, large, "reason");
    setrlimit(RLIMIT_FSIZE, &none);
    assert_int_equal(error, EFBIG);
    load(f);
    assert_int_equal(f->len, before);
}

static void a_symlink_is_not_followed_and_others_are_shut_out(void **state)
{
    struct bad_fixture *f = *state;
    struct stat found;
    assert_int_equal(symlink("elsewhere", f->path), 0);
    assert_int_equal(keep(f, 1, "records1", "reason"), ELOOP);
    unlink(f->path);
    assert_int_equal(keep(f, 1, "records1", "reason"), 0);
    assert_int_equal(chmod(f->path, 0644), 0);
    assert_int_equal(keep(f, 1, "records1", "reason"), 0);
    assert_int_equal(stat(f->path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0640);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frames_are_read_as_they_were_kept),
        TEST(a_torn_entry_hides_none_behind_it),
        TEST(other_bytes_are_no_entry_and_are_never_read_out_of_bounds),
        TEST(what_cannot_be_written_whole_leaves_the_file_as_it_was),
        TEST(a_symlink_is_not_followed_and_others_are_shut_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
