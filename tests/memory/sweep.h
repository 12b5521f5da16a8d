/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Every allocation of a scenario fails in turn, until one run of it sees no failure. After each run, memory
 * being back, everybody writes to everybody; then the scene looks exactly like one in which nothing has
 * happened, when the plugin has refused, or like one in which all has, when it has not. After a restart it
 * still does.
 *
 * Each scenario is swept twice. First each allocation fails alone, in the life after the one in which the
 * scene was built, where much has to be read first; then all fail from each one on, in the same life. With
 * MEMORY_THOROUGH in the environment both happen in both. */
#ifndef TESTS_MEMORY_SWEEP_H
#define TESTS_MEMORY_SWEEP_H

#include <stddef.h>

#include "tests/memory/scene.h"

struct scenario {
    const char *name; /* a sentence */
    enum fake_answer (*act)(struct scene *scene);
    /* What must have happened before, while all is well: in an earlier life, and with everybody connected. */
    void (*past)(struct scene *scene);
    void (*before)(struct scene *scene);
};

/* As a group of cmocka tests; the number of those that failed. Arguments of main: words of the names of those
 * to run; or nothing. */
int sweep_all(const struct scenario *scenarios, size_t count, int argc, char **argv);

#endif
