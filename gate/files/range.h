/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The header Range (RFC 9110, section 14). Pure. */
#ifndef GATE_FILES_RANGE_H
#define GATE_FILES_RANGE_H

#include <stdint.h>

enum range_result {
    RANGE_WHOLE, /* there is none, or one that is not understood: several ranges, another unit */
    RANGE_PART,
    RANGE_OUTSIDE /* nothing of it is there: 416 */
};

/* Of a file of `size` bytes. RANGE_PART: from *first, *count bytes. `header` may be NULL. */
enum range_result range_read(const char *header, uint64_t size, uint64_t *first, uint64_t *count);

#endif
