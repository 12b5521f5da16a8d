/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A model of the power going: of the ring's pages any may be as they were written last, as they are in
 * memory, or as they were at any time in between; of the database some prefix of its commits is there. First
 * many cases with the ring alone and a database that is two numbers, then some with the whole store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>

#include "lib/basics.h"
#include "schema/ring.h"
#include "tests/unit/store_fixture.h"

#define PAGE        4096u
#define PAGES_MAX   32u
#define FRAMES_MAX  128
#define COMMITS_MAX 128

/* What the database holds of the ring. */
struct ring_mark {
    uint64_t position, epoch;
};

struct written {
    uint64_t from, position, end; /* from: of the pad before it, if there is one */
    uint8_t *bytes;               /* from `from` to `end`, as they must be */
};

struct disk_model {
    char *path;
    size_t size; /* of the file */
    struct ring *ring;
    const uint8_t *memory;                /* the file as the kernel has it */
    uint8_t disk[(PAGES_MAX + 1) * PAGE]; /* the file as the disk has it */
    struct written frames[FRAMES_MAX];    /* of this life */
    int count;
    struct ring_mark commits[COMMITS_MAX]; /* that a power loss may leave; the last is the newest */
    int commits_count;
    uint64_t executed, seed;
    bool synced; /* every commit reaches the disk */
    int cases, empty, whole, cut, behind;
};

static uint64_t pick(struct disk_model *m, uint64_t below)
{
    return next_random(&m->seed) % below;
}

static size_t place_of(const struct disk_model *m, uint64_t position)
{
    return RING_HEADER_BYTES + (size_t)(position % (m->size - RING_HEADER_BYTES));
}

static void write_back(struct disk_model *m, uint64_t percent)
{
    for (size_t at = 0; at < m->size; at += PAGE)
        if (pick(m, 100) < percent)
            memcpy(m->disk + at, m->memory + at, PAGE);
}

/* Copies what lies between two positions, over the end of the file too. */
static void copy_range(const struct disk_model *m, const uint8_t *file, uint64_t from, uint64_t to,
                       uint8_t *out)
{
    for (; from < to; from += 8, out += 8)
        memcpy(out, file + place_of(m, from), 8);
}

static void note_frame(struct disk_model *m, uint64_t from)
{
    struct written *frame = &m->frames[m->count++];
    uint64_t at = from;
    struct ring_frame found;
    assert_true(ring_next(m->ring, &at, &found));
    *frame = (struct written){.from = from, .position = found.position, .end = found.end};
    frame->bytes = malloc((size_t)(frame->end - from));
    assert_non_null(frame->bytes);
    copy_range(m, m->memory, from, frame->end, frame->bytes);
}

static void append_random(struct disk_model *m)
{
    size_t most = ring_frame_max(m->ring), len = (size_t)pick(m, pick(m, 4) == 0 ? most - 100 : 300);
    int records = 1 + (int)pick(m, 3);
    uint64_t from = ring_head(m->ring);
    if (m->count == FRAMES_MAX || !ring_begin(m->ring, (size_t)records * 16 + RING_RECORD_BYTES(len)))
        return;
    for (int i = 0; i < records; i++) {
        uint8_t *place = ring_record(m->ring, (uint16_t)i, i == 0 ? len : 0);
        assert_non_null(place);
        for (size_t k = 0; i == 0 && k < len; k += 64)
            place[k] = (uint8_t)pick(m, 256);
    }
    if (pick(m, 8) == 0)
        write_back(m, 50); /* of a frame that is not there yet */
    if (pick(m, 16) == 0) {
        ring_abort(m->ring);
        return;
    }
    ring_commit(m->ring);
    note_frame(m, from);
}

static void commit_to_database(struct disk_model *m, uint64_t position, uint64_t epoch)
{
    if (m->synced || m->commits_count == COMMITS_MAX || pick(m, 12) == 0)
        m->commits_count = 0; /* what was committed before cannot be lost any more */
    m->commits[m->commits_count++] = (struct ring_mark){position, epoch};
    m->executed = position;
}

static void execute_some(struct disk_model *m)
{
    struct ring_frame frame;
    uint64_t position = m->executed, epoch = m->commits[m->commits_count - 1].epoch;
    for (uint64_t most = pick(m, 12); most > 0 && ring_next(m->ring, &position, &frame); most--)
        ;
    commit_to_database(m, position, epoch);
}

