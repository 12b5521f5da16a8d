/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/ring.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "lib/clock.h"

#define KIB   1024u
#define MIB   (1024u * KIB)
#define EPOCH UINT64_C(0x1122334455667788)

struct ring_fixture {
    char folder[64];
    char path[96];
    char copy[96];
    char error[512];
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int set_up(void **state)
{
    struct ring_fixture *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -1;
    strcpy(f->folder, "/tmp/test_ring.XXXXXX");
    if (mkdtemp(f->folder) == NULL)
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/ring", f->folder);
    snprintf(f->copy, sizeof(f->copy), "%s/copy", f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct ring_fixture *f = *state;
    unlink(f->path);
    unlink(f->copy);
    int rc = rmdir(f->folder);
    free(f);
    return rc;
}

static struct ring *open_at(struct ring_fixture *f, const char *path, size_t capacity)
{
    struct ring *ring = NULL;
    f->error[0] = '\0';
    if (ring_open(&ring, path, capacity, f->error, sizeof(f->error)) != 0)
        fail_msg("%s", f->error);
    assert_non_null(ring);
    return ring;
}

static struct ring *open_started(struct ring_fixture *f, size_t capacity, uint64_t position)
{
    struct ring *ring = open_at(f, f->path, capacity);
    ring_start(ring, position, EPOCH, 0);
    return ring;
}

/* Nothing was opened, and the sentence has this in it. */
static void assert_refused(struct ring_fixture *f, size_t capacity, const char *words)
{
    struct ring *ring = NULL;
    f->error[0] = '\0';
    assert_int_equal(ring_open(&ring, f->path, capacity, f->error, sizeof(f->error)), -1);
    assert_null(ring);
    if (strstr(f->error, words) == NULL)
        fail_msg("no '%s' in '%s'", words, f->error);
}

static bool append(struct ring *ring, uint16_t op, const void *bytes, size_t len)
{
    if (!ring_begin(ring, RING_RECORD_BYTES(len)))
        return false;
    uint8_t *place = ring_record(ring, op, len);
    if (place == NULL)
        return false;
    memcpy(place, bytes, len);
    ring_commit(ring);
    return true;
}

static void append_fill(struct ring *ring, int fill, size_t len)
{
    uint8_t bytes[4096];
    assert_true(len <= sizeof(bytes));
    memset(bytes, fill, len);
    assert_true(append(ring, 1, bytes, len));
}

static void assert_only_record(const struct ring_frame *frame, uint16_t op, const void *bytes, size_t len)
{
    struct ring_record record;
    size_t offset = 0;
    assert_int_equal(frame->records, 1);
    assert_true(ring_frame_record(frame, &offset, &record));
    assert_int_equal(record.op, op);
    assert_int_equal(record.len, len);
    assert_memory_equal(record.bytes, bytes, len);
    assert_false(ring_frame_record(frame, &offset, &record));
}

static int count_verified(const struct ring *ring, uint64_t position, uint64_t epoch)
{
    struct ring_frame frame;
    int n = 0;
    while (ring_verify(ring, position, epoch, &frame)) {
        assert_true(frame.end > position);
        position = frame.end;
        n++;
    }
    return n;
}

static uint8_t *read_all(const char *path, size_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    *size = (size_t)st.st_size;
    uint8_t *bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, *size), st.st_size);
    close(fd);
    return bytes;
}

static void write_all(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void poke(const char *path, size_t offset, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, (off_t)offset), size);
    close(fd);
}

static size_t file_place(uint64_t position, size_t capacity)
{
    return RING_HEADER_BYTES + (size_t)(position % capacity);
}

static void a_new_ring_has_its_size_mode_and_no_id(void **state)
{
    struct ring_fixture *f = *state;
    static const uint8_t zero[RING_ID_BYTES];
    struct stat st;
    struct ring *ring = open_at(f, f->path, 64 * KIB);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, RING_HEADER_BYTES + 64 * KIB);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true((size_t)st.st_blocks * 512 >= 64 * KIB);
    assert_int_equal(ring_capacity(ring), 64 * KIB);
    assert_memory_equal(ring_database_id(ring), zero, RING_ID_BYTES);
    assert_int_equal(ring_head_hint(ring), 0);
    ring_close(ring);
}

static void the_database_id_and_the_head_hint_survive(void **state)
{
    struct ring_fixture *f = *state;
    static const uint8_t id[RING_ID_BYTES] = "0123456789abcdef";
    struct ring *ring = open_started(f, 64 * KIB, 800);
    ring_set_database_id(ring, id);
    append_fill(ring, 'a', 8);
    uint64_t head = ring_head(ring);
    ring_close(ring);
    ring = open_at(f, f->path, 64 * KIB);
    assert_memory_equal(ring_database_id(ring), id, RING_ID_BYTES);
    assert_true(ring_head_hint(ring) == head);
    ring_close(ring);
}

static void the_capacity_of_a_found_ring_counts(void **state)
{
    struct ring_fixture *f = *state;
    ring_close(open_at(f, f->path, 64 * KIB));
    struct ring *ring = open_at(f, f->path, 128 * KIB);
    assert_int_equal(ring_capacity(ring), 64 * KIB);
    ring_close(ring);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    ring_close(NULL);
}

static void a_capacity_of_zero_or_over_4_gib_is_refused(void **state)
{
    struct ring_fixture *f = *state;
    assert_refused(f, 0, "cannot have");
    assert_refused(f, ((size_t)4 << 30) + 1, "cannot have");
}

static void a_file_that_is_not_a_ring_is_refused_and_untouched(void **state)
{
    struct ring_fixture *f = *state;
    write_all(f->path, "a letter to my mother", 21);
    assert_refused(f, 64 * KIB, "is not a ring");
    size_t size;
    uint8_t *bytes = read_all(f->path, &size);
    assert_int_equal(size, 21);
    assert_memory_equal(bytes, "a letter to my mother", 21);
    free(bytes);
}

static void a_folder_is_refused(void **state)
{
    struct ring_fixture *f = *state;
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_refused(f, 64 * KIB, "directory");
    assert_int_equal(rmdir(f->path), 0);
}

static void zero_bytes_before_something_else_are_not_taken_for_new(void **state)
{
    struct ring_fixture *f = *state;
    uint8_t bytes[3 * 4096] = {0};
    bytes[sizeof(bytes) - 1] = 1;
    write_all(f->path, bytes, sizeof(bytes));
    assert_refused(f, 64 * KIB, "is not a ring");
}

