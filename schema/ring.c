/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAPACITY_STEP 4096u
#define CAPACITY_MAX  (UINT64_C(4) << 30)

static const char MAGIC[8] = {'C', 'H', 'A', 'T', 'R', 'I', 'N', 'G'};

struct header {
    char magic[8];
    uint32_t format;
    uint32_t holder; /* pid, 0 when closed in order */
    uint64_t capacity;
    uint8_t id[RING_ID_BYTES];
    uint64_t head;
    struct ring_life life;
};

struct frame_head {
    uint32_t length;
    uint32_t records;
    uint64_t position;
    uint64_t epoch;
    uint64_t sum;
    uint64_t number;
};

struct record_head {
    uint16_t op;
    uint16_t reserved;
    uint32_t length;
};

_Static_assert(sizeof(struct header) <= RING_HEADER_BYTES, "the header is one page");
_Static_assert(sizeof(struct frame_head) == RING_FRAME_BYTES, "part of the format");
_Static_assert(sizeof(struct record_head) == 8, "part of the format");

/* The frame between ring_begin and ring_commit; all of it belongs to the producer. */
struct frame_draft {
    bool open;
    size_t skip; /* bytes from the head to the end of the file that the frame does not fit in, else 0 */
    size_t room; /* reserved for records */
    size_t used;
    uint32_t records;
};

struct ring {
    uint8_t *map;
    size_t capacity;
    uint64_t epoch;
    uint64_t number; /* of the last frame */
    bool started;
    int fd;
    _Atomic uint64_t head;
    uint64_t released, shrunk;
    struct frame_draft draft;
    char path[];
};

__attribute__((format(printf, 3, 4))) static int fail(char *error, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, size, format, args);
    va_end(args);
    return -1;
}

static struct header *header(const struct ring *ring)
{
    return (struct header *)(void *)ring->map;
}

static uint8_t *at(const struct ring *ring, uint64_t position)
{
    return ring->map + RING_HEADER_BYTES + (size_t)(position % ring->capacity);
}

/* Bytes from the place of `position` to the end of the file. */
static size_t left(const struct ring *ring, uint64_t position)
{
    return ring->capacity - (size_t)(position % ring->capacity);
}

/* The largest whole frame. Half, so that a pad and the frame behind it always fit in an empty ring. */
static size_t frame_limit(const struct ring *ring)
{
    return ring->capacity / 2;
}

static size_t round8(size_t n)
{
    return (n + 7u) & ~(size_t)7u;
}

static int fail_open(const struct ring *ring, int reason, char *error, size_t size)
{
    if (reason == EACCES)
        return fail(
            error, size,
            "cannot open the ring %s: %s; the file and its folder must be writable by the broker's user, "
            "which is uid %u here",
            ring->path, strerror(reason), (unsigned)geteuid());
    if (reason == ELOOP)
        return fail(error, size, "the ring %s is a symbolic link: not followed", ring->path);
    return fail(error, size, "cannot open the ring %s: %s", ring->path, strerror(reason));
}

static int fail_held(const struct ring *ring, char *error, size_t size)
{
    struct header found;
    ssize_t n = pread(ring->fd, &found, sizeof(found), 0);
    if (n == (ssize_t)sizeof(found) && memcmp(found.magic, MAGIC, sizeof(MAGIC)) == 0 && found.holder != 0)
        return fail(error, size, "the ring %s is held by process %u: is another broker running?", ring->path,
                    found.holder);
    return fail(error, size, "the ring %s is held by another process", ring->path);
}

