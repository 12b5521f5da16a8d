/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The names of the statements in statements.def: W_ is what the writer thread executes, and its operation code in
 * the ring; R_ is what the broker thread reads. */
#ifndef SCHEMA_STATEMENTS_H
#define SCHEMA_STATEMENTS_H

#include <stddef.h>

enum write_op {
#define WRITE(op, name, sql) W_##name = op,
#define READ(name, sql)
#include "schema/statements.def"
#undef WRITE
#undef READ
};

enum read_id {
#define WRITE(op, name, sql)
#define READ(name, sql) R_##name,
#include "schema/statements.def"
#undef WRITE
#undef READ
    READS
};

struct write_statement {
    const char *name, *sql; /* NULL: there is no such operation */
};
#define WRITE_OPS 320
extern const struct write_statement write_statements[WRITE_OPS]; /* by operation code */

/* NULL: this release does not know it. */
static inline const struct write_statement *write_statement(size_t op)
{
    return op < WRITE_OPS && write_statements[op].sql ? &write_statements[op] : NULL;
}

#endif
