/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* CSV as RFC 4180 has it: cells between commas, in quotes where they have commas, quotes (doubled) or line ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/complain.h"
#include "ctl/import_rows.h"
#include "lib/utf8.h"

/* The cells of a line, one behind the other in rows->buffer. */
struct csv_line {
    size_t begin[CSV_COLUMNS_MAX + 1];
    int count;
};

enum csv_fault { CSV_FINE, CSV_TOO_LONG, CSV_OPEN_QUOTE, CSV_STRAY_QUOTE, CSV_BEHIND_QUOTE, CSV_TOO_MANY };

static const char *const faults[] = {
    [CSV_TOO_LONG] = "the row is longer than 200000 bytes: is there a quote that is not closed?",
    [CSV_OPEN_QUOTE] = "a quote that begins in this row is not closed",
    [CSV_STRAY_QUOTE] = "a quote inside of a cell: put the cell in quotes, and write the quote twice",
    [CSV_BEHIND_QUOTE] = "behind the closing quote of a cell stands something else than a comma",
    [CSV_TOO_MANY] = "the row has more than 64 cells",
};

static bool put(struct import_rows *rows, int c)
{
    if (rows->used >= ROW_BYTES_MAX)
        return false;
    rows->buffer[rows->used++] = (char)c;
    return true;
}

static bool ends_cell(int c)
{
    return c < 0 || c == ',' || c == '\n' || c == '\r';
}

/* Behind the quote that opens it. */
static enum csv_fault read_quoted(struct import_rows *rows)
{
    for (;;) {
        int c = source_next(&rows->source);
        if (c < 0)
            return CSV_OPEN_QUOTE;
        if (c == '"' && source_peek(&rows->source) != '"')
            return ends_cell(source_peek(&rows->source)) ? CSV_FINE : CSV_BEHIND_QUOTE;
        if (c == '"')
            source_next(&rows->source);
        if (!put(rows, c))
            return CSV_TOO_LONG;
    }
}

static enum csv_fault read_plain(struct import_rows *rows)
{
    while (!ends_cell(source_peek(&rows->source))) {
        int c = source_next(&rows->source);
        if (c == '"')
            return CSV_STRAY_QUOTE;
        if (!put(rows, c))
            return CSV_TOO_LONG;
    }
    return CSV_FINE;
}

static enum csv_fault read_cell(struct import_rows *rows, struct csv_line *line)
{
    if (line->count == CSV_COLUMNS_MAX)
        return CSV_TOO_MANY;
    line->begin[line->count++] = rows->used;
    enum csv_fault fault = CSV_FINE;
    if (source_peek(&rows->source) == '"') {
        source_next(&rows->source);
        fault = read_quoted(rows);
    } else
        fault = read_plain(rows);
    return fault == CSV_FINE && !put(rows, '\0') ? CSV_TOO_LONG : fault;
}

/* CR LF, LF, or the end of the file. */
static void skip_line_end(struct import_rows *rows)
{
    if (source_peek(&rows->source) == '\r')
        source_next(&rows->source);
    if (source_peek(&rows->source) == '\n')
        source_next(&rows->source);
}

static void skip_rest(struct import_rows *rows)
{
    while (source_peek(&rows->source) >= 0 && source_peek(&rows->source) != '\n')
        source_next(&rows->source);
    skip_line_end(rows);
}

/* With a fault the rest of the line is skipped; where a quote is open all is unsure. */
static enum csv_fault read_line(struct import_rows *rows, struct csv_line *line)
{
    enum csv_fault fault;
    line->count = 0;
    rows->used = 0;
    while ((fault = read_cell(rows, line)) == CSV_FINE && source_peek(&rows->source) == ',')
        source_next(&rows->source);
    line->begin[line->count] = rows->used;
    if (fault == CSV_FINE)
        skip_line_end(rows);
    else
        skip_rest(rows);
    return fault;
}

static const char *cell(const struct import_rows *rows, const struct csv_line *line, int number)
{
    return rows->buffer + line->begin[number];
}

static size_t cell_len(const struct csv_line *line, int number)
{
    return line->begin[number + 1] - line->begin[number] - 1;
}

static bool is_text(const struct import_rows *rows, const struct csv_line *line, int number)
{
    const size_t len = cell_len(line, number);
    return utf8_valid(cell(rows, line, number), len) && !memchr(cell(rows, line, number), '\0', len);
}

