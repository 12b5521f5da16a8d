/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Memory that ends when a test says so. Takes the place of malloc, calloc, realloc, free and what aligns, for
 * everything in the process: our own code, SQLite, OpenSSL, cJSON, zlib and the C library's strdup and
 * asprintf. Allocations are counted on the thread that asks for it, and fail from the Nth on.
 *
 * AddressSanitizer and valgrind still see each block: an allocation that does not fail goes on to whoever
 * would have served it without us. */
#ifndef TESTS_MEMORY_FAILING_MALLOC_H
#define TESTS_MEMORY_FAILING_MALLOC_H

#include <stdbool.h>

enum memory_fault {
    MEMORY_FAILS_ONCE, /* the Nth allocation fails, those after it do not */
    MEMORY_IS_OUT      /* the Nth fails, and so does each one after it */
};

enum memory_whose { MEMORY_OF_THIS_THREAD, MEMORY_OF_THE_OTHERS };

/* From now on, until memory_heal. `nth` counts from 1; 0: none fails, they are only counted. */
void memory_fail(enum memory_whose whose, enum memory_fault fault, unsigned long nth);

/* Everything works again. Returns how many allocations have failed. */
unsigned long memory_heal(void);

/* How many there were since memory_fail, those that failed included. Still true after memory_heal. */
unsigned long memory_asked(void);

/* Blocks that are in use now, whoever has them: what a life of the plugin leaves behind is a leak. With
 * AddressSanitizer 0: what it serves itself goes around us, and it looks for leaks itself. */
long memory_blocks(void);

/* For what is the test's own or the broker's, inside: neither fails nor is counted. May be nested. */
void memory_pause(void);
void memory_resume(void);

#endif
