/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A bad disk, a wrong clock and too little memory for the program that this library is preloaded into. What
 * is wrong is in a file that CHAT_FAULTS names, mapped by both sides, so that a test changes it while the
 * program runs (tests/broker/harness/faults.py writes it).
 *
 * A rule makes calls of one kind fail, or wait, on files whose path contains a text. Paths are looked up from
 * the descriptor at each call, and only where a rule of that kind is in force. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define RULES     8
#define PATH_ROOM 124
#define NS_A_MS   1000000LL
#define NS_A_S    1000000000LL

/* The numbers and the layout are those of faults.py. */
enum fault_kind { NONE, READ, WRITE, SYNC, MAP, OPEN, TRUNCATE, ROOM };

struct fault_rule {
    volatile int32_t kind;
    int32_t error;         /* errno; 0: only the delay. ROOM: percent of the disk that are free */
    volatile int32_t left; /* how often still; -1: for ever */
    int32_t delay_ms;
    volatile uint32_t hits;
    char path[PATH_ROOM];
};

/* A clock that runs too fast, or too slowly: what it is ahead by then, and what it gains from there on. */
struct slew {
    volatile int64_t since_ns; /* by the true CLOCK_MONOTONIC */
    volatile int64_t ahead_ns;
    volatile int64_t per_million;
};

struct control {
    struct fault_rule rules[RULES];
    volatile int64_t wall_ms;   /* added to CLOCK_REALTIME */
    volatile int64_t steady_ms; /* added to CLOCK_MONOTONIC and CLOCK_BOOTTIME: a machine that slept */
    volatile uint64_t chance;   /* where the next allocation that fails comes from, by chance */
    volatile uint32_t one_in;   /* so many allocations fails; 0: none does */
    volatile uint32_t failed;
    volatile int64_t seen_wall_ms,
        seen_steady_ms;       /* with which the main thread has last asked for the time */
    volatile int64_t process; /* whose thread that is */
    volatile int64_t slewed;  /* which of the two is in force: the other one is being written */
    struct slew slews[2];
    volatile int64_t starved,
        others_starved; /* allocations for which there was no memory: the plugin's, the program's */
};

static struct control *memory_control; /* once it is mapped: malloc cannot do that */

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
        memory_control = mapped = found;
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

/* How full the disk is on which a path is. */
int statvfs(const char *path, struct statvfs *out)
{
    static int (*real)(const char *, struct statvfs *);
    if (!real)
        real = (int (*)(const char *, struct statvfs *))dlsym(RTLD_NEXT, "statvfs");
    int result = real(path, out), percent = result == 0 ? fault_at(ROOM, path) : 0;
    if (percent > 0)
        out->f_bavail = out->f_bfree = (out->f_blocks * (unsigned)percent + 99) / 100;
    return result;
}

/* The clock */

static pthread_t main_thread;

__attribute__((constructor)) static void note_process(void)
{
    main_thread = pthread_self();
    control()->process = getpid();
}

/* A test that sets the clock goes on when the program has looked at it. */
static void note_seen(void)
{
    struct control *now = control();
    if (!pthread_equal(pthread_self(), main_thread))
        return;
    now->seen_wall_ms = now->wall_ms;
    now->seen_steady_ms = now->steady_ms;
}

static int true_time(clockid_t clock, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return real(clock, out);
}

static bool is_wall(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

/* As adjtimex does it, all clocks gain alike. */
static int64_t slewed_ns(void)
{
    const struct slew *slew = &control()->slews[control()->slewed & 1];
    struct timespec now;
    if (slew->since_ns == 0 || true_time(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    const int64_t passed = (int64_t)now.tv_sec * NS_A_S + now.tv_nsec - slew->since_ns;
    return slew->ahead_ns + passed / 1000000 * slew->per_million;
}

static void shift(clockid_t clock, struct timespec *time)
{
    if (is_wall(clock) || clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
        clock == CLOCK_BOOTTIME) {
        const int64_t ms = is_wall(clock) ? control()->wall_ms : control()->steady_ms;
        const int64_t gained = slewed_ns();
        const int64_t ns = time->tv_nsec + ms % 1000 * NS_A_MS + gained % NS_A_S;
        time->tv_sec += ms / 1000 + gained / NS_A_S + ns / NS_A_S - (ns % NS_A_S < 0);
        time->tv_nsec = ns % NS_A_S + (ns % NS_A_S < 0 ? NS_A_S : 0);
    }
    note_seen();
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int result = true_time(clock, out);
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

/* Memory */

#ifdef __GLIBC__

/* Only the plugin's allocations fail, and those of the libraries that nobody but the plugin uses. */
static const char *const borrowers[] = {"/mosquitto_chat.so", "/libsqlite3.so", "/libcjson.so", "/libz.so"};

static struct {
    uintptr_t from, to;
} spans[16];
static int span_count;

static int note_spans(struct dl_phdr_info *library, size_t size, void *context)
{
    bool borrows = false;
    (void)size, (void)context;
    for (size_t i = 0; i < sizeof borrowers / sizeof *borrowers; i++)
        borrows = borrows || strstr(library->dlpi_name, borrowers[i]);
    for (int i = 0; borrows && i < library->dlpi_phnum && span_count < 16; i++) {
        if (library->dlpi_phdr[i].p_type != PT_LOAD || !(library->dlpi_phdr[i].p_flags & PF_X))
            continue;
        spans[span_count].from = library->dlpi_addr + library->dlpi_phdr[i].p_vaddr;
        spans[span_count].to = spans[span_count].from + library->dlpi_phdr[i].p_memsz;
        span_count++;
    }
    return 0;
}

static pthread_once_t spans_noted = PTHREAD_ONCE_INIT;

static void find_spans(void)
{
    dl_iterate_phdr(note_spans, NULL);
}

static bool borrows(uintptr_t caller)
{
    pthread_once(&spans_noted, find_spans);
    for (int i = 0; i < span_count; i++)
        if (caller >= spans[i].from && caller < spans[i].to)
            return true;
    return false;
}

static bool memory_is_out(void *caller)
{
    struct control *now = memory_control;
    uint32_t one_in = now ? now->one_in : 0;
    if (one_in == 0 || !borrows((uintptr_t)caller))
        return false;
    uint64_t chance = __atomic_add_fetch(&now->chance, UINT64_C(0x9E3779B97F4A7C15), __ATOMIC_SEQ_CST);
    chance = (chance ^ chance >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    if ((chance >> 32) % one_in != 0)
        return false;
    __atomic_add_fetch(&now->failed, 1, __ATOMIC_SEQ_CST);
    errno = ENOMEM;
    return true;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

/* There was none, whatever we say: a limit of the process. */
static void *counted(void *block, void *caller)
{
    if (!block && memory_control)
        __atomic_add_fetch(borrows((uintptr_t)caller) ? &memory_control->starved
                                                      : &memory_control->others_starved,
                           1, __ATOMIC_SEQ_CST);
    return block;
}

void *malloc(size_t size)
{
    void *caller = __builtin_return_address(0);
    return memory_is_out(caller) ? NULL : counted(__libc_malloc(size), caller);
}

void *calloc(size_t count, size_t size)
{
    void *caller = __builtin_return_address(0);
    return memory_is_out(caller) ? NULL : counted(__libc_calloc(count, size), caller);
}

void *realloc(void *block, size_t size)
{
    void *caller = __builtin_return_address(0);
    if (size == 0)
        return __libc_realloc(block, size);
    return memory_is_out(caller) ? NULL : counted(__libc_realloc(block, size), caller);
}

#endif
