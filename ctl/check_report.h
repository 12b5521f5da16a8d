/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What chatctl check has found: kept in the order in which it was said, printed at the end for people or for programs. */
#ifndef CTL_CHECK_REPORT_H
#define CTL_CHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* What is well; what is worth knowing, and nothing is to be done; what will bite; what stops the broker, or the chat. */
enum finding_level { FINDING_OK, FINDING_NOTE, FINDING_WARNING, FINDING_ERROR, FINDING_LEVELS };

struct finding {
    enum finding_level level;
    const char *group; /* borrowed */
    char *file;        /* NULL: about no line */
    int line;          /* 0: about the file as a whole */
    char *text;
    char *advice; /* NULL: nothing is to be done */
};

struct check_report {
    struct finding *findings;
    size_t count, room;
    size_t counts[FINDING_LEVELS];
    const char *group; /* of what is said from now on; lasts as long as the report */
    bool no_memory;    /* something could not be kept */
};

/* A file, and a line in it; {0}: none. */
struct finding_place {
    const char *file;
    int line;
};

/* `text` is the reason, a sentence without its full stop; `advice`, NULL for none, what to do, as another one. */
__attribute__((format(printf, 5, 6))) void report_say(struct check_report *report, enum finding_level level,
                                                      struct finding_place place, const char *advice,
                                                      const char *text, ...);
/* How many findings of the group of now are worse than a note. */
size_t report_faults(const struct check_report *report);

/* To stdout. `name` is the file that was checked. */
void report_print(const struct check_report *report, const char *name);
/* One object: file, findings, errors, warnings. false: out of memory. */
bool report_print_json(const struct check_report *report, const char *name);
void report_clear(struct check_report *report);

#endif
