/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Files that chatctl imports. The first byte of the input says what its rows are (u, g, m for members, otherwise messages),
 * the second whether the rest is CSV (c) or JSON. What must hold: a row fits or says why not; whoever goes on in the middle
 * reads the same rows from there; what the broker is asked about them is a request that it can read. */
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "acl/code.h"
#include "ctl/complain.h"
#include "ctl/import_run.h"
#include "lib/json.h"
#include "plugin/commands/request.h"
#include "tests/fuzz/fuzz.h"

#define ROWS_MAX 256

/* What is said to people is said nowhere. */

int complain(const char *format, ...)
{
    (void)format;
    return EXIT_FAILED;
}

int complain_usage(const char *format, ...)
{
    (void)format;
    return EXIT_USAGE;
}

int finish_output(void)
{
    return EXIT_DONE;
}

/* In memory, where there is such a folder. One for each format. */
static char paths[2][64];

static void forget_files(void)
{
    for (int i = 0; i < 2; i++)
        (void)unlink(paths[i]);
}

static void choose_paths(void)
{
    if (paths[0][0])
        return;
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    for (int i = 0; i < 2; i++)
        snprintf(paths[i], sizeof paths[i], "%s/fuzz_import.%ld.%s", folder, (long)getpid(),
                 i ? "json" : "csv");
    atexit(forget_files);
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

/* Rows */

struct known_row {
    int64_t line, begin, end;
    uint64_t hash;
    bool fits;
};

static enum rows_read read_row(struct import_rows *rows, struct known_row *known)
{
    struct import_row row;
    const enum rows_read read = rows_next(rows, &row);
    HOLDS(read != ROWS_BROKEN || row.fault);
    HOLDS(read != ROWS_END || (!row.fault && !row.object));
    HOLDS(read != ROWS_ONE || !row.fault == (row.object != NULL));
    HOLDS(read != ROWS_ONE || (row.begin < row.end && row.line > 0));
    *known = (struct known_row){row.line, row.begin, row.end, row.hash, !row.fault};
    row_clear(&row);
    return read;
}

/* At the begin of the row in the middle, and at the end of the one before it. */
static void goes_on(struct import_run *run, const struct known_row *known, int count)
{
    struct known_row again;
    for (int behind = 0; behind < 2 && count > 1; behind++) {
        int i = count / 2;
        HOLDS(run_open(run) == EXIT_DONE);
        HOLDS(rows_go_to(&run->rows, behind ? known[i - 1].end : known[i].begin));
        for (; i < count; i++) {
            HOLDS(read_row(&run->rows, &again) == ROWS_ONE);
            HOLDS(again.line == known[i].line && again.end == known[i].end);
            HOLDS(again.hash == known[i].hash && again.fits == known[i].fits);
        }
        run_close(run);
    }
}

static void try_rows(struct import_run *run)
{
    struct known_row known[ROWS_MAX];
    int count = 0;
    const bool opened = run_open(run) == EXIT_DONE;
    while (opened && count < ROWS_MAX && read_row(&run->rows, &known[count]) == ROWS_ONE) {
        HOLDS(count == 0 || known[count].begin >= known[count - 1].end);
        count++;
    }
    run_close(run);
    goes_on(run, known, count);
}

/* Batches */

static void can_be_read(const char *text, size_t len)
{
    const struct control_request request = {.payload = text, .len = len};
    const cJSON *commands;
    const char *error;
    cJSON *tree = NULL;
    HOLDS(request_read(&request, &tree, &commands, &error) == CODE_OK);
    cJSON_Delete(tree);
}

static void try_batch(struct import_batch *batch)
{
    char *text = NULL;
    size_t len = 0;
    struct import_request request = {.out = open_memstream(&text, &len)};
    HOLDS(request.out);
    fputs("{\"commands\":[", request.out);
    batch->kind->ask(batch, &request);
    fputs("]}", request.out);
    HOLDS(fclose(request.out) == 0);
    if (request.commands > 0)
        can_be_read(text, len);
    for (int i = 0; i < batch->count; i++)
        HOLDS(batch->items[i].state == ITEM_REFUSED ? batch->items[i].row.fault != NULL
                                                    : batch->items[i].row.object != NULL);
    free(text);
}

static void try_batches(struct import_run *run)
{
    if (run_open(run) == EXIT_DONE)
        while (run_read(run))
            try_batch(run->last);
    run_close(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t what = fuzz_byte(&data, &size), format = fuzz_byte(&data, &size);
    static struct import_run run;
    choose_paths();
    const char *path = paths[format != 'c'];
    const struct import_run fresh = {.kind = what == 'u'   ? &import_users
                                             : what == 'g' ? &import_groups
                                             : what == 'm' ? &import_members
                                                           : &import_messages,
                                     .path = path};
    write_file(path, data, size);
    run = fresh;
    try_rows(&run);
    run = fresh;
    try_batches(&run);
    return 0;
}
