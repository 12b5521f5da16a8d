/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What an earlier life has left in a ring, and a writer without a thread to execute it. Include after cmocka.h. */
#ifndef TESTS_LEFT_FIXTURE_H
#define TESTS_LEFT_FIXTURE_H

#include "schema/database.h"
#include "schema/ring.h"
#include "schema/writer.h"
#include "tests/unit/store_fixture.h"

/* A writer without a thread, and frames that an earlier life left: `count` messages of 1,000 bytes. */
struct left {
    struct ring *ring;
    struct writer *writer;
    sqlite3 *db;
    uint64_t position, end, frames;
};

UNUSED static void leave_message(struct left *left, int64_t id)
{
    char bytes[1100];
    size_t len = 0;
    const int64_t numbers[] = {id, 1, id};
    for (int i = 0; i < 3; i++, len += 8) {
        bytes[len++] = 'i';
        memcpy(bytes + len, &numbers[i], 8);
    }
    for (int i = 0; i < 8; i++) { /* the rest are texts: STRICT takes "1" for a number */
        uint32_t size = i == 7 ? 900 : 1;
        bytes[len++] = 'b';
        memcpy(bytes + len, &size, sizeof size);
        memset(bytes + len + sizeof size, '1', size);
        len += sizeof size + size;
    }
    assert_true(ring_begin(left->ring, RING_RECORD_BYTES(len)));
    memcpy(ring_record(left->ring, W_MESSAGE_ADD, len), bytes, len);
    left->end = ring_commit(left->ring);
}

/* An update that waits for the end of the transaction. */
UNUSED static void leave_touch(struct left *left)
{
    uint8_t bytes[4 * 9];
    const int64_t one = 1;
    for (size_t at = 0; at < sizeof bytes; at += 9) {
        bytes[at] = 'i';
        memcpy(bytes + at + 1, &one, sizeof one);
    }
    assert_true(ring_begin(left->ring, RING_RECORD_BYTES(sizeof bytes)));
    memcpy(ring_record(left->ring, W_CONVERSATION_TOUCH, sizeof bytes), bytes, sizeof bytes);
    left->end = ring_commit(left->ring);
}

UNUSED static struct left leave(struct fixture *f, int count)
{
    struct left left = {0};
    struct database_state fresh;
    assert_int_equal(ring_open(&left.ring, f->ring, 262144, f->error, sizeof f->error), 0);
    ring_start(left.ring, 0, 5, 0);
    for (int id = 1; id <= count; id++)
        leave_message(&left, id);
    assert_int_equal(database_open(&left.db, f->database, true, SYNC_FULL, f->error, sizeof f->error), 0);
    sqlite3_busy_timeout(left.db, 0);
    assert_int_equal(database_migrate(left.db, f->error, sizeof f->error), 0);
    assert_int_equal(database_state_load(left.db, &fresh, f->error, sizeof f->error), 0);
    const struct writer_config config = {.db = left.db, .ring = left.ring, .database = f->database};
    assert_int_equal(writer_create(&left.writer, &config, f->error, sizeof f->error), 0);
    return left;
}

UNUSED static int recover_left(struct fixture *f, struct left *left)
{
    return writer_recover(left->writer, &left->position, 5, &left->frames, f->error, sizeof f->error);
}

UNUSED static void close_left(struct left *left)
{
    writer_free(left->writer);
    sqlite3_close(left->db);
    ring_close(left->ring);
}

#endif
