/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The write ring: queue between the broker thread and the writer thread, and redo log, in one preallocated
 * file mapped MAP_SHARED. Pages of such a mapping belong to the kernel, so a frame that was committed before
 * an ack survives `kill -9`.
 *
 * Positions are 64-bit counts of bytes appended since the ring's file was made; the place in the file is
 * position % capacity. They only rise. A frame is contiguous: where one would cross the end, a pad frame
 * fills the rest. Frames start at multiples of 8.
 *
 *   frame:  length u32, records u32, position u64, epoch u64, checksum u64 (of the whole frame with this
 *           field 0), number u64, records, zero bytes up to a multiple of 8; a pad frame has no records
 *   record: op u16, reserved u16, length u32, bytes, zero bytes up to a multiple of 8
 *   header: one 4096-byte page: magic, format version, capacity, database id (16 bytes), holder's pid,
 *           head (a hint), the life that used it last (struct ring_life)
 *
 * Frames are numbered, without a gap, from the first that a database has executed: unlike its position a frame's
 * number says nothing of the ring that it is in, and is the same wherever it is executed. A pad has the number 0;
 * so has every frame of format 1, which had none. The next life makes a ring of that format one of this.
 *
 * Threads: one producer (the broker thread: ring_begin/record/commit/abort, ring_release, ring_used) and one
 * consumer (the writer thread: ring_next). Nothing blocks, nothing is locked: the head is one atomic. The
 * consumer tells the producer by the owner's own means how far it has committed; only then the producer calls
 * ring_release, so bytes handed out by ring_record_bytes or ring_next stay valid until ring_release passes
 * them. */
#ifndef SCHEMA_RING_H
#define SCHEMA_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_ID_BYTES     16
#define RING_HEADER_BYTES 4096
#define RING_FORMAT       2

struct ring;

/* Opens or makes the file. Made: posix_fallocate of the whole (so that a full disk is found now and not as
 * SIGBUS), mode 0600, fresh header with a zero database id. Found: magic, format and size are verified; the
 * header's capacity counts, whatever capacity_bytes says. Takes flock(LOCK_EX|LOCK_NB) on an O_CLOEXEC
 * descriptor before reading anything and keeps it for life. A symbolic link is not followed. Errors (-1, one sentence in `error`): held by
 * another process (names its pid), not a ring, made by a newer release, cannot be made (names the path, the
 * reason, and for EACCES that the folder must be writable by the broker's user and which uid that is). */
__attribute__((warn_unused_result)) int ring_open(struct ring **out, const char *path, size_t capacity_bytes,
                                                  char *error, size_t error_size);
const char *ring_path(const struct ring *ring);
void ring_close(struct ring *ring); /* unmaps and unlocks; NULL is fine */

size_t ring_capacity(const struct ring *ring);
const uint8_t *ring_database_id(const struct ring *ring); /* RING_ID_BYTES; all zero in a new ring */
void ring_set_database_id(struct ring *ring, const uint8_t *id);
uint64_t ring_head_hint(const struct ring *ring); /* what the file says; only a hint after a crash */
/* Before ring_start: has the last life written over what began at `position`, as far as the hint tells? Then
 * nothing in the ring follows on it. */
bool ring_overwrote(const struct ring *ring, uint64_t position);

/* What the header remembers of the life that used the ring last: a database that does not know that life is not
 * the one that it used. */
struct ring_life {
    uint64_t epoch;   /* 0: none yet, or one of a release that did not remember it */
    uint64_t before;  /* the epoch of the life before */
    uint64_t first;   /* where it began */
    int64_t id_block; /* a mark is so far above the id in use when it is made */
    int64_t id_mark;  /* ids below it may be in use */
    char boot_id[64]; /* of the machine: until it has been down, nothing can be missing */
    uint64_t written; /* the epoch of the last life before that has left frames here; 0: not remembered */
};
struct ring_life ring_last_life(const struct ring *ring);
/* Before ring_start, when nothing in the ring is needed any more; on the disk when it returns. */
void ring_set_life(struct ring *ring, const struct ring_life *life);
/* Before an id from the old mark on is used. */
void ring_set_id_mark(struct ring *ring, int64_t id_mark);
/* The id mark of a ring that is in nobody's use, 0 when there is none of this database at `path`. */
int64_t ring_peek_id_mark(const char *path, const uint8_t *database_id);

