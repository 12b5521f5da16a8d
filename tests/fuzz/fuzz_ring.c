/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Recovery of a ring. The first byte of the input says what the rest is:
 *
 * f  a file of the disk: it is opened as a ring, and all that it may have is looked at;
 * r  the records of a frame, and entries of a .bad file;
 * w  what to write into a ring: a byte for each record, its length, and after a few a frame ends; the last three bytes
 *    say where the closed file gets another byte, and which.
 *
 * What must hold: a frame that is recovered is one that was written, and all before the byte that is another are. */
#include <fcntl.h>
#include <unistd.h>

#include "schema/bad.h"
#include "schema/record.h"
#include "schema/ring.h"
#include "tests/fuzz/fuzz.h"

#define CAPACITY   16384
#define EPOCH      77
#define FRAMES_MAX 64

static char path[64];

static void forget_file(void)
{
    (void)unlink(path);
}

/* In memory, where there is such a folder. One for all inputs. */
static void choose_path(void)
{
    if (path[0])
        return;
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(path, sizeof path, "%s/fuzz_ring.%ld", folder, (long)getpid());
    atexit(forget_file);
}

static void write_file(const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    /* Seeds are short: zeroes up to the length of a small ring. */
    HOLDS(size >= RING_HEADER_BYTES + 4096 || ftruncate(fd, RING_HEADER_BYTES + 4096) == 0);
    close(fd);
}

static struct ring *open_ring(void)
{
    char error[400] = "";
    struct ring *ring;
    const int result = ring_open(&ring, path, CAPACITY, error, sizeof error);
    HOLDS((result == 0) == (ring != NULL) && (ring || error[0]));
    return ring;
}

static void look_at_parameters(const uint8_t *bytes, size_t len)
{
    struct record_parameter parameter;
    size_t offset = 0;
    while (record_next(bytes, len, &offset, &parameter)) {
        HOLDS(offset <= len);
        if (parameter.kind == 'b')
            HOLDS((const uint8_t *)parameter.text >= bytes &&
                  (const uint8_t *)parameter.text + parameter.len <= bytes + len);
    }
}

static void look_at_frame(const struct ring_frame *frame)
{
    struct ring_record record;
    size_t offset = 0;
    while (ring_frame_record(frame, &offset, &record)) {
        HOLDS(record.bytes >= frame->bytes && record.bytes + record.len <= frame->bytes + frame->len);
        look_at_parameters(record.bytes, record.len);
    }
}

static void try_file(const uint8_t *data, size_t size)
{
    write_file(data, size);
    struct ring *ring = open_ring();
    if (!ring)
        return;
    const struct ring_life life = ring_last_life(ring);
    const size_t capacity = ring_capacity(ring);
    struct ring_frame frame;
    HOLDS(memchr(life.boot_id, '\0', sizeof life.boot_id));
    for (uint64_t position = life.first & ~UINT64_C(7), looked = 0; looked < capacity;
         position += 8, looked += 8) {
        if (!ring_verify(ring, position, life.epoch, &frame))
            continue;
        HOLDS(frame.position >= position && frame.end > frame.position && frame.end - position <= capacity);
        look_at_frame(&frame);
    }
    ring_close(ring);
}

static void try_records(const uint8_t *data, size_t size)
{
    uint8_t *bytes = (uint8_t *)fuzz_text(data, size);
    const struct ring_frame frame = {.records = UINT32_MAX, .bytes = bytes, .len = size};
    struct bad_entry entry;
    size_t offset = 0;
    look_at_frame(&frame);
    look_at_parameters(bytes, size);
    while (bad_next(bytes, size, &offset, &entry)) {
        HOLDS(offset <= size);
        look_at_frame(&entry.frame);
    }
    free(bytes);
}

/* What was written: frame i ends at ends[i], and its records are `lengths[i]` bytes of the letter 'a' + i. */
struct written_frames {
    size_t frames;
    uint64_t ends[FRAMES_MAX];
    uint32_t records[FRAMES_MAX];
};

static bool put_frame(struct ring *ring, const uint8_t **data, size_t *size, struct written_frames *written)
{
    const uint32_t records = 1 + fuzz_byte(data, size) % 4;
    if (!ring_begin(ring, 4 * RING_RECORD_BYTES(255 * 4)))
        return false;
    for (uint32_t i = 0; i < records; i++) {
        const size_t len = (size_t)fuzz_byte(data, size) * 4;
        uint8_t *place = ring_record(ring, (uint16_t)(written->frames + 1), len);
        HOLDS(place);
        memset(place, 'a' + (int)(written->frames % 26), len);
    }
    written->records[written->frames] = records;
    written->ends[written->frames++] = ring_commit(ring);
    return true;
}

/* Released half way, so that the ring goes round. */
static void put_frames(struct ring *ring, const uint8_t *data, size_t size, struct written_frames *written)
{
    ring_start(ring, 0, EPOCH, 0);
    while (size > 0 && written->frames < FRAMES_MAX && put_frame(ring, &data, &size, written))
        if (written->frames > 2)
            ring_release(ring, written->ends[written->frames - 3]);
}

static void spoil(uint64_t at, uint8_t change)
{
    uint8_t byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    HOLDS(fd >= 0 && pread(fd, &byte, 1, (off_t)(RING_HEADER_BYTES + at)) == 1);
    byte ^= change;
    HOLDS(pwrite(fd, &byte, 1, (off_t)(RING_HEADER_BYTES + at)) == 1);
    close(fd);
}

static void is_as_written(const struct ring_frame *frame, const struct written_frames *written, size_t i)
{
    struct ring_record record;
    size_t offset = 0;
    uint32_t records = 0;
    HOLDS(i < written->frames && frame->end == written->ends[i] && frame->records == written->records[i]);
    while (ring_frame_record(frame, &offset, &record)) {
        HOLDS(record.op == i + 1);
        for (uint32_t k = 0; k < record.len; k++)
            HOLDS(record.bytes[k] == 'a' + (int)(i % 26));
        records++;
    }
    HOLDS(records == frame->records);
}

/* The frames that are still there as a whole, from the third last on, as long as they are good. */
static void recover(const struct written_frames *written, uint64_t spoilt, bool changed)
{
    struct ring *ring = open_ring();
    size_t i = written->frames > 2 ? written->frames - 2 : 0;
    uint64_t position = i > 0 ? written->ends[i - 1] : 0;
    struct ring_frame frame;
    HOLDS(ring);
    while (ring_verify(ring, position, EPOCH, &frame)) {
        is_as_written(&frame, written, i++);
        position = frame.end;
    }
    HOLDS(changed || i == written->frames);
    if (i < written->frames) /* it is in this frame, or in the pad before it */
        HOLDS((spoilt + CAPACITY - position % CAPACITY) % CAPACITY < written->ends[i] - position);
    ring_close(ring);
}

static void try_written(const uint8_t *data, size_t size)
{
    struct written_frames written = {0};
    if (size < 3)
        return;
    size -= 3;
    const uint64_t at = (uint64_t)(data[size] << 8 | data[size + 1]) % CAPACITY;
    (void)unlink(path);
    struct ring *ring = open_ring();
    HOLDS(ring);
    put_frames(ring, data, size, &written);
    ring_close(ring);
    spoil(at, data[size + 2]);
    recover(&written, at, data[size + 2] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    choose_path();
    switch (fuzz_byte(&data, &size)) {
    case 'f':
        try_file(data, size);
        break;
    case 'r':
        try_records(data, size);
        break;
    default:
        try_written(data, size);
    }
    return 0;
}