/* The line of names */

static bool has_column(const struct import_rows *rows, const char *name)
{
    for (int i = 0; i < rows->name_count; i++)
        if (strcmp(rows->names[i], name) == 0)
            return true;
    return false;
}

static int add_name(struct import_rows *rows, const char *name)
{
    snprintf(rows->where, sizeof rows->where, "%s:1", rows->name);
    if (!*name)
        return complain_usage("%s: a column has no name", rows->where);
    if (has_column(rows, name))
        return complain_usage("%s: the column %s is there twice", rows->where, name);
    rows->names[rows->name_count] = strdup(name);
    return rows->names[rows->name_count++] ? EXIT_DONE : complain("out of memory");
}

/* Is each a column, and is what must be there there? A text fits every column's name. */
static int check_names(struct import_rows *rows)
{
    const struct command_field *field = rows->form.fields;
    cJSON *object = cJSON_CreateObject();
    int result = object ? EXIT_DONE : complain("out of memory");
    for (int i = 0; i < rows->name_count && result == EXIT_DONE; i++) {
        result = form_add(&rows->form, object, rows->names[i], "0");
        if (result != EXIT_DONE)
            complain_usage("%s", rows->form.fault);
    }
    cJSON_Delete(object);
    for (; result == EXIT_DONE && field->type != TYPE_NONE; field++) {
        const char *name = field_name(field->name);
        const bool address = field->type == TYPE_ADDRESS;
        if (field->need == NEED_REQUIRED && !has_column(rows, name) &&
            !(address && has_column(rows, field_name(FIELD_GROUP))))
            result =
                complain_usage("%s: the column %s is missing", rows->where, address ? "to, or group," : name);
    }
    return result;
}

int csv_open(struct import_rows *rows)
{
    struct csv_line line;
    enum csv_fault fault = read_line(rows, &line);
    if (fault != CSV_FINE)
        return complain_usage("%s:1: %s", rows->name, faults[fault]);
    if (line.count == 1 && strpbrk(cell(rows, &line, 0), ";\t"))
        return complain_usage("%s:1: columns must be separated by commas", rows->name);
    int result = EXIT_DONE;
    for (int i = 0; i < line.count && result == EXIT_DONE; i++)
        result = is_text(rows, &line, i)
                     ? add_name(rows, cell(rows, &line, i))
                     : complain_usage("%s:1: the name of column %d is not UTF-8", rows->name, i + 1);
    return result == EXIT_DONE ? check_names(rows) : result;
}

/* Rows */

/* A cell with nothing in it is not there. */
static void fill(struct import_rows *rows, const struct csv_line *line, struct import_row *row)
{
    for (int i = 0; i < line->count && !row->fault; i++)
        if (!is_text(rows, line, i))
            row_blame(rows, row, "%s is not UTF-8", rows->names[i]);
        else if (cell_len(line, i) > 0 &&
                 form_add(&rows->form, row->object, rows->names[i], cell(rows, line, i)) != EXIT_DONE)
            row->fault = strdup(rows->form.fault);
}

static void take_line(struct import_rows *rows, const struct csv_line *line, struct import_row *row)
{
    snprintf(rows->where, sizeof rows->where, "%s:%lld", rows->name, (long long)row->line);
    row->object = cJSON_CreateObject();
    if (line->count != rows->name_count)
        row_blame(rows, row, "has %d cells, and there are %d columns", line->count, rows->name_count);
    else if (!row->object)
        row_blame(rows, row, "out of memory");
    else
        fill(rows, line, row);
}

enum rows_read csv_next(struct import_rows *rows, struct import_row *row)
{
    struct csv_line line;
    while (source_peek(&rows->source) == '\n' || source_peek(&rows->source) == '\r')
        source_next(&rows->source); /* empty lines */
    row->line = rows->source.line;
    if (source_peek(&rows->source) < 0)
        return ROWS_END;
    enum csv_fault fault = read_line(rows, &line);
    if (fault == CSV_FINE)
        take_line(rows, &line, row);
    else
        row_blame(rows, row, "%s", faults[fault]);
    return fault == CSV_OPEN_QUOTE || fault == CSV_TOO_LONG ? ROWS_BROKEN : ROWS_ONE;
}