static void live(struct disk_model *m)
{
    for (uint64_t steps = 1 + pick(m, 90); steps > 0; steps--) {
        uint64_t what = pick(m, 100);
        if (what < 65)
            append_random(m);
        else if (what < 80)
            execute_some(m);
        else if (what < 94)
            ring_release(m->ring, m->executed);
        else
            write_back(m, what == 99 ? 100 : 30);
    }
}

static void open_ring(struct disk_model *m)
{
    char error[512];
    if (ring_open(&m->ring, m->path, m->size - RING_HEADER_BYTES, error, sizeof error) != 0)
        fail_msg("%s", error);
}

/* What is left of file and database. */
static struct ring_mark crash(struct disk_model *m, bool power)
{
    static const uint64_t shares[] = {0, 10, 50, 90, 100};
    struct ring_mark left =
        m->commits[power ? pick(m, (uint64_t)m->commits_count) : (uint64_t)m->commits_count - 1];
    write_back(m, power ? shares[pick(m, 5)] : 100);
    ring_close(m->ring);
    int fd = open(m->path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, m->disk, m->size, 0), m->size);
    close(fd);
    open_ring(m);
    return left;
}

static bool is_intact(const struct disk_model *m, const struct written *frame)
{
    static uint8_t found[2 * PAGES_MAX * PAGE];
    uint64_t skip = frame->position - frame->from < RING_FRAME_BYTES ? frame->position - frame->from : 0;
    copy_range(m, m->memory, frame->from + skip, frame->end, found);
    return memcmp(found, frame->bytes + skip, (size_t)(frame->end - frame->from - skip)) == 0;
}

/* How far recovery must come: over the frames of this life that follow on the database's position, one on the
 * other, up to the first with a byte that is not right. */
static uint64_t end_of_log(const struct disk_model *m, uint64_t position)
{
    for (int i = 0; i < m->count; i++) {
        if (m->frames[i].from != position)
            continue;
        if (!is_intact(m, &m->frames[i]))
            break;
        position = m->frames[i].end;
    }
    return position;
}

static void assert_frame_as_written(const struct disk_model *m, const struct ring_frame *frame)
{
    int i = 0;
    while (i < m->count && m->frames[i].position != frame->position)
        i++;
    assert_true(i < m->count);
    const struct written *written = &m->frames[i];
    assert_true(frame->end == written->end);
    assert_memory_equal(frame->bytes, written->bytes + (written->position - written->from) + RING_FRAME_BYTES,
                        frame->len);
}

/* Executes what the ring gives, at most `most` frames. */
static uint64_t execute_left(struct disk_model *m, struct ring_mark from, uint64_t most)
{
    struct ring_frame frame;
    if (ring_overwrote(m->ring, from.position))
        return from.position;
    for (; most > 0 && ring_verify(m->ring, from.position, from.epoch, &frame); most--) {
        assert_frame_as_written(m, &frame);
        from.position = frame.end;
    }
    return from.position;
}

static void count_case(struct disk_model *m, uint64_t from, uint64_t to, bool overwrote)
{
    uint64_t last = m->count > 0 ? m->frames[m->count - 1].end : from;
    m->cases++;
    m->behind += overwrote;
    m->whole += to == last && to > from;
    m->cut += to < last && to > from;
    m->empty += to < last && to == from;
}

/* A start, which may be killed half way, or lose its power too. The position where the next life begins. */
static uint64_t recover(struct disk_model *m, struct ring_mark left, bool power)
{
    bool overwrote = ring_overwrote(m->ring, left.position);
    assert_true(power || !overwrote);
    uint64_t end = overwrote ? left.position : end_of_log(m, left.position);
    if (pick(m, 8) == 0) {
        left.position = execute_left(m, left, pick(m, 5));
        ring_close(m->ring);
        open_ring(m);
    }
    uint64_t position = execute_left(m, left, UINT64_MAX);
    assert_true(position == end);
    if (!power && m->count > 0)
        assert_true(position == m->frames[m->count - 1].end);
    count_case(m, left.position, position, overwrote);
    uint64_t hint = ring_head_hint(m->ring);
    return position > hint ? position : hint;
}

static void begin(struct disk_model *m, uint64_t position)
{
    struct ring_frame frame;
    uint64_t epoch = next_random(&m->seed);
    assert_false(ring_verify(m->ring, position, epoch, &frame));
    for (int i = 0; i < m->count; i++)
        free(m->frames[i].bytes);
    m->count = m->commits_count = 0;
    m->executed = position;
    m->commits[m->commits_count++] = (struct ring_mark){position, epoch};
    ring_start(m->ring, position, epoch, 0);
}

