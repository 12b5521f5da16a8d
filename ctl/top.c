/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl top: the broker's counters as numbers that live, redrawn on a terminal, else a line each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/connection.h"
#include "ctl/gauges.h"
#include "ctl/own.h"
#include "ctl/screen.h"
#include "ctl/tool.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/json.h"

#define TURN_MS     50
#define PATIENCE_MS 5000  /* without an answer the broker is said to be silent */
#define AGAIN_MS    2000  /* a connection that is not there is tried again so often */
#define NEWS_MS     10000 /* for so long it is said that the broker has come back */
#define WEEK        604800
#define EVERY_MAX   3600
#define CELL_WIDTH  38

enum top_option { TOP_EVERY, TOP_COUNT, TOP_OPTIONS };

struct top {
    const struct link_config *config;
    struct link *link;
    int64_t opened;         /* when, by the steady clock, as all here */
    int64_t every_ms, left; /* how often; how many are still to be shown */
    bool as_json, on_screen;
    bool was_up, lost;  /* once; and is not there now */
    int64_t back;       /* when it came back; 0: it was never lost */
    bool asked, silent; /* an answer is awaited; for too long */
    int64_t asked_at, due;
    cJSON *now, *before;
    int64_t now_at, before_at;
    int result; /* what it ends with */
    bool over;
};

static const char ask_stats[] = "{\"commands\":[{\"command\":\"getStats\"}]}";
static const char logout[] = "{\"commands\":[{\"command\":\"logout\"}]}";

/* Showing */

static struct gauge_pair pair_of(const struct top *top)
{
    return (struct gauge_pair){
        .now = top->now, .before = top->before, .seconds = (double)(top->now_at - top->before_at) / 1000};
}

static void print_time(char out[16])
{
    const time_t now = time(NULL);
    struct tm local;
    if (!localtime_r(&now, &local) || strftime(out, 16, "%H:%M:%S", &local) == 0)
        snprintf(out, 16, "--:--:--");
}

/* "in 12.3" */
static void show_line(const struct top *top)
{
    char clock[16];
    const struct gauge_pair pair = pair_of(top);
    print_time(clock);
    fputs(clock, stdout);
    for (size_t i = 0; i < gauge_count(); i++) {
        const struct gauge_value value = gauge_read(i, &pair);
        if (value.there)
            printf("%s %s %s%s", i == 0 ? "" : ",", gauge_label(i), value.text, value.alarming ? " !" : "");
    }
    putchar('\n');
}

static bool add_gauge(cJSON *object, size_t i, const struct gauge_pair *pair)
{
    const struct gauge_value value = gauge_read(i, pair);
    if (!value.there)
        return true;
    if (!value.known)
        return cJSON_AddNullToObject(object, gauge_name(i));
    if (value.number < 1e15 && value.number == floor(value.number))
        return json_add_whole(object, gauge_name(i), (int64_t)value.number);
    return cJSON_AddNumberToObject(object, gauge_name(i), round(value.number * 1000) / 1000);
}

static bool show_json(const struct top *top)
{
    const struct gauge_pair pair = pair_of(top);
    cJSON *object = cJSON_CreateObject();
    bool good = object && json_add_whole(object, "time", clock_ns(CLOCK_REALTIME) / 1000000);
    for (size_t i = 0; good && i < gauge_count(); i++)
        good = add_gauge(object, i, &pair);
    char *text = good ? cJSON_PrintUnformatted(object) : NULL;
    if (text)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(object);
    return text != NULL;
}

/* On a terminal: cells of a gauge each, from above to below, then to the right. */

static void draw_head(const struct top *top)
{
    char clock[16], text[400];
    print_time(clock);
    snprintf(text, sizeof text, "%s top  %s:%lld  %s  every %g s  q ends", tool()->name, top->config->host,
             (long long)top->config->port, clock, (double)top->every_ms / 1000);
    screen_put(text, false);
    screen_line();
    if (top->lost)
        snprintf(text, sizeof text, "! no connection: %s; it is tried again", link_fault(top->link));
    else if (top->silent)
        snprintf(text, sizeof text, "! the broker does not answer");
    else
        snprintf(text, sizeof text, "%s",
                 top->back > 0 && clock_steady() - top->back < NEWS_MS ? "! connected again" : "");
    screen_put(text, *text != '\0');
    screen_line();
}

