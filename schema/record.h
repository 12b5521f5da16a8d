/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How the parameters of a statement stand in a ring record: one tag byte each ('i' 'b' 'n'), then 8 bytes of
 * number, or 4 bytes of length and the text. Pure; any thread. */
#ifndef SCHEMA_RECORD_H
#define SCHEMA_RECORD_H

#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes the parameters take. Formats: see store_put. */
size_t record_size(const char *format, va_list parameters);
/* Writes them; returns the place of the last text, NULL when there was none. */
char *record_write(uint8_t *out, const char *format, va_list parameters);
/* Binds a record's parameters as ?1 ?2 ...; the texts are not copied. SQLite's result; SQLITE_CORRUPT when
 * malformed. */
int record_bind(sqlite3_stmt *statement, const uint8_t *bytes, size_t len);

/* Bytes of the first `count` parameters; 0 when there are not so many. */
size_t record_prefix(const uint8_t *bytes, size_t len, int count);

#endif
