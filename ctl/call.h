/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What chatctl prints of the broker's answer to a command. */
#ifndef CTL_CALL_H
#define CTL_CALL_H

#include <stdbool.h>

#include "acl/command_table.h"

/* `answer` as ask gives it: its data for people, or, refused, a line on stderr; as_json: as it is. Returns an exit code. */
__attribute__((warn_unused_result)) int call_show(const struct command_row *row, const char *answer,
                                                  bool as_json);

#endif
