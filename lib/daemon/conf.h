/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A configuration file: sections, and in them options, each a row of a table. libinih reads the lines; whoever
 * has a file says which table is whose section's, and which struct it fills. Not for two threads at a time:
 * libinih is set up by globals. */
#ifndef LIB_DAEMON_CONF_H
#define LIB_DAEMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* A table ends with a row whose name is NULL. */
struct conf_option {
    const char *name;
    enum conf_type type;
    size_t offset;       /* of the member in the section's struct */
    bool required;       /* or it may be missing, and: */
    const char *preset;  /* as if the file said so; NULL: it is left NULL or -1 */
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
    void *context;   /* for `find` */
    char error[300]; /* the first thing that is wrong; "": nothing */
};

/* An unknown option, one that is given twice, a value out of range: refused, with a sentence in conf->error.
 * Returns 0 or -1; objects may be filled in part then. */
__attribute__((warn_unused_result)) int conf_read(struct conf *conf, const char *path);

/* Puts presets into what was not given; -1: something required is missing. */
__attribute__((warn_unused_result)) int conf_complete(struct conf *conf, const char *section,
                                                      const struct conf_option *options, void *object);

/* Writes the error, unless there is one. Returns -1. */
__attribute__((format(printf, 2, 3))) int conf_refuse(struct conf *conf, const char *format, ...);

/* An object of zeroes becomes one in which nothing is given. */
void conf_init(const struct conf_option *options, void *object);
/* Frees the texts. */
void conf_clear(const struct conf_option *options, void *object);

#endif