static void draw_cell(const char *label, const struct gauge_value *value)
{
    char text[CELL_WIDTH + GAUGE_TEXT_MAX];
    snprintf(text, sizeof text, "%-19s", label);
    screen_put(text, false);
    snprintf(text, sizeof text, "%12s %c", value->text, value->alarming ? '!' : ' ');
    screen_put(text, value->alarming);
    screen_put("     ", false);
}

/* The gauges that there are; how many. */
static size_t collect(const struct top *top, size_t *numbers)
{
    size_t count = 0;
    const struct gauge_pair pair = pair_of(top);
    for (size_t i = 0; i < gauge_count(); i++)
        if (gauge_read(i, &pair).there)
            numbers[count++] = i;
    return count;
}

static void draw_gauges(const struct top *top, const size_t *numbers, size_t count)
{
    int columns, lines;
    const struct gauge_pair pair = pair_of(top);
    screen_size(&columns, &lines);
    const size_t across = columns >= 2 * CELL_WIDTH ? (size_t)(columns / CELL_WIDTH) : 1;
    const size_t down = (count + across - 1) / across;
    for (size_t line = 0; line < down && screen_room(); line++) {
        for (size_t i = line; i < count; i += down) {
            const struct gauge_value value = gauge_read(numbers[i], &pair);
            draw_cell(gauge_label(numbers[i]), &value);
        }
        screen_line();
    }
}

static void draw(const struct top *top)
{
    size_t *numbers = calloc(gauge_count(), sizeof *numbers);
    screen_begin();
    draw_head(top);
    if (numbers && top->now)
        draw_gauges(top, numbers, collect(top, numbers));
    screen_end();
    free(numbers);
}

/* What has come */

static void end(struct top *top, int result)
{
    top->over = true;
    top->result = result;
}

/* A line has to say how things change: the first one comes with the second answer. */
static void show(struct top *top)
{
    if (top->on_screen)
        draw(top);
    else if (!top->before)
        return;
    else if (!top->as_json)
        show_line(top);
    else if (!show_json(top))
        end(top, complain("out of memory"));
    if (!top->over && (finish_output() != EXIT_DONE))
        end(top, EXIT_FAILED);
    else if (top->left > 0 && --top->left == 0)
        end(top, EXIT_DONE);
}

static void take(struct top *top, cJSON *data)
{
    cJSON_Delete(top->before);
    top->before = top->now;
    top->before_at = top->now_at;
    top->now = data;
    top->now_at = clock_steady();
    show(top);
}

static void on_response(void *context, const char *payload, size_t len)
{
    struct top *top = context;
    cJSON *tree = json_read(payload, len);
    cJSON *answer = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(tree, "responses"), 0);
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(answer, "code");
    const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "error"));
    cJSON *data = cJSON_DetachItemFromObjectCaseSensitive(answer, "data");
    top->asked = top->silent = false;
    if (cJSON_IsNumber(code) && code->valueint == 60010)
        end(top, complain("top: %d: %s", code->valueint, error ? error : "refused"));
    else if (data && !top->over)
        take(top, data);
    else
        cJSON_Delete(data);
    cJSON_Delete(tree);
}

/* The connection */

static void say_lost(struct top *top)
{
    top->lost = true;
    top->asked = top->silent = false;
    if (top->on_screen)
        draw(top);
    else
        complain_of_broker(top->config, link_fault(top->link), "; it is tried again");
}

/* What it has counted begins anew: nothing is compared with before. */
static void on_up(void *context)
{
    struct top *top = context;
    if (top->was_up) {
        cJSON_Delete(top->now);
        cJSON_Delete(top->before);
        top->now = top->before = NULL;
        top->back = clock_steady();
        if (!top->on_screen)
            complain("broker %s:%lld: connected again", top->config->host, (long long)top->config->port);
    }
    top->was_up = true;
    top->lost = top->asked = false;
    top->due = clock_steady();
}

static bool open_link(struct top *top)
{
    static const char *const topics[] = {NULL};
    const struct link_handlers handlers = {.context = top, .up = on_up, .response = on_response};
    char error[400];
    link_close(top->link);
    top->link = link_open(top->config, topics, &handlers, error, sizeof error);
    top->opened = clock_steady();
    if (!top->link)
        end(top, complain("%s", error));
    return top->link != NULL;
}

