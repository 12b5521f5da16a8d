/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/print.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/say.h"

#define CELL_WIDTH_MAX 60 /* characters */
#define COLUMNS_MAX                                                                                          \
    12 /* objects with more members than that together are of several kinds: a line for each */

/* Cells */

/* Characters, not bytes, and not what a terminal makes of them. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void cut(char *text)
{
    size_t width = 0;
    for (char *last = text; *text; text++) {
        if (((unsigned char)*text & 0xc0) == 0x80)
            continue;
        if (++width > CELL_WIDTH_MAX) {
            memcpy(last, "~", 2);
            return;
        }
        last = text;
    }
}

static void tidy(char *text)
{
    say_safely(text);
    cut(text);
}

static char *number_text(double number)
{
    char text[40];
    const bool whole = number >= (double)-SAFE_INTEGER_MAX && number <= (double)SAFE_INTEGER_MAX &&
                       number == (double)(int64_t)number;
    if (whole)
        snprintf(text, sizeof text, "%lld", (long long)number);
    else
        snprintf(text, sizeof text, "%g", number);
    return strdup(text);
}

/* malloc'ed; NULL: out of memory. */
static char *cell_text(const cJSON *item)
{
    char *text = !item                  ? strdup("")
                 : cJSON_IsString(item) ? strdup(item->valuestring)
                 : cJSON_IsNumber(item) ? number_text(item->valuedouble)
                                        : cJSON_PrintUnformatted(item);
    if (text)
        tidy(text);
    return text;
}

static size_t cell_width(const cJSON *item)
{
    char *text = cell_text(item);
    size_t width = text ? width_of(text) : 1;
    free(text);
    return width;
}

static void pad(size_t width, size_t until)
{
    for (; width < until; width++)
        putchar(' ');
}

static void print_cell(const cJSON *item, size_t width, bool last)
{
    char *text = cell_text(item);
    fputs(text ? text : "?", stdout);
    if (!last)
        pad(text ? width_of(text) : 1, width + 2);
    free(text);
}

/* Tables */

struct print_columns {
    const char *name[COLUMNS_MAX];
    size_t width[COLUMNS_MAX];
    size_t count;
    bool too_many;
};

static void widen(struct print_columns *columns, const cJSON *item)
{
    size_t at = 0;
    while (at < columns->count && strcmp(columns->name[at], item->string) != 0)
        at++;
    if (at == COLUMNS_MAX) {
        columns->too_many = true;
        return;
    }
    if (at == columns->count) {
        columns->name[columns->count++] = item->string;
        columns->width[at] = width_of(item->string);
    }
    size_t width = cell_width(item);
    if (width > columns->width[at])
        columns->width[at] = width;
}

static void print_row(const struct print_columns *columns, const cJSON *object)
{
    for (size_t i = 0; i < columns->count; i++)
        print_cell(cJSON_GetObjectItemCaseSensitive(object, columns->name[i]), columns->width[i],
                   i + 1 == columns->count);
    putchar('\n');
}

static void print_rows(const struct print_columns *columns, const cJSON *list)
{
    const cJSON *object;
    for (size_t i = 0; i < columns->count; i++) {
        fputs(columns->name[i], stdout);
        if (i + 1 < columns->count)
            pad(width_of(columns->name[i]), columns->width[i] + 2);
    }
    putchar('\n');
    cJSON_ArrayForEach (object, list)
        print_row(columns, object);
}

/* "kind=profile userID=alice" */
static void print_line(const cJSON *object)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, object) {
        printf("%s%s=", item == object->child ? "" : " ", item->string);
        print_cell(item, 0, true);
    }
    putchar('\n');
}

static void print_list(const cJSON *list)
{
    struct print_columns columns = {.count = 0};
    const cJSON *object, *item;
    cJSON_ArrayForEach (object, list)
        cJSON_ArrayForEach (item, object)
            widen(&columns, item);
    if (!columns.too_many) {
        print_rows(&columns, list);
        return;
    }
    cJSON_ArrayForEach (object, list)
        print_line(object);
}

static bool is_table(const cJSON *item)
{
    const cJSON *element;
    cJSON_ArrayForEach (element, item)
        if (!cJSON_IsObject(element))
            return false;
    return cJSON_IsArray(item) && item->child;
}

static void print_member(const cJSON *item, size_t width)
{
    fputs(item->string, stdout);
    pad(width_of(item->string), width + 2);
    print_cell(item, 0, true);
    putchar('\n');
}

/* All members that are no tables; their number. */
static size_t print_members(const cJSON *data)
{
    const cJSON *item;
    size_t width = 0, count = 0;
    cJSON_ArrayForEach (item, data)
        if (!is_table(item) && width_of(item->string) > width)
            width = width_of(item->string);
    cJSON_ArrayForEach (item, data) {
        if (is_table(item))
            continue;
        print_member(item, width);
        count++;
    }
    return count;
}

/* Of a message users choose the names, too. */
static void tidy_names(cJSON *data)
{
    cJSON *item;
    cJSON_ArrayForEach (item, data) {
        if (item->string)
            tidy(item->string);
        tidy_names(item);
    }
}

void print_table(const cJSON *list)
{
    print_list(list);
}

void print_data(cJSON *data)
{
    const cJSON *item;
    tidy_names(data);
    if (!data || !data->child)
        puts("ok");
    bool some = print_members(data) > 0;
    cJSON_ArrayForEach (item, data) {
        if (!is_table(item))
            continue;
        printf("%s%s:\n", some ? "\n" : "", item->string);
        print_list(item);
        some = true;
    }
}
