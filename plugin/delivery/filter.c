/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/payload/words.h"

struct word_filter {
    char *path; /* its own: the thread needs it while the options change */
    pthread_t thread;
    bool running;      /* between its start and its end, `words` and `error` are the thread's */
    atomic_bool ended; /* the thread: it has nothing more to do */
    atomic_bool stop;  /* for the thread */
    bool again;        /* the file has changed since the thread began to read it */
    struct words *words;
    char error[200];
};

/* Reading */

static char *fail(struct word_filter *filter, const char *what, const char *why)
{
    snprintf(filter->error, sizeof filter->error, "%s%s", what, why);
    return NULL;
}

/* malloc'ed; of a file that is too long a byte more than is allowed. */
static char *read_all(struct word_filter *filter, int fd, size_t *len)
{
    char *text = malloc(WORDS_FILE_MAX + 1);
    ssize_t got = 1;
    *len = 0;
    while (text && got > 0 && *len <= WORDS_FILE_MAX) {
        got = read(fd, text + *len, WORDS_FILE_MAX + 1 - *len);
        if (got > 0)
            *len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    if (text && got >= 0)
        return text;
    free(text);
    return fail(filter, "cannot be read: ", text ? strerror(errno) : "out of memory");
}

/* O_NONBLOCK and the look at its type: a FIFO is not waited for. */
static char *read_file(struct word_filter *filter, size_t *len)
{
    struct stat about;
    int fd = open(filter->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(filter, "cannot be read: ", strerror(errno));
    bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    char *text = regular ? read_all(filter, fd, len) : fail(filter, "is not a regular file", "");
    close(fd);
    return text;
}

/* Into filter->words; NULL, and filter->error. Any thread. */
static void read_words(struct word_filter *filter)
{
    size_t len;
    filter->words = NULL;
    char *text = read_file(filter, &len);
    if (text && words_read(&filter->words, text, len, &filter->stop, filter->error, sizeof filter->error))
        filter->words = NULL;
    free(text);
}

/* What was read is in force from now on. */
static void apply(struct chat *chat)
{
    struct word_filter *filter = chat->filter;
    words_free(chat->words);
    chat->words = filter->words;
    filter->words = NULL;
    broker_info("words_file: %zu words, %.1f MB of memory", words_count(chat->words),
                (double)words_bytes(chat->words) / 1e6);
}

int filter_open(struct chat *chat, char *error, size_t error_size)
{
    if (!chat->options.words_file)
        return 0;
    struct word_filter *filter = chat->filter = calloc(1, sizeof *filter);
    if (!filter || !(filter->path = strdup(chat->options.words_file))) {
        snprintf(error, error_size, "words_file: out of memory");
        return -1;
    }
    read_words(filter);
    if (!filter->words) {
        snprintf(error, error_size, "words_file: %s: %s", filter->path, filter->error);
        return -1;
    }
    apply(chat);
    return 0;
}

/* Anew */

static void *reader_main(void *context)
{
    struct word_filter *filter = context;
    (void)setpriority(PRIO_PROCESS, 0, 10); /* of this thread alone, in Linux: the broker's goes first */
    read_words(filter);
    atomic_store_explicit(&filter->ended, true, memory_order_release);
    return NULL;
}

void filter_reload(struct chat *chat)
{
    struct word_filter *filter = chat->filter;
    sigset_t all, before;
    if (!filter)
        return;
    filter->again = filter->running;
    if (filter->running)
        return;
    atomic_store_explicit(&filter->ended, false, memory_order_relaxed);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    filter->running = pthread_create(&filter->thread, NULL, reader_main, filter) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!filter->running)
        broker_error("words_file is not applied, the old list stays: there is no thread to read it");
}

bool filter_tick(struct chat *chat)
{
    struct word_filter *filter = chat->filter;
    if (!filter || !filter->running || !atomic_load_explicit(&filter->ended, memory_order_acquire))
        return false;
    pthread_join(filter->thread, NULL);
    filter->running = false;
    if (filter->words)
        apply(chat);
    else
        broker_error("words_file is not applied, the old list stays: %s: %s", filter->path, filter->error);
    if (filter->again)
        filter_reload(chat);
    return false;
}

void filter_close(struct chat *chat)
{
    struct word_filter *filter = chat->filter;
    if (filter && filter->running) {
        atomic_store_explicit(&filter->stop, true, memory_order_relaxed);
        pthread_join(filter->thread, NULL);
    }
    if (filter) {
        words_free(filter->words);
        free(filter->path);
    }
    words_free(chat->words);
    free(filter);
    chat->filter = NULL;
    chat->words = NULL;
}