static int open_locked(struct ring *ring, char *error, size_t size)
{
    ring->fd = open(ring->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (ring->fd < 0)
        return fail_open(ring, errno, error, size);
    if (flock(ring->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return fail_held(ring, error, size);
    return fail(error, size, "cannot lock the ring %s: %s", ring->path, strerror(errno));
}

/* Also for a file that was found: a copy of it may be sparse, and a full disk would be a SIGBUS later. */
static int reserve(const struct ring *ring, size_t capacity, char *error, size_t size)
{
    off_t whole = (off_t)capacity + RING_HEADER_BYTES;
    int reason;
    do {
        reason = posix_fallocate(ring->fd, 0, whole);
    } while (reason == EINTR);
    if (reason == 0)
        return 0;
    if (reason == ENOSPC)
        return fail(error, size, "the disk is too full for the ring %s: it needs %lld bytes", ring->path,
                    (long long)whole);
    return fail(error, size, "cannot reserve %lld bytes for the ring %s: %s", (long long)whole, ring->path,
                strerror(reason));
}

/* The capacity as it will be used: whole pages, so that frames stay at multiples of 8 over every lap. 0: not
 * possible. */
static size_t usable(size_t capacity)
{
    uint64_t whole = ((uint64_t)capacity + (CAPACITY_STEP - 1)) & ~(uint64_t)(CAPACITY_STEP - 1);
    if (capacity == 0 || whole < capacity || whole > CAPACITY_MAX || whole > SIZE_MAX - RING_HEADER_BYTES)
        return 0;
    return (size_t)whole;
}

static int fail_capacity(const struct ring *ring, size_t capacity, char *error, size_t size)
{
    return fail(error, size, "the ring %s cannot have %zu bytes: 1 to %llu are possible", ring->path,
                capacity, (unsigned long long)CAPACITY_MAX);
}

/* Empty, or left behind by a making that was interrupted before the header was written. */
static bool is_blank(int fd)
{
    static const uint8_t zero[4096];
    uint8_t buffer[sizeof(zero)];
    off_t offset = 0;
    for (;;) {
        ssize_t n = pread(fd, buffer, sizeof(buffer), offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        if (memcmp(buffer, zero, (size_t)n) != 0)
            return false;
        offset += n;
    }
}

/* The header is written last: whatever carries the magic has its whole length. */
static int make(struct ring *ring, size_t asked, char *error, size_t size)
{
    size_t capacity = usable(asked);
    if (capacity == 0)
        return fail_capacity(ring, asked, error, size);
    if (fchmod(ring->fd, 0600) != 0)
        return fail(error, size, "cannot set the mode of the ring %s: %s", ring->path, strerror(errno));
    if (reserve(ring, capacity, error, size) != 0) {
        if (ftruncate(ring->fd, 0) != 0)
            return -1; /* what is left is blank, and taken as new the next time */
        return -1;
    }
    uint8_t page[RING_HEADER_BYTES] = {0};
    struct header fresh = {.format = RING_FORMAT, .capacity = capacity};
    memcpy(fresh.magic, MAGIC, sizeof(MAGIC));
    memcpy(page, &fresh, sizeof(fresh));
    if (pwrite(ring->fd, page, sizeof(page), 0) != (ssize_t)sizeof(page) || fsync(ring->fd) != 0)
        return fail(error, size, "cannot write the ring %s: %s", ring->path, strerror(errno));
    ring->capacity = capacity;
    return 0;
}

#define PUT_BACK "; put the whole one back, or move it away to go on without what only it has"

/* A shorter file is never our doing (ring_resize orders its steps for that), and its frames are lost: not
 * extended. */
static int check(struct ring *ring, const struct header *found, off_t length, char *error, size_t size)
{
    if (memcmp(found->magic, MAGIC, sizeof(MAGIC)) != 0)
        return fail(error, size, "%s is not a ring: name another ring_file", ring->path);
    if (found->format > RING_FORMAT)
        return fail(error, size, "the ring %s was made by a newer release (format %u, this one knows %u)",
                    ring->path, found->format, (unsigned)RING_FORMAT);
    if (found->format == 0 || found->capacity > CAPACITY_MAX ||
        found->capacity > SIZE_MAX - RING_HEADER_BYTES || found->capacity == 0 ||
        found->capacity % CAPACITY_STEP != 0)
        return fail(error, size, "the ring %s is damaged: its header makes no sense" PUT_BACK, ring->path);
    if ((uint64_t)length < found->capacity + RING_HEADER_BYTES)
        return fail(error, size, "the ring %s is damaged: truncated to %lld of %llu bytes" PUT_BACK,
                    ring->path, (long long)length, (unsigned long long)found->capacity + RING_HEADER_BYTES);
    ring->capacity = (size_t)found->capacity;
    return reserve(ring, ring->capacity, error, size);
}

static int load(struct ring *ring, size_t asked, char *error, size_t size)
{
    struct stat st;
    if (fstat(ring->fd, &st) != 0)
        return fail(error, size, "cannot look at the ring %s: %s", ring->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(error, size, "%s is not a ring: it is not a regular file", ring->path);
    struct header found = {0};
    ssize_t n = pread(ring->fd, &found, sizeof(found), 0);
    if (n < 0)
        return fail(error, size, "cannot read the ring %s: %s", ring->path, strerror(errno));
    if (found.magic[0] == 0 && is_blank(ring->fd))
        return make(ring, asked, error, size);
    return check(ring, &found, st.st_size, error, size);
}

static uint8_t *map(const struct ring *ring, size_t capacity, char *error, size_t size)
{
    void *where = mmap(NULL, RING_HEADER_BYTES + capacity, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
    if (where != MAP_FAILED)
        return where;
    (void)fail(error, size, "cannot map %zu bytes of the ring %s: %s", capacity, ring->path, strerror(errno));
    return NULL;
}

int ring_open(struct ring **out, const char *path, size_t capacity_bytes, char *error, size_t error_size)
{
    *out = NULL;
    size_t path_size = strlen(path) + 1;
    struct ring *ring = calloc(1, sizeof(*ring) + path_size);
    if (ring == NULL)
        return fail(error, error_size, "no memory for the ring %s", path);
    memcpy(ring->path, path, path_size);
    if (open_locked(ring, error, error_size) != 0 || load(ring, capacity_bytes, error, error_size) != 0)
        goto failed;
    ring->map = map(ring, ring->capacity, error, error_size);
    if (ring->map == NULL)
        goto failed;
    header(ring)->holder = (uint32_t)getpid();
    *out = ring;
    return 0;
failed:
    ring_close(ring);
    return -1;
}

void ring_close(struct ring *ring)
{
    if (ring == NULL)
        return;
    if (ring->map != NULL) {
        header(ring)->holder = 0;
        munmap(ring->map, RING_HEADER_BYTES + ring->capacity);
    }
    if (ring->fd >= 0) {
        flock(ring->fd, LOCK_UN); /* a forked child may still have the descriptor, and with it the lock */
        close(ring->fd);
    }
    free(ring);
}

const char *ring_path(const struct ring *ring)
{
    return ring->path;
}

size_t ring_capacity(const struct ring *ring)
{
    return ring->capacity;
}

const uint8_t *ring_database_id(const struct ring *ring)
{
    return header(ring)->id;
}

void ring_set_database_id(struct ring *ring, const uint8_t *id)
{
    memcpy(header(ring)->id, id, RING_ID_BYTES);
    msync(ring->map, RING_HEADER_BYTES, MS_SYNC); /* the database will hold its copy on disk too */
}

uint64_t ring_head_hint(const struct ring *ring)
{
    return header(ring)->head;
}

bool ring_overwrote(const struct ring *ring, uint64_t position)
{
    uint64_t head = ring_head_hint(ring);
    return head > position && head - position > ring->capacity;
}

struct ring_life ring_last_life(const struct ring *ring)
{
    struct ring_life life = header(ring)->life;
    life.boot_id[sizeof life.boot_id - 1] = '\0'; /* a header that is damaged may have none */
    return life;
}

void ring_set_life(struct ring *ring, const struct ring_life *life)
{
    header(ring)->life = *life;
    header(ring)->format = RING_FORMAT;
    msync(ring->map, RING_HEADER_BYTES, MS_SYNC); /* the database has its epoch on disk too */
}

void ring_set_id_mark(struct ring *ring, int64_t id_mark)
{
    header(ring)->life.id_mark = id_mark;
}

int64_t ring_peek_id_mark(const char *path, const uint8_t *database_id)
{
    struct header found;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = fd >= 0 ? pread(fd, &found, sizeof(found), 0) : -1;
    if (fd >= 0)
        close(fd);
    bool ours = n == (ssize_t)sizeof(found) && memcmp(found.magic, MAGIC, sizeof(MAGIC)) == 0 &&
                memcmp(found.id, database_id, RING_ID_BYTES) == 0;
    return ours ? found.life.id_mark : 0;
}

static bool write_at(int fd, const uint8_t *bytes, size_t len, off_t place)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, bytes, len, place);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        place += n;
        len -= (size_t)n;
    }
    return true;
}

/* The bytes of these positions, which do not go over the end of the file, to the same place of another. */
static bool copy_bytes(const struct ring *ring, int fd, uint64_t from, uint64_t to)
{
    const uint8_t *bytes = at(ring, from);
    return from >= to || write_at(fd, bytes, (size_t)(to - from), bytes - ring->map);
}

static bool copy_all(const struct ring *ring, int fd, uint64_t from, uint64_t to)
{
    uint64_t seam = from + left(ring, from);
    if (seam > to)
        seam = to;
    return ftruncate(fd, (off_t)ring->capacity + RING_HEADER_BYTES) == 0 &&
           write_at(fd, ring->map, RING_HEADER_BYTES, 0) && copy_bytes(ring, fd, from, seam) &&
           copy_bytes(ring, fd, seam, to) && fsync(fd) == 0;
}

int ring_copy(const struct ring *ring, const char *path, uint64_t from, uint64_t to, char *error,
              size_t error_size)
{
    char draft[PATH_MAX];
    if (access(path, F_OK) == 0)
        return 0;
    snprintf(draft, sizeof(draft), "%s.part", path);
    unlink(draft);
    int fd = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(error, error_size, "%s: %s", draft, strerror(errno));
    int result = 0;
    if (!copy_all(ring, fd, from, to) || rename(draft, path) != 0)
        result = fail(error, error_size, "%s: %s", draft, strerror(errno));
    close(fd);
    return result;
}

/* Growing: the bytes first, then the header that counts on them. Shrinking: the other way round. */
int ring_resize(struct ring *ring, size_t capacity_bytes, char *error, size_t error_size)
{
    size_t capacity = usable(capacity_bytes), old = ring->capacity;
    if (capacity == 0)
        return fail_capacity(ring, capacity_bytes, error, error_size);
    if (ring->draft.open)
        return fail(error, error_size, "the ring %s is in use and keeps its size", ring->path);
    if (capacity == old)
        return 0;
    uint8_t *fresh = NULL;
    if (reserve(ring, capacity, error, error_size) == 0)
        fresh = map(ring, capacity, error, error_size);
    if (fresh != NULL) {
        munmap(ring->map, RING_HEADER_BYTES + old);
        ring->map = fresh;
        ring->capacity = capacity;
        header(ring)->capacity = capacity;
        msync(ring->map, RING_HEADER_BYTES, MS_SYNC);
        ring->released = ring_head(ring);
    }
    if (ftruncate(ring->fd, (off_t)ring->capacity + RING_HEADER_BYTES) != 0)
        return fresh == NULL ? -1 : 0; /* too long is only a waste */
    return fresh == NULL ? -1 : 0;
}

bool ring_frame_record(const struct ring_frame *frame, size_t *offset, struct ring_record *record)
{
    struct record_head head;
    if (*offset > frame->len || frame->len - *offset < sizeof(head))
        return false;
    size_t rest = frame->len - *offset - sizeof(head);
    memcpy(&head, frame->bytes + *offset, sizeof(head));
    if (head.length > rest || round8(head.length) > rest)
        return false;
    record->op = head.op;
    record->len = head.length;
    record->bytes = frame->bytes + *offset + sizeof(head);
    *offset += RING_RECORD_BYTES(head.length);
    return true;
}

static bool is_well_formed(const struct ring_frame *frame)
{
    struct ring_record record;
    size_t offset = 0;
    uint32_t n = 0;
    while (ring_frame_record(frame, &offset, &record))
        n++;
    return n == frame->records && offset == frame->len;
}

/* Copies the head of a frame and checks all that can be told from it. Only then its length is good for
 * anything. */
static bool read_head(const struct ring *ring, uint64_t position, uint64_t epoch, struct frame_head *head)
{
    size_t rest = left(ring, position);
    memcpy(head, at(ring, position), sizeof(*head));
    if (head->length < sizeof(*head) || head->length % 8 != 0)
        return false;
    if (head->length > rest || head->length > frame_limit(ring))
        return false;
    if (head->records == 0 && head->length != rest)
        return false;
    return head->position == position && head->epoch == epoch;
}

/* Eight bytes a step: xor, multiply by an odd number, fold. Each step can be undone, so a single changed word
 * always changes the sum; several do with all but certainty, which is what torn and stale frames need. A
 * table-driven CRC cost the broker thread six times as much for each message. */
static uint64_t mix(uint64_t sum, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)bytes + i, sizeof word);
        sum = (sum ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        sum ^= sum >> 32;
    }
    return sum;
}

static uint64_t checksum(const struct frame_head *head, const uint8_t *records)
{
    struct frame_head copy = *head;
    copy.sum = 0;
    return mix(mix(UINT64_C(0x6D6F737175697474), &copy, sizeof(copy)), records, head->length - sizeof(copy));
}

static bool fill_frame(const uint8_t *bytes, const struct frame_head *head, struct ring_frame *frame)
{
    struct ring_frame found = {
        .position = head->position,
        .end = head->position + head->length,
        .number = head->number,
        .records = head->records,
        .bytes = bytes,
        .len = head->length - sizeof(*head),
    };
    if (!is_well_formed(&found))
        return false;
    *frame = found;
    return true;
}

/* Twice at most: a skipped end of the file, and the frame at its start. A second pad cannot be: at the start
 * of the file it would be as long as the ring. What lies behind the log's end is not zero: it may be bytes of
 * a user's message of an earlier lap, shaped like a frame for just this position. The random epoch, which no
 * user sees, makes it fail here. */
static bool find_frame(const struct ring *ring, uint64_t position, uint64_t epoch, bool summed,
                       struct ring_frame *frame)
{
    for (int tries = 0; tries < 2; tries++) {
        struct frame_head head;
        size_t rest = left(ring, position);
        if (rest < sizeof(head)) {
            position += rest;
            continue;
        }
        const uint8_t *records = at(ring, position) + sizeof(head);
        if (!read_head(ring, position, epoch, &head) || (summed && head.sum != checksum(&head, records)))
            return false;
        if (head.records != 0)
            return fill_frame(records, &head, frame);
        position += head.length;
    }
    return false;
}

bool ring_verify(const struct ring *ring, uint64_t position, uint64_t epoch, struct ring_frame *frame)
{
    return position % 8 == 0 && find_frame(ring, position, epoch, true, frame);
}

/* No checksum: these bytes were written by this process a moment ago, and a crash of it would have ended us
 * too. */
bool ring_next(const struct ring *ring, uint64_t *position, struct ring_frame *frame)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    struct ring_frame found;
    if (*position >= head || head - *position > ring->capacity || *position % 8 != 0)
        return false;
    if (!find_frame(ring, *position, ring->epoch, false, &found) || found.end > head)
        return false;
    *frame = found;
    *position = found.end;
    return true;
}

