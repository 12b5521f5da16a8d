/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl import: users, groups, members or messages of another system, from a file. */
#include <stdio.h>
#include <string.h>

#include "ctl/bar.h"
#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/connection.h"
#include "ctl/import_run.h"
#include "ctl/manual.h"
#include "lib/basics.h"
#include "lib/json.h"

#define WEEK 604800 /* seconds: an import may last */

static const struct import_kind *const kinds[] = {&import_users, &import_groups, &import_members,
                                                  &import_messages};

static const struct import_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

void import_print_columns(FILE *out)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        char names[MANUAL_TEXT_MAX];
        struct command_field columns[COMMAND_FIELDS_MAX] = {0};
        kinds[i]->columns(columns);
        manual_names(columns, names);
        fprintf(out, "      %-10s %s%s\n", kinds[i]->name, names,
                kinds[i]->open ? ", and the message's members: text, random, image ..." : "");
    }
}

/* The end */

/* "9,998" */
static const char *grouped(int64_t number, char out[40])
{
    char digits[30];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)number), at = 0;
    for (int i = 0; i < len; i++) {
        out[at++] = digits[i];
        if ((len - i - 1) % 3 == 0 && i + 1 < len)
            out[at++] = ',';
    }
    out[at] = '\0';
    return out;
}

static void print_json(const struct import_run *run, bool dry_run, bool complete)
{
    const struct import_place *place = &run->progress.place;
    cJSON *report = cJSON_CreateObject();
    cJSON_AddStringToObject(report, "kind", run->kind->name);
    cJSON_AddStringToObject(report, "file", run->path);
    json_add_whole(report, dry_run ? "good" : "imported", place->imported);
    if (!dry_run)
        json_add_whole(report, "there", place->there);
    json_add_whole(report, "refused", place->refused);
    json_add_whole(report, "line", place->line);
    cJSON_AddBoolToObject(report, "complete", complete);
    char *text = cJSON_PrintUnformatted(report);
    puts(text ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(report);
}

static void print_text(const struct import_run *run, bool dry_run)
{
    char imported[40], there[40], refused[40];
    const struct import_place *place = &run->progress.place;
    grouped(place->refused, refused);
    if (dry_run)
        printf("good %s, refused %s; nothing was sent\n", grouped(place->imported, imported), refused);
    else
        printf("imported %s, were there %s, refused %s\n", grouped(place->imported, imported),
               grouped(place->there, there), refused);
}

/* `result` is that of the import: what cannot be read any further, or was refused, fails. */
static int show_end(const struct import_run *run, const struct call_options *options, int result)
{
    const bool dry_run = options->value[OPTION_DRY_RUN] != NULL;
    bar_erase();
    if (result == EXIT_DONE && run->broken)
        result = complain("%s", run->broken);
    const bool complete = result == EXIT_DONE;
    if (result == EXIT_DONE && run->progress.place.refused > 0)
        result = EXIT_FAILED;
    if (options->value[OPTION_JSON])
        print_json(run, dry_run, complete);
    else
        print_text(run, dry_run);
    int written = finish_output();
    return result == EXIT_DONE ? written : result;
}

/* The way */

static void check_all(struct import_run *run)
{
    while (run_read(run)) {
        for (int i = 0; i < run->first->count; i++)
            if (run->first->items[i].state == ITEM_OPEN)
                run->first->items[i].state = ITEM_NEW;
        run_retire(run);
    }
}

static int dry_run(struct import_run *run, const struct call_options *options)
{
    run->progress = (struct import_progress){.fd = -1, .refused = -1};
    progress_reset(&run->progress);
    int result = run_open(run);
    if (result == EXIT_DONE) {
        check_all(run);
        result = show_end(run, options, EXIT_DONE);
    }
    return result;
}

static int import_opened(struct import_run *run, const struct call_options *options, bool found)
{
    int result = found ? run_resume(run) : EXIT_DONE;
    if (result != EXIT_DONE)
        return result;
    result = run_import(run);
    return show_end(run, options, result);
}

static int connect_and_import(struct import_run *run, struct call_options *options)
{
    struct link_config config = {0};
    char target[300];
    bool found = false;
    options->sig_seconds = WEEK;
    run->config = &config;
    int result = options_connection(options, &config);
    if (result == EXIT_DONE)
        result = run_open(run);
    if (result == EXIT_DONE) {
        snprintf(target, sizeof target, "%s%s %s:%lld", run->unread ? "unread " : "", run->kind->name,
                 config.host, (long long)config.port);
        result = progress_open(&run->progress, run->path, target, &found);
        if (result == EXIT_DONE)
            result = import_opened(run, options, found);
        progress_close(&run->progress, run->no_more && !run->first && !run->broken);
    }
    connection_clear(&config);
    return result;
}

static int import(struct call_options *options)
{
    struct import_run run = {.rows.source.fd = -1};
    run.kind = options->word_count == 2 ? find_kind(options->words[0]) : NULL;
    if (!run.kind || options->value[OPTION_AS])
        return complain_usage(
            "import: takes users, groups, members or messages, and a FILE.csv or FILE.json");
    run.path = options->words[1];
    run.unread = options->value[OPTION_UNREAD] != NULL;
    if (run.unread && run.kind != &import_messages)
        return complain_usage("import: --unread is for messages");
    int result = options->value[OPTION_DRY_RUN] ? dry_run(&run, options) : connect_and_import(&run, options);
    run_close(&run);
    return result;
}

int command_import(int argc, char **argv)
{
    return options_run(argc, argv, import);
}