static void an_interrupted_making_is_made_again(void **state)
{
    struct ring_fixture *f = *state;
    uint8_t bytes[3 * 4096] = {0};
    write_all(f->path, bytes, sizeof(bytes));
    struct ring *ring = open_at(f, f->path, 64 * KIB);
    assert_int_equal(ring_capacity(ring), 64 * KIB);
    ring_close(ring);
}

static void a_truncated_ring_is_refused(void **state)
{
    struct ring_fixture *f = *state;
    ring_close(open_at(f, f->path, 64 * KIB));
    assert_int_equal(truncate(f->path, RING_HEADER_BYTES + 64 * KIB - 1), 0);
    assert_refused(f, 64 * KIB, "truncated");
    assert_int_equal(truncate(f->path, 20), 0);
    assert_refused(f, 64 * KIB, "damaged");
}

static void a_longer_file_is_accepted(void **state)
{
    struct ring_fixture *f = *state;
    ring_close(open_at(f, f->path, 64 * KIB));
    assert_int_equal(truncate(f->path, RING_HEADER_BYTES + 90 * KIB), 0);
    struct ring *ring = open_at(f, f->path, 64 * KIB);
    assert_int_equal(ring_capacity(ring), 64 * KIB);
    ring_close(ring);
}

static void a_newer_format_is_refused(void **state)
{
    struct ring_fixture *f = *state;
    uint32_t format = RING_FORMAT + 1;
    ring_close(open_at(f, f->path, 64 * KIB));
    poke(f->path, 8, &format, sizeof(format));
    assert_refused(f, 64 * KIB, "newer release");
}

static void a_header_with_a_mad_capacity_is_refused(void **state)
{
    struct ring_fixture *f = *state;
    static const uint64_t mad[] = {
        0, 1, 64 * KIB + 8, (UINT64_C(4) << 30) + 4096, UINT64_MAX, UINT64_MAX - 4095};
    ring_close(open_at(f, f->path, 64 * KIB));
    for (size_t i = 0; i < COUNT(mad); i++) {
        poke(f->path, 16, &mad[i], sizeof(mad[i]));
        assert_refused(f, 64 * KIB, "damaged");
    }
}

static void a_second_open_in_another_process_names_the_holder(void **state)
{
    struct ring_fixture *f = *state;
    char pid[32];
    snprintf(pid, sizeof(pid), "process %d:", (int)getpid());
    struct ring *ring = open_at(f, f->path, 64 * KIB);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ring *second = NULL;
        int rc = ring_open(&second, f->path, 64 * KIB, f->error, sizeof(f->error));
        _exit(rc == -1 && strstr(f->error, pid) != NULL ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    ring_close(ring);
}

static void a_closed_ring_is_free_even_if_a_child_kept_the_descriptor(void **state)
{
    struct ring_fixture *f = *state;
    int go[2];
    assert_int_equal(pipe(go), 0);
    struct ring *ring = open_at(f, f->path, 64 * KIB);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char byte;
        close(go[1]);
        _exit(read(go[0], &byte, 1) == 0 ? 0 : 1);
    }
    ring_close(ring);
    ring_close(open_at(f, f->path, 64 * KIB));
    close(go[0]);
    close(go[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* As another user, when run by root, for whom no folder is closed. */
static void a_closed_folder_names_the_folder_and_the_uid(void **state)
{
    struct ring_fixture *f = *state;
    bool root = geteuid() == 0;
    char uid[32];
    snprintf(uid, sizeof(uid), "uid %u", root ? 65534u : (unsigned)geteuid());
    assert_int_equal(chmod(f->folder, root ? 0700 : 0500), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ring *ring = NULL;
        if (root && setuid(65534) != 0)
            _exit(2);
        int rc = ring_open(&ring, f->path, 64 * KIB, f->error, sizeof(f->error));
        _exit(rc == -1 && strstr(f->error, uid) && strstr(f->error, "folder") && strstr(f->error, f->path)
                  ? 0
                  : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(f->folder, 0700), 0);
}

static void a_ring_that_cannot_be_reserved_leaves_an_empty_file(void **state)
{
    struct ring_fixture *f = *state;
    struct rlimit old, low;
    struct stat st;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = old;
    low.rlim_cur = 16 * KIB;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    struct ring *ring = NULL;
    int rc = ring_open(&ring, f->path, 64 * KIB, f->error, sizeof(f->error));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(rc, -1);
    assert_non_null(strstr(f->error, "cannot reserve"));
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, 0);
}

static void frames_come_back_in_order(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 64 * KIB, 0);
    struct ring_frame frame;
    uint64_t position = 0;
    char text[32];
    for (int i = 0; i < 100; i++) {
        int n = snprintf(text, sizeof(text), "record %d", i);
        assert_true(append(ring, (uint16_t)i, text, (size_t)n));
    }
    for (int i = 0; i < 100; i++) {
        int n = snprintf(text, sizeof(text), "record %d", i);
        assert_true(ring_next(ring, &position, &frame));
        assert_only_record(&frame, (uint16_t)i, text, (size_t)n);
    }
    assert_false(ring_next(ring, &position, &frame));
    assert_true(position == ring_head(ring));
    ring_close(ring);
}

static void a_frame_holds_many_records_of_any_length(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 64 * KIB, 0);
    size_t need = 0;
    for (size_t len = 0; len < 40; len++)
        need += RING_RECORD_BYTES(len);
    assert_true(ring_begin(ring, need));
    for (size_t len = 0; len < 40; len++) {
        uint8_t *place = ring_record(ring, (uint16_t)(100 + len), len);
        assert_non_null(place);
        assert_int_equal((uintptr_t)place % 8, 0);
        memset(place, (int)len, len);
    }
    uint64_t position = 0;
    assert_true(ring_commit(ring) == RING_FRAME_BYTES + need);
    struct ring_frame frame;
    struct ring_record record;
    size_t offset = 0;
    assert_true(ring_next(ring, &position, &frame));
    assert_int_equal(frame.records, 40);
    for (size_t len = 0; len < 40; len++) {
        uint8_t expected[40];
        memset(expected, (int)len, sizeof(expected));
        assert_true(ring_frame_record(&frame, &offset, &record));
        assert_int_equal(record.op, 100 + len);
        assert_int_equal(record.len, len);
        assert_memory_equal(record.bytes, expected, len);
    }
    assert_false(ring_frame_record(&frame, &offset, &record));
    ring_close(ring);
}

static void the_file_is_laid_out_as_the_header_says(void **state)
{
    struct ring_fixture *f = *state;
    uint8_t old[256];
    memset(old, 0xEE, sizeof(old));
    struct ring *ring = open_started(f, 64 * KIB, 0);
    poke(f->path, RING_HEADER_BYTES, old, sizeof(old));
    append_fill(ring, 'a', 8);
    append_fill(ring, 'b', 3);
    ring_close(ring);
    size_t size;
    uint8_t *bytes = read_all(f->path, &size);
    const uint8_t *second = bytes + RING_HEADER_BYTES + 56;
    uint32_t length, records;
    uint64_t position, epoch;
    memcpy(&length, second, 4);
    memcpy(&records, second + 4, 4);
    memcpy(&position, second + 8, 8);
    memcpy(&epoch, second + 16, 8);
    assert_int_equal(length, 56);
    assert_int_equal(records, 1);
    assert_int_equal(position, 56);
    assert_true(epoch == EPOCH);
    assert_memory_equal(second + RING_FRAME_BYTES, "\1\0\0\0\3\0\0\0bbb\0\0\0\0\0", 16);
    free(bytes);
}

static void nothing_is_visible_before_the_commit(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 64 * KIB, 0);
    struct ring_frame frame;
    uint64_t position = 0;
    assert_true(ring_begin(ring, RING_RECORD_BYTES(8)));
    memset(ring_record(ring, 1, 8), 'x', 8);
    assert_false(ring_next(ring, &position, &frame));
    assert_int_equal(count_verified(ring, 0, EPOCH), 0);
    assert_int_equal(ring_used(ring), 0);
    ring_commit(ring);
    assert_true(ring_next(ring, &position, &frame));
    assert_int_equal(ring_used(ring), RING_FRAME_BYTES + RING_RECORD_BYTES(8));
    ring_close(ring);
}

