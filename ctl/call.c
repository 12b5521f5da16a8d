/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What goes to the broker: each command of acl/commands.def by its name, and chatctl stats, which is one of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/identity.h"
#include "ctl/ask.h"
#include "ctl/call.h"
#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/connection.h"
#include "ctl/form.h"
#include "ctl/print.h"
#include "lib/json.h"

/* Answers */

/* The broker's text is for programs as it is. */
int call_show(const struct command_row *row, const char *answer, bool as_json)
{
    cJSON *tree = json_read(answer, strlen(answer));
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(tree, "code");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(tree, "error");
    const int number = cJSON_IsNumber(code) ? code->valueint : 0;
    int result = !tree || number != 0 ? EXIT_FAILED : EXIT_DONE;
    if (as_json)
        puts(answer);
    else if (!tree)
        complain("%s: the broker's answer cannot be read", row->name);
    else if (number != 0)
        complain("%s: %d: %s", row->name, number, cJSON_IsString(error) ? error->valuestring : "refused");
    else
        print_data(cJSON_GetObjectItemCaseSensitive(tree, "data"));
    cJSON_Delete(tree);
    int written = finish_output();
    return result == EXIT_DONE ? written : result;
}

static int send_request(const struct command_row *row, const struct call_options *options,
                        const struct link_config *config, const cJSON *request)
{
    char *answer;
    int result = ask(config, request, &answer);
    if (result == EXIT_DONE)
        result = call_show(row, answer, options->value[OPTION_JSON] != NULL);
    free(answer);
    return result;
}

/* Requests */

static int add_as(const struct command_row *row, const struct call_options *options, cJSON *request)
{
    const char *as = options->value[OPTION_AS];
    if (!as)
        return EXIT_DONE;
    if (row->caller == CALLER_DEVICES || row->caller == CALLER_UPLOADERS)
        return complain_usage("%s: is about a connection, and not for --as", row->name);
    if (!user_id_valid(as, strlen(as)))
        return complain_usage("--as: \"%s\" is not a userID", as);
    return cJSON_AddStringToObject(request, "as", as) ? EXIT_DONE : complain("out of memory");
}

static int connect_and_send(const struct command_row *row, const struct call_options *options,
                            const cJSON *request)
{
    struct link_config config;
    int result = options_connection(options, &config);
    if (result == EXIT_DONE)
        result = send_request(row, options, &config, request);
    connection_clear(&config);
    return result;
}

static int call(const struct command_row *row, const struct call_options *options)
{
    cJSON *request = form_fill(row, options->words, options->word_count);
    if (!request)
        return EXIT_USAGE;
    int result = add_as(row, options, request);
    if (result == EXIT_DONE)
        result = connect_and_send(row, options, request);
    cJSON_Delete(request);
    return result;
}

int command_call(const struct command_row *row, int argc, char **argv)
{
    struct call_options options;
    int result = options_parse(&options, argc, argv);
    if (result == EXIT_DONE)
        result = call(row, &options);
    options_clear(&options);
    return result;
}

int command_stats(int argc, char **argv)
{
    return command_call(&command_rows[COMMAND_get_stats], argc, argv);
}
