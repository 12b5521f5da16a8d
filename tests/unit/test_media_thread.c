/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The thread that works on uploaded files, and what its two sides share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/basics.h"
#include "plugin/media/media_thread.h"

#define FILE_NAME "0123456789abcdef0123456789abcdef"
#define CHUNK     1000
#define CHUNKS    64

struct media_fixture {
    char folder[64], path[200];
    struct media_thread *thread;
};

static int set_up(void **state)
{
    char error[300];
    struct media_fixture *f = calloc(1, sizeof *f);
    *state = f;
    strcpy(f->folder, "/tmp/test_media.XXXXXX");
    return !mkdtemp(f->folder) || media_thread_open(&f->thread, f->folder, error, sizeof error);
}

static int tear_down(void **state)
{
    struct media_fixture *f = *state;
    char command[100];
    media_thread_close(f->thread);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    int result = system(command);
    free(f);
    return result;
}

/* Some byte of a file. */
static char byte_at(int64_t at)
{
    return (char)(at * 7 + at / 251);
}

static struct media_temp *make_temp(int64_t size)
{
    struct media_temp *temp = calloc(1, sizeof *temp);
    memset(temp->id, 'a', MEDIA_ID_MAX);
    temp->finish.job = (struct media_job){.task = MEDIA_FINISH, .temp = temp};
    temp->finish.size = size;
    strcpy(temp->finish.file, FILE_NAME);
    temp->drop = (struct media_job){.task = MEDIA_DROP, .temp = temp};
    return temp;
}

static void give_chunk(struct media_fixture *f, struct media_temp *temp, int64_t n)
{
    struct media_chunk *chunk = malloc(sizeof *chunk + CHUNK);
    *chunk = (struct media_chunk){
        .job = {.task = MEDIA_CHUNK, .temp = temp}, .number = n, .at = n * CHUNK, .len = CHUNK};
    for (int i = 0; i < CHUNK; i++)
        chunk->bytes[i] = byte_at(chunk->at + i);
    media_thread_give(f->thread, &chunk->job);
}

/* The next that comes back. */
static struct media_job *await(struct media_fixture *f)
{
    struct media_job *job;
    while (!(job = media_thread_take_done(f->thread)))
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    assert_null(job->next);
    return job;
}

static void drop(struct media_fixture *f, struct media_temp *temp)
{
    media_thread_give(f->thread, &temp->drop);
    struct media_job *job = await(f);
    assert_ptr_equal(job, &temp->drop);
    media_job_free(job);
}

static const char *path_of(struct media_fixture *f, const char *name)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->folder, name);
    return f->path;
}

static bool is_there(struct media_fixture *f, const char *name)
{
    return access(path_of(f, name), F_OK) == 0;
}

static void chunks_in_any_order_become_a_file(void **state)
{
    struct media_fixture *f = *state;
    struct media_temp *temp = make_temp(CHUNKS * CHUNK);
    unsigned char all[CHUNKS * CHUNK], hash[SHA256_DIGEST_LENGTH];
    for (int i = 0; i < CHUNKS; i++)
        give_chunk(f, temp, i * 37 % CHUNKS);
    media_thread_give(f->thread, &temp->finish.job);
    assert_ptr_equal(await(f), &temp->finish.job);
    for (int i = 0; i < CHUNKS * CHUNK; i++)
        all[i] = (unsigned char)byte_at(i);
    SHA256(all, sizeof all, hash);
    assert_int_equal(temp->finish.end, MEDIA_KEPT);
    assert_memory_equal(temp->finish.hash, hash, sizeof hash);
    assert_string_equal(temp->finish.found.ext, "bin");
    drop(f, temp);
    assert_true(is_there(f, "01/" FILE_NAME ".bin"));
    assert_false(is_there(f, "uploads/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void what_is_not_as_it_should_be_is_no_file(void **state)
{
    static const struct {
        int64_t size;
        bool has_hash;
        enum media_end end;
    } cases[] = {{CHUNK + 1, false, MEDIA_WRONG_SIZE}, {CHUNK, true, MEDIA_WRONG_HASH}};
    struct media_fixture *f = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct media_temp *temp = make_temp(cases[i].size);
        temp->finish.has_hash = cases[i].has_hash;
        give_chunk(f, temp, 0);
        media_thread_give(f->thread, &temp->finish.job);
        assert_ptr_equal(await(f), &temp->finish.job);
        assert_int_equal(temp->finish.end, cases[i].end);
        drop(f, temp);
        assert_false(is_there(f, "01"));
    }
}

static void an_upload_of_which_nothing_has_come_cannot_be_finished(void **state)
{
    struct media_fixture *f = *state;
    struct media_temp *temp = make_temp(CHUNK);
    media_thread_give(f->thread, &temp->finish.job);
    assert_ptr_equal(await(f), &temp->finish.job);
    assert_int_equal(temp->finish.end, MEDIA_FAILED);
    assert_int_not_equal(temp->finish.job.error, 0);
    drop(f, temp);
}

/* Root may write anywhere: a folder in the place of the file is in everybody's way. */
static void a_chunk_that_cannot_be_written_comes_back_before_the_end_that_it_spoils(void **state)
{
    struct media_fixture *f = *state;
    struct media_temp *temp = make_temp(CHUNK);
    assert_int_equal(mkdir(path_of(f, "uploads/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 0700), 0);
    give_chunk(f, temp, 0);
    struct media_job *job = await(f);
    assert_int_equal(job->task, MEDIA_CHUNK);
    assert_int_not_equal(job->error, 0);
    media_job_free(job);
    media_thread_give(f->thread, &temp->finish.job);
    assert_ptr_equal(await(f), &temp->finish.job);
    assert_int_equal(temp->finish.end, MEDIA_UNWRITTEN);
    assert_int_equal(rmdir(f->path), 0);
    give_chunk(f, temp, 0);
    temp->finish.failures = 1;
    media_thread_give(f->thread, &temp->finish.job);
    assert_ptr_equal(await(f), &temp->finish.job);
    assert_int_equal(temp->finish.end, MEDIA_KEPT);
    drop(f, temp);
}

static void remove_and_wait(struct media_fixture *f, const char *ext)
{
    struct media_remove *removal = calloc(1, sizeof *removal);
    removal->job.task = MEDIA_REMOVE;
    strcpy(removal->file, FILE_NAME);
    strcpy(removal->ext, ext);
    media_thread_give(f->thread, &removal->job);
    assert_ptr_equal(await(f), &removal->job);
    assert_int_equal(removal->job.error, 0);
    media_job_free(&removal->job);
}

static void a_file_is_removed_whether_it_is_there_or_not_and_by_whatever_extension(void **state)
{
    struct media_fixture *f = *state;
    remove_and_wait(f, "png");
    assert_int_equal(mkdir(path_of(f, "01"), 0700), 0);
    for (const char *const *ext = sniff_extensions; *ext; ext++) {
        char name[60];
        snprintf(name, sizeof name, "01/" FILE_NAME ".%s", *ext);
        fclose(fopen(path_of(f, name), "w"));
        remove_and_wait(f, "");
        assert_false(is_there(f, name));
    }
}

static void the_queue_is_bounded_by_bytes(void **state)
{
    struct media_fixture *f = *state;
    assert_true(media_thread_has_room(f->thread, MEDIA_QUEUE_BYTES / 2));
    assert_false(media_thread_has_room(f->thread, MEDIA_QUEUE_BYTES));
}

static void what_is_left_at_the_end_is_freed(void **state)
{
    struct media_fixture *f = *state;
    struct media_temp *temp = make_temp(CHUNKS * CHUNK);
    for (int i = 0; i < CHUNKS; i++)
        give_chunk(f, temp, i);
    media_thread_give(f->thread, &temp->finish.job);
    media_thread_give(f->thread, &temp->drop); /* which the temp goes with, done or not */
}

static void what_an_earlier_life_has_left_goes(void **state)
{
    struct media_fixture *f = *state;
    char error[300];
    fclose(fopen(path_of(f, "uploads/left"), "w"));
    media_thread_close(f->thread);
    f->thread = NULL;
    assert_int_equal(media_thread_open(&f->thread, f->folder, error, sizeof error), 0);
    assert_false(is_there(f, "uploads/left"));
}

static void a_folder_has_one_thread(void **state)
{
    struct media_fixture *f = *state;
    struct media_thread *second;
    char error[300];
    assert_int_equal(media_thread_open(&second, f->folder, error, sizeof error), -1);
    assert_non_null(strstr(error, "another broker has it"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(chunks_in_any_order_become_a_file),
        TEST(what_is_not_as_it_should_be_is_no_file),
        TEST(an_upload_of_which_nothing_has_come_cannot_be_finished),
        TEST(a_chunk_that_cannot_be_written_comes_back_before_the_end_that_it_spoils),
        TEST(a_file_is_removed_whether_it_is_there_or_not_and_by_whatever_extension),
        TEST(the_queue_is_bounded_by_bytes),
        TEST(what_is_left_at_the_end_is_freed),
        TEST(what_an_earlier_life_has_left_goes),
        TEST(a_folder_has_one_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
