/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An import on its way: reads rows, has them asked for in batches, some at a time, and writes down how far all is. The broker may
 * go away for a while. */
#ifndef CTL_IMPORT_RUN_H
#define CTL_IMPORT_RUN_H

#include "ctl/import_batch.h"
#include "ctl/import_progress.h"
#include "lib/daemon/link.h"

#define UNDER_WAY_MAX 8

struct import_run {
    /* The caller's, borrowed */
    const struct import_kind *kind;
    const char *path;
    const struct link_config *config;
    bool unread;

    struct command_field columns[COMMAND_FIELDS_MAX];
    struct import_rows rows;
    struct import_progress progress;
    struct import_item held; /* read, but for the next batch */
    bool has_held, no_more;
    char *broken; /* why the file cannot be read on */
    struct import_batch *first, *last;
    int batches;

    struct link *link;
    struct import_batch *asked[UNDER_WAY_MAX]; /* whose answers are awaited, in their order */
    int asked_count;
    bool is_up, was_up;
    char fatal[200]; /* why it cannot go on at all */
    int64_t heard;   /* when something was, ms of clock_steady */
    int64_t busy;    /* since when the broker says that it is busy; 0: it does not */
};

/* Opens the file. Returns an exit code; what is wrong has been said. run_close in either case. */
__attribute__((warn_unused_result)) int run_open(struct import_run *run);
void run_close(struct import_run *run);
/* The next rows of the file; false: there are none. */
bool run_read(struct import_run *run);
/* The first batch is settled: counts it, and drops it. */
void run_retire(struct import_run *run);
/* After run_open and progress_open, which has found a place: goes there, or to the beginning where it is none of this file. */
__attribute__((warn_unused_result)) int run_resume(struct import_run *run);

/* Connects, and imports all there is, until SIGINT or SIGTERM. Returns an exit code; what is wrong has been said. */
__attribute__((warn_unused_result)) int run_import(struct import_run *run);

#endif