static void move_head(struct ring *ring, uint64_t position)
{
    header(ring)->head = position;
    atomic_store_explicit(&ring->head, position, memory_order_release);
}

void ring_start(struct ring *ring, uint64_t position, uint64_t epoch, uint64_t number)
{
    position = (position + 7u) & ~(uint64_t)7u;
    ring->draft = (struct frame_draft){0};
    ring->epoch = epoch;
    ring->number = number;
    ring->released = ring->shrunk = position;
    ring->started = true;
    move_head(ring, position);
}

uint64_t ring_head(const struct ring *ring)
{
    return atomic_load_explicit(&ring->head, memory_order_relaxed);
}

size_t ring_used(const struct ring *ring)
{
    return (size_t)(ring_head(ring) - ring->released);
}

size_t ring_frame_max(const struct ring *ring)
{
    return frame_limit(ring) - sizeof(struct frame_head);
}

void ring_release(struct ring *ring, uint64_t position)
{
    if (position > ring->released && position <= ring_head(ring))
        ring->released = position;
}

/* Up to the page that `to` is in, which goes the next time. Not beyond the end of a lap. */
static void unmap_pages(struct ring *ring, uint64_t from, uint64_t to)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t start = (size_t)(at(ring, from) - ring->map);
    size_t first = start / page * page, last = (start + (size_t)(to - from)) / page * page;
    if (last > first)
        (void)madvise(ring->map + first, last - first,
                      MADV_DONTNEED); /* advice: without it nothing is wrong */
}

