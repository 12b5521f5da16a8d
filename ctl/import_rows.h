/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A file of rows, CSV (RFC 4180, with a line of names first) or JSON (an array of objects, or one object after the other), read
 * as a stream: each row as an object that fits the columns. */
#ifndef CTL_IMPORT_ROWS_H
#define CTL_IMPORT_ROWS_H

#include <cjson/cJSON.h>

#include "ctl/form.h"
#include "ctl/import_source.h"

#define ROW_BYTES_MAX   200000 /* fits one request */
#define CSV_COLUMNS_MAX 64
#define FAULT_LINE_MAX  (FORM_FAULT_MAX + 100)

struct import_row {
    int64_t line;       /* where it begins */
    int64_t begin, end; /* offsets: reading may go on at either */
    uint64_t hash;      /* of the file up to `end` */
    cJSON *object;      /* for row_clear; NULL: it does not fit */
    char *text;         /* JSON: as it stands in the file, for row_clear; otherwise NULL */
    char *fault;        /* "users.csv:17: ...", for row_clear; NULL: it fits */
};

struct import_rows {
    struct import_source source;
    const char *name; /* of the file, without its folders */
    bool is_json, in_array, begun;
    char *names[CSV_COLUMNS_MAX]; /* of the columns of CSV */
    int name_count;
    char *buffer; /* of a row: ROW_BYTES_MAX and a NUL; CSV: its cells, each with a NUL */
    size_t used;
    struct form_sheet form;
    char where[400];
};

enum rows_read {
    ROWS_ONE,   /* a row, be it one that fits or one with a fault */
    ROWS_END,   /* no more */
    ROWS_BROKEN /* what follows cannot be read; row->fault says why */
};

/* By the end of its name: .csv, .json, .jsonl or .ndjson. `fields` (borrowed) are the columns; with `open` there are any others
 * beside them. Reads the line of names. Returns an exit code; what is wrong has been said. */
__attribute__((warn_unused_result)) int rows_open(struct import_rows *rows, const char *path,
                                                  const struct command_field *fields, bool open);
void rows_close(struct import_rows *rows);

enum rows_read rows_next(struct import_rows *rows, struct import_row *row);
/* Goes on at the begin or the end of a row that was read from this file before. false: it is shorter. Only forwards; whether it
 * is the same file, rows->source.hash tells. */
__attribute__((warn_unused_result)) bool rows_go_to(struct import_rows *rows, int64_t offset);

void row_clear(struct import_row *row);

/* The two formats: the next row, as it stands in the file. On ROWS_ONE without row->fault the row's object is there, but not
 * checked yet. */
enum rows_read csv_next(struct import_rows *rows, struct import_row *row);
enum rows_read json_next(struct import_rows *rows, struct import_row *row);
/* The line of names. */
__attribute__((warn_unused_result)) int csv_open(struct import_rows *rows);
/* Notes what is wrong with a row: "FILE:LINE: " stands in front. */
__attribute__((format(printf, 3, 4))) void row_blame(struct import_rows *rows, struct import_row *row,
                                                     const char *format, ...);

#endif
