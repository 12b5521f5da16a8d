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

/* What a command is answered. */
struct response {
    const char *command, *correlation_data; /* NULL: left out */
    int code;
    const char *error; /* of a code that is not CODE_OK; "": the code's own text */
    size_t refused;    /* the number, from 1, of the item that it is about; 0: of none */
    cJSON *data_take;  /* of CODE_OK; NULL: an empty object */
};

/* Takes the data over, whatever comes of it. false: out of memory; the answer is of no use then. */
__attribute__((warn_unused_result)) bool answer_add(struct answer *answer, const struct response *response);
/* After the last one. */
__attribute__((warn_unused_result)) bool answer_end(struct answer *answer);

#endif