/* Changes the capacity of a ring that holds nothing needed (start only): the file is resized, preallocated
 * and mapped anew. */
__attribute__((warn_unused_result)) int ring_resize(struct ring *ring, size_t capacity_bytes, char *error,
                                                    size_t error_size);

/* A frame as the consumer and recovery see it. */
struct ring_frame {
    uint64_t position; /* of its first byte */
    uint64_t end;      /* of the next frame */
    uint64_t number;   /* 0: it has none */
    uint32_t records;
    const uint8_t *bytes; /* the records */
    size_t len;
};
/* Walks the records of a frame. Start with *offset = 0; false at the end, or when the frame is malformed
 * (which a verified one is not). */
struct ring_record {
    uint16_t op;
    const uint8_t *bytes;
    uint32_t len;
};
bool ring_frame_record(const struct ring_frame *frame, size_t *offset, struct ring_record *record);

/* Recovery: the frame at `position`, if one verifies there: length sane and inside the capacity, position and
 * epoch as given, checksum right, records well-formed. Pad frames are skipped (they verify like others).
 * false: the log ends here. */
bool ring_verify(const struct ring *ring, uint64_t position, uint64_t epoch, struct ring_frame *frame);

/* Before ring_start: makes a file with the header and what is in `from` .. `to`, at most a capacity, at the same
 * places; on the disk when it returns. One that is there already stays. -1: a sentence in `error`. */
__attribute__((warn_unused_result)) int ring_copy(const struct ring *ring, const char *path, uint64_t from,
                                                  uint64_t to, char *error, size_t error_size);

/* Starts the life of this process: the ring is empty at `position` (a multiple of 8), frames will carry
 * `epoch`, and be numbered from `number` + 1 on. */
void ring_start(struct ring *ring, uint64_t position, uint64_t epoch, uint64_t number);

/* Producer. ring_begin reserves room for a frame whose records take at most `bytes` in all (use
 * RING_RECORD_BYTES(n) for each record of n bytes) and returns false when the ring is full (nothing has
 * changed). Then ring_record for each record returns the place to fill (8-aligned), or NULL when the
 * reservation would be exceeded; then ring_commit makes the frame visible at once and returns the position of
 * its end, or ring_abort forgets it. ring_commit of a frame without records is ring_abort and returns the
 * current head. A ring_begin while one is open is a mistake of the caller and returns false. */
#define RING_FRAME_BYTES     40
#define RING_RECORD_BYTES(n) (8u + (((size_t)(n) + 7u) & ~(size_t)7u))
__attribute__((warn_unused_result)) bool ring_begin(struct ring *ring, size_t bytes);
/* The same, but says that the ring is full when less than `keep` bytes would be left for others. */
__attribute__((warn_unused_result)) bool ring_begin_keeping(struct ring *ring, size_t bytes, size_t keep);
uint8_t *ring_record(struct ring *ring, uint16_t op, size_t len);
uint64_t ring_commit(struct ring *ring);
void ring_abort(struct ring *ring);
/* The largest `bytes` that ring_begin could ever grant on an empty ring. */
size_t ring_frame_max(const struct ring *ring);
uint64_t ring_head(const struct ring *ring);
size_t ring_used(const struct ring *ring); /* bytes between what was released and the head */
/* Everything before `position` may be overwritten from now on. Lower than before: ignored. */
void ring_release(struct ring *ring, uint64_t position);
/* Unmaps the pages of what was released since the last call; they come back when they are written again, and
 * nothing is lost, the kernel keeps the file's bytes. Not where more than `most` bytes were released: a busy
 * ring needs its pages. */
void ring_shrink(struct ring *ring, size_t most);

/* Consumer. The next frame at *position, if the producer has committed one there; advances *position past it
 * (and past pads). Memory order: everything the producer wrote before ring_commit is visible. */
bool ring_next(const struct ring *ring, uint64_t *position, struct ring_frame *frame);

#endif
