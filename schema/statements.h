/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The names of the statements in statements.def: W_ is what the writer thread executes, and its operation code in
 * the ring; R_ is what the broker thread reads. */
#ifndef SCHEMA_STATEMENTS_H
#define SCHEMA_STATEMENTS_H

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

#endif