static void an_abort_leaves_nothing(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 4 * KIB, 0);
    struct ring_frame frame;
    for (int i = 0; i < 4; i++)
        append_fill(ring, 'a', 952);
    append_fill(ring, 'a', 8); /* 40 bytes are left: the next frame needs a pad */
    ring_release(ring, ring_head(ring));
    uint64_t head = ring_head(ring), position = head;
    assert_int_equal(4 * KIB - head, 40);
    assert_true(ring_begin(ring, RING_RECORD_BYTES(100)));
    memset(ring_record(ring, 1, 100), 'x', 100);
    ring_abort(ring);
    size_t size;
    uint8_t *bytes = read_all(f->path, &size);
    static const uint8_t zero[40];
    assert_memory_equal(bytes + file_place(head, 4 * KIB), zero, 40);
    free(bytes);
    assert_true(ring_head(ring) == head);
    assert_int_equal(ring_used(ring), 0);
    assert_false(ring_next(ring, &position, &frame));
    assert_null(ring_record(ring, 1, 8));
    append_fill(ring, 'y', 100);
    assert_true(ring_next(ring, &position, &frame));
    assert_true(frame.position == 4 * KIB);
    ring_close(ring);
}

static void a_commit_without_records_is_an_abort(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 64 * KIB, 0);
    assert_true(ring_commit(ring) == 0);
    append_fill(ring, 'a', 8);
    uint64_t head = ring_head(ring);
    assert_true(ring_begin(ring, 100));
    assert_true(ring_commit(ring) == head);
    assert_true(ring_head(ring) == head);
    append_fill(ring, 'b', 8);
    ring_close(ring);
}

static void a_second_begin_is_refused_and_harmless(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 64 * KIB, 0);
    assert_true(ring_begin(ring, RING_RECORD_BYTES(8)));
    uint8_t *place = ring_record(ring, 1, 8);
    assert_false(ring_begin(ring, RING_RECORD_BYTES(8)));
    memset(place, 'a', 8);
    ring_commit(ring);
    assert_int_equal(count_verified(ring, 0, EPOCH), 1);
    ring_close(ring);
}

static void a_ring_that_was_not_started_takes_nothing(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_at(f, f->path, 64 * KIB);
    assert_false(ring_begin(ring, 8));
    ring_close(ring);
}

static void more_than_was_reserved_gives_null(void **state)
{
    struct ring_fixture *f = *state;
    static const size_t too_long[] = {17, 24, 25, UINT32_MAX, SIZE_MAX - 7, SIZE_MAX};
    struct ring *ring = open_started(f, 64 * KIB, 0);
    assert_null(ring_record(ring, 1, 0));
    assert_true(ring_begin(ring, RING_RECORD_BYTES(16)));
    for (size_t i = 0; i < COUNT(too_long); i++)
        assert_null(ring_record(ring, 1, too_long[i]));
    uint8_t *place = ring_record(ring, 7, 16);
    assert_non_null(place);
    memset(place, 'a', 16);
    assert_null(ring_record(ring, 1, 0));
    ring_commit(ring);
    struct ring_frame frame;
    assert_true(ring_verify(ring, 0, EPOCH, &frame));
    assert_only_record(&frame, 7, "aaaaaaaaaaaaaaaa", 16);
    ring_close(ring);
}

static void the_largest_frame_fits_at_every_place(void **state)
{
    struct ring_fixture *f = *state;
    for (uint64_t start = 0; start < 4 * KIB; start += 8) {
        struct ring *ring = open_started(f, 4 * KIB, start);
        size_t most = ring_frame_max(ring);
        assert_int_equal(most, 2 * KIB - RING_FRAME_BYTES);
        assert_false(ring_begin(ring, most + 1));
        assert_false(ring_begin(ring, SIZE_MAX));
        append_fill(ring, 'a', most - 8);
        assert_int_equal(count_verified(ring, start, EPOCH), 1);
        ring_close(ring);
    }
}

static void a_full_ring_refuses_and_takes_again_after_a_release(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 16 * KIB, 0);
    struct ring_frame frame;
    uint64_t position = 0;
    int taken = 0;
    uint8_t bytes[216] = {0};
    while (append(ring, 1, bytes, sizeof(bytes)))
        taken++;
    uint64_t head = ring_head(ring);
    assert_int_equal(taken, 16 * KIB / 264);
    assert_false(ring_begin(ring, RING_RECORD_BYTES(216)));
    assert_true(ring_head(ring) == head);
    assert_int_equal(count_verified(ring, 0, EPOCH), taken);
    assert_true(ring_next(ring, &position, &frame));
    ring_release(ring, position);
    assert_true(append(ring, 1, bytes, sizeof(bytes)));
    assert_false(append(ring, 1, bytes, sizeof(bytes)));
    ring_close(ring);
}

