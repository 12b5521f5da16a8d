/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/keyed_hash.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct keyed_hash_secret keyed_hash_secret;

/* A kernel without getrandom: where it was loaded and when is still more than a stranger knows. */
static void guess_secret(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    keyed_hash_secret.first ^= (uint64_t)(uintptr_t)&now;
    keyed_hash_secret.second ^= (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid();
}

__attribute__((constructor)) static void make_secret(void)
{
    if (getrandom(&keyed_hash_secret, sizeof keyed_hash_secret, 0) != sizeof keyed_hash_secret)
        guess_secret();
}
