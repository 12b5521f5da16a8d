/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl push: what is in the push queue, and what is to become of it. The broker does some hundred jobs a command;
 * the next command goes on where it has stopped. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "acl/limits.h"
#include "ctl/ask.h"
#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/connection.h"
#include "ctl/own.h"
#include "ctl/print.h"
#include "ctl/tool.h"
#include "lib/basics.h"
#include "lib/json.h"

#define TABLE_MAX 1000 /* lines, unless --limit says otherwise */

enum push_option { PUSH_USER, PUSH_STATE, PUSH_PROVIDER, PUSH_LIMIT, PUSH_ALL, PUSH_OPTIONS };

struct push_task {
    struct own_option own[PUSH_OPTIONS];
    const struct push_word *word;
    const struct call_options *options;
    int64_t limit;
};

/* What follows "push". */
struct push_word {
    const char *word;
    const struct command_row *row;
    int (*run)(struct push_task *task, struct asking *asking);
    bool named;       /* takes IDs */
    const char *done; /* "%s tried again" */
};

enum { LIST, RETRY, DROP, WORDS };
static const struct push_word words[WORDS];

/* Requests */

static bool add_option(cJSON *request, const char *name, const struct own_option *option)
{
    return !option->value || cJSON_AddStringToObject(request, name, option->value);
}

static bool add_ids(cJSON *request, const struct push_task *task)
{
    int64_t id;
    cJSON *jobs = task->options->word_count > 1 ? cJSON_AddArrayToObject(request, "jobs") : NULL;
    for (int i = 1; jobs && i < task->options->word_count; i++)
        if (!whole_number(task->options->words[i], ID_MAX, &id) ||
            !cJSON_AddItemToArray(jobs, json_create_whole(id)))
            return false;
    return true;
}

/* NULL: out of memory. */
static cJSON *make_request(const struct push_task *task, int64_t after)
{
    cJSON *request = ask_request(task->word->row);
    if (request && add_option(request, "userID", &task->own[PUSH_USER]) &&
        add_option(request, "state", &task->own[PUSH_STATE]) &&
        add_option(request, "provider", &task->own[PUSH_PROVIDER]) && add_ids(request, task) &&
        (!task->own[PUSH_ALL].value || cJSON_AddTrueToObject(request, "all")) &&
        (after == 0 || json_add_whole(request, "after", after)))
        return request;
    cJSON_Delete(request);
    return NULL;
}

/* The next page as `data`, for cJSON_Delete, and where to go on: 0: nowhere. */
static int ask_page(const struct push_task *task, struct asking *asking, int64_t *after, cJSON **data)
{
    int code;
    cJSON *request = make_request(task, *after);
    if (!request)
        return complain("out of memory");
    int result = ask_data(asking, request, data, 0, &code);
    *after = json_number(cJSON_GetObjectItemCaseSensitive(*data, "next"), 0);
    cJSON_Delete(request);
    return result;
}

/* list */

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* "5m" */
static void print_age(char *out, size_t size, double since_ms)
{
    static const struct {
        int seconds;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    const double seconds = (double)time(NULL) - since_ms / 1000;
    size_t at = 0;
    while (at + 1 < COUNT(units) && seconds < 2 * units[at].seconds)
        at++;
    snprintf(out, size, "%.0f%c", seconds > 0 ? seconds / units[at].seconds : 0, units[at].unit);
}

static void print_conversation(char *out, size_t size, const cJSON *job)
{
    const char *group = text_of(job, "group");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(job, "silent")))
        snprintf(out, size, "(badge)");
    else
        snprintf(out, size, "%s%s", *group ? "group:" : "", *group ? group : text_of(job, "to"));
}

/* A line of the table. */
static bool add_line(cJSON *lines, const cJSON *job)
{
    char age[32], conversation[200], provider[BUSINESS_ID_MAX + 32];
    const char *business = text_of(job, "businessID");
    cJSON *line = json_add_object(lines);
    print_age(age, sizeof age, number_of(job, "time"));
    print_conversation(conversation, sizeof conversation, job);
    snprintf(provider, sizeof provider, "%s%s%s", text_of(job, "provider"), *business ? ":" : "", business);
    return line && json_add_whole(line, "job", (int64_t)number_of(job, "job")) &&
           cJSON_AddStringToObject(line, "state", text_of(job, "state")) &&
           cJSON_AddStringToObject(line, "device", text_of(job, "clientID")) &&
           cJSON_AddStringToObject(line, "provider", provider) &&
           cJSON_AddStringToObject(line, "conversation", conversation) &&
           cJSON_AddStringToObject(line, "age", age) &&
           json_add_whole(line, "attempts", (int64_t)number_of(job, "attempts")) &&
           cJSON_AddStringToObject(line, "error", text_of(job, "error"));
}

