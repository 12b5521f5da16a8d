/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands that wait for a reviewer (delivery/review.h): createGroup, joinGroup, inviteGroupMember, and editMessage,
 * which is reviewed as the message would be.
 *
 * The command's function asks when all is checked, before anything is changed. When the command passes, the function
 * runs once more from its beginning, with command->review and command->verdict set: it checks everything again but
 * rates, and what it commits ends the review. The answer comes then, to the connection that asked, if that is still
 * there. Broker thread only. */
#ifndef PLUGIN_COMMANDS_WAITING_H
#define PLUGIN_COMMANDS_WAITING_H

#include <stdint.h>

#include "lib/plugin_options.h"

struct command;
struct review_kind;

extern const struct review_kind command_review, edit_review;

/* Is it to be looked at? CODE_OK: no, or it has been: go on. COMMAND_LATER: it waits now. Or a code. `what`: as the
 * option calls it; topic: of the group, "" for none. */
__attribute__((warn_unused_result)) int command_wait(struct command *command, enum review_of what,
                                                     const char *topic);
/* The same for new members, a JSON object, of the message `id`, which was sent to `topic`. */
__attribute__((warn_unused_result)) int command_wait_edit(struct command *command, enum review_of what,
                                                          const char *topic, const char *members, int64_t id);

#endif
