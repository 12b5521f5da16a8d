/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/check_report.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/say.h"

#define FIRST_ROOM 32
#define PLAIN      "\033[0m"

static const struct {
    const char *name, *colour;
} levels[FINDING_LEVELS] = {[FINDING_OK] = {"ok", "\033[32m"},
                            [FINDING_NOTE] = {"note", "\033[36m"},
                            [FINDING_WARNING] = {"warning", "\033[33m"},
                            [FINDING_ERROR] = {"error", "\033[31m"}};

static bool make_room(struct check_report *report)
{
    if (report->count < report->room)
        return true;
    size_t room = report->room ? report->room * 2 : FIRST_ROOM;
    struct finding *more = realloc(report->findings, room * sizeof *more);
    if (!more)
        return false;
    report->findings = more;
    report->room = room;
    return true;
}

/* NULL stays NULL. */
static char *keep(struct check_report *report, const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    report->no_memory = report->no_memory || (text && !copy);
    if (copy)
        say_safely(copy);
    return copy;
}

void report_say(struct check_report *report, enum finding_level level, struct finding_place place,
                const char *advice, const char *text, ...)
{
    char *said = NULL;
    va_list args;
    va_start(args, text);
    int len = vasprintf(&said, text, args);
    va_end(args);
    if (len < 0 || !make_room(report)) {
        report->no_memory = true;
        if (len >= 0)
            free(said);
        return;
    }
    say_safely(said);
    report->counts[level]++;
    report->findings[report->count++] = (struct finding){.level = level,
                                                         .group = report->group,
                                                         .file = keep(report, place.file),
                                                         .line = place.line,
                                                         .text = said,
                                                         .advice = keep(report, advice)};
}

size_t report_faults(const struct check_report *report)
{
    size_t faults = 0;
    for (size_t i = report->count; i-- > 0 && report->findings[i].group == report->group;)
        faults += report->findings[i].level > FINDING_NOTE;
    return faults;
}

/* For people */

static bool is_coloured(void)
{
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

static void print_finding(const struct finding *finding, bool coloured)
{
    const char *colour = coloured ? levels[finding->level].colour : "";
    printf("  %s%-7s%s  ", colour, levels[finding->level].name, coloured ? PLAIN : "");
    if (finding->file && finding->line > 0)
        printf("%s:%d: ", finding->file, finding->line);
    else if (finding->file)
        printf("%s: ", finding->file);
    fputs(finding->text, stdout);
    if (finding->advice)
        printf(". %s", finding->advice);
    putchar('\n');
}

static void print_count(size_t count, const char *what)
{
    printf("%zu %s%s", count, what, count == 1 ? "" : "s");
}

void report_print(const struct check_report *report, const char *name)
{
    const char *group = NULL;
    bool coloured = is_coloured();
    for (size_t i = 0; i < report->count; i++) {
        const struct finding *finding = &report->findings[i];
        if (finding->group != group)
            printf("%s%s\n", group ? "\n" : "", finding->group);
        group = finding->group;
        print_finding(finding, coloured);
    }
    printf("\n%s: ", name);
    print_count(report->counts[FINDING_ERROR], "error");
    fputs(", ", stdout);
    print_count(report->counts[FINDING_WARNING], "warning");
    putchar('\n');
}

/* For programs */

static bool add_text(cJSON *object, const char *name, const char *text)
{
    return !text || cJSON_AddStringToObject(object, name, text);
}

static bool add_finding(cJSON *list, const struct finding *finding)
{
    cJSON *object = json_add_object(list);
    return object && add_text(object, "level", levels[finding->level].name) &&
           add_text(object, "group", finding->group) && add_text(object, "file", finding->file) &&
           (finding->line == 0 || json_add_whole(object, "line", finding->line)) &&
           add_text(object, "reason", finding->text) && add_text(object, "advice", finding->advice);
}

static bool fill(cJSON *root, const struct check_report *report, const char *name)
{
    cJSON *list = add_text(root, "file", name) ? cJSON_AddArrayToObject(root, "findings") : NULL;
    bool good = list != NULL;
    for (size_t i = 0; good && i < report->count; i++)
        good = add_finding(list, &report->findings[i]);
    return good && json_add_whole(root, "errors", (int64_t)report->counts[FINDING_ERROR]) &&
           json_add_whole(root, "warnings", (int64_t)report->counts[FINDING_WARNING]);
}

bool report_print_json(const struct check_report *report, const char *name)
{
    cJSON *root = cJSON_CreateObject();
    char *text = root && fill(root, report, name) ? cJSON_PrintUnformatted(root) : NULL;
    cJSON_Delete(root);
    if (text)
        puts(text);
    bool good = text != NULL;
    cJSON_free(text);
    return good;
}

void report_clear(struct check_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->findings[i].file);
        free(report->findings[i].text);
        free(report->findings[i].advice);
    }
    free(report->findings);
    *report = (struct check_report){0};
}