/* Of this process, mapped files. */
static long mapped_kib(void)
{
    char line[128];
    long kib, sum = 0;
    FILE *status = fopen("/proc/self/status", "r");
    assert_non_null(status);
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "RssFile: %ld", &kib) == 1 || sscanf(line, "RssShmem: %ld", &kib) == 1)
            sum += kib;
    fclose(status);
    return sum;
}

static void a_quiet_ring_keeps_no_pages_of_what_was_released(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 4096 * KIB, 3000 * KIB); /* over the end of a lap */
    long before = mapped_kib();
    for (int i = 0; i < 2000; i++)
        append_fill(ring, 'a', 968);
    uint64_t young = ring_head(ring);
    append_fill(ring, 'b', 968);
    assert_in_range(mapped_kib() - before, 1700, 2500);
    ring_release(ring, young);
    ring_shrink(ring, 4096 * KIB);
    assert_true(mapped_kib() - before <
                500); /* the kernel counts in steps, and our code is a mapped file too */
    assert_int_equal(count_verified(ring, young, EPOCH), 1);
    ring_close(ring);
}

/* Beyond its end is other people's memory. */
static void a_ring_that_went_round_more_than_once_is_left_alone(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 16 * KIB, 0);
    char *behind = mmap(NULL, 256 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *before = mmap(NULL, 256 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(behind != MAP_FAILED && before != MAP_FAILED);
    memset(behind, 'x', 256 * KIB);
    memset(before, 'x', 256 * KIB);
    for (int i = 0; i < 200; i++) {
        append_fill(ring, 'a', 968);
        ring_release(ring, ring_head(ring));
    }
    ring_shrink(ring, 4096 * KIB);
    for (size_t i = 0; i < 256 * KIB; i++)
        assert_true(behind[i] == 'x' && before[i] == 'x');
    munmap(behind, 256 * KIB);
    munmap(before, 256 * KIB);
    ring_close(ring);
}

static void a_busy_ring_keeps_its_pages(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 4096 * KIB, 0);
    long before = mapped_kib();
    for (int i = 0; i < 1000; i++)
        append_fill(ring, 'a', 968);
    ring_release(ring, ring_head(ring));
    ring_shrink(ring, 500 * KIB);
    assert_true(mapped_kib() - before > 800);
    ring_close(ring);
}

static void a_release_of_less_than_before_or_of_the_future_is_ignored(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 16 * KIB, 800);
    append_fill(ring, 'a', 8);
    append_fill(ring, 'a', 8);
    ring_release(ring, 856);
    ring_release(ring, 800);
    assert_int_equal(ring_used(ring), 56);
    ring_release(ring, 4000);
    assert_int_equal(ring_used(ring), 56);
    ring_close(ring);
}

/* What was appended and not yet released: what the consumer has to find, and recovery too. */
struct laps {
    uint64_t seed;
    uint64_t released;
    uint64_t read;
    uint64_t written_count;
    uint64_t read_count;
};

static size_t lap_record(uint64_t number, uint8_t *bytes, size_t most)
{
    uint64_t seed = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
    size_t len = (size_t)(next_random(&seed) % (most + 1));
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)next_random(&seed);
    return len;
}

static void read_some(const struct ring *ring, struct laps *laps, uint64_t most)
{
    uint8_t bytes[1024];
    struct ring_frame frame;
    while (most-- > 0 && ring_next(ring, &laps->read, &frame)) {
        size_t len = lap_record(laps->read_count, bytes, 900);
        assert_only_record(&frame, (uint16_t)laps->read_count, bytes, len);
        laps->read_count++;
    }
}

static void run_laps(struct ring *ring, struct laps *laps, int turns)
{
    uint8_t bytes[1024];
    for (int i = 0; i < turns; i++) {
        size_t len = lap_record(laps->written_count, bytes, 900);
        if (append(ring, (uint16_t)laps->written_count, bytes, len))
            laps->written_count++;
        else
            assert_true(ring_used(ring) > 0);
        if (next_random(&laps->seed) % 3 == 0)
            read_some(ring, laps, next_random(&laps->seed) % 6);
        if (next_random(&laps->seed) % 4 == 0)
            ring_release(ring, laps->released = laps->read);
        assert_true(ring_used(ring) <= ring_capacity(ring));
    }
}

static void many_laps_of_random_sizes_lose_nothing(void **state)
{
    struct ring_fixture *f = *state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct ring *ring = open_started(f, 4 * KIB * (size_t)seed, seed * 8);
        struct laps laps = {.seed = seed, .released = seed * 8, .read = seed * 8};
        run_laps(ring, &laps, 20000);
        read_some(ring, &laps, UINT64_MAX);
        assert_true(laps.read_count == laps.written_count);
        assert_true(laps.read == ring_head(ring));
        assert_true(ring_head(ring) > 100 * ring_capacity(ring));
        ring_close(ring);
        unlink(f->path);
    }
}

static void recovery_finds_what_was_not_released_at_any_time(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 8 * KIB, 0);
    struct laps laps = {.seed = 77};
    for (int i = 0; i < 3000; i++) {
        run_laps(ring, &laps, 3);
        uint64_t position = laps.released;
        struct ring_frame frame;
        while (ring_verify(ring, position, EPOCH, &frame)) {
            assert_true(frame.end > position);
            position = frame.end;
        }
        assert_true(position == ring_head(ring));
    }
    ring_close(ring);
}

static void positions_beyond_32_bits_work(void **state)
{
    struct ring_fixture *f = *state;
    static const uint64_t starts[] = {(UINT64_C(1) << 32) - 800, (UINT64_C(1) << 40) + 8, UINT64_C(1) << 62};
    for (size_t i = 0; i < COUNT(starts); i++) {
        struct ring *ring = open_started(f, 12 * KIB, starts[i]);
        struct laps laps = {.seed = 3, .released = starts[i], .read = starts[i]};
        run_laps(ring, &laps, 1000);
        read_some(ring, &laps, UINT64_MAX);
        assert_true(laps.read_count == laps.written_count);
        assert_true(laps.read == ring_head(ring));
        ring_close(ring);
    }
}

