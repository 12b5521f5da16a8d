/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A configuration file: sections, and in them options, each a row of a table. libinih reads the lines; whoever
 * has a file says which table is whose section's, and which struct it fills. Not for two threads at a time:
 * libinih is set up by globals. */
#ifndef LIB_DAEMON_CONF_H
#define LIB_DAEMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONF_SECTION_MAX 48 /* bytes of its name; libinih cuts longer ones without a word */

/* Texts are malloc'ed `char *`, NULL when there is neither value nor preset; a number is an int64_t. */
enum conf_type {
    CONF_TEXT,
    CONF_FILE,     /* a text; the file can be read now */
    CONF_URL,      /* a text; begins with https:// */
    CONF_BASE_URL, /* the same, without the slash at its end */
    CONF_WORDS,    /* a text; may be given several times: with blanks between */
    CONF_NUMBER
};

/* Of an option. */
#define CONF_REQUIRED 1U /* or it may be missing */
#define CONF_AT_START 2U /* another value counts from the next start on; without it, from a reload on */

/* A table ends with a row whose name is NULL. */
struct conf_option {
    const char *name;
    enum conf_type type;
    size_t offset; /* of the member in the section's struct */
    unsigned flags;
    const char *preset;  /* where it is missing, as if the file said so; NULL: it is left NULL or -1 */
    int64_t least, most; /* of a number; not below 0 */
};

struct conf;

/* Where a section's options go. */
struct conf_section {
    const struct conf_option *options;
    void *object; /* after conf_init */
};

struct conf {
    /* Called with each line for the section it is in: fills `out`. -1: conf_refuse has been called. */
    int (*find)(struct conf *conf, const char *section, struct conf_section *out);
    void *context;       /* for `find` */
    char error[400];     /* the first thing that is wrong; "": nothing */
    unsigned refused_at; /* its line, while the file is read */
    unsigned line;       /* of the file that is read */
};

/* An unknown option, one that is given twice, a value out of range: refused, with file, line and a sentence in
 * conf->error. Returns 0 or -1; objects may be filled in part then. */
__attribute__((warn_unused_result)) int conf_read(struct conf *conf, const char *path);

/* Puts presets into what was not given; -1: something required is missing. */
__attribute__((warn_unused_result)) int conf_complete(struct conf *conf, const char *section,
                                                      const struct conf_option *options, void *object);

/* Writes the error, unless there is one. Returns -1. */
__attribute__((format(printf, 2, 3))) int conf_refuse(struct conf *conf, const char *format, ...);

/* Puts "file:line: " before an error that begins with "[section] option: ", or "file: " where the file has no such line;
 * others are left as they are. */
void conf_locate(const char *path, char *error, size_t size);

/* An object of zeroes becomes one in which nothing is given. */
void conf_init(const struct conf_option *options, void *object);
/* Frees the texts. */
void conf_clear(const struct conf_option *options, void *object);
/* Of an object that has come about by an assignment: its texts become copies of what they are. -1: out of memory, and it
 * can be cleared. */
__attribute__((warn_unused_result)) int conf_own(const struct conf_option *options, void *object);

bool conf_option_same(const struct conf_option *option, const void *a, const void *b);
bool conf_same(const struct conf_option *options, const void *a, const void *b);
/* For a reload. Writes a line into `report` for each option that has changed since `before`, with its name and never a
 * value; what counts at a start only becomes in `after` what it is in `before`. -1: out of memory. */
__attribute__((warn_unused_result)) int conf_carry(const char *section, const struct conf_option *options,
                                                   const void *before, void *after, FILE *report);
/* What such reports have become, line by line, into the log. `text` is changed. */
void conf_say_report(char *text);

#endif
