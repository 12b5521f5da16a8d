/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One request to the REST interface on its way: what it says, what the broker is asked for it, what it is answered.
 *
 * A command is a row (struct rest_command) and a function that asks the broker for what it needs and names the next
 * step, which is called when all of that has been answered; the last step fills the answer. Nobody looks at memory
 * that runs out: what cannot be added fails the call as a whole. One thread. */
#ifndef GATE_REST_CALL_H
#define GATE_REST_CALL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/rest/codes.h"

struct asks;
struct call;
struct counts;
struct exchange;

typedef void call_step(struct call *call);

enum rest_type {
    REST_TEXT,   /* "" counts as absent */
    REST_NUMBER, /* a whole one; in quotes, too */
    REST_LIST,   /* `most` entries */
    REST_TEXTS,  /* the same, of texts */
    REST_OBJECTS,
    REST_OBJECT
};

/* The last of a list has no name. What a request has besides is not looked at. */
struct rest_field {
    const char *name, *old; /* `old`: another name for it, or NULL */
    enum rest_type type;
    bool required;
    int64_t most; /* of a number its highest value, of a list its entries; 0: any */
    int code;     /* when it is missing or wrong; 0: the service's own */
};

struct rest_command {
    const char *name;                /* NULL: the end of the list */
    const struct rest_field *fields; /* NULL: none */
    call_step *begin;                /* NULL: it is not built, and said to be so */
};

struct rest_service {
    const char *name;
    enum rest_family family;
    const struct rest_command *commands;
};

/* What the broker said to one of the commands asked. */
struct reply {
    int code;
    char *error;
    cJSON *data;
};

/* What a request says. NULL, `absent`: it is not there. */
const char *call_text(const struct call *call, const char *field);
int64_t call_number(const struct call *call, const char *field, int64_t absent);
const cJSON *call_list(const struct call *call, const char *field);
const cJSON *call_object(const struct call *call, const char *field);
/* The whole of it. */
const cJSON *call_body(const struct call *call);
/* The administrator who asks. */
const char *call_admin(const struct call *call);

/* The same of an object within the request: `old` NULL, or another name of it. */
const char *object_text(const cJSON *object, const char *name, const char *old);
int64_t object_number(const cJSON *object, const char *name, const char *old, int64_t absent);

/* Asking: a command to fill by the functions below. */
cJSON *call_ask(struct call *call, const char *command);
/* The same as if `user` had sent it. */
cJSON *call_ask_as(struct call *call, const char *user, const char *command);
/* When all of it has been answered. A step that neither asks nor names another is the last. */
void call_then(struct call *call, call_step *next);
/* The replies to what the step before asked, in that order. */
size_t call_replies(const struct call *call);
const struct reply *call_reply(const struct call *call, size_t i);
/* What one of them gave: NULL where it was refused or has no such member. */
const cJSON *reply_member(const struct reply *reply, const char *name);

/* Something of the step's own, for the steps to come: freed with the call. */
void call_keep(struct call *call, void *kept, void (*release)(void *kept));
void *call_kept(const struct call *call);

/* The answer. */
cJSON *call_answer(struct call *call);
/* Ends in an error: a code of the broker's, which is translated, or one of Tencent's own. */
void call_refuse(struct call *call, int code, const char *error);
__attribute__((format(printf, 3, 4))) void call_fail(struct call *call, int code, const char *format, ...);
/* Was a reply refused? Then the call is, too. */
bool call_refused(struct call *call, const struct reply *reply);
/* A code of the broker's as it is given to those who ask this service. */
int call_code(const struct call *call, int code);
/* "SomeError" in the place of "OK". */
void call_some_failed(struct call *call);

/* Filling of objects and lists, commands and answers alike. An item that is NULL is left out. A number that was put is
 * a text to cJSON from then on: it cannot be read back. */
void put_text(struct call *call, cJSON *object, const char *name, const char *text);
void put_number(struct call *call, cJSON *object, const char *name, int64_t number);
void put_bool(struct call *call, cJSON *object, const char *name, bool value);
void put_item(struct call *call, cJSON *object, const char *name, cJSON *item_take);
void put_copy(struct call *call, cJSON *object, const char *name, const cJSON *item);
cJSON *put_list(struct call *call, cJSON *object, const char *name);
cJSON *put_object(struct call *call, cJSON *object, const char *name);
void add_text(struct call *call, cJSON *list, const char *text);
void add_number(struct call *call, cJSON *list, int64_t number);
cJSON *add_object(struct call *call, cJSON *list);

/* For rest.c */

struct call_request {
    const struct rest_service *service;
    const struct rest_command *command;
    struct asks *asks;
    struct counts *counts;
    struct exchange *exchange; /* answered in any case */
    const char *admin;
    cJSON *body_take;
};
/* Checks the fields and takes the first step. */
void call_begin(const struct call_request *request);
/* The answer to a request that is none. */
void call_answer_error(struct exchange *exchange, int code, const char *error);

#endif