static void a_ring_of_4_gib_works_up_to_its_last_byte(void **state)
{
    struct ring_fixture *f = *state;
    const size_t capacity = (size_t)4 << 30;
    struct statfs fs;
    assert_int_equal(statfs(f->folder, &fs), 0);
    bool roomy = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize > (UINT64_C(16) << 30);
    if (fs.f_type != EXT4_SUPER_MAGIC || !roomy)
        skip(); /* elsewhere the reservation may cost memory, or minutes */
    struct ring *ring = open_at(f, f->path, capacity);
    const uint64_t start = 5 * (uint64_t)capacity - 2000;
    ring_start(ring, start, EPOCH, 0);
    for (int i = 0; i < 10; i++)
        append_fill(ring, 'a' + i, 400);
    assert_int_equal(ring_capacity(ring), capacity);
    assert_int_equal(ring_frame_max(ring), capacity / 2 - RING_FRAME_BYTES);
    assert_true(ring_head(ring) == 5 * (uint64_t)capacity + 6 * 448);
    assert_int_equal(count_verified(ring, start, EPOCH), 10);
    ring_close(ring);
}

/* Three frames of FRAME bytes over an earlier lap whose bytes all differ from theirs. */
#define LAP   (4 * KIB)
#define FRAME (RING_FRAME_BYTES + RING_RECORD_BYTES(64))

static uint64_t make_three_frames(struct ring_fixture *f)
{
    struct ring *ring = open_started(f, LAP, 0);
    ring_close(ring);
    uint8_t old[LAP];
    memset(old, 0xEE, sizeof(old));
    poke(f->path, RING_HEADER_BYTES, old, sizeof(old));
    ring = open_started(f, LAP, 10 * LAP);
    for (int i = 0; i < 3; i++)
        append_fill(ring, 'a' + i, 64);
    ring_close(ring);
    return 10 * LAP;
}

static void frames_in_a_copy(struct ring_fixture *f, const uint8_t *bytes, size_t size, uint64_t from,
                             int expected, size_t k)
{
    write_all(f->copy, bytes, size);
    struct ring *ring = open_at(f, f->copy, LAP);
    int found = count_verified(ring, from, EPOCH);
    ring_close(ring);
    if (found != expected)
        fail_msg("%d frames instead of %d when the change is at byte %zu", found, expected, k);
}

static void cut_last_frame_everywhere(struct ring_fixture *f, int fill)
{
    make_three_frames(f);
    size_t size, last = file_place(2 * FRAME, LAP);
    uint8_t *bytes = read_all(f->path, &size);
    uint8_t *cut = malloc(size);
    assert_non_null(cut);
    frames_in_a_copy(f, bytes, size, 10 * LAP, 3, FRAME);
    for (size_t k = 0; k < FRAME; k++) {
        memcpy(cut, bytes, size);
        memset(cut + last + k, fill, FRAME - k);
        frames_in_a_copy(f, cut, size, 10 * LAP, 2, k);
    }
    free(cut);
    free(bytes);
}

static void a_last_frame_torn_to_zeros_at_any_byte_ends_the_log_before_it(void **state)
{
    cut_last_frame_everywhere(*state, 0);
}

static void a_last_frame_torn_to_old_bytes_at_any_byte_ends_the_log_before_it(void **state)
{
    cut_last_frame_everywhere(*state, 0xEE);
}

