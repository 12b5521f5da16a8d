/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The clock, latencies, and who used how much CPU while it ran. */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdbool.h>

/* Nanoseconds of the monotonic clock. */
long long meter_now(void);

/* broker: its process id; 0: its CPU is not looked at. pause: print `begin` and `end` and wait for a
 * line on stdin each time, so that a profiler can be put on the broker. */
void meter_init(int broker, bool pause);

/* A process that the broker has started: its CPU is added to the tree's. At most 32. */
void meter_add_child(int process);

/* Ends the broker with SIGKILL, as the kernel does when memory is out. */
void meter_kill_broker(void);
/* Prints a word, and waits for a line on stdin: whoever reads it may do something meanwhile. */
void meter_ask(const char *word);

/* May be called in turn more than once: what was used adds up. */
void meter_start(void);
void meter_stop(void);

/* Counts while the clock runs only. */
void meter_latency(long long nanoseconds);

/* After how long everybody had what he was owed; 0 in the line below where nobody says. */
void meter_served(long long nanoseconds);

/* One line of JSON: how many `units` a second, latencies in microseconds, the share of one core that this
 * process used, and per unit the CPU microseconds of the broker's main thread, of its other threads, and of
 * all its threads and those of the processes that it has started (tree_us). */
void meter_print(const char *name, const char *unit, long count);

#endif
