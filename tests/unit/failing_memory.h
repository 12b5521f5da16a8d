/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes an allocation of our own files fail, neither of SQLite's nor of libc's. The test that includes it is
 * linked with FAILING_MEMORY of CMakeLists.txt. */
#ifndef TESTS_FAILING_MEMORY_H
#define TESTS_FAILING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);

static long memory_left = -1; /* allocations before the one that fails; < 0: none does */

static bool memory_fails(void)
{
    return memory_left >= 0 && memory_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return memory_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return memory_fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return memory_fails() ? NULL : __real_strdup(text);
}

typedef bool attempt(void *context);

/* Makes the attempt again and again, and its first allocation fail, then its second, until none is left to
 * fail and it succeeds. Each time before, it must say that it did not, and leave what `untouched` then looks
 * at. Returns how many times it failed. */
static inline int fail_each(attempt *try, attempt *untouched, void *context)
{
    for (int n = 0;; n++) {
        memory_left = n;
        bool done = try(context);
        bool failed = memory_left < 0;
        memory_left = -1;
        if (failed == done)
            fail_msg("allocation %d of the attempt: %s", n, done ? "failed unnoticed" : "good, and it fails");
        if (done)
            return n;
        if (!untouched(context))
            fail_msg("allocation %d of the attempt failed, and something is left behind", n);
    }
}

#endif
