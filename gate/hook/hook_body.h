/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The body of a callback, while it is filled from what the broker tells. Pure, no state. */
#ifndef GATE_HOOK_HOOK_BODY_H
#define GATE_HOOK_HOOK_BODY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Memory that runs out is noted, and nothing more is added. */
struct hook_body {
    cJSON *object;
    bool failed;
};

/* Of what the broker tells: NULL, "", 0 where it is not there or of another type. */
const cJSON *item_get(const cJSON *object, const char *name);
const char *item_text(const cJSON *object, const char *name);
int64_t item_number(const cJSON *object, const char *name);

void body_text(struct hook_body *body, const char *name, const char *text);
void body_number(struct hook_body *body, const char *name, int64_t number);
/* As Tencent's clients know it. */
void body_group(struct hook_body *body, const char *id);
/* `names` is a list of userIDs, or NULL: [{"Member_Account": ".."}]. */
void body_members(struct hook_body *body, const char *list, const cJSON *names);
/* A list of one object with one number. */
void body_number_list(struct hook_body *body, const char *list, const char *name, const int64_t *number);
cJSON *body_list(struct hook_body *body, const char *name);
cJSON *body_object(struct hook_body *body, const char *name);
/* In an object or list within: NULL is passed on. */
void body_text_in(struct hook_body *body, cJSON *object, const char *name, const char *text);
cJSON *body_entry(struct hook_body *body, cJSON *list);
/* MsgBody and CloudCustomData of a message, which may be NULL. */
void body_content(struct hook_body *body, const cJSON *message);
/* MsgSeq MsgRandom MsgTime MsgKey of a private message; `time` in milliseconds. */
void body_c2c_numbers(struct hook_body *body, int64_t seq, int64_t random, int64_t time);
void body_c2c_key(struct hook_body *body, int64_t seq, int64_t random, int64_t time);

/* Ends it: the text, malloc'ed; NULL: memory ran out. */
char *body_finish(struct hook_body *body);

#endif