static int print_json(const cJSON *job)
{
    char *text = cJSON_PrintUnformatted(job);
    if (!text)
        return complain("out of memory");
    puts(text);
    cJSON_free(text);
    return EXIT_DONE;
}

/* How many are still wanted after this page; `lines` NULL: as JSON, at once. */
static int take_page(const cJSON *data, cJSON *lines, int64_t *wanted, bool *more)
{
    const cJSON *job;
    int result = EXIT_DONE;
    cJSON_ArrayForEach (job, cJSON_GetObjectItemCaseSensitive(data, "jobs")) {
        *more = *wanted == 0;
        if (*more || result != EXIT_DONE)
            break;
        --*wanted;
        if (!lines)
            result = print_json(job);
        else if (!add_line(lines, job))
            result = complain("out of memory");
    }
    return result;
}

static int print_lines(const cJSON *lines, bool more)
{
    if (cJSON_GetArraySize(lines) == 0)
        puts("no jobs");
    else
        print_table(lines);
    if (more)
        puts("... and more: --limit N shows so many");
    return finish_output();
}

static int list(struct push_task *task, struct asking *asking)
{
    const bool as_json = task->options->value[OPTION_JSON] != NULL;
    cJSON *lines = as_json ? NULL : cJSON_CreateArray();
    int64_t after = 0, wanted = task->limit;
    bool more = false;
    int result = as_json || lines ? EXIT_DONE : complain("out of memory");
    do {
        cJSON *data = NULL;
        if (result == EXIT_DONE)
            result = ask_page(task, asking, &after, &data);
        if (result == EXIT_DONE)
            result = take_page(data, lines, &wanted, &more);
        cJSON_Delete(data);
    } while (result == EXIT_DONE && after != 0 && !more);
    if (result == EXIT_DONE)
        result = as_json ? finish_output() : print_lines(lines, more);
    cJSON_Delete(lines);
    return result;
}

/* retry, drop */

static int report(const struct push_task *task, int64_t count)
{
    const int named = task->options->word_count - 1;
    char jobs[40];
    snprintf(jobs, sizeof jobs, "%" PRId64 " %s", count, count == 1 ? "job is" : "jobs are");
    if (task->options->value[OPTION_JSON])
        printf("{\"count\":%" PRId64 "}\n", count);
    else if (count > 0 || named == 0)
        printf("%s %s\n", jobs, task->word->done);
    if (named > count)
        complain("push %s: %" PRId64 " %s %s; see %s push list", task->word->word, named - count,
                 named - count == 1 ? "job that was named is" : "jobs that were named are",
                 task->word == &words[RETRY] ? "neither dead nor waiting for another attempt" : "not there",
                 tool()->name);
    int written = finish_output();
    return named > count ? EXIT_FAILED : written;
}

static int change(struct push_task *task, struct asking *asking)
{
    int64_t after = 0, count = 0;
    int result;
    do {
        cJSON *data = NULL;
        result = ask_page(task, asking, &after, &data);
        count += (int64_t)number_of(data, "count");
        cJSON_Delete(data);
    } while (result == EXIT_DONE && after != 0);
    return result == EXIT_DONE ? report(task, count) : result;
}

/* The command line */

static const struct push_word words[WORDS] = {
    [LIST] = {"list", &command_rows[COMMAND_get_push_jobs], list, false, NULL},
    [RETRY] = {"retry", &command_rows[COMMAND_retry_push_jobs], change, true, "tried again"},
    [DROP] = {"drop", &command_rows[COMMAND_drop_push_jobs], change, true, "dropped"},
};

static bool is_one_of(const char *word, const char *list)
{
    const size_t len = strlen(word);
    const char *found = strstr(list, word);
    return len > 0 && found && (found == list || found[-1] == ' ') && (found[len] == ' ' || !found[len]);
}

