/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl send: a text, or a file, to a user or a group. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/call.h"
#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/connection.h"
#include "ctl/form.h"
#include "ctl/upload.h"

static const struct command_row *const row = &command_rows[COMMAND_send_message];

/* `content`: {"image":{...}}, or NULL: a text. NULL: out of memory, or it has been said. */
static cJSON *write_message(const char *sender, const char *to, const char *text, const cJSON *content)
{
    static const char group[] = "group:";
    const bool to_group = strncmp(to, group, strlen(group)) == 0;
    const cJSON *inner = content ? content->child : NULL;
    char *json = inner ? cJSON_PrintUnformatted(inner) : NULL;
    char *words[3] = {NULL, NULL, NULL};
    cJSON *request = NULL;
    if (asprintf(&words[0], "sender=%s", sender) > 0 &&
        asprintf(&words[1], "%s=%s", to_group ? "group" : "to", to_group ? to + strlen(group) : to) > 0 &&
        asprintf(&words[2], "%s=%s", inner ? inner->string : "text", inner ? json : text) > 0)
        request = form_fill(row, words, 3);
    for (size_t i = 0; i < 3; i++)
        free(words[i]);
    cJSON_free(json);
    return request;
}

static int send_one(const struct call_options *options, struct asking *asking, const char *sender)
{
    const char *file = options->value[OPTION_FILE];
    char *answer = NULL;
    cJSON *content = NULL;
    int result = file ? upload_file(asking, file, &content) : EXIT_DONE;
    cJSON *request = result == EXIT_DONE
                         ? write_message(sender, options->words[0], file ? NULL : options->words[1], content)
                         : NULL;
    if (result == EXIT_DONE)
        result = request ? ask_one(asking, request, &answer) : EXIT_USAGE;
    if (result == EXIT_DONE)
        result = call_show(row, answer, options->value[OPTION_JSON] != NULL);
    free(answer);
    cJSON_Delete(content);
    cJSON_Delete(request);
    return result;
}

/* From whom we are, unless there is --as. */
static int connect_and_send(struct call_options *options)
{
    struct link_config config = {0};
    struct asking *asking = NULL;
    if (options->word_count != (options->value[OPTION_FILE] ? 1 : 2))
        return complain_usage("send: takes USER or group:ID, and a text, or --file FILE in its place");
    int result = options_connection(options, &config);
    const char *as = options->value[OPTION_AS];
    if (result == EXIT_DONE)
        result = ask_open(&asking, &config);
    if (result == EXIT_DONE)
        result = send_one(options, asking, as ? as : config.user);
    ask_close(asking);
    connection_clear(&config);
    return result;
}

int command_send(int argc, char **argv)
{
    return options_run(argc, argv, connect_and_send);
}
