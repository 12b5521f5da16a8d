/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/import_rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl/complain.h"
#include "lib/basics.h"
#include "lib/json_text.h"

#define EARLIEST_MS 1e11 /* 1973: what is less is in seconds */

void row_clear(struct import_row *row)
{
    cJSON_Delete(row->object);
    free(row->text);
    free(row->fault);
    *row = (struct import_row){0};
}

void row_blame(struct import_rows *rows, struct import_row *row, const char *format, ...)
{
    char text[FAULT_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    free(row->fault);
    if (asprintf(&row->fault, "%s:%lld: %s", rows->name, (long long)row->line, text) < 0)
        row->fault = NULL;
}

/* 0: CSV, 1: JSON, -1: something else. */
static int format_of(const char *path)
{
    static const struct {
        const char *suffix;
        int format;
    } formats[] = {{".csv", 0}, {".json", 1}, {".jsonl", 1}, {".ndjson", 1}};
    const size_t len = strlen(path);
    for (size_t i = 0; i < COUNT(formats); i++) {
        const size_t end = strlen(formats[i].suffix);
        if (len > end && strcasecmp(path + len - end, formats[i].suffix) == 0)
            return formats[i].format;
    }
    return -1;
}

int rows_open(struct import_rows *rows, const char *path, const struct command_field *fields, bool open)
{
    const int format = format_of(path);
    const char *slash = strrchr(path, '/');
    *rows = (struct import_rows){.source.fd = -1, .name = slash ? slash + 1 : path, .is_json = format == 1};
    rows->form = (struct form_sheet){.where = rows->where, .noun = "column", .fields = fields, .open = open};
    if (format < 0)
        return complain_usage("%s: must be a file .csv or .json (.jsonl, .ndjson)", path);
    rows->buffer = malloc(ROW_BYTES_MAX + 1);
    if (!rows->buffer)
        return complain("out of memory");
    int result = source_open(&rows->source, path);
    return result == EXIT_DONE && !rows->is_json ? csv_open(rows) : result;
}

void rows_close(struct import_rows *rows)
{
    source_close(&rows->source);
    for (int i = 0; i < rows->name_count; i++)
        free(rows->names[i]);
    free(rows->buffer);
}

static bool is_column(const struct import_rows *rows, const char *name)
{
    for (const struct command_field *field = rows->form.fields; field->type != TYPE_NONE; field++)
        if (strcmp(field_name(field->name), name) == 0)
            return true;
    return strcmp(name, field_name(FIELD_GROUP)) == 0;
}

/* As the broker has it, and an empty cell of CSV. Of what else a message has we know nothing. */
static bool is_nothing(const struct import_rows *rows, const cJSON *item)
{
    return cJSON_IsNull(item) ||
           (cJSON_IsString(item) && !*item->valuestring && is_column(rows, item->string));
}

/* Then the text of the file is not what is meant. */
static void drop_nothings(const struct import_rows *rows, struct import_row *row)
{
    cJSON *item = row->object->child;
    while (item) {
        cJSON *next = item->next;
        if (is_nothing(rows, item)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(row->object, item));
            free(row->text);
            row->text = NULL;
        }
        item = next;
    }
}

/* Seconds are a mistake that nobody could take back, and that nobody sees before. */
static void check_times(struct import_rows *rows, struct import_row *row)
{
    static const enum field_name times[] = {FIELD_TIME, FIELD_JOIN_TIME, FIELD_CREATE_TIME};
    for (size_t i = 0; i < COUNT(times) && !row->fault; i++) {
        const cJSON *time = cJSON_GetObjectItemCaseSensitive(row->object, field_name(times[i]));
        if (cJSON_IsNumber(time) && time->valuedouble < EARLIEST_MS)
            row_blame(rows, row, "%s is before 1973: it must be in milliseconds, not seconds, since 1970",
                      field_name(times[i]));
    }
}

static void check(struct import_rows *rows, struct import_row *row)
{
    snprintf(rows->where, sizeof rows->where, "%s:%lld", rows->name, (long long)row->line);
    drop_nothings(rows, row);
    if (form_check(&rows->form, row->object) != EXIT_DONE)
        row->fault = strdup(rows->form.fault);
    else
        check_times(rows, row);
}

enum rows_read rows_next(struct import_rows *rows, struct import_row *row)
{
    *row = (struct import_row){.line = rows->source.line, .begin = rows->source.offset};
    enum rows_read read = rows->is_json ? json_next(rows, row) : csv_next(rows, row);
    if (rows->source.error != 0) {
        row_blame(rows, row, "%s", strerror(rows->source.error));
        return ROWS_BROKEN;
    }
    if (read == ROWS_ONE && row->object && !row->fault)
        check(rows, row);
    if (row->fault) {
        cJSON_Delete(row->object);
        row->object = NULL;
    }
    row->end = rows->source.offset;
    row->hash = rows->source.hash;
    return read;
}

bool rows_go_to(struct import_rows *rows, int64_t offset)
{
    struct import_source *source = &rows->source;
    if (offset == source->offset)
        return true;
    while (rows->is_json && !rows->begun && json_is_space((char)source_peek(source)))
        source_next(source);
    if (rows->is_json && !rows->begun)
        rows->in_array = source_peek(source) == '[';
    rows->begun = true;
    return source_skip_to(source, offset);
}
