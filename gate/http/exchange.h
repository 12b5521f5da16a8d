/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One request over HTTP and its answer, as those who serve it see it. It is answered once: in the handler's own
 * time, or later; until then its connection rests. One thread. */
#ifndef GATE_HTTP_EXCHANGE_H
#define GATE_HTTP_EXCHANGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/http/proxies.h"

struct exchange;

/* The request. Texts are borrowed, and stay until it is answered. */

/* Percent signs are resolved; it begins with '/', has no control character, and is valid UTF-8. */
const char *exchange_path(const struct exchange *exchange);
bool exchange_is_head(const struct exchange *exchange);
/* Of the query, decoded; of the header, whatever letters its name is written with. NULL: not there. */
const char *exchange_query(const struct exchange *exchange, const char *name);
const char *exchange_header(const struct exchange *exchange, const char *name);
/* What the client has sent, with a NUL behind it; NULL: more than the route allows. */
const char *exchange_body(const struct exchange *exchange, size_t *len);
/* The same where the route has it in a file: borrowed, to be read with pread. -1: *size is more than the route allows,
 * or it could not be written. */
int exchange_file(const struct exchange *exchange, uint64_t *size);
/* The client's address: the one that connected, or the one that a trusted proxy says it asks for. */
void exchange_address(const struct exchange *exchange, char out[ADDRESS_MAX]);
/* Has the client closed its side while it waits for its answer? */
bool exchange_is_gone(const struct exchange *exchange);

/* The answer. Before it, headers may be added; `value` must be fit for one. Out of memory: it goes without. */
void exchange_add_header(struct exchange *exchange, const char *name, const char *value);
/* Of these bytes, malloc'ed; NULL and 0: none. `type` NULL: there is no Content-Type. */
void exchange_answer(struct exchange *exchange, unsigned status, const char *type, char *body_take,
                     size_t len);
/* `tree` as JSON; NULL: out of memory, 500. */
void exchange_answer_json(struct exchange *exchange, unsigned status, cJSON *tree_take);
/* {"code":..,"error":".."}; the error is the client's to read. */
void exchange_refuse(struct exchange *exchange, unsigned status, int code, const char *error);
/* `size` bytes of a file from `offset` on, by sendfile. Closes `fd`, in any case. */
void exchange_answer_file(struct exchange *exchange, unsigned status, const char *type, int fd,
                          uint64_t offset, uint64_t size);

/* An answer that goes on. */

/* Fills `out` with what there is, at most `room` bytes, and returns how many: 0, nothing now. */
typedef size_t stream_reader(void *context, char *out, size_t room);

/* 200, with what `read` gives, for as long as the client is there; `gone` is called when it is not any more, once, and
 * after that neither of them. */
void exchange_answer_stream(struct exchange *exchange, const char *type, stream_reader *read,
                            void (*gone)(void *context), void *context);
/* There is something to read again. */
void exchange_stream_wake(struct exchange *exchange);
/* There will be no more: it ends when `read` has nothing left. */
void exchange_stream_end(struct exchange *exchange);

#endif
