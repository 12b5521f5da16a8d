/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A record's parameters, bound to its statement. Any thread. */
#ifndef SCHEMA_RECORD_BIND_H
#define SCHEMA_RECORD_BIND_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_MALFORMED SQLITE_FORMAT /* which SQLite itself does not use */

/* Binds a record's parameters as ?1 ?2 ...; the texts are not copied. SQLite's result, or RECORD_MALFORMED. */
int record_bind(sqlite3_stmt *statement, const uint8_t *bytes, size_t len);

#endif
