/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a program that this library is preloaded into writes to its database, log and ring, and what of it is
 * on the disk for sure: each change, each sync, in order, in the file that CHAT_JOURNAL names. tests/proof/power.py
 * makes of it what a power loss may leave. CHAT_BOOT_ID names a file to read instead of the kernel's, as after a
 * start of the machine.
 *
 * Pages of a shared mapping are written by nobody in particular: a thread looks at the ring all the time and writes
 * down the pages that have changed, as the kernel would bring them to the disk, in the middle of a frame too. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE      4096u
#define AHEAD     32u /* pages behind the head that may be in work */
#define HEAD_AT   40u /* in the ring's header */
#define LOOK_NS   300000L
#define PATH_ROOM 4096

/* The numbers and the layout are those of power.py. */
enum journal_change { WRITTEN = 1, RESIZED, SYNCED, REMOVED };

struct journal_entry {
    uint32_t change, file;
    uint64_t offset, length; /* SYNCED: which bytes; 0: all there are */
};

static const char *const endings[] = {"/chat.db", "/chat.db-wal", "/chat.db-journal", "/chat.db.ring"};
#define FILES (int)(sizeof endings / sizeof *endings)
#define RING  (FILES - 1)

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER; /* of what happens is that of the journal */
static int journal = -1;

static struct {
    int fd;
    uint8_t *base; /* where the program has it */
    uint8_t *known;
    size_t size;
    uint64_t head;
    bool watched;
} ring = {.fd = -1};

/* The next one that has this name: the library's own. */
#define REAL(type, name, parameters)                                                                         \
    static type(*real) parameters;                                                                           \
    if (!real)                                                                                               \
    real = (type(*) parameters)dlsym(RTLD_NEXT, #name)

static ssize_t really_write(int fd, const void *data, size_t size)
{
    REAL(ssize_t, write, (int, const void *, size_t));
    return real(fd, data, size);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CHAT_JOURNAL");
    if (path)
        journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int file_named(const char *path)
{
    size_t len = strlen(path);
    for (int i = 0; i < FILES; i++)
        if (len >= strlen(endings[i]) && strcmp(path + len - strlen(endings[i]), endings[i]) == 0)
            return i;
    return -1;
}

/* -1: none of those that matter. */
static int file_of(int fd)
{
    char link[40], path[PATH_ROOM];
    if (journal < 0 || fd < 0 || fd == journal)
        return -1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len < 0)
        return -1;
    path[len] = '\0';
    return file_named(path);
}

/* A journal that cannot be written proves nothing. */
static void put(const void *data, size_t size)
{
    if (really_write(journal, data, size) != (ssize_t)size)
        abort();
}

static void note(enum journal_change change, int file, uint64_t offset, uint64_t length, const void *data)
{
    const struct journal_entry entry = {change, (uint32_t)file, offset, length};
    put(&entry, sizeof entry);
    if (data)
        put(data, (size_t)length);
}

/* The ring */

static void look_at_page(size_t at)
{
    uint8_t page[PAGE];
    if (pread(ring.fd, page, PAGE, (off_t)at) != (ssize_t)PAGE || memcmp(page, ring.known + at, PAGE) == 0)
        return;
    memcpy(ring.known + at, page, PAGE);
    note(WRITTEN, RING, at, PAGE, page);
}

/* What may have changed lies between the head that was seen last and somewhat behind the present one. */
static void look_at_ring(bool all)
{
    uint64_t head = 0;
    size_t pages = ring.size / PAGE - 1;
    if (ring.fd < 0)
        return;
    look_at_page(0);
    if (pread(ring.fd, &head, sizeof head, HEAD_AT) != (ssize_t)sizeof head)
        return;
    uint64_t first = ring.head / PAGE, last = head / PAGE + AHEAD;
    if (all || head < ring.head || last - first >= pages)
        first = 0, last = pages - 1;
    for (uint64_t page = first; page <= last; page++)
        look_at_page(PAGE * (1 + (size_t)(page % pages)));
    ring.head = head;
}

static void *watch_ring(void *context)
{
    const struct timespec pause = {.tv_nsec = LOOK_NS};
    for (;;) {
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&order);
        look_at_ring(false);
        pthread_mutex_unlock(&order);
    }
    return context;
}

static void start_watching(void)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ring.watched = pthread_create(&thread, NULL, watch_ring, NULL) == 0 && pthread_detach(thread) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!ring.watched)
        abort();
}

/* It is mapped: for the first time, or anew with another size. */
static void take_ring(int fd, uint8_t *base, size_t size)
{
    uint8_t *known = calloc(1, size);
    int own = dup(fd);
    if (!known || own < 0)
        abort();
    if (ring.known)
        memcpy(known, ring.known, size < ring.size ? size : ring.size);
    if (ring.fd >= 0)
        close(ring.fd);
    free(ring.known);
    ring.fd = own;
    ring.base = base;
    ring.size = size;
    ring.known = known;
    look_at_ring(true);
    if (!ring.watched)
        start_watching();
}

