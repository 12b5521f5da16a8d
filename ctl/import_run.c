/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The half of an import that is about the broker: requests, answers, and a connection that may break. */
#include "ctl/import_run.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "ctl/bar.h"
#include "ctl/complain.h"
#include "ctl/connection.h"
#include "ctl/ending.h"
#include "lib/clock.h"
#include "lib/json.h"

#define TURN_MS       100
#define PAUSE_MS      50    /* after the broker was busy */
#define PATIENCE_MS   60000 /* that a broker may be away, or silent */
#define REQUEST_BYTES 262144

/* Answers */

static void refuse_open(struct import_batch *batch, const cJSON *answer)
{
    for (int i = 0; i < batch->count; i++)
        if (batch->items[i].state == ITEM_OPEN)
            item_refuse_for(batch, &batch->items[i], answer);
}

/* What each further answer would be, too. */
static bool is_fatal(struct import_run *run, const cJSON *answer)
{
    const int code = answer_code(answer);
    if (code != CODE_NOT_ADMIN && code != CODE_UNKNOWN_COMMAND)
        return false;
    snprintf(run->fatal, sizeof run->fatal, "import: %d: %s", code, text_of(answer, "error"));
    return true;
}

/* A request that was refused as a whole has one answer, of no command. */
static void take_answers(struct import_run *run, struct import_batch *batch, const cJSON *answers)
{
    const cJSON *answer;
    int number = 0;
    const cJSON *first = answers ? answers->child : NULL;
    batch->again = false;
    if (first && !*text_of(first, "command") && !answer_is_busy(batch, first))
        refuse_open(batch, first);
    cJSON_ArrayForEach (answer, answers) {
        if (is_fatal(run, answer) || !*text_of(answer, "command") || number == REQUEST_COMMANDS)
            break;
        batch->kind->hear(batch, number++, answer);
    }
    if (!batch->again)
        run->busy = 0;
    else if (run->busy == 0)
        run->busy = run->heard;
    batch->not_before = batch->again ? run->heard + PAUSE_MS : 0;
}

static void on_response(void *context, const char *payload, size_t len)
{
    struct import_run *run = context;
    if (run->asked_count == 0)
        return;
    struct import_batch *batch = run->asked[0];
    cJSON *tree = json_read(payload, len);
    const cJSON *answers = cJSON_GetObjectItemCaseSensitive(tree, "responses");
    memmove(run->asked, run->asked + 1, (size_t)--run->asked_count * sizeof *run->asked);
    batch->under_way = false;
    run->heard = clock_steady();
    if (answers)
        take_answers(run, batch, answers);
    else
        snprintf(run->fatal, sizeof run->fatal, "import: the broker's answer cannot be read");
    cJSON_Delete(tree);
}

/* Requests */

enum asked { ASKED, ASKED_NOTHING, ASKED_IN_VAIN };

/* The next request about the batch, if there is anything left to ask. */
static enum asked send_request(struct import_run *run, struct import_batch *batch)
{
    char *text = NULL;
    size_t len = 0;
    struct import_request request = {.out = open_memstream(&text, &len)};
    if (!request.out)
        return ASKED_IN_VAIN;
    fputs("{\"commands\":[", request.out);
    batch->kind->ask(batch, &request);
    fputs("]}", request.out);
    const bool written = fclose(request.out) == 0;
    enum asked asked = request.commands == 0 ? ASKED_NOTHING
                       : written && len <= REQUEST_BYTES && link_command(run->link, text, len)
                           ? ASKED
                           : ASKED_IN_VAIN;
    free(text);
    return asked;
}

static void ask_about(struct import_run *run, struct import_batch *batch)
{
    switch (send_request(run, batch)) {
    case ASKED:
        link_wake(run->link);
        batch->under_way = true;
        run->asked[run->asked_count++] = batch;
        break;
    case ASKED_NOTHING:
        batch->over = true;
        break;
    case ASKED_IN_VAIN:
        if (link_up(run->link))
            snprintf(run->fatal, sizeof run->fatal,
                     "import: a request cannot be sent: too long, or no memory");
        break;
    }
}

