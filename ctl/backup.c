/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl backup: has the broker copy its database (startBackup), and tells how far it is (getBackup) until it is done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ask.h"
#include "ctl/bar.h"
#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/connection.h"
#include "ctl/print.h"
#include "lib/json.h"

#define LOOK_EVERY_MS 300

/* NULL: *result is the exit code, and it has been said why. */
static cJSON *ask_for_data(struct asking *asking, const struct command_row *row, const char *name,
                           int *result)
{
    int code;
    cJSON *data = NULL, *request = ask_request(row);
    bool good = request && (!name || cJSON_AddStringToObject(request, "name", name));
    *result = good ? ask_data(asking, request, &data, 0, &code) : complain("out of memory");
    cJSON_Delete(request);
    return data;
}

static const char *text_of(const cJSON *data, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, name));
    return text ? text : "";
}

/* The report of the end; NULL as ask_for_data. */
static cJSON *wait_for_end(struct asking *asking, int *result)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    for (;;) {
        cJSON *data = ask_for_data(asking, &command_rows[COMMAND_get_backup], NULL, result);
        if (!data || strcmp(text_of(data, "state"), "running") != 0) {
            bar_erase();
            return data;
        }
        bar_draw((int)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(data, "percent")));
        cJSON_Delete(data);
        nanosleep(&pause, NULL);
    }
}

static int show_report(cJSON *report, bool as_json)
{
    int result = EXIT_DONE;
    char *text = as_json ? cJSON_PrintUnformatted(report) : NULL;
    if (strcmp(text_of(report, "state"), "done") != 0)
        result = complain("backup: %s: %s", text_of(report, "file"), text_of(report, "error"));
    else if (as_json && !text)
        result = complain("out of memory");
    if (text)
        puts(text);
    else if (result == EXIT_DONE)
        print_data(report);
    cJSON_free(text);
    int written = finish_output();
    return result == EXIT_DONE ? written : result;
}

static int back_up(const struct call_options *options, struct asking *asking)
{
    int result;
    cJSON *begun = ask_for_data(asking, &command_rows[COMMAND_start_backup], options->words[0], &result);
    cJSON *report = begun ? wait_for_end(asking, &result) : NULL;
    if (report)
        result = show_report(report, options->value[OPTION_JSON] != NULL);
    cJSON_Delete(report);
    cJSON_Delete(begun);
    return result;
}

static int connect_and_back_up(struct call_options *options)
{
    struct link_config config = {0};
    struct asking *asking = NULL;
    if (options->word_count != 1 || options->value[OPTION_AS])
        return complain_usage("backup: takes the name of a file in the broker's backup_dir");
    int result = options_connection(options, &config);
    if (result == EXIT_DONE)
        result = ask_open(&asking, &config);
    if (result == EXIT_DONE)
        result = back_up(options, asking);
    ask_close(asking);
    connection_clear(&config);
    return result;
}

int command_backup(int argc, char **argv)
{
    return options_run(argc, argv, connect_and_back_up);
}