static void a_last_frame_with_any_bit_flipped_ends_the_log_before_it(void **state)
{
    struct ring_fixture *f = *state;
    make_three_frames(f);
    size_t size, last = file_place(2 * FRAME, LAP);
    uint8_t *bytes = read_all(f->path, &size);
    for (size_t bit = 0; bit < FRAME * 8; bit++) {
        bytes[last + bit / 8] ^= (uint8_t)(1u << bit % 8);
        frames_in_a_copy(f, bytes, size, 10 * LAP, 2, bit / 8);
        bytes[last + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes);
}

static void a_pad_with_any_bit_flipped_ends_the_log_before_it(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, LAP, 11 * LAP - 2 * FRAME);
    append_fill(ring, 'a', 64);
    append_fill(ring, 'b', 200);
    ring_close(ring);
    size_t size, pad = file_place(11 * LAP - FRAME, LAP);
    uint8_t *bytes = read_all(f->path, &size);
    for (size_t bit = 0; bit < FRAME * 8; bit++) {
        bytes[pad + bit / 8] ^= (uint8_t)(1u << bit % 8);
        frames_in_a_copy(f, bytes, size, 11 * LAP - 2 * FRAME, 1, bit / 8);
        bytes[pad + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    frames_in_a_copy(f, bytes, size, 11 * LAP - 2 * FRAME, 2, FRAME);
    free(bytes);
}

static void random_bytes_are_never_read_out_of_bounds(void **state)
{
    struct ring_fixture *f = *state;
    ring_close(open_at(f, f->path, LAP));
    size_t size;
    uint64_t seed = 5;
    uint8_t *bytes = read_all(f->path, &size);
    for (size_t i = RING_HEADER_BYTES; i < size; i++)
        bytes[i] = (uint8_t)next_random(&seed);
    write_all(f->path, bytes, size);
    free(bytes);
    struct ring *ring = open_at(f, f->path, LAP);
    for (uint64_t position = 0; position < 2 * LAP; position++)
        assert_int_equal(count_verified(ring, position, EPOCH), 0);
    assert_int_equal(count_verified(ring, UINT64_MAX, EPOCH), 0);
    assert_int_equal(count_verified(ring, UINT64_MAX - 7, EPOCH), 0);
    ring_close(ring);
}

/* Each with the checksum it should have, so that only the check in question can refuse it. */
struct forged {
    uint32_t length, records;
    uint64_t position, epoch;
    uint32_t record_length;
};

static uint64_t sum_of(const uint8_t *bytes, size_t len)
{
    uint64_t sum = 0x6D6F737175697474u, word;
    for (size_t i = 0; i + 8 <= len; i += 8) {
        memcpy(&word, bytes + i, 8);
        sum = (sum ^ word) * 0x9E3779B97F4A7C15u;
        sum ^= sum >> 32;
    }
    return sum;
}

static void forge(uint8_t *place, const struct forged *forged)
{
    memcpy(place, &forged->length, 4);
    memcpy(place + 4, &forged->records, 4);
    memcpy(place + 8, &forged->position, 8);
    memcpy(place + 16, &forged->epoch, 8);
    memcpy(place + RING_FRAME_BYTES + 4, &forged->record_length, 4);
    uint64_t sum = sum_of(place, forged->length < LAP ? forged->length : LAP);
    memcpy(place + 24, &sum, 8);
}

static bool is_accepted(struct ring_fixture *f, const struct forged *forged)
{
    uint8_t data[LAP] = {0};
    forge(data, forged);
    struct ring *ring = open_at(f, f->path, LAP);
    poke(f->path, RING_HEADER_BYTES, data, sizeof(data));
    bool accepted = count_verified(ring, LAP, EPOCH) == 1;
    ring_close(ring);
    return accepted;
}

static void a_pad_that_does_not_reach_the_end_is_not_skipped(void **state)
{
    struct ring_fixture *f = *state;
    uint8_t data[LAP] = {0};
    forge(data, &(struct forged){72, 0, LAP, EPOCH, 0});
    forge(data + 72, &(struct forged){72, 1, LAP + 72, EPOCH, 24});
    struct ring *ring = open_at(f, f->path, LAP);
    poke(f->path, RING_HEADER_BYTES, data, sizeof(data));
    assert_int_equal(count_verified(ring, LAP, EPOCH), 0);
    assert_int_equal(count_verified(ring, LAP + 72, EPOCH), 1);
    ring_close(ring);
}

static void only_a_sane_frame_with_a_right_checksum_is_accepted(void **state)
{
    static const struct {
        bool accepted;
        struct forged forged;
    } rows[] = {
        {true, {72, 1, LAP, EPOCH, 24}},
        {true, {72, 1, LAP, EPOCH, 17}},
        {true, {72, 2, LAP, EPOCH, 16}},
        {true, {2048, 1, LAP, EPOCH, 2000}},
        {false, {72, 1, 0, EPOCH, 24}},
        {false, {72, 1, 2 * LAP, EPOCH, 24}},
        {false, {72, 1, LAP, EPOCH + 1, 24}},
        {false, {72, 2, LAP, EPOCH, 24}},
        {false, {72, 1, LAP, EPOCH, 16}},
        {false, {72, 1, LAP, EPOCH, 25}},
        {false, {72, 1, LAP, EPOCH, UINT32_MAX}},
        {false, {72, 1, LAP, EPOCH, UINT32_MAX - 7}},
        {false, {72, UINT32_MAX, LAP, EPOCH, 24}},
        {false, {72, 0, LAP, EPOCH, 24}},
        {false, {0, 1, LAP, EPOCH, 0}},
        {false, {39, 1, LAP, EPOCH, 0}},
        {false, {40, 1, LAP, EPOCH, 0}},
        {false, {LAP, 0, LAP, EPOCH, 0}},
        {false, {2056, 1, LAP, EPOCH, 2008}},
        {false, {76, 1, LAP, EPOCH, 28}},
        {false, {LAP + 8, 1, LAP, EPOCH, 0}},
        {false, {UINT32_MAX - 7, 1, LAP, EPOCH, 0}},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (is_accepted(*state, &rows[i].forged) != rows[i].accepted)
            fail_msg("row %zu is %s", i, rows[i].accepted ? "refused" : "accepted");
}

static void a_frame_of_an_earlier_lap_is_not_accepted(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, LAP, 0);
    append_fill(ring, 'a', 64);
    for (uint64_t lap = 1; lap < 20; lap++)
        assert_int_equal(count_verified(ring, lap * LAP, EPOCH), 0);
    assert_int_equal(count_verified(ring, 0, EPOCH), 1);
    ring_close(ring);
}

static void a_frame_of_another_epoch_is_not_accepted(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, LAP, 0);
    append_fill(ring, 'a', 64);
    append_fill(ring, 'b', 64);
    ring_start(ring, 0, EPOCH + 1, 0);
    append_fill(ring, 'c', 64);
    assert_int_equal(count_verified(ring, 0, EPOCH + 1), 1);
    assert_int_equal(count_verified(ring, 0, EPOCH), 0);
    assert_int_equal(count_verified(ring, FRAME, EPOCH), 1);
    ring_close(ring);
}

static void a_start_goes_on_where_recovery_ended(void **state)
{
    struct ring_fixture *f = *state;
    uint64_t position = make_three_frames(f);
    struct ring_frame frame;
    struct ring *ring = open_at(f, f->path, LAP);
    while (ring_verify(ring, position, EPOCH, &frame))
        position = frame.end;
    ring_start(ring, position, EPOCH + 1, 0);
    assert_int_equal(ring_used(ring), 0);
    append_fill(ring, 'z', 64);
    assert_int_equal(count_verified(ring, position, EPOCH + 1), 1);
    assert_int_equal(count_verified(ring, 10 * LAP, EPOCH), 3);
    ring_close(ring);
}

/* Over several laps: pads are not counted. */
static void frames_are_numbered_without_a_gap_from_the_start_on(void **state)
{
    struct ring_fixture *f = *state;
    struct ring_frame frame;
    struct ring *ring = open_at(f, f->path, LAP);
    uint64_t position = 0;
    ring_start(ring, 0, EPOCH, 41);
    for (uint64_t number = 42; number < 400; number++) {
        append_fill(ring, 'a', 8 * (number % 9 + 1));
        assert_true(ring_verify(ring, ring_head(ring) - 48 - 8 * (number % 9 + 1), EPOCH, &frame));
        assert_true(frame.number == number);
        assert_true(ring_next(ring, &position, &frame));
        assert_true(frame.number == number);
        ring_release(ring, position);
    }
    ring_close(ring);
}

static void the_boot_id_of_a_damaged_header_has_an_end(void **state)
{
    struct ring_fixture *f = *state;
    char endless[sizeof((struct ring_life *)0)->boot_id];
    memset(endless, 'x', sizeof endless);
    ring_close(open_at(f, f->path, LAP));
    poke(f->path, 48 + offsetof(struct ring_life, boot_id), endless, sizeof endless);
    struct ring *ring = open_at(f, f->path, LAP);
    const struct ring_life life = ring_last_life(ring);
    assert_int_equal(strnlen(life.boot_id, sizeof life.boot_id), sizeof life.boot_id - 1);
    ring_close(ring);
}

/* Its frames have no number; the next life makes it one of this format. */
static void a_ring_of_the_first_format_is_read_and_goes_on_in_this_one(void **state)
{
    struct ring_fixture *f = *state;
    const uint32_t first = 1;
    uint32_t format = 0;
    uint64_t position = make_three_frames(f);
    poke(f->path, 8, &first, sizeof(first));
    struct ring *ring = open_at(f, f->path, LAP);
    assert_int_equal(count_verified(ring, position, EPOCH), 3);
    const struct ring_life life = {.epoch = EPOCH};
    ring_set_life(ring, &life);
    ring_close(ring);
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, &format, sizeof(format), 8), sizeof(format));
    close(fd);
    assert_int_equal(format, RING_FORMAT);
}