static void ask(struct import_run *run)
{
    struct import_batch *batch = run->first;
    const int64_t now = clock_steady();
    int active = batch && batch->proof ? 1 : run->kind->under_way;
    for (; batch && active > 0; batch = batch->next, active--)
        if (!batch->under_way && !batch->over && now >= batch->not_before)
            ask_about(run, batch);
}

static bool retire(struct import_run *run)
{
    bool some = false;
    while (run->first && run->first->over && !run->fatal[0]) {
        run_retire(run);
        some = true;
    }
    return some;
}

/* The connection */

/* What was under way has been done or not. */
static void go_down(struct import_run *run)
{
    run->is_up = false;
    run->asked_count = 0;
    for (struct import_batch *batch = run->first; batch; batch = batch->next) {
        batch->under_way = false;
        if (run->kind->forget)
            run->kind->forget(batch);
    }
    bar_erase();
    complain_of_broker(run->config, link_fault(run->link), "; waiting for it");
}

static void look_at_link(struct import_run *run)
{
    const int64_t now = clock_steady();
    link_tick(run->link, now);
    if (run->is_up && !link_up(run->link))
        go_down(run);
    if (!run->is_up && link_up(run->link)) {
        run->is_up = run->was_up = true;
        run->heard = now;
    }
}

static int give_up(const struct import_run *run, const char *why)
{
    bar_erase();
    return complain_of_broker(
        run->config, why,
        run->progress.place.offset > 0 ? "; the same command goes on where this one ends" : "");
}

static void wait(struct import_run *run)
{
    struct pollfd fd;
    bool some = link_wants(run->link, &fd);
    if (poll(&fd, some ? 1 : 0, link_pause(run->link, TURN_MS)) > 0)
        link_serve(run->link, &fd);
}

/* EXIT_DONE: go on. */
static int look_for_trouble(const struct import_run *run)
{
    if (ending_asked()) {
        bar_erase();
        return complain("interrupted behind line %lld; the same command goes on there",
                        (long long)run->progress.place.line);
    }
    if (run->fatal[0]) {
        bar_erase();
        return complain("%s", run->fatal);
    }
    if (!run->was_up && *link_fault(run->link))
        return give_up(run, link_fault(run->link));
    if (run->busy != 0 && run->heard - run->busy > PATIENCE_MS) {
        bar_erase();
        return complain("import: %d: %s, for a minute: is its disk full?", CODE_BUSY, code_text(CODE_BUSY));
    }
    if (clock_steady() - run->heard > PATIENCE_MS)
        return give_up(run, run->is_up ? "no answer" : link_fault(run->link));
    return EXIT_DONE;
}

static int import_all(struct import_run *run)
{
    int result = EXIT_DONE;
    while (result == EXIT_DONE && (run->first || !run->no_more || run->has_held)) {
        look_at_link(run);
        if (run->is_up)
            ask(run);
        if (!retire(run) && run->batches <= run->kind->under_way && run_read(run))
            continue; /* the next are ready when these are done */
        if (run->asked_count > 0 || !run->is_up || (run->first && run->first->not_before > 0))
            wait(run);
        result = look_for_trouble(run);
    }
    return result;
}

int run_import(struct import_run *run)
{
    static const char *const topics[] = {NULL};
    static const char leave[] = "{\"commands\":[{\"command\":\"logout\"}]}";
    const struct link_handlers handlers = {.context = run, .response = on_response};
    char error[400];
    run->link = link_open(run->config, topics, &handlers, error, sizeof error);
    if (!run->link)
        return complain("%s", error);
    ending_begin();
    run->heard = clock_steady();
    int result = import_all(run);
    bar_erase();
    (void)link_command(run->link, leave, strlen(leave));
    link_close(run->link);
    ending_end();
    return result;
}
