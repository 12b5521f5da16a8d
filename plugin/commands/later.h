/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands that are answered later than the batch they came in, in a response of their own: somebody else has to
 * do something first.
 *
 * Such a command's function calls later_begin, gives what it gets to whoever will know the answer, and returns
 * COMMAND_LATER: the batch's answer goes out without it, or not at all when nothing is left of it. Whoever has it
 * ends it by later_answer, once, in whatever event of the broker; by later_drop when there will be no answer.
 *
 * It remembers how the answer is to be addressed: response topic, QoS and correlation data of the request, the
 * command's name and its correlationData. It does not keep the connection: when that ends, nobody is answered
 * (a connection that comes later under the same client id is another one), and later_answer still has to be
 * called. What the command was about is its owner's to remember, and to end.
 *
 * What waits is bounded for each connection. Broker thread only. */
#ifndef PLUGIN_COMMANDS_LATER_H
#define PLUGIN_COMMANDS_LATER_H

#include <cjson/cJSON.h>

struct chat;
struct command;
struct later;
struct session;

/* When all is checked, before anything is changed. CODE_OK; CODE_TOO_FAST: too many of this connection wait;
 * CODE_BUSY: out of memory. */
__attribute__((warn_unused_result)) int later_begin(struct command *command, struct later **out);
/* The answer: CODE_OK and `data_take`, an object, NULL for an empty one; or a code and an error, "" for the code's
 * own text. Frees both, whether anybody is there to be answered or not. Out of memory: the connection is closed,
 * for it would wait for ever. */
void later_answer(struct chat *chat, struct later *later_take, int code, const char *error, cJSON *data_take);
/* The same when memory ran out over the answer: the connection is closed. */
void later_fail(struct chat *chat, struct later *later_take);
/* Who is to be answered; NULL: nobody is left. */
struct session *later_session(const struct later *later);
/* There is no answer: the command is refused after all, by its function, or the plugin ends. NULL is fine. */
void later_drop(struct later *later_take);

/* The session ends: nobody is left to be answered. NULL is fine. */
void laters_leave(struct session *session);

#endif
