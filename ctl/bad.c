/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl bad: what is in <database>.bad, frames that the broker could not execute. It only shows: the database
 * has one writer. With --sql an operator who has mended what was wrong can have them executed by sqlite3, while
 * the broker is stopped. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/complain.h"
#include "lib/say.h"
#include "schema/bad.h"
#include "schema/record.h"
#include "schema/statements.h"

#define PARAMETERS_MAX 32 /* no statement has as many */

struct mapped_file {
    const uint8_t *at; /* mapped; NULL when there are none */
    size_t len;
};

/* A file that is being appended to has at least these. */
static int map_file(const char *path, struct mapped_file *bytes)
{
    struct stat found;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return complain("%s: %s", path, strerror(errno));
    int result =
        fstat(fd, &found) == 0 && S_ISREG(found.st_mode) ? EXIT_DONE : complain("%s is not a file", path);
    if (result == EXIT_DONE && found.st_size > 0) {
        void *at = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at == MAP_FAILED)
            result = complain("%s: %s", path, strerror(errno));
        else
            *bytes = (struct mapped_file){at, (size_t)found.st_size};
    }
    close(fd);
    return result;
}

static void print_safely(const char *text, size_t len)
{
    char *copy = strndup(text, len);
    if (copy)
        say_safely(copy);
    fputs(copy ? copy : "?", stdout);
    free(copy);
}

/* Would it leave a terminal alone, as it is? */
static bool is_safe(const char *text, size_t len)
{
    char *copy = strndup(text, len);
    if (copy)
        say_safely(copy);
    bool safe = copy && strlen(copy) == len && memcmp(copy, text, len) == 0;
    free(copy);
    return safe;
}

static void print_text(const char *text, size_t len)
{
    if (!is_safe(text, len)) {
        fputs("CAST(x'", stdout);
        for (size_t i = 0; i < len; i++)
            printf("%02x", (unsigned char)text[i]);
        fputs("' AS TEXT)", stdout);
        return;
    }
    putchar('\'');
    for (size_t i = 0; i < len; i++)
        printf(text[i] == '\'' ? "''" : "%c", text[i]);
    putchar('\'');
}

/* As SQL has it. */
static void print_parameter(const struct record_parameter *parameter)
{
    if (parameter->kind == 'i')
        printf("%" PRId64, parameter->number);
    else if (parameter->kind == 'b')
        print_text(parameter->text, parameter->len);
    else
        fputs("NULL", stdout);
}

/* The statement with its parameters in their places. */
static void print_statement(const char *sql, const struct record_parameter *parameters, size_t count)
{
    static const struct record_parameter none = {.kind = 'n'};
    bool quoted = false;
    while (*sql) {
        if (!quoted && sql[0] == '?' && isdigit((unsigned char)sql[1])) {
            size_t number = strtoul(sql + 1, (char **)&sql, 10);
            print_parameter(number >= 1 && number <= count ? &parameters[number - 1] : &none);
            continue;
        }
        quoted = quoted != (*sql == '\'');
        putchar(*sql++);
    }
    puts(";");
}

static void print_words(const char *name, uint16_t op, const struct record_parameter *parameters,
                        size_t count)
{
    if (name)
        printf("    %s", name);
    else
        printf("    operation %u", (unsigned)op);
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? " " : ", ", stdout);
        print_parameter(&parameters[i]);
    }
    putchar('\n');
}

static void print_record(const struct ring_record *record, bool as_sql)
{
    const struct write_statement *statement = write_statement(record->op);
    struct record_parameter parameters[PARAMETERS_MAX];
    size_t offset = 0, count = 0;
    while (count < PARAMETERS_MAX && record_next(record->bytes, record->len, &offset, &parameters[count]))
        count++;
    if (as_sql && statement && offset == record->len)
        print_statement(statement->sql, parameters, count);
    else if (as_sql)
        printf("-- operation %u, which this release does not know, or which is damaged\n",
               (unsigned)record->op);
    else
        print_words(statement ? statement->name : NULL, record->op, parameters, count);
}

static void print_head(const struct bad_entry *entry)
{
    char when[32] = "?";
    struct tm utc;
    time_t seconds = (time_t)(entry->time / 1000);
    if (entry->skipped > 0)
        printf("-- %zu bytes that are no frame\n", entry->skipped);
    if (gmtime_r(&seconds, &utc))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    printf("-- %s, position %" PRIu64 ": ", when, entry->frame.position);
    print_safely(entry->reason, entry->reason_len);
    putchar('\n');
}

static void print_entry(const struct bad_entry *entry, bool as_sql)
{
    struct ring_record record;
    size_t offset = 0;
    print_head(entry);
    if (as_sql)
        puts("BEGIN;");
    while (ring_frame_record(&entry->frame, &offset, &record))
        print_record(&record, as_sql);
    if (as_sql)
        puts("COMMIT;");
}

static int print_entries(const char *path, const struct mapped_file *bytes, bool as_sql)
{
    struct bad_entry entry;
    size_t offset = 0;
    while (bad_next(bytes->at, bytes->len, &offset, &entry))
        print_entry(&entry, as_sql);
    if (offset == 0 && bytes->len > 0)
        return complain("%s holds no frame: is it a .bad file?", path);
    if (offset < bytes->len)
        printf("-- %zu bytes that are no frame\n", bytes->len - offset);
    return finish_output();
}

int command_bad(int argc, char **argv)
{
    struct mapped_file bytes = {0};
    bool as_sql = argc > 1 && strcmp(argv[1], "--sql") == 0;
    if (argc != (as_sql ? 3 : 2))
        return complain_usage("%s: takes the name of one file", argv[0]);
    const char *path = argv[as_sql ? 2 : 1];
    if (path[0] == '-')
        return complain_usage("%s: %s is not an option", argv[0], path);
    int result = map_file(path, &bytes);
    if (result == EXIT_DONE)
        result = print_entries(path, &bytes, as_sql);
    if (bytes.at)
        munmap((void *)bytes.at, bytes.len);
    return result;
}