void ring_shrink(struct ring *ring, size_t most)
{
    uint64_t from = ring->shrunk, to = ring->released;
    ring->shrunk = to;
    if (to - from > most || to - from > ring->capacity)
        return;
    size_t rest = left(ring, from);
    uint64_t seam = to - from > rest ? from + rest : to;
    unmap_pages(ring, from, seam);
    if (to > seam)
        unmap_pages(ring, seam, to);
}

bool ring_begin(struct ring *ring, size_t bytes)
{
    return ring_begin_keeping(ring, bytes, 0);
}

bool ring_begin_keeping(struct ring *ring, size_t bytes, size_t keep)
{
    if (!ring->started || ring->draft.open || bytes > ring_frame_max(ring))
        return false;
    size_t need = sizeof(struct frame_head) + round8(bytes);
    size_t rest = left(ring, ring_head(ring));
    size_t skip = need > rest ? rest : 0;
    if (skip + need + keep > ring->capacity - ring_used(ring))
        return false;
    ring->draft = (struct frame_draft){.open = true, .skip = skip, .room = bytes & ~(size_t)7u};
    return true;
}

uint8_t *ring_record(struct ring *ring, uint16_t op, size_t len)
{
    struct frame_draft *draft = &ring->draft;
    size_t room = draft->room - draft->used;
    if (!draft->open || room < sizeof(struct record_head) || len > room - sizeof(struct record_head) ||
        RING_RECORD_BYTES(len) > room)
        return NULL;
    struct record_head head = {.op = op, .length = (uint32_t)len};
    uint8_t *place = at(ring, ring_head(ring) + draft->skip) + sizeof(struct frame_head) + draft->used;
    draft->used += RING_RECORD_BYTES(len);
    draft->records++;
    memset(place + RING_RECORD_BYTES(len) - 8, 0, 8);
    memcpy(place, &head, sizeof(head));
    return place + sizeof(head);
}

static void write_head(struct ring *ring, uint64_t position, size_t length, uint32_t records, uint64_t number)
{
    struct frame_head head = {
        .length = (uint32_t)length,
        .records = records,
        .position = position,
        .epoch = ring->epoch,
        .number = number,
    };
    uint8_t *place = at(ring, position);
    head.sum = checksum(&head, place + sizeof(head));
    memcpy(place, &head, sizeof(head));
}

/* The pad is written here and not in ring_begin, so that an abort leaves nothing; the head moves once, past
 * both. */
uint64_t ring_commit(struct ring *ring)
{
    const struct frame_draft draft = ring->draft;
    uint64_t head = ring_head(ring);
    ring_abort(ring);
    if (!draft.open || draft.records == 0)
        return head;
    size_t length = sizeof(struct frame_head) + draft.used;
    if (draft.skip >= sizeof(struct frame_head))
        write_head(ring, head, draft.skip, 0, 0);
    write_head(ring, head + draft.skip, length, draft.records, ++ring->number);
    head += draft.skip + length;
    move_head(ring, head);
    return head;
}

void ring_abort(struct ring *ring)
{
    ring->draft = (struct frame_draft){0};
}
