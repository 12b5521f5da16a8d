/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The text of an answer as it grows: {"responses":[...]}. Broker thread only. */
#ifndef PLUGIN_COMMANDS_ANSWER_H
#define PLUGIN_COMMANDS_ANSWER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* All zero in the beginning; `text` is to be freed. */
struct answer {
    char *text;
    size_t len, size;
};

/* false: out of memory; the answer is of no use then. */
__attribute__((warn_unused_result)) bool answer_add(struct answer *answer, const cJSON *response);
/* The same for a response that is a code and an error ("": the code's own text). */
__attribute__((warn_unused_result)) bool answer_add_error(struct answer *answer, int code, const char *error);
/* After the last one. */
__attribute__((warn_unused_result)) bool answer_end(struct answer *answer);

#endif
