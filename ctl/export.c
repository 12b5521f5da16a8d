/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl export: all that the broker has about a user (exportUser, page by page), as a JSON array with an item a line. A file
 * appears under its name when it is whole, and is for its owner only. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acl/code.h"
#include "ctl/ask.h"
#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/connection.h"
#include "ctl/form.h"
#include "lib/folder.h"
#include "lib/json.h"
#include "lib/json_text.h"

#define PAGE     "limit=500"
#define ATTEMPTS 20 /* while the broker is busy */
#define PAUSE_MS 500

struct exporting {
    struct asking *asking;
    const char *user;
    FILE *out;
    int64_t items;
    bool begun; /* only when the first page is there */
    char *next; /* the place to go on at; malloc'ed */
};

/* Pages */

/* The text of a member of the outermost object; NULL: there is none. */
static const char *find_member(const char *text, size_t len, const char *name, size_t *found_len)
{
    struct json_facts facts = {.watch = name};
    if (!json_scan(text, len, &facts) || facts.watched_count != 1)
        return NULL;
    *found_len = facts.watched_len;
    return facts.watched;
}

/* The broker's bytes stay as they are. */
static int write_items(struct exporting *exporting, const char *items)
{
    struct json_span span;
    if (!exporting->begun)
        fputs("[\n", exporting->out);
    exporting->begun = true;
    for (const char *p = items + 1; json_next_item(&p, &span);)
        fprintf(exporting->out, "%s%.*s", exporting->items++ > 0 ? ",\n" : "", (int)span.len, span.at);
    return ferror(exporting->out) ? complain("the output could not be written: %s", strerror(errno))
                                  : EXIT_DONE;
}

static int write_page(struct exporting *exporting, const char *answer)
{
    size_t len, items_len;
    const char *data = find_member(answer, strlen(answer), "data", &len);
    const char *items = data ? find_member(data, len, "items", &items_len) : NULL;
    if (!items || *items != '[')
        return complain("exportUser: the broker's answer cannot be read");
    cJSON *tree = json_read(data, len);
    const char *next = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "next"));
    free(exporting->next);
    exporting->next = next ? strdup(next) : NULL;
    int result = next && !exporting->next ? complain("out of memory") : write_items(exporting, items);
    cJSON_Delete(tree);
    return result;
}

static cJSON *make_request(const struct exporting *exporting)
{
    char *words[3] = {NULL, PAGE, NULL};
    cJSON *request = NULL;
    if (asprintf(&words[0], "userID=%s", exporting->user) > 0 &&
        asprintf(&words[2], "after=%s", exporting->next ? exporting->next : "") > 0)
        request = form_fill(&command_rows[COMMAND_export_user], words, exporting->next ? 3 : 2);
    free(words[0]);
    free(words[2]);
    return request;
}

static int read_code(const char *answer)
{
    cJSON *tree = json_read(answer, strlen(answer));
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(tree, "code");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(tree, "error");
    const int number = cJSON_IsNumber(code) ? code->valueint : 0;
    if (number != 0 && number != CODE_BUSY)
        complain("exportUser: %d: %s", number, cJSON_IsString(error) ? error->valuestring : "refused");
    cJSON_Delete(tree);
    return number;
}

/* While the broker is busy it is asked again. */
static int export_page(struct exporting *exporting)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    cJSON *request = make_request(exporting);
    int result = request ? EXIT_DONE : EXIT_USAGE, code = CODE_BUSY;
    for (int attempt = 0; result == EXIT_DONE && code == CODE_BUSY; attempt++) {
        char *answer = NULL;
        if (attempt > 0)
            nanosleep(&pause, NULL);
        result = attempt < ATTEMPTS ? ask_one(exporting->asking, request, &answer)
                                    : complain("exportUser: %d: %s", code, code_text(code));
        code = result == EXIT_DONE ? read_code(answer) : code;
        if (result == EXIT_DONE && code == 0)
            result = write_page(exporting, answer);
        else if (code != CODE_BUSY)
            result = EXIT_FAILED;
        free(answer);
    }
    cJSON_Delete(request);
    return result;
}

static int export_pages(struct exporting *exporting)
{
    int result;
    do
        result = export_page(exporting);
    while (result == EXIT_DONE && exporting->next);
    free(exporting->next);
    if (result == EXIT_DONE)
        fputs("\n]\n", exporting->out);
    return result;
}

/* Where they go */

static int complain_of(const char *path)
{
    return complain("%s: %s", path, strerror(errno));
}

/* What is begun and will not be whole: it is private. "": nothing. */
static char part[PATH_MAX];

static void on_signal(int number)
{
    if (part[0])
        unlink(part);
    raise(number); /* SA_RESETHAND: this time it ends the process */
}

static void heed_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Of that name, in the same folder. */
static FILE *open_part(const char *path)
{
    if (snprintf(part, sizeof part, "%s.part", path) >= PATH_MAX) {
        part[0] = '\0';
        errno = ENAMETOOLONG;
        return NULL;
    }
    heed_signals();
    unlink(part); /* of an attempt that was interrupted */
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (fd >= 0 && !file)
        close(fd);
    return file;
}

static int put_in_place(FILE *file, const char *path)
{
    if (fflush(file) != 0 || fsync(fileno(file)) != 0 || rename(part, path) != 0)
        return complain_of(path);
    errno = folder_sync(path);
    return errno == 0 ? EXIT_DONE : complain_of(path);
}

static int export_to_file(struct exporting *exporting, const char *path)
{
    exporting->out = open_part(path);
    if (!exporting->out)
        return complain_of(path);
    int result = export_pages(exporting);
    if (result == EXIT_DONE)
        result = put_in_place(exporting->out, path);
    fclose(exporting->out);
    if (result != EXIT_DONE)
        unlink(part);
    else
        fprintf(stderr, "%s: %lld items\n", path, (long long)exporting->items);
    return result;
}

static int export_to_stdout(struct exporting *exporting)
{
    exporting->out = stdout;
    int result = export_pages(exporting);
    int written = finish_output();
    return result == EXIT_DONE ? written : result;
}

static int export(struct call_options *options)
{
    struct link_config config = {0};
    const char *path = options->value[OPTION_OUTPUT];
    if (options->word_count != 2 || strcmp(options->words[0], "user") != 0 || options->value[OPTION_AS])
        return complain_usage("export: takes user and a userID");
    struct exporting exporting = {.user = options->words[1]};
    int result = options_connection(options, &config);
    if (result == EXIT_DONE)
        result = ask_open(&exporting.asking, &config);
    if (result == EXIT_DONE)
        result = path ? export_to_file(&exporting, path) : export_to_stdout(&exporting);
    ask_close(exporting.asking);
    connection_clear(&config);
    return result;
}

int command_export(int argc, char **argv)
{
    return options_run(argc, argv, export);
}