static int check_option(const struct push_task *task, enum push_option option, const char *words_taken)
{
    const struct own_option *own = &task->own[option];
    if (!own->value)
        return EXIT_DONE;
    if (!words_taken)
        return complain_usage("push %s: %s is not for it", task->word->word, own->name);
    return is_one_of(own->value, words_taken)
               ? EXIT_DONE
               : complain_usage("push %s: %s must be one of %s", task->word->word, own->name, words_taken);
}

static int check_which(const struct push_task *task)
{
    int64_t id;
    const int named = task->options->word_count - 1;
    const bool all = task->own[PUSH_ALL].value, user = task->own[PUSH_USER].value;
    if ((named > 0) + all + user != 1)
        return complain_usage("push %s: takes numbers of jobs, or --user USER, or --all", task->word->word);
    if (named > JOBS_MAX)
        return complain_usage("push %s: %d jobs at most", task->word->word, JOBS_MAX);
    for (int i = 1; i <= named; i++)
        if (!whole_number(task->options->words[i], ID_MAX, &id))
            return complain_usage("push %s: \"%s\" is not the number of a job", task->word->word,
                                  task->options->words[i]);
    if (named > 0 && (task->own[PUSH_STATE].value || task->own[PUSH_PROVIDER].value))
        return complain_usage("push %s: --state and --provider are for --user and --all", task->word->word);
    return EXIT_DONE;
}

static int check(struct push_task *task)
{
    const bool lists = !task->word->named, retries = task->word == &words[RETRY];
    int result = check_option(task, PUSH_PROVIDER, "apns fcm webhook");
    if (result == EXIT_DONE)
        result = check_option(task, PUSH_STATE, lists ? "waiting out dead" : retries ? NULL : "dead waiting");
    if (result == EXIT_DONE && !lists)
        result = check_option(task, PUSH_LIMIT, NULL);
    if (result == EXIT_DONE && lists)
        result = check_option(task, PUSH_ALL, NULL);
    if (result != EXIT_DONE)
        return result;
    if (!own_number(&task->own[PUSH_LIMIT], task->options->value[OPTION_JSON] ? ID_MAX : TABLE_MAX, ID_MAX,
                    &task->limit))
        return complain_usage("push list: --limit must be a whole number from 1");
    if (lists && task->options->word_count > 1)
        return complain_usage("push list: takes options only");
    return lists ? EXIT_DONE : check_which(task);
}

static int find_word(struct push_task *task)
{
    for (size_t i = 0; i < COUNT(words); i++)
        if (task->options->word_count > 0 && strcmp(task->options->words[0], words[i].word) == 0) {
            task->word = &words[i];
            return EXIT_DONE;
        }
    return complain_usage("push: takes list, retry or drop");
}

static int connect_and_run(struct push_task *task)
{
    struct link_config config = {0};
    struct asking *asking = NULL;
    int result = options_connection(task->options, &config);
    if (result == EXIT_DONE)
        result = ask_open(&asking, &config);
    if (result == EXIT_DONE)
        result = task->word->run(task, asking);
    ask_close(asking);
    connection_clear(&config);
    return result;
}

int command_push(int argc, char **argv)
{
    struct call_options options = {.memory = NULL};
    struct push_task task = {.own = {[PUSH_USER] = {.name = "--user"},
                                     [PUSH_STATE] = {.name = "--state"},
                                     [PUSH_PROVIDER] = {.name = "--provider"},
                                     [PUSH_LIMIT] = {.name = "--limit"},
                                     [PUSH_ALL] = {.name = "--all", .flag = true}},
                             .options = &options};
    int result = own_options_take(task.own, PUSH_OPTIONS, &argc, argv);
    if (result == EXIT_DONE)
        result = options_parse(&options, argc, argv);
    if (result == EXIT_DONE && (options.value[OPTION_AS] || options.value[OPTION_FILE]))
        result = complain_usage("push: --as and --file are not for it");
    if (result == EXIT_DONE)
        result = find_word(&task);
    if (result == EXIT_DONE)
        result = check(&task);
    if (result == EXIT_DONE)
        result = connect_and_run(&task);
    options_clear(&options);
    return result;
}
