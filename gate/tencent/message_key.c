/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/tencent/message_key.h"

#include <stdio.h>
#include <string.h>

#include "lib/json.h"

#define SECONDS_BITS 21 /* what is left of 53 above theirs */
#define THEIRS       INT64_C(0xffffffff)

int64_t message_random(int64_t seconds, int64_t theirs)
{
    return (seconds & ((1 << SECONDS_BITS) - 1)) << 32 | (theirs & THEIRS);
}

int64_t message_their_random(int64_t random)
{
    return random & THEIRS;
}

void message_key_print(char out[MESSAGE_KEY_MAX], int64_t seq, int64_t random, int64_t seconds)
{
    snprintf(out, MESSAGE_KEY_MAX, "%lld_%lld_%lld", (long long)seq, (long long)message_their_random(random),
             (long long)seconds);
}

bool message_key_read(const char *key, int64_t *seq)
{
    unsigned long long first, second, third;
    char more;
    if (strspn(key, "0123456789_") != strlen(key) || strlen(key) >= MESSAGE_KEY_MAX ||
        sscanf(key, "%19llu_%19llu_%19llu%c", &first, &second, &third, &more) != 3 ||
        first > SAFE_INTEGER_MAX)
        return false;
    *seq = (int64_t)first;
    return true;
}
