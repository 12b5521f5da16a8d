/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/media/media_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_BYTES (4 * 1048576) /* hashed between two other jobs */
#define JOB_BYTES  256           /* what a chunk costs beside its bytes */

/* First in, first out. */
struct job_queue {
    struct media_job *first, **end;
};

enum thread_state { THREAD_STARTS, THREAD_RUNS, THREAD_FAILED, THREAD_STOPS };

struct media_thread {
    struct media_folder folder;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* of the following */
    pthread_cond_t changed;
    enum thread_state state;
    struct job_queue todo, done;
    size_t queued_bytes;
    char error[200];

    /* The thread's own. */
    void *magic;
    struct media_walk walk;
    struct media_finish *active; /* over next_active: the one that has the next step first */
    unsigned char bytes[SNIFF_BYTES_MAX];
};

static void queue_init(struct job_queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void queue_put(struct job_queue *queue, struct media_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

static struct media_job *queue_take(struct job_queue *queue)
{
    struct media_job *job = queue->first;
    if (job && !(queue->first = job->next))
        queue->end = &queue->first;
    return job;
}

static size_t cost(const struct media_job *job)
{
    return job->task == MEDIA_CHUNK ? ((const struct media_chunk *)job)->len + JOB_BYTES : 0;
}

void media_job_free(struct media_job *job)
{
    if (job->task == MEDIA_DROP)
        free(job->temp);
    else if (job->task != MEDIA_FINISH)
        free(job);
}

static void give_back(struct media_thread *thread, struct media_job *job)
{
    pthread_mutex_lock(&thread->lock);
    queue_put(&thread->done, job);
    pthread_mutex_unlock(&thread->lock);
}

/* Chunks, drops, removals */

static void write_chunk(struct media_thread *thread, struct media_chunk *chunk)
{
    size_t bytes = cost(&chunk->job);
    struct media_temp *temp = chunk->job.temp;
    chunk->job.error = media_write_chunk(&thread->folder, temp->id, chunk->at, chunk->bytes, chunk->len);
    pthread_mutex_lock(&thread->lock);
    thread->queued_bytes -= bytes;
    pthread_mutex_unlock(&thread->lock);
    if (chunk->job.error == 0) {
        free(chunk);
        return;
    }
    temp->failures++;
    give_back(thread, &chunk->job);
}

static void drop(struct media_thread *thread, struct media_job *job)
{
    (void)media_remove_upload(&thread->folder, job->temp->id); /* else at the next start */
    give_back(thread, job);
}

static void remove_file(struct media_thread *thread, struct media_remove *removal)
{
    const char *only[] = {removal->ext, NULL};
    const char *const *ext = removal->ext[0] ? only : sniff_extensions;
    for (removal->job.error = 0; *ext && removal->job.error == 0; ext++)
        removal->job.error = media_remove_file(&thread->folder, removal->file, *ext);
    give_back(thread, &removal->job);
}

static void list_files(struct media_thread *thread, struct media_list *list)
{
    list->more = media_walk_on(&thread->folder, &thread->walk, list->entries, MEDIA_LIST_MAX, &list->count);
    give_back(thread, &list->job);
}

/* The end of an upload */

/* Hashes some more. The number of bytes, 0 at the end, -1: errno. The kernel writes meanwhile, so that the sync at
 * the end is short. */
static int64_t hash_some(struct media_thread *thread, struct media_finish *finish, int fd)
{
    int64_t step = 0;
    while (step < STEP_BYTES) {
        ssize_t got = pread(fd, thread->bytes, sizeof thread->bytes, finish->hashed + step);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        if (EVP_DigestUpdate(finish->digest, thread->bytes, (size_t)got) != 1) {
            errno = ENOMEM;
            return -1;
        }
        step += got;
    }
    (void)sync_file_range(fd, finish->hashed, step, SYNC_FILE_RANGE_WRITE);
    finish->hashed += step;
    return step;
}

static bool has_hash(struct media_finish *finish)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    if (EVP_DigestFinal_ex(finish->digest, hash, NULL) != 1)
        return false;
    bool same = !finish->has_hash || memcmp(hash, finish->hash, MEDIA_HASH_BYTES) == 0;
    memcpy(finish->hash, hash, MEDIA_HASH_BYTES);
    return same;
}

static int look_inside(struct media_thread *thread, struct media_finish *finish, int fd)
{
    ssize_t got = pread(fd, thread->bytes, sizeof thread->bytes, 0);
    if (got < 0)
        return errno;
    finish->found = sniff(thread->magic, thread->bytes, (size_t)got);
    return 0;
}

/* All of it has been hashed. */
static enum media_end complete(struct media_thread *thread, struct media_finish *finish, int fd)
{
    struct media_job *job = &finish->job;
    if (finish->hashed != finish->size)
        return MEDIA_WRONG_SIZE;
    if (!has_hash(finish))
        return MEDIA_WRONG_HASH;
    job->error = look_inside(thread, finish, fd);
    if (job->error == 0)
        job->error = media_keep(&thread->folder, job->temp->id, fd, finish->file, finish->found.ext);
    return job->error == 0 ? MEDIA_KEPT : MEDIA_FAILED;
}

static void end_finish(struct media_thread *thread, struct media_finish *finish, enum media_end end)
{
    EVP_MD_CTX_free(finish->digest);
    finish->digest = NULL;
    finish->end = end;
    give_back(thread, &finish->job);
}

/* false: it is over. */
static bool step_with(struct media_thread *thread, struct media_finish *finish, int fd)
{
    int64_t step = fd >= 0 ? hash_some(thread, finish, fd) : -1;
    finish->job.error = step < 0 ? errno : 0;
    if (step == STEP_BYTES)
        return true;
    end_finish(thread, finish, step < 0 ? MEDIA_FAILED : complete(thread, finish, fd));
    return false;
}

/* The file is opened anew for each step: however many uploads end at a time, they hold no descriptors. */
static void step(struct media_thread *thread)
{
    struct media_finish *finish = thread->active, **end = &thread->active;
    int fd = media_open_upload(&thread->folder, finish->job.temp->id);
    thread->active = finish->next_active;
    if (step_with(thread, finish, fd)) {
        while (*end)
            end = &(*end)->next_active;
        finish->next_active = NULL;
        *end = finish;
    }
    if (fd >= 0)
        close(fd);
}

static void begin_finish(struct media_thread *thread, struct media_finish *finish)
{
    finish->job.error = 0;
    finish->hashed = 0;
    if (finish->job.temp->failures > finish->failures) {
        end_finish(thread, finish, MEDIA_UNWRITTEN);
        return;
    }
    finish->digest = EVP_MD_CTX_new();
    if (!finish->digest || EVP_DigestInit_ex(finish->digest, EVP_sha256(), NULL) != 1) {
        finish->job.error = ENOMEM;
        end_finish(thread, finish, MEDIA_FAILED);
        return;
    }
    finish->next_active = thread->active;
    thread->active = finish;
}

/* The loop */

static void execute(struct media_thread *thread, struct media_job *job)
{
    switch (job->task) {
    case MEDIA_CHUNK:
        write_chunk(thread, (struct media_chunk *)job);
        break;
    case MEDIA_FINISH:
        begin_finish(thread, (struct media_finish *)job);
        break;
    case MEDIA_DROP:
        drop(thread, job);
        break;
    case MEDIA_REMOVE:
        remove_file(thread, (struct media_remove *)job);
        break;
    case MEDIA_LIST:
        list_files(thread, (struct media_list *)job);
        break;
    }
}

/* Waits, unless there is a step to do. false: it is to stop. */
static bool next_job(struct media_thread *thread, struct media_job **job)
{
    pthread_mutex_lock(&thread->lock);
    while (!thread->todo.first && !thread->active && thread->state == THREAD_RUNS)
        pthread_cond_wait(&thread->changed, &thread->lock);
    bool goes_on = thread->state == THREAD_RUNS;
    *job = goes_on ? queue_take(&thread->todo) : NULL;
    pthread_mutex_unlock(&thread->lock);
    return goes_on;
}

static bool start(struct media_thread *thread)
{
    thread->magic = sniff_open(thread->error, sizeof thread->error);
    pthread_mutex_lock(&thread->lock);
    thread->state = thread->magic ? THREAD_RUNS : THREAD_FAILED;
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
    return thread->magic != NULL;
}

static void *thread_main(void *context)
{
    struct media_thread *thread = context;
    struct media_job *job;
    if (!start(thread))
        return NULL;
    while (next_job(thread, &job)) {
        if (job)
            execute(thread, job);
        if (thread->active)
            step(thread);
    }
    for (struct media_finish *finish = thread->active; finish; finish = finish->next_active)
        EVP_MD_CTX_free(finish->digest);
    sniff_close(thread->magic);
    return NULL;
}

/* The broker thread's side */

static int create(struct media_thread *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&thread->thread, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    thread->started = result == 0;
    return result;
}

/* Until it has its tools. */
static bool await_start(struct media_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    while (thread->state == THREAD_STARTS)
        pthread_cond_wait(&thread->changed, &thread->lock);
    bool runs = thread->state == THREAD_RUNS;
    pthread_mutex_unlock(&thread->lock);
    return runs;
}

int media_thread_open(struct media_thread **out, const char *folder, char *error, size_t error_size)
{
    struct media_thread *thread = calloc(1, sizeof *thread);
    if (!thread || media_folder_open(&thread->folder, folder, error, error_size)) {
        if (!thread)
            snprintf(error, error_size, "out of memory");
        free(thread);
        return -1;
    }
    queue_init(&thread->todo);
    queue_init(&thread->done);
    pthread_mutex_init(&thread->lock, NULL);
    pthread_cond_init(&thread->changed, NULL);
    media_remove_uploads(&thread->folder);
    int failed = create(thread);
    if (failed == 0 && await_start(thread)) {
        *out = thread;
        return 0;
    }
    snprintf(error, error_size, "media_dir: %s", failed ? strerror(failed) : thread->error);
    media_thread_close(thread);
    return -1;
}

static void free_queue(struct job_queue *queue)
{
    struct media_job *job;
    while ((job = queue_take(queue)))
        media_job_free(job);
}

void media_thread_close(struct media_thread *thread)
{
    if (!thread)
        return;
    pthread_mutex_lock(&thread->lock);
    thread->state = THREAD_STOPS;
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
    if (thread->started)
        pthread_join(thread->thread, NULL);
    free_queue(&thread->todo);
    free_queue(&thread->done);
    media_walk_end(&thread->walk);
    media_folder_close(&thread->folder);
    pthread_cond_destroy(&thread->changed);
    pthread_mutex_destroy(&thread->lock);
    free(thread);
}

bool media_thread_has_room(struct media_thread *thread, size_t len)
{
    pthread_mutex_lock(&thread->lock);
    bool room = thread->queued_bytes + len + JOB_BYTES <= MEDIA_QUEUE_BYTES;
    pthread_mutex_unlock(&thread->lock);
    return room;
}

void media_thread_give(struct media_thread *thread, struct media_job *job)
{
    pthread_mutex_lock(&thread->lock);
    queue_put(&thread->todo, job);
    thread->queued_bytes += cost(job);
    pthread_cond_signal(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
}

struct media_job *media_thread_take_done(struct media_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    struct media_job *first = thread->done.first;
    queue_init(&thread->done);
    pthread_mutex_unlock(&thread->lock);
    return first;
}
