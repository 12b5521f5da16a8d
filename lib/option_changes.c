/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/option_changes.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/option_rows.h"

static size_t size_of(const struct option_row *row)
{
    static const size_t sizes[KIND_COUNT] = {[NUMBER] = sizeof(int64_t),
                                             [WORD] = sizeof(int),
                                             [WORDS] = sizeof(int),
                                             [TEXT] = sizeof(char *),
                                             [ADMINS] = sizeof(char *)};
    return sizes[row->kind];
}

static const char *text_of(struct plugin_options *options, const struct option_row *row)
{
    const char *const *text = option_field(options, row);
    return *text ? *text : "";
}

static bool is_same(struct plugin_options *a, struct plugin_options *b, const struct option_row *row)
{
    if (option_owns_text(row))
        return strcmp(text_of(a, row), text_of(b, row)) == 0;
    return memcmp(option_field(a, row), option_field(b, row), size_of(row)) == 0;
}

/* Which set it is in; NULL: it is as it was. */
static uint64_t *set_of(struct option_changes *changes, struct plugin_options *now,
                        struct plugin_options *next, size_t i)
{
    const struct option_row *row = &option_rows[i];
    const bool written = !is_same(now->conf, next->conf, row);
    if (row->flags & RUNNING) {
        if (!is_same(now, next, row))
            return &changes->taken;
        return written && (next->named & UINT64_C(1) << i) ? &changes->hidden : NULL;
    }
    if (!written)
        return NULL;
    return is_same(now, next->conf, row) ? &changes->back : &changes->later;
}

/* Swapped, not copied, so that clearing `b` frees what was replaced. */
static void swap(void *a, void *b, size_t size)
{
    char spare[sizeof(int64_t)];
    memcpy(spare, a, size);
    memcpy(a, b, size);
    memcpy(b, spare, size);
}

void option_changes_take(struct option_changes *changes, struct plugin_options *now,
                         struct plugin_options *next)
{
    memset(changes, 0, sizeof *changes);
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = &option_rows[i];
        uint64_t *set = set_of(changes, now, next, i);
        if (set)
            *set |= UINT64_C(1) << i;
        if (row->flags & RUNNING)
            swap(option_field(now, row), option_field(next, row), size_of(row));
    }
    swap(&now->conf, &next->conf, sizeof now->conf);
    now->named = next->named;
    plugin_options_clear(next);
}

const char *option_changes_next(uint64_t *set)
{
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (*set & UINT64_C(1) << i) {
            *set &= ~(UINT64_C(1) << i);
            return option_rows[i].name;
        }
    return NULL;
}

/* What cannot change while the broker runs are numbers and texts. */
static void show(struct plugin_options *options, const struct option_row *row, char shown[OPTION_SHOWN_MAX])
{
    if (option_owns_text(row)) {
        const char *text = text_of(options, row);
        snprintf(shown, OPTION_SHOWN_MAX, "%s", text[0] ? text : "none");
        return;
    }
    int64_t number;
    memcpy(&number, option_field(options, row), sizeof number);
    snprintf(shown, OPTION_SHOWN_MAX, "%" PRId64, number);
}

void option_changes_show(const struct plugin_options *options, const char *name, char shown[OPTION_SHOWN_MAX])
{
    shown[0] = '\0';
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (strcmp(option_rows[i].name, name) == 0)
            show(options->conf, &option_rows[i], shown);
}
