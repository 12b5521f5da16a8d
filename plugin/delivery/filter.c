/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/filter.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/words.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"

struct word_filter {
    char *path; /* that is read: the thread's own, while the options change */
    pthread_t thread;
    bool running;      /* between its start and its end, `words` and `error` are the thread's */
    atomic_bool ended; /* the thread: it has nothing more to do */
    atomic_bool stop;  /* for the thread */
    bool again;        /* the file has changed since the thread began to read it */
    struct words *words;
    char error[200];
};

/* Into filter->words; NULL, and filter->error. Any thread. */
static void read_words(struct word_filter *filter)
{
    if (words_load(&filter->words, filter->path, &filter->stop, filter->error, sizeof filter->error) != 0)
        filter->words = NULL;
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

/* Between two readings the path may be another one. */
static bool follow_path(struct word_filter *filter, const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return false;
    free(filter->path);
    filter->path = copy;
    return true;
}

static bool begin_reading(struct word_filter *filter)
{
    sigset_t all, before;
    atomic_store_explicit(&filter->ended, false, memory_order_relaxed);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    filter->running = pthread_create(&filter->thread, NULL, reader_main, filter) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return filter->running;
}

static void drop_list(struct chat *chat)
{
    words_free(chat->words);
    chat->words = NULL;
}

void filter_reload(struct chat *chat)
{
    const char *path = chat->options.words_file;
    if (!path)
        drop_list(chat);
    if (path && !chat->filter)
        chat->filter = calloc(1, sizeof *chat->filter);
    struct word_filter *filter = chat->filter;
    if (filter && (filter->again = filter->running))
        return;
    if (path && !(filter && follow_path(filter, path) && begin_reading(filter)))
        broker_error("words_file is not applied, the old list stays: there is no memory or no thread to read "
                     "it");
}

/* It may have been another file's that was named when the reading began. */
static void take_list(struct chat *chat)
{
    struct word_filter *filter = chat->filter;
    const char *path = chat->options.words_file;
    if (!path || strcmp(path, filter->path) != 0) {
        words_free(filter->words);
        filter->words = NULL;
    } else if (filter->words) {
        apply(chat);
    } else {
        broker_error("words_file is not applied, the old list stays: %s: %s", filter->path, filter->error);
    }
}

bool filter_tick(struct chat *chat)
{
    struct word_filter *filter = chat->filter;
    if (!filter || !filter->running || !atomic_load_explicit(&filter->ended, memory_order_acquire))
        return false;
    pthread_join(filter->thread, NULL);
    filter->running = false;
    take_list(chat);
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
    drop_list(chat);
    free(filter);
    chat->filter = NULL;
}