static void *map(void *mapped, size_t size, int protection, int flags, int fd)
{
    if (mapped == MAP_FAILED || !(protection & PROT_WRITE) || !(flags & MAP_SHARED) || file_of(fd) != RING)
        return mapped;
    pthread_mutex_lock(&order);
    take_ring(fd, mapped, size);
    pthread_mutex_unlock(&order);
    return mapped;
}

#define JOURNALED_MAP(name)                                                                                  \
    void *name(void *at, size_t size, int protection, int flags, int fd, off_t from)                         \
    {                                                                                                        \
        REAL(void *, name, (void *, size_t, int, int, int, off_t));                                          \
        return map(real(at, size, protection, flags, fd, from), size, protection, flags, fd);                \
    }
JOURNALED_MAP(mmap)

int msync(void *at, size_t size, int flags)
{
    REAL(int, msync, (void *, size_t, int));
    pthread_mutex_lock(&order);
    look_at_ring(true);
    int result = real(at, size, flags);
    if (result == 0 && journal >= 0 && ring.base && (uint8_t *)at >= ring.base &&
        (uint8_t *)at < ring.base + ring.size)
        note(SYNCED, RING, (uint64_t)((uint8_t *)at - ring.base), size, NULL);
    pthread_mutex_unlock(&order);
    return result;
}

/* Files */

/* name(parameters): the real one, and where it has done something a note. `result` is what it gave. */
#define JOURNALED(type, name, fd, parameters, arguments, done, ...)                                          \
    type name parameters                                                                                     \
    {                                                                                                        \
        REAL(type, name, parameters);                                                                        \
        int file = file_of(fd);                                                                              \
        if (file < 0)                                                                                        \
            return real arguments;                                                                           \
        pthread_mutex_lock(&order);                                                                          \
        if (file == RING)                                                                                    \
            look_at_ring(true);                                                                              \
        type result = real arguments;                                                                        \
        int error = errno;                                                                                   \
        if (done)                                                                                            \
            note(__VA_ARGS__);                                                                               \
        pthread_mutex_unlock(&order);                                                                        \
        errno = error;                                                                                       \
        return result;                                                                                       \
    }

#define JOURNALED_WRITE(name)                                                                                \
    JOURNALED(ssize_t, name, fd, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at),    \
              result > 0, WRITTEN, file, (uint64_t)at, (uint64_t)result, data)
#define JOURNALED_CUT(name)                                                                                  \
    JOURNALED(int, name, fd, (int fd, off_t size), (fd, size), result == 0, RESIZED, file, (uint64_t)size,   \
              0, NULL)
#define JOURNALED_SYNC(name) JOURNALED(int, name, fd, (int fd), (fd), result == 0, SYNCED, file, 0, 0, NULL)
#define JOURNALED_RESERVE(name)                                                                              \
    JOURNALED(int, name, fd, (int fd, off_t from, off_t size), (fd, from, size), result == 0, RESIZED, file, \
              (uint64_t)size_of(fd), 0, NULL)

static off_t size_of(int fd)
{
    struct stat found;
    return fstat(fd, &found) == 0 ? found.st_size : 0;
}

JOURNALED(ssize_t, write, fd, (int fd, const void *data, size_t size), (fd, data, size), result > 0, WRITTEN,
          file, (uint64_t)(lseek(fd, 0, SEEK_CUR) - result), (uint64_t)result, data)
JOURNALED_WRITE(pwrite)
JOURNALED_CUT(ftruncate)
JOURNALED_SYNC(fsync)
JOURNALED_SYNC(fdatasync)
JOURNALED_RESERVE(posix_fallocate)

#ifdef __GLIBC__ /* programs with large files call these there */
JOURNALED_WRITE(pwrite64)
JOURNALED_CUT(ftruncate64)
JOURNALED_RESERVE(posix_fallocate64)
JOURNALED_MAP(mmap64)
#endif

int unlink(const char *path)
{
    REAL(int, unlink, (const char *));
    int file = journal >= 0 ? file_named(path) : -1;
    if (file < 0)
        return real(path);
    pthread_mutex_lock(&order);
    int result = real(path), error = errno;
    if (result == 0)
        note(REMOVED, file, 0, 0, NULL);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

/* Another start of the machine. */
static const char *boot_id(const char *path)
{
    const char *other = getenv("CHAT_BOOT_ID");
    return other && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0 ? other : path;
}

#define BOOTED_OPEN(name)                                                                                    \
    FILE *name(const char *path, const char *mode)                                                           \
    {                                                                                                        \
        REAL(FILE *, name, (const char *, const char *));                                                    \
        return real(boot_id(path), mode);                                                                    \
    }
BOOTED_OPEN(fopen)
#ifdef __GLIBC__
BOOTED_OPEN(fopen64)
#endif