static void resize_to(struct ring_fixture *f, struct ring *ring, size_t capacity)
{
    struct stat st;
    if (ring_resize(ring, capacity, f->error, sizeof(f->error)) != 0)
        fail_msg("%s", f->error);
    assert_int_equal(ring_capacity(ring), capacity);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, RING_HEADER_BYTES + capacity);
}

static void a_ring_can_grow_and_shrink_and_works_after(void **state)
{
    struct ring_fixture *f = *state;
    static const size_t capacities[] = {64 * KIB, 8 * KIB, 2 * MIB, 2 * MIB, 4 * KIB};
    static const uint8_t id[RING_ID_BYTES] = "0123456789abcdef";
    struct ring *ring = open_started(f, 16 * KIB, 8000);
    ring_set_database_id(ring, id);
    for (size_t i = 0; i < COUNT(capacities); i++) {
        resize_to(f, ring, capacities[i]);
        assert_memory_equal(ring_database_id(ring), id, RING_ID_BYTES);
        struct laps laps = {.seed = i + 1, .released = ring_head(ring), .read = ring_head(ring)};
        run_laps(ring, &laps, 2000);
        read_some(ring, &laps, UINT64_MAX);
        assert_true(laps.read_count == laps.written_count);
        ring_release(ring, laps.read);
    }
    ring_close(ring);
    ring = open_at(f, f->path, 64 * KIB);
    assert_int_equal(ring_capacity(ring), 4 * KIB);
    assert_memory_equal(ring_database_id(ring), id, RING_ID_BYTES);
    ring_close(ring);
}

static void a_ring_that_cannot_grow_stays_as_it_was(void **state)
{
    struct ring_fixture *f = *state;
    struct rlimit old, low;
    struct stat st;
    struct ring *ring = open_started(f, 16 * KIB, 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = old;
    low.rlim_cur = 64 * KIB;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    int rc = ring_resize(ring, MIB, f->error, sizeof(f->error));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(rc, -1);
    assert_int_equal(ring_resize(ring, 0, f->error, sizeof(f->error)), -1);
    assert_int_equal(ring_capacity(ring), 16 * KIB);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, RING_HEADER_BYTES + 16 * KIB);
    append_fill(ring, 'a', 8);
    ring_close(ring);
}

static void a_ring_with_an_open_frame_is_not_resized(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 16 * KIB, 0);
    assert_true(ring_begin(ring, 64));
    assert_int_equal(ring_resize(ring, 64 * KIB, f->error, sizeof(f->error)), -1);
    ring_close(ring);
}

enum { SAY_COMMITTED, SAY_RELEASING };
struct say {
    uint64_t what;
    uint64_t position;
    uint64_t number; /* of the next frame from there */
};

static void tell(int fd, uint64_t what, uint64_t position, uint64_t number)
{
    struct say say = {what, position, number};
    if (write(fd, &say, sizeof(say)) != (ssize_t)sizeof(say))
        _exit(3);
}

/* What a broker does, until it is killed. The release is told first, as the database knows it first. */
static void run_victim(const char *path, const struct say *from, uint64_t epoch, int fd)
{
    char error[256];
    uint8_t bytes[1024];
    struct ring *ring = NULL;
    struct ring_frame frame;
    if (ring_open(&ring, path, 32 * KIB, error, sizeof(error)) != 0)
        _exit(1);
    uint64_t read = from->position, read_number = from->number, number = from->number;
    ring_start(ring, from->position, epoch, 0);
    for (;;) {
        size_t len = lap_record(number, bytes, 900);
        if (append(ring, (uint16_t)number, bytes, len)) {
            tell(fd, SAY_COMMITTED, ring_head(ring), ++number);
            continue;
        }
        for (int i = 0; i < 20 && ring_next(ring, &read, &frame); i++)
            read_number++;
        tell(fd, SAY_RELEASING, read, read_number);
        ring_release(ring, read);
    }
}

/* Reads `most` reports; false at the end. */
static bool hear(int fd, uint64_t most, struct say *released, struct say *committed)
{
    struct say say;
    while (most-- > 0) {
        if (read(fd, &say, sizeof(say)) != (ssize_t)sizeof(say))
            return false;
        *(say.what == SAY_RELEASING ? released : committed) = say;
    }
    return true;
}

/* Every frame from what was released on, without a gap, and at least up to what was reported. */
static void recover(struct ring_fixture *f, uint64_t epoch, struct say *from, const struct say *committed)
{
    uint8_t bytes[1024];
    struct ring_frame frame;
    struct ring *ring = open_at(f, f->path, 32 * KIB);
    while (ring_verify(ring, from->position, epoch, &frame)) {
        size_t len = lap_record(from->number, bytes, 900);
        assert_only_record(&frame, (uint16_t)from->number, bytes, len);
        from->position = frame.end;
        from->number++;
    }
    assert_true(from->number >= committed->number);
    assert_true(from->position >= committed->position);
    ring_close(ring);
}

static void what_a_killed_process_reported_as_committed_is_recovered_without_a_gap(void **state)
{
    struct ring_fixture *f = *state;
    struct say from = {0};
    uint64_t seed = 11;
    for (uint64_t epoch = 1; epoch <= 60; epoch++) {
        struct say released = from, committed = from;
        int fd[2];
        assert_int_equal(pipe(fd), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(fd[0]);
            run_victim(f->path, &from, epoch, fd[1]);
        }
        close(fd[1]);
        assert_true(hear(fd[0], 1 + next_random(&seed) % 900, &released, &committed));
        for (uint64_t spin = next_random(&seed) % 50000; spin > 0; spin--)
            atomic_signal_fence(memory_order_seq_cst);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_false(hear(fd[0], UINT64_MAX, &released, &committed));
        close(fd[0]);
        from = released;
        recover(f, epoch, &from, &committed);
    }
    assert_true(from.number > 1000);
}

#define RUN_FRAMES 200000u

struct long_run {
    const struct ring *ring;
    _Atomic uint64_t done; /* how far the consumer is, as the owner of a ring would tell it */
    uint64_t frames;
    bool wrong;
};

static bool is_expected(const struct ring_frame *frame, uint64_t number)
{
    struct ring_record record;
    size_t offset = 0;
    if (frame->records != 1 || !ring_frame_record(frame, &offset, &record))
        return false;
    if (record.op != (uint16_t)number || record.len != 8 + number % 300)
        return false;
    for (size_t i = 8; i < record.len; i++)
        if (record.bytes[i] != (uint8_t)number)
            return false;
    return memcmp(record.bytes, &number, 8) == 0;
}

