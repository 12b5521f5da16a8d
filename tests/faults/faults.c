/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A bad disk and a wrong clock for the program that this library is preloaded into. What is wrong is in a file
 * that CHAT_FAULTS names, mapped by both sides, so that a test changes it while the program runs
 * (tests/broker/harness/faults.py writes it).
 *
 * A rule makes calls of one kind fail, or wait, on files whose path contains a text. Paths are looked up from
 * the descriptor at each call, and only where a rule of that kind is in force. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define RULES     8
#define PATH_ROOM 124
#define NS_A_MS   1000000LL

/* The numbers and the layout are those of faults.py. */
enum fault_kind { NONE, READ, WRITE, SYNC, MAP, OPEN, TRUNCATE };

struct fault_rule {
    volatile int32_t kind;
    int32_t error;         /* errno; 0: only the delay */
    volatile int32_t left; /* how often still; -1: for ever */
    int32_t delay_ms;
    volatile uint32_t hits;
    char path[PATH_ROOM];
};

struct control {
    struct fault_rule rules[RULES];
    volatile int64_t wall_ms;   /* added to CLOCK_REALTIME */
    volatile int64_t steady_ms; /* added to CLOCK_MONOTONIC and CLOCK_BOOTTIME: a machine that slept */
};

static struct control *control(void)
{
    static struct control none, *mapped;
    if (mapped)
        return mapped;
    const char *path = getenv("CHAT_FAULTS");
    int fd = path ? (int)openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    void *found = MAP_FAILED;
    mapped = &none; /* the calls below come here again */
    if (fd >= 0) {
        void *(*map)(void *, size_t, int, int, int, off_t) =
            (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
        found = map(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (found != MAP_FAILED)
        mapped = found;
    return mapped;
}

static void wait_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_A_MS};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static int strike(struct fault_rule *rule)
{
    __atomic_add_fetch(&rule->hits, 1, __ATOMIC_SEQ_CST);
    if (rule->delay_ms > 0)
        wait_ms(rule->delay_ms);
    if (rule->error == 0 || rule->left == 0)
        return 0;
    if (rule->left > 0)
        __atomic_sub_fetch(&rule->left, 1, __ATOMIC_SEQ_CST);
    return rule->error;
}

/* The errno that a call of this kind on this path ends with; 0: it goes on. */
static int fault_at(enum fault_kind kind, const char *path)
{
    struct control *now = control();
    for (int i = 0; i < RULES; i++) {
        struct fault_rule *rule = &now->rules[i];
        if (rule->kind != (int32_t)kind || rule->left == 0 || !strstr(path, rule->path))
            continue;
        int error = strike(rule);
        if (error)
            return error;
    }
    return 0;
}

static int fault(enum fault_kind kind, int fd)
{
    char link[40], path[4096];
    struct control *now = control();
    int wanted = 0;
    for (int i = 0; i < RULES; i++)
        wanted += now->rules[i].kind == (int32_t)kind;
    if (!wanted || fd < 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len < 0)
        return 0;
    path[len] = '\0';
    return fault_at(kind, path);
}

/* name(parameters): fails where a rule says so, else is the real one. */
#define FAULTY(type, name, kind, fd, parameters, arguments)                                                  \
    type name parameters                                                                                     \
    {                                                                                                        \
        static type(*real) parameters;                                                                       \
        if (!real)                                                                                           \
            real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                              \
        int error = fault(kind, fd);                                                                         \
        if (error == 0)                                                                                      \
            return real arguments;                                                                           \
        errno = error;                                                                                       \
        return (type)(-1);                                                                                   \
    }

FAULTY(ssize_t, read, READ, fd, (int fd, void *out, size_t size), (fd, out, size))
FAULTY(ssize_t, pread, READ, fd, (int fd, void *out, size_t size, off_t at), (fd, out, size, at))
FAULTY(ssize_t, write, WRITE, fd, (int fd, const void *data, size_t size), (fd, data, size))
FAULTY(ssize_t, pwrite, WRITE, fd, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
FAULTY(int, fsync, SYNC, fd, (int fd), (fd))
FAULTY(int, fdatasync, SYNC, fd, (int fd), (fd))
FAULTY(int, ftruncate, TRUNCATE, fd, (int fd, off_t size), (fd, size))
FAULTY(void *, mmap, MAP, fd, (void *at, size_t size, int protection, int flags, int fd, off_t from),
       (at, size, protection, flags, fd, from))

/* open has a mode only with O_CREAT; passing it always does no harm. */
#define FAULTY_OPEN(name)                                                                                    \
    int name(const char *path, int flags, ...)                                                               \
    {                                                                                                        \
        static int (*real)(const char *, int, ...);                                                          \
        __builtin_va_list list;                                                                              \
        if (!real)                                                                                           \
            real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name);                                 \
        __builtin_va_start(list, flags);                                                                     \
        mode_t mode = flags & O_CREAT ? __builtin_va_arg(list, mode_t) : 0;                                  \
        __builtin_va_end(list);                                                                              \
        int error = fault_at(OPEN, path);                                                                    \
        if (error == 0)                                                                                      \
            return real(path, flags, mode);                                                                  \
        errno = error;                                                                                       \
        return -1;                                                                                           \
    }
FAULTY_OPEN(open)

#ifdef __GLIBC__ /* programs with large files call these there */
FAULTY(ssize_t, pread64, READ, fd, (int fd, void *out, size_t size, off_t at), (fd, out, size, at))
FAULTY(ssize_t, pwrite64, WRITE, fd, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
FAULTY(int, ftruncate64, TRUNCATE, fd, (int fd, off_t size), (fd, size))
FAULTY(void *, mmap64, MAP, fd, (void *at, size_t size, int protection, int flags, int fd, off_t from),
       (at, size, protection, flags, fd, from))
FAULTY_OPEN(open64)
#endif

/* The clock */

static void shift(clockid_t clock, struct timespec *time)
{
    int64_t ms = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? control()->wall_ms
                 : clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME
                     ? control()->steady_ms
                     : 0;
    int64_t ns = time->tv_nsec + ms % 1000 * NS_A_MS;
    time->tv_sec += ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
    time->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, out);
    if (result == 0)
        shift(clock, out);
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}
