/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* JSON: one array of objects, or objects one after the other. Each is cut out by its braces and strings, and read strictly
 * then. */
#include <stdlib.h>
#include <string.h>

#include "ctl/import_rows.h"
#include "lib/json.h"
#include "lib/json_text.h"

#define ENVELOPE_DEPTH 5 /* of the request around it */

static int skip_space(struct import_rows *rows)
{
    int c;
    while ((c = source_peek(&rows->source)) >= 0 && json_is_space((char)c))
        source_next(&rows->source);
    return c;
}

static enum rows_read break_off(struct import_rows *rows, struct import_row *row, const char *why)
{
    row->line = rows->source.line;
    row_blame(rows, row, "%s", why);
    return ROWS_BROKEN;
}

/* Behind the last row's comma, at a brace (ROWS_ONE), or at the end. */
static enum rows_read find_row(struct import_rows *rows, struct import_row *row)
{
    int c = skip_space(rows);
    if (!rows->begun && c == '[') {
        rows->in_array = true;
        source_next(&rows->source);
        c = skip_space(rows);
    } else if (rows->begun && rows->in_array && c == ',') {
        source_next(&rows->source);
        c = skip_space(rows);
    } else if (rows->begun && rows->in_array && c == '{')
        return break_off(rows, row, "a comma is missing before this object");
    rows->begun = true;
    if (c == '{')
        return ROWS_ONE;
    if (rows->in_array && c == ']') {
        source_next(&rows->source);
        c = skip_space(rows);
        rows->in_array = false;
        return c < 0 ? ROWS_END : break_off(rows, row, "something stands behind the end of the array");
    }
    if (c < 0 && !rows->in_array)
        return ROWS_END;
    return break_off(rows, row,
                     c < 0 ? "the array is not closed: has the file been cut?"
                           : "here must be an object, {...}");
}

/* From its first brace to its last into the buffer. NULL, or what is wrong. */
static const char *cut_out(struct import_rows *rows)
{
    int depth = 0, c;
    bool in_string = false;
    rows->used = 0;
    do {
        c = source_next(&rows->source);
        if (c < 0)
            return "the object that begins here is not closed: has the file been cut?";
        if (rows->used + 1 >= ROW_BYTES_MAX)
            return "the object is longer than 200000 bytes: is it not closed?";
        rows->buffer[rows->used++] = (char)c;
        if (in_string && c == '\\' && source_peek(&rows->source) >= 0)
            rows->buffer[rows->used++] = (char)source_next(&rows->source);
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string)
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    } while (depth > 0 || in_string);
    rows->buffer[rows->used] = '\0';
    return NULL;
}

static bool is_too_deep(const char *text)
{
    int depth = 0, deepest = 0;
    for (const char *p = text; *p; p++) {
        if (*p == '"') {
            p = json_skip_string(p) - 1;
            continue;
        }
        depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest > JSON_DEPTH_MAX - ENVELOPE_DEPTH;
}

/* What one row has wrong would be wrong with the whole request that it is in. */
static void read_object(struct import_rows *rows, struct import_row *row)
{
    struct json_facts facts = {0};
    const char *twice = NULL;
    if (!json_scan(rows->buffer, rows->used, &facts))
        row_blame(rows, row, "is not valid JSON");
    else if (facts.nul || facts.nul_name)
        row_blame(rows, row, "has a \\u0000");
    else if (is_too_deep(rows->buffer))
        row_blame(rows, row, "is nested too deep");
    else if (!(row->object = json_parse(rows->buffer, rows->used, &facts)) ||
             !(row->text = strndup(rows->buffer, rows->used)))
        row_blame(rows, row, "out of memory");
    else if (!json_unique(row->object, &twice))
        row_blame(rows, row, "has %s twice", twice ? twice : "a name");
}

enum rows_read json_next(struct import_rows *rows, struct import_row *row)
{
    enum rows_read read = find_row(rows, row);
    if (read != ROWS_ONE)
        return read;
    row->line = rows->source.line;
    const char *fault = cut_out(rows);
    if (fault) {
        row_blame(rows, row, "%s", fault);
        return ROWS_BROKEN;
    }
    read_object(rows, row);
    return ROWS_ONE;
}