static void *consume(void *context)
{
    struct long_run *run = context;
    struct ring_frame frame;
    uint64_t position = 0;
    while (run->frames < RUN_FRAMES && !run->wrong) {
        if (!ring_next(run->ring, &position, &frame)) {
            sched_yield();
            continue;
        }
        run->wrong = !is_expected(&frame, run->frames++);
        atomic_store_explicit(&run->done, run->wrong ? UINT64_MAX : position, memory_order_release);
    }
    return NULL;
}

/* Half of the frames go to a consumer that waits for just them, half to one that is behind. */
static bool is_awaited(struct ring *ring, struct long_run *run, uint64_t number)
{
    uint64_t done = atomic_load_explicit(&run->done, memory_order_acquire);
    return number / 512 % 2 == 0 || done == ring_head(ring) || done == UINT64_MAX;
}

static bool produce(struct ring *ring, struct long_run *run, uint64_t number)
{
    size_t len = 8 + number % 300;
    while (!is_awaited(ring, run, number))
        sched_yield();
    while (!ring_begin(ring, RING_RECORD_BYTES(len))) {
        uint64_t done = atomic_load_explicit(&run->done, memory_order_acquire);
        if (done == UINT64_MAX)
            return false;
        ring_release(ring, done);
        sched_yield();
    }
    uint8_t *place = ring_record(ring, (uint16_t)number, len);
    memset(place, (int)(uint8_t)number, len);
    memcpy(place, &number, 8);
    ring_commit(ring);
    return true;
}

static void two_threads_pass_200000_frames(void **state)
{
    struct ring_fixture *f = *state;
    struct ring *ring = open_started(f, 64 * KIB, 0);
    struct long_run run = {.ring = ring};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, consume, &run), 0);
    for (uint64_t number = 0; number < RUN_FRAMES; number++)
        if (!produce(ring, &run, number))
            break;
    pthread_join(thread, NULL);
    assert_false(run.wrong);
    assert_int_equal(run.frames, RUN_FRAMES);
    ring_close(ring);
}

static void the_cost_of_a_record_is_printed(void **state)
{
    struct ring_fixture *f = *state;
    const int rounds = 200000;
    struct ring *ring = open_started(f, 4 * MIB, 0);
    int64_t from = 0, to = 0;
    uint8_t bytes[200];
    memset(bytes, 'x', sizeof(bytes));
    for (int pass = 0; pass < 2; pass++) { /* the first maps the pages */
        from = clock_ns(CLOCK_MONOTONIC);
        for (int i = 0; i < rounds; i++) {
            assert_true(append(ring, 1, bytes, sizeof(bytes)));
            ring_release(ring, ring_head(ring));
        }
        to = clock_ns(CLOCK_MONOTONIC);
    }
    print_message("a frame with one record of 200 bytes: %.0f ns\n", (double)(to - from) / rounds);
    ring_close(ring);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_ring_has_its_size_mode_and_no_id),
        TEST(the_database_id_and_the_head_hint_survive),
        TEST(the_capacity_of_a_found_ring_counts),
        TEST(closing_nothing_is_fine),
        TEST(a_capacity_of_zero_or_over_4_gib_is_refused),
        TEST(a_file_that_is_not_a_ring_is_refused_and_untouched),
        TEST(a_folder_is_refused),
        TEST(zero_bytes_before_something_else_are_not_taken_for_new),
        TEST(an_interrupted_making_is_made_again),
        TEST(a_truncated_ring_is_refused),
        TEST(a_longer_file_is_accepted),
        TEST(the_boot_id_of_a_damaged_header_has_an_end),
        TEST(a_newer_format_is_refused),
        TEST(a_header_with_a_mad_capacity_is_refused),
        TEST(a_second_open_in_another_process_names_the_holder),
        TEST(a_closed_ring_is_free_even_if_a_child_kept_the_descriptor),
        TEST(a_closed_folder_names_the_folder_and_the_uid),
        TEST(a_ring_that_cannot_be_reserved_leaves_an_empty_file),
        TEST(frames_come_back_in_order),
        TEST(a_frame_holds_many_records_of_any_length),
        TEST(the_file_is_laid_out_as_the_header_says),
        TEST(nothing_is_visible_before_the_commit),
        TEST(an_abort_leaves_nothing),
        TEST(a_commit_without_records_is_an_abort),
        TEST(a_second_begin_is_refused_and_harmless),
        TEST(a_ring_that_was_not_started_takes_nothing),
        TEST(more_than_was_reserved_gives_null),
        TEST(the_largest_frame_fits_at_every_place),
        TEST(a_full_ring_refuses_and_takes_again_after_a_release),
        TEST(a_quiet_ring_keeps_no_pages_of_what_was_released),
        TEST(a_ring_that_went_round_more_than_once_is_left_alone),
        TEST(a_busy_ring_keeps_its_pages),
        TEST(a_release_of_less_than_before_or_of_the_future_is_ignored),
        TEST(many_laps_of_random_sizes_lose_nothing),
        TEST(recovery_finds_what_was_not_released_at_any_time),
        TEST(positions_beyond_32_bits_work),
        TEST(a_ring_of_4_gib_works_up_to_its_last_byte),
        TEST(a_last_frame_torn_to_zeros_at_any_byte_ends_the_log_before_it),
        TEST(a_last_frame_torn_to_old_bytes_at_any_byte_ends_the_log_before_it),
        TEST(a_last_frame_with_any_bit_flipped_ends_the_log_before_it),
        TEST(a_pad_with_any_bit_flipped_ends_the_log_before_it),
        TEST(random_bytes_are_never_read_out_of_bounds),
        TEST(only_a_sane_frame_with_a_right_checksum_is_accepted),
        TEST(a_pad_that_does_not_reach_the_end_is_not_skipped),
        TEST(a_frame_of_an_earlier_lap_is_not_accepted),
        TEST(a_frame_of_another_epoch_is_not_accepted),
        TEST(a_start_goes_on_where_recovery_ended),
        TEST(frames_are_numbered_without_a_gap_from_the_start_on),
        TEST(a_ring_of_the_first_format_is_read_and_goes_on_in_this_one),
        TEST(a_ring_can_grow_and_shrink_and_works_after),
        TEST(a_ring_that_cannot_grow_stays_as_it_was),
        TEST(a_ring_with_an_open_frame_is_not_resized),
        TEST(what_a_killed_process_reported_as_committed_is_recovered_without_a_gap),
        TEST(two_threads_pass_200000_frames),
        TEST(the_cost_of_a_record_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