static void map_file(struct disk_model *m)
{
    int fd = open(m->path, O_RDONLY | O_CLOEXEC);
    m->memory = mmap(NULL, m->size, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(m->memory != MAP_FAILED);
    close(fd);
}

static void run_lives(struct disk_model *m, int lives)
{
    uint64_t position = 0;
    open_ring(m);
    map_file(m);
    write_back(m, 100);
    begin(m, 0);
    for (int life = 0; life < lives; life++) {
        live(m);
        bool power = pick(m, 5) != 0;
        struct ring_mark left = crash(m, power);
        uint64_t next = recover(m, left, power);
        if (next < position || next < left.position || (m->synced && next < m->executed))
            fail_msg("life %d goes back to position %llu", life, (unsigned long long)next);
        position = next;
        begin(m, position);
    }
    for (int i = 0; i < m->count; i++)
        free(m->frames[i].bytes);
    munmap((void *)m->memory, m->size);
    ring_close(m->ring);
    unlink(m->path);
}

static struct disk_model run_rings(struct fixture *f, bool synced)
{
    static const size_t pages[] = {2, 3, 4, 7, 16, PAGES_MAX};
    static struct disk_model m;
    m = (struct disk_model){.path = f->ring, .seed = 20240229, .synced = synced};
    for (size_t i = 0; i < COUNT(pages); i++) {
        m.size = RING_HEADER_BYTES + pages[i] * PAGE;
        run_lives(&m, 600);
    }
    return m;
}

static void test_after_a_power_loss_the_ring_gives_a_prefix_of_what_followed_the_last_commit(void **state)
{
    struct disk_model m = run_rings(*state, true);
    assert_int_equal(m.cases, 3600);
    assert_int_equal(m.behind, 0); /* space is used again only after a commit */
    assert_true(m.whole > 300 && m.cut > 300 && m.empty > 300);
}

static void test_without_syncs_it_gives_a_prefix_of_what_followed_any_commit_or_nothing(void **state)
{
    struct disk_model m = run_rings(*state, false);
    assert_int_equal(m.cases, 3600);
    assert_true(m.whole > 300 && m.cut > 300 && m.empty > 300 && m.behind > 100);
}

/* The whole store. Ids are counted from 1 and stand in the bodies; what is in the database must be what was
 * there before and a run of this life's ids from its first one on. */

#define SNAPSHOTS 4

struct blob {
    uint8_t *bytes;
    size_t len;
};

struct machine {
    struct fixture *f;
    char wal[128], shm[128];
    struct blob disk; /* of the ring */
    uint64_t hint;    /* the head in its header */
    int64_t position; /* where the last life began */
    struct blob database[SNAPSHOTS], log[SNAPSHOTS];
    int64_t newest[SNAPSHOTS]; /* id in each */
    int snapshots;
    int64_t first, last; /* id of this life */
    int64_t kept, used;  /* messages that are safe; the last id anybody has seen */
    uint64_t seed;
    int cut, behind;
};

static struct blob load(const char *path)
{
    struct stat found = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &found) != 0)
        fail_msg("no %s", path);
    struct blob blob = {malloc((size_t)found.st_size + 1), (size_t)found.st_size};
    assert_non_null(blob.bytes);
    assert_int_equal(pread(fd, blob.bytes, blob.len, 0), found.st_size);
    close(fd);
    return blob;
}

static void save(const char *path, const struct blob *blob)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, blob->bytes, blob->len, 0), blob->len);
    close(fd);
}

static void sync_ring(struct machine *m, uint64_t percent)
{
    struct blob memory = load(m->f->ring);
    for (size_t at = 0; at < memory.len; at += PAGE)
        if (next_random(&m->seed) % 100 < percent)
            memcpy(m->disk.bytes + at, memory.bytes + at, PAGE);
    free(memory.bytes);
}

/* The writer has nothing to do: what the files hold is a commit. */
static void take_snapshot(struct machine *m)
{
    await_all(m->f->store);
    m->database[m->snapshots] = load(m->f->database);
    m->log[m->snapshots] = load(m->wal);
    m->newest[m->snapshots++] = m->last;
}

