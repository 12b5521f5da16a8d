/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands to the broker, and their answers. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "acl/command_table.h"
#include "lib/daemon/link.h"

/* Connects, sends `command` and waits for 15 s at most. `answer` is the text of what the broker says of this command,
 * {"command":...}, malloc'ed. EXIT_NO_BROKER: it is not there, lets us not in, or says nothing; that has been said. */
__attribute__((warn_unused_result)) int ask(const struct link_config *config, const cJSON *command,
                                            char **answer);

/* The same for several, one after the other, on one connection: `config` is borrowed until ask_close. */
struct asking;
__attribute__((warn_unused_result)) int ask_open(struct asking **out, const struct link_config *config);
__attribute__((warn_unused_result)) int ask_one(struct asking *asking, const cJSON *command, char **answer);
void ask_close(struct asking *asking); /* NULL is fine */
/* Asks, and takes the answer apart: EXIT_DONE with `data`, for cJSON_Delete. EXIT_FAILED, `code`: it was refused, and that has been
 * said; `quiet_code` is a code of which nothing is said (0: none). */
__attribute__((warn_unused_result)) int ask_data(struct asking *asking, const cJSON *command, cJSON **data,
                                                 int quiet_code, int *code);
/* {"command":its name}, for cJSON_Delete. NULL: out of memory. */
cJSON *ask_request(const struct command_row *row);
/* Publishes at QoS 0, behind what was asked before. false: the connection is gone, or memory. */
__attribute__((warn_unused_result)) bool ask_publish(struct asking *asking, const char *topic,
                                                     const void *payload, size_t len);

#endif
