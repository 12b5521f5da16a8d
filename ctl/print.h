/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The data of an answer, for people: a line for each member, and a table for each list of objects. */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <cjson/cJSON.h>

/* To stdout. NULL, or nothing in it: "ok". What is longer than 60 characters is cut; control characters become '?', in the names of `data` itself. */
void print_data(cJSON *data);

/* A list of objects alone, with names of ours. */
void print_table(const cJSON *list);

#endif
