/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* replay RING LAST FOLDER SEED: executes the frames of a ring, which no broker has open and which has never gone
 * round, anew from an empty database, by the writer's own code: FOLDER/one.db in as few transactions as the writer
 * makes, FOLDER/each.db in one a frame, FOLDER/some.db in ones of 1 to 50. From the first frame to number LAST, which
 * is what the broker's own database has executed. Says "frames N bad M bad M bad M"; exit code 2 and the reason where
 * the ring does not have them all. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "schema/database.h"
#include "schema/ring.h"
#include "schema/writer.h"

#define EPOCH      77
#define SOME_MOST  50
#define EPOCH_AT   16 /* in a frame's head: schema/ring.h */
#define NOT_WHOLE  2
#define MORE_BYTES ((size_t)1 << 20)

struct frames {
    struct ring_frame *list;
    size_t count, room;
};

static void leave(int code, const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(code);
}

static uint8_t *read_file(const char *path, size_t *size)
{
    struct stat found;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &found) != 0)
        leave(NOT_WHOLE, "no ring");
    uint8_t *bytes = malloc((size_t)found.st_size);
    *size = (size_t)found.st_size;
    if (!bytes || fread(bytes, 1, *size, file) != *size)
        leave(1, "the ring cannot be read");
    fclose(file);
    return bytes;
}

/* A number that comes again begins a life that did not execute what was there under it: a power loss, or damage. */
static void keep(struct frames *frames, const struct ring_frame *frame)
{
    while (frames->count > 0 && frames->list[frames->count - 1].number >= frame->number)
        frames->count--;
    if (frames->count == frames->room) {
        frames->room = 2 * frames->room + 1000;
        frames->list = realloc(frames->list, frames->room * sizeof *frames->list);
        if (!frames->list)
            leave(1, "out of memory");
    }
    frames->list[frames->count++] = *frame;
}

/* Of all lives: each frame tells its epoch itself, and its position and checksum whether it is one. */
static struct frames find_frames(const struct ring *ring, const uint8_t *bytes, size_t size)
{
    struct frames frames = {0};
    struct ring_frame frame;
    const uint64_t head = ring_head_hint(ring);
    if (head > ring_capacity(ring))
        leave(NOT_WHOLE, "it has gone round");
    for (uint64_t at = 0;
         at + RING_FRAME_BYTES <= head && at + RING_HEADER_BYTES + RING_FRAME_BYTES <= size;) {
        uint64_t epoch;
        memcpy(&epoch, bytes + RING_HEADER_BYTES + at + EPOCH_AT, sizeof epoch);
        bool found = ring_verify(ring, at, epoch, &frame);
        if (found)
            keep(&frames, &frame);
        at = found ? frame.end : at + 8;
    }
    return frames;
}

static void check_frames(const struct frames *frames, uint64_t last)
{
    if (last > 0 && (frames->count == 0 || frames->list[0].position != 0))
        leave(NOT_WHOLE, "it does not begin with the first frame");
    if (last > frames->count)
        leave(NOT_WHOLE, "it does not have the last frames");
    for (size_t i = 0; i < frames->count; i++)
        if (frames->list[i].number != i + 1)
            leave(1, "frames are not numbered without a gap");
}

static void copy_frame(struct ring *ring, const struct ring_frame *frame)
{
    struct ring_record record;
    size_t offset = 0;
    if (!ring_begin(ring, frame->len))
        leave(1, "a frame does not fit");
    while (ring_frame_record(frame, &offset, &record)) {
        uint8_t *place = ring_record(ring, record.op, record.len);
        if (!place)
            leave(1, "a record does not fit");
        memcpy(place, record.bytes, record.len);
    }
    ring_commit(ring);
}

/* How many frames are in the ring when the writer begins to execute: 0, all. */
struct way {
    const char *name;
    size_t least, most;
};

static size_t draw(const struct way *way)
{
    return way->least == 0 ? SIZE_MAX : way->least + (size_t)rand() % (way->most - way->least + 1);
}

static void execute(const struct frames *frames, uint64_t last, struct ring *ring, struct writer *writer,
                    const struct way *way)
{
    char error[512];
    uint64_t position = 0, count, done = 0;
    ring_start(ring, 0, EPOCH, 0);
    for (size_t i = 0; i < last;) {
        for (size_t most = draw(way); i < last && most > 0; most--)
            copy_frame(ring, &frames->list[i++]);
        if (writer_recover(writer, &position, EPOCH, &count, error, sizeof error))
            leave(1, error);
        ring_release(ring, position);
        done += count;
    }
    if (done != last)
        leave(1, "not all frames were executed");
}

static uint64_t replay(const struct frames *frames, uint64_t last, size_t bytes, const char *folder,
                       const struct way *way)
{
    char path[PATH_MAX], ring_path[PATH_MAX + 8], error[512];
    struct ring *ring = NULL;
    struct writer *writer = NULL;
    struct database_state state;
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/%s.db", folder, way->name);
    snprintf(ring_path, sizeof ring_path, "%s.ring", path);
    if (ring_open(&ring, ring_path, 2 * bytes + MORE_BYTES, error, sizeof error) ||
        database_open(&db, path, true, SYNC_OFF, error, sizeof error) ||
        database_migrate(db, error, sizeof error) || database_state_load(db, &state, error, sizeof error))
        leave(1, error);
    const struct writer_config config = {.db = db, .ring = ring, .database = path, .sync = SYNC_OFF};
    if (writer_create(&writer, &config, error, sizeof error))
        leave(1, error);
    execute(frames, last, ring, writer, way);
    const uint64_t bad = writer_bad_frames(writer);
    writer_free(writer);
    sqlite3_close(db);
    ring_close(ring);
    return bad;
}

int main(int argc, char **argv)
{
    static const struct way ways[] = {{"one", 0, 0}, {"each", 1, 1}, {"some", 1, SOME_MOST}};
    char error[512];
    struct ring *ring = NULL;
    size_t size;
    if (argc != 5)
        leave(1, "replay RING LAST FOLDER SEED");
    uint8_t *bytes = read_file(argv[1], &size);
    if (ring_open(&ring, argv[1], 0, error, sizeof error))
        leave(NOT_WHOLE, error);
    const uint64_t last = strtoull(argv[2], NULL, 10);
    srand((unsigned)strtoul(argv[4], NULL, 10));
    struct frames frames = find_frames(ring, bytes, size);
    check_frames(&frames, last);
    const size_t used = last > 0 ? (size_t)frames.list[last - 1].end : 0;
    printf("frames %llu", (unsigned long long)last);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        printf(" bad %llu", (unsigned long long)replay(&frames, last, used, argv[3], &ways[i]));
    printf("\n");
    free(frames.list);
    free(bytes);
    ring_close(ring);
    return 0;
}
