/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/statements.h"

/* The compiler refuses an operation code that is used twice. */
const struct write_statement write_statements[WRITE_OPS] = {
#define WRITE(code, name, sql) [code] = {#name, sql},
#define READ(name, sql)
#include "schema/statements.def"
#undef WRITE
#undef READ
};
