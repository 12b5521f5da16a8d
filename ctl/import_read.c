/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The half of an import that is about the file: from rows to batches, and from batches to what is written down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/bar.h"
#include "ctl/complain.h"
#include "ctl/import_run.h"

int run_open(struct import_run *run)
{
    memset(run->columns, 0, sizeof run->columns);
    run->kind->columns(run->columns);
    return rows_open(&run->rows, run->path, run->columns, run->kind->open);
}

static void drop_first(struct import_run *run)
{
    struct import_batch *batch = run->first;
    run->first = batch->next;
    if (!run->first)
        run->last = NULL;
    run->batches--;
    for (int i = 0; i < batch->count; i++)
        row_clear(&batch->items[i].row);
    free(batch);
}

static void drop_all(struct import_run *run)
{
    while (run->first)
        drop_first(run);
    if (run->has_held)
        row_clear(&run->held.row);
    run->has_held = false;
}

void run_close(struct import_run *run)
{
    drop_all(run);
    rows_close(&run->rows);
    free(run->broken);
}

/* Reading */

static struct import_batch *new_batch(struct import_run *run)
{
    struct import_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return NULL;
    batch->kind = run->kind;
    batch->name = run->rows.name;
    batch->unread = run->unread;
    if (run->last)
        run->last->next = batch;
    else
        run->first = batch;
    run->last = batch;
    run->batches++;
    return batch;
}

static void prepare(struct import_batch *batch, struct import_item *item)
{
    item->command = -1;
    item->state = item->row.fault ? ITEM_REFUSED : ITEM_OPEN;
    if (item->state == ITEM_OPEN && batch->kind->prepare)
        batch->kind->prepare(batch, item);
}

/* What was held, or the next of the file; false: there is none. */
static bool next_item(struct import_run *run, struct import_batch *batch, struct import_item *item)
{
    if (run->has_held) {
        *item = run->held;
        run->has_held = false;
        return true;
    }
    *item = (struct import_item){0};
    switch (run->no_more ? ROWS_END : rows_next(&run->rows, &item->row)) {
    case ROWS_ONE:
        prepare(batch, item);
        return true;
    case ROWS_BROKEN:
        run->broken = item->row.fault;
        item->row.fault = NULL;
        break;
    case ROWS_END:
        break;
    }
    run->no_more = true;
    row_clear(&item->row);
    return false;
}

bool run_read(struct import_run *run)
{
    struct import_item item;
    if (run->no_more && !run->has_held)
        return false;
    struct import_batch *batch = new_batch(run);
    if (!batch)
        return false;
    while (batch->count < BATCH_ROWS && next_item(run, batch, &item)) {
        const size_t size = item.row.text ? strlen(item.row.text) : 0;
        if (batch->count > 0 && batch->bytes + size > BATCH_BYTES) {
            run->held = item;
            run->has_held = true;
            break;
        }
        batch->items[batch->count++] = item;
        batch->bytes += size;
    }
    return true;
}

/* Writing down */

static void count(struct import_run *run, const struct import_item *item)
{
    struct import_place *place = &run->progress.place;
    if (item->state == ITEM_REFUSED) {
        progress_refuse(&run->progress, item->row.fault);
        return;
    }
    *(item->state == ITEM_NEW ? &place->imported : &place->there) += 1;
    place->proof = item->row.begin;
}

static void write_down(struct import_run *run, const struct import_batch *batch)
{
    const struct import_row *last = &batch->items[batch->count - 1].row;
    struct import_place *place = &run->progress.place;
    for (int i = 0; i < batch->count; i++)
        count(run, &batch->items[i]);
    place->offset = last->end;
    place->line = last->line;
    place->hash = last->hash;
    progress_save(&run->progress);
    if (run->rows.source.size > 0)
        bar_draw((int)(100 * last->end / run->rows.source.size));
}

/* Again from the beginning, as if nothing had been written down. */
static int begin_anew(struct import_run *run, const char *why)
{
    complain("%s: %s: it begins anew", run->progress.path, why);
    drop_all(run);
    rows_close(&run->rows);
    free(run->broken);
    run->broken = NULL;
    run->no_more = false;
    progress_reset(&run->progress);
    return run_open(run);
}

void run_retire(struct import_run *run)
{
    const struct import_batch *batch = run->first;
    if (batch->proof && batch->items[0].state != ITEM_THERE) {
        if (begin_anew(run, "the broker does not have what was imported up to there") != EXIT_DONE)
            snprintf(run->fatal, sizeof run->fatal, "%s cannot be read again", run->path);
        return;
    }
    if (!batch->proof && batch->count > 0)
        write_down(run, batch);
    drop_first(run);
}

/* Going on */

/* The row that is to be there, as a batch of its own. */
static bool read_proof(struct import_run *run)
{
    struct import_batch *batch = new_batch(run);
    if (!batch || !rows_go_to(&run->rows, run->progress.place.proof) ||
        !next_item(run, batch, &batch->items[0]))
        return false;
    batch->proof = true;
    batch->count = 1;
    return batch->items[0].state == ITEM_OPEN;
}

int run_resume(struct import_run *run)
{
    const struct import_place *place = &run->progress.place;
    if (place->proof < 0)
        return begin_anew(run, "nothing was imported up to there");
    if (!read_proof(run) || !rows_go_to(&run->rows, place->offset) || run->rows.source.hash != place->hash)
        return begin_anew(run, "is of another file");
    complain("%s: goes on behind line %lld", run->rows.name, (long long)place->line);
    return EXIT_DONE;
}
