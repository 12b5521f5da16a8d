/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/edits.h"

#include <string.h>

#include "lib/basics.h"

int64_t edits_between(const char *a, size_t a_len, const char *b)
{
    int64_t len = (int64_t)strlen(b), line[EDITS_BYTES_MAX + 1];
    if (a_len > EDITS_BYTES_MAX || len > EDITS_BYTES_MAX)
        return EDITS_BYTES_MAX + 1;
    for (int64_t j = 0; j <= len; j++)
        line[j] = j;
    for (int64_t i = 1; i <= (int64_t)a_len; i++) {
        int64_t diagonal = line[0];
        line[0] = i;
        for (int64_t j = 1; j <= len; j++) {
            int64_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = line[j];
            line[j] = smaller(replaced, smaller(line[j], line[j - 1]) + 1);
        }
    }
    return line[len];
}