static void ask(struct top *top, int64_t now)
{
    top->asked = link_command(top->link, ask_stats, strlen(ask_stats));
    top->asked_at = now;
    top->due = now + top->every_ms;
}

/* The link waits longer and longer; who looks at it is not to. */
static void mind_connection(struct top *top, int64_t now)
{
    const bool up = link_up(top->link);
    if (!up && !top->was_up && *link_fault(top->link))
        end(top, complain_of_broker(top->config, link_fault(top->link), ""));
    else if (!up && top->was_up && !top->lost && *link_fault(top->link))
        say_lost(top);
    else if (!up && top->lost && now - top->opened >= AGAIN_MS)
        (void)open_link(top);
    else if (up && !top->asked && now >= top->due)
        ask(top, now);
    else if (up && top->asked && !top->silent && now - top->asked_at >= PATIENCE_MS) {
        top->silent = true;
        if (top->on_screen)
            draw(top);
    }
    if (top->link && link_up(top->link) && top->asked)
        link_wake(top->link);
}

static void turn(struct top *top)
{
    struct pollfd fd;
    link_tick(top->link, clock_steady());
    mind_connection(top, clock_steady());
    if (top->over)
        return;
    bool some = link_wants(top->link, &fd);
    if (poll(&fd, some ? 1 : 0, link_pause(top->link, TURN_MS)) > 0)
        link_serve(top->link, &fd);
    if (top->on_screen && screen_changed())
        draw(top);
}

static int run(struct top *top)
{
    if (!open_link(top))
        return top->result;
    while (!top->over && !screen_ended())
        turn(top);
    if (top->link && link_up(top->link))
        (void)link_command(top->link, logout, strlen(logout));
    link_close(top->link);
    cJSON_Delete(top->now);
    cJSON_Delete(top->before);
    return top->result;
}

static int show_top(struct top *top, const struct call_options *options)
{
    struct link_config config = {0};
    int result = options_connection(options, &config);
    config.quiet = true;
    top->config = &config;
    if (result == EXIT_DONE && top->on_screen)
        screen_open();
    else
        screen_heed_signals();
    if (result == EXIT_DONE)
        result = run(top);
    if (top->on_screen)
        screen_close();
    connection_clear(&config);
    return result;
}

/* The command line */

/* "0.5" */
static bool read_every(const char *text, int64_t *ms)
{
    char *rest;
    const double seconds = text ? strtod(text, &rest) : 1;
    *ms = seconds >= 0.1 && seconds <= EVERY_MAX ? (int64_t)(seconds * 1000) : 0;
    return (!text || (rest != text && *rest == '\0')) && *ms > 0;
}

static int check(struct top *top, const struct own_option *own, const struct call_options *options)
{
    if (options->word_count > 0 || options->value[OPTION_AS] || options->value[OPTION_FILE])
        return complain_usage("top: takes --every, --count, --json and a connection");
    if (!read_every(own[TOP_EVERY].value, &top->every_ms))
        return complain_usage("top: --every must be seconds from 0.1 to %d", EVERY_MAX);
    if (!own_number(&own[TOP_COUNT], 0, INT32_MAX, &top->left))
        return complain_usage("top: --count must be a whole number from 1");
    top->as_json = options->value[OPTION_JSON] != NULL;
    top->on_screen = !top->as_json && screen_there();
    return EXIT_DONE;
}

int command_top(int argc, char **argv)
{
    struct own_option own[TOP_OPTIONS] = {
        [TOP_EVERY] = {.name = "--every"}, [TOP_COUNT] = {.name = "--count"}};
    struct call_options options = {.memory = NULL};
    struct top top = {.over = false};
    int result = own_options_take(own, TOP_OPTIONS, &argc, argv);
    if (result == EXIT_DONE)
        result = options_parse(&options, argc, argv);
    options.sig_seconds = WEEK;
    if (result == EXIT_DONE)
        result = check(&top, own, &options);
    if (result == EXIT_DONE)
        result = show_top(&top, &options);
    options_clear(&options);
    return result;
}