static void send_some(struct machine *m)
{
    for (uint64_t i = next_random(&m->seed) % 400; i > 0; i--) {
        int64_t id = write_pair(m->f->store);
        if (id == 0) {
            store_poll(m->f->store);
            continue;
        }
        if (m->first == 0)
            m->first = id;
        if (id <= m->used)
            fail_msg("id %lld was used before", (long long)id);
        m->last = m->used = id;
        if (i % 64 == 0)
            sync_ring(m, 20);
    }
}

static void live_in_store(struct machine *m)
{
    struct fixture *f = m->f;
    m->disk = load(f->ring);
    m->first = m->last = 0;
    m->snapshots = 0;
    take_snapshot(m);
    while (m->snapshots < SNAPSHOTS) {
        send_some(m);
        take_snapshot(m);
    }
    sqlite3 *db = hold_writes(f); /* what comes now stays in the ring */
    send_some(m);
    sync_ring(m, next_random(&m->seed) % 3 * 50);
    let_writes(db);
}

/* Which snapshot was left. */
static int lose_power(struct machine *m, bool synced)
{
    struct fixture *f = m->f;
    int left = synced ? SNAPSHOTS - 1 : (int)(next_random(&m->seed) % SNAPSHOTS);
    memcpy(&m->hint, m->disk.bytes + 40, sizeof m->hint);
    close_store(f);
    unlink(m->shm);
    save(f->database, &m->database[left]);
    save(m->wal, &m->log[left]);
    save(f->ring, &m->disk);
    for (int i = 0; i < SNAPSHOTS; i++) {
        free(m->database[i].bytes);
        free(m->log[i].bytes);
    }
    free(m->disk.bytes);
    change(f, "UPDATE state SET boot_id = 'another'");
    return left;
}

static void check_store(struct machine *m, int left)
{
    struct fixture *f = m->f;
    int64_t count = ask(f, "SELECT count(*) FROM message"), run = count - m->kept;
    int64_t newest = ask(f, "SELECT ifnull(max(id), 0) FROM message");
    assert_int_equal(ask(f, "SELECT count(*) FROM message JOIN conversation USING (id) WHERE body = id"),
                     count);
    assert_int_equal(ask(f, "SELECT count(*) FROM conversation"), count);
    if (run > 0) {
        assert_int_equal(newest, m->first + run - 1);
        assert_true(newest >= m->newest[left]);
    }
    int64_t position = ask(f, "SELECT position FROM state");
    assert_true(position >= (int64_t)m->hint && position >= m->position);
    m->position = position;
    if (count_lines(STORE_ERROR, "is lost, the ring starts empty")) {
        m->behind++;
        assert_int_equal(run > 0 ? newest : 0, m->newest[left]);
    }
    m->cut += run > 0 && newest > m->newest[left] && newest < m->last;
    m->kept = count;
    assert_int_equal(store_counters(f->store).frames_bad, 0);
}

static struct machine run_machine(struct fixture *f, bool synced, int lives)
{
    struct machine m = {.f = f, .seed = 7};
    snprintf(m.wal, sizeof m.wal, "%s-wal", f->database);
    snprintf(m.shm, sizeof m.shm, "%s-shm", f->database);
    f->config.ring_bytes = 69632; /* the least a frame fits in */
    f->config.sync = synced ? 0 : 2;
    open_store(f);
    for (int i = 0; i < lives; i++) {
        live_in_store(&m);
        int left = lose_power(&m, synced);
        line_count = 0;
        open_store(f);
        check_store(&m, left);
    }
    return m;
}

static void test_after_power_losses_the_store_has_a_prefix_and_uses_no_id_twice(void **state)
{
    struct machine m = run_machine(*state, true, 15);
    assert_true(m.cut > 0);
    assert_int_equal(m.behind, 0);
}

static void test_without_syncs_the_store_has_a_prefix_of_some_commit_and_uses_no_id_twice(void **state)
{
    struct machine m = run_machine(*state, false, 40);
    assert_true(m.cut > 0);
    assert_true(m.behind > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_after_a_power_loss_the_ring_gives_a_prefix_of_what_followed_the_last_commit),
        TEST(test_without_syncs_it_gives_a_prefix_of_what_followed_any_commit_or_nothing),
        TEST(test_after_power_losses_the_store_has_a_prefix_and_uses_no_id_twice),
        TEST(test_without_syncs_the_store_has_a_prefix_of_some_commit_and_uses_no_id_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
