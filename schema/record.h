/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How the parameters of a statement stand in a ring record: one tag byte each ('i' 'b' 'n'), then 8 bytes of
 * number, or 4 bytes of length and the text. Pure; any thread. */
#ifndef SCHEMA_RECORD_H
#define SCHEMA_RECORD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes the parameters take. Formats: see store_put. */
size_t record_size(const char *format, va_list parameters);
/* Writes them; returns the place of the last text, NULL when there was none. */
char *record_write(uint8_t *out, const char *format, va_list parameters);
struct record_parameter {
    char kind;        /* 'i' 'b' 'n' */
    int64_t number;   /* of an 'i' */
    const char *text; /* of a 'b', in the record, without a NUL behind it */
    uint32_t len;
};
/* The parameter at *offset, 0 for the first, which moves behind it. false: at the end of the record, or before
 * it, and then the record is malformed. */
bool record_next(const uint8_t *bytes, size_t len, size_t *offset, struct record_parameter *parameter);

#endif
