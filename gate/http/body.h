/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The body of one request as it comes: in memory, or in a file that has no name. */
#ifndef GATE_HTTP_BODY_H
#define GATE_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_READ                                                                                            \
    67108864 /* bytes beyond what the route takes: read and forgotten, so that a client can be told */

struct body {
    uint64_t most; /* bytes that the route takes */
    uint64_t len;  /* that have come */
    char *text;    /* with a NUL behind it; NULL: nothing, or in a file */
    size_t room;
    int fd;      /* -1: in memory */
    bool broken; /* it could not be written */
};

/* A file in `folder`, NULL: in TMPDIR, else /tmp. It is gone when it is closed. -1: errno says why. */
int body_file_open(const char *folder);

/* false: it is no use to read on: far too much, or out of memory. */
__attribute__((warn_unused_result)) bool body_take(struct body *body, const char *data, size_t len);
void body_clear(struct body *body);

#endif
