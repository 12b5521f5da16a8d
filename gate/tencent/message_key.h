/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Tencent names a private message by `<seq>_<random>_<seconds>`; ours needs no more than its seq. Pure. */
#ifndef GATE_TENCENT_MESSAGE_KEY_H
#define GATE_TENCENT_MESSAGE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#define MESSAGE_KEY_MAX 64

/* Tencent's numbers come again after a second, and examples have the same in all messages: ours have the second in
 * front. */
int64_t message_random(int64_t seconds, int64_t theirs);
/* And back. */
int64_t message_their_random(int64_t random);

void message_key_print(char out[MESSAGE_KEY_MAX], int64_t seq, int64_t random, int64_t seconds);
/* false: it is none, or its seq is larger than any (SAFE_INTEGER_MAX). */
bool message_key_read(const char *key, int64_t *seq);

#endif
