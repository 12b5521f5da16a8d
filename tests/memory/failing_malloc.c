/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tests/memory/failing_malloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* Who serves what does not fail: AddressSanitizer where it is there, else the C library. No dlsym(RTLD_NEXT):
 * it allocates itself. This file is compiled without sanitizers: they allocate before they are ready. */
#define REAL(name) (__interceptor_##name ? __interceptor_##name : __libc_##name)
#define DECLARE(result, name, ...)                                                                           \
    result __libc_##name(__VA_ARGS__);                                                                       \
    __attribute__((weak)) result __interceptor_##name(__VA_ARGS__)
DECLARE(void *, malloc, size_t size);
DECLARE(void *, calloc, size_t count, size_t size);
DECLARE(void *, realloc, void *block, size_t size);
DECLARE(void *, memalign, size_t alignment, size_t size);
DECLARE(void, free, void *block);

static atomic_bool armed;
static atomic_ulong asked, failed;
static atomic_long blocks;
static unsigned long first; /* that fails; 0: none */
static enum memory_fault how;
static enum memory_whose who;
static _Thread_local bool here; /* the thread that called memory_fail */
static _Thread_local int pauses;

void memory_fail(enum memory_whose whose, enum memory_fault fault, unsigned long nth)
{
    first = nth;
    how = fault;
    who = whose;
    here = true;
    atomic_store(&asked, 0);
    atomic_store(&failed, 0);
    atomic_store(&armed, true);
}

unsigned long memory_heal(void)
{
    atomic_store(&armed, false);
    here = false;
    return atomic_load(&failed);
}

unsigned long memory_asked(void)
{
    return atomic_load(&asked);
}

long memory_blocks(void)
{
    return __interceptor_malloc ? 0 : atomic_load(&blocks);
}

void memory_pause(void)
{
    pauses++;
}

void memory_resume(void)
{
    pauses--;
}

/* Has this one to fail? */
static bool fails(void)
{
    if (!atomic_load(&armed) || pauses > 0 || here != (who == MEMORY_OF_THIS_THREAD))
        return false;
    unsigned long number = atomic_fetch_add(&asked, 1) + 1;
    if (first == 0 || number < first || (number > first && how == MEMORY_FAILS_ONCE))
        return false;
    atomic_fetch_add(&failed, 1);
    errno = ENOMEM;
    return true;
}

static void *count(void *block)
{
    if (block)
        atomic_fetch_add(&blocks, 1);
    return block;
}

void *malloc(size_t size)
{
    return fails() ? NULL : count(REAL(malloc)(size));
}

void *calloc(size_t number, size_t size)
{
    return fails() ? NULL : count(REAL(calloc)(number, size));
}

void *realloc(void *block, size_t size)
{
    if (!block)
        return malloc(size);
    return size > 0 && fails() ? NULL : REAL(realloc)(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : count(REAL(memalign)(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *block = memalign(alignment, size);
    if (!block)
        return ENOMEM;
    *out = block;
    return 0;
}

/* AddressSanitizer has these two of its own, which would not come here. */
char *strndup(const char *text, size_t max)
{
    size_t len = strnlen(text, max);
    char *copy = malloc(len + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}

void free(void *block)
{
    if (block)
        atomic_fetch_sub(&blocks, 1);
    REAL(free)(block);
}
