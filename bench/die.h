/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#ifndef BENCH_DIE_H
#define BENCH_DIE_H

/* Prints a line and ends the program: a measurement with holes is none. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif
