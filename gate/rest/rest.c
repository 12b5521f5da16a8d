/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/rest/rest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "gate/http/exchange.h"
#include "gate/rest/call.h"
#include "gate/rest/counts.h"
#include "gate/rest/services.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/keys.h"
#include "lib/text.h"
#include "lib/usersig.h"

static const struct rest_service *const services[] = {
    &service_account, &service_message, &service_group, &service_attributes, &service_profile,
    &service_sns,     &service_recent,  &service_mute,  &service_push_all,
};

#define COMMANDS_MAX 64 /* of a service */
#define SEPARATORS   " ,\t"

/* How many of a command came in this second. */
struct rate {
    int64_t second, count;
};

struct rest_api {
    const struct rest_config *config;
    int64_t sdkappid;
    const struct keys *keys;
    struct asks *asks;
    struct counts *counts;
    struct rate rates[COUNT(services)][COMMANDS_MAX];
};

/* A request as its path and query have it. */
struct frame {
    const struct rest_service *service;
    const struct rest_command *command;
    struct rate *rate;
    const char *admin;
    int code;
    char error[200];
};

__attribute__((format(printf, 3, 4))) static int refuse(struct frame *frame, int code, const char *format,
                                                        ...)
{
    va_list args;
    frame->code = code;
    va_start(args, format);
    vsnprintf(frame->error, sizeof frame->error, format, args);
    va_end(args);
    text_mend(frame->error); /* it may be cut within a character */
    return code;
}

/* Path */

static int find_service(struct rest_api *rest, struct frame *frame, const char *path)
{
    char name[64] = "", command[64] = "", more = '\0';
    size_t at = 0;
    if (sscanf(path + strlen(REST_PATH), "%63[^/]/%63[^/]%c", name, command, &more) != 2)
        return refuse(frame, REST_NO_COMMAND, "%s is no command", path);
    while (at < COUNT(services) && strcmp(services[at]->name, name) != 0)
        at++;
    if (at == COUNT(services))
        return refuse(frame, REST_NO_COMMAND, "there is no service %s", name);
    frame->service = services[at];
    for (size_t i = 0; services[at]->commands[i].name; i++) {
        if (strcmp(services[at]->commands[i].name, command) != 0)
            continue;
        frame->command = &services[at]->commands[i];
        frame->rate = &rest->rates[at][i];
    }
    if (!frame->command)
        return refuse(frame, REST_NO_COMMAND, "there is no command %s/%s", name, command);
    return frame->command->begin ? CODE_OK
                                 : refuse(frame, REST_NO_COMMAND, "%s/%s is not built", name, command);
}

/* Query */

/* Is it one of these names? */
static bool is_listed(const char *list, const char *name)
{
    const size_t len = strlen(name);
    if (!list)
        return false;
    while (*(list += strspn(list, SEPARATORS)) != '\0') {
        size_t here = strcspn(list, SEPARATORS);
        if (here == len && memcmp(list, name, len) == 0)
            return true;
        list += here;
    }
    return false;
}

static int check_app(const struct rest_api *rest, struct frame *frame, const char *sdkappid)
{
    char *end;
    if (!sdkappid || !*sdkappid)
        return refuse(frame, REST_NO_SDKAPPID, "sdkappid is missing");
    if (strtoll(sdkappid, &end, 10) != rest->sdkappid || *end)
        return refuse(frame, REST_SDKAPPID, "sdkappid %s is not this server's", sdkappid);
    return CODE_OK;
}

static int check_admin(const struct rest_api *rest, struct frame *frame, const char *identifier,
                       const char *sig)
{
    struct usersig found;
    if (!identifier || !user_id_valid(identifier, strlen(identifier)) ||
        !is_listed(rest->config->admins, identifier))
        return refuse(frame, REST_NOT_ADMIN, "identifier is none of `admins` of [rest]");
    int code = usersig_verify(sig, identifier, rest->sdkappid, rest->keys, (int64_t)time(NULL), &found);
    return code == CODE_OK ? CODE_OK : refuse(frame, code, "%s", code_text(code));
}

static int check_rate(const struct rest_api *rest, struct frame *frame)
{
    struct rate *rate = frame->rate;
    const int64_t second = clock_steady() / 1000;
    if (rate->second != second)
        *rate = (struct rate){.second = second};
    if (rest->config->rate == 0 || rate->count++ < rest->config->rate)
        return CODE_OK;
    return refuse(frame, REST_TOO_FAST, "%s: too many requests in this second", frame->command->name);
}

static int read_frame(struct rest_api *rest, struct frame *frame, const struct exchange *exchange)
{
    frame->admin = exchange_query(exchange, "identifier");
    int code = find_service(rest, frame, exchange_path(exchange));
    if (code == CODE_OK)
        code = check_app(rest, frame, exchange_query(exchange, "sdkappid"));
    if (code == CODE_OK)
        code = check_admin(rest, frame, frame->admin, exchange_query(exchange, "usersig"));
    return code == CODE_OK ? check_rate(rest, frame) : code;
}

/* Body */

static cJSON *read_body(struct frame *frame, const struct exchange *exchange)
{
    size_t len;
    const char *text = exchange_body(exchange, &len);
    if (!text) {
        (void)refuse(frame, REST_TOO_LONG, "the body has more than 65536 bytes");
        return NULL;
    }
    cJSON *body = json_read_part(text, len);
    if (cJSON_IsObject(body))
        return body;
    cJSON_Delete(body);
    (void)refuse(frame, REST_NOT_JSON, "the body is no JSON object");
    return NULL;
}

void rest_serve(void *context, struct exchange *exchange)
{
    struct rest_api *rest = context;
    struct frame frame = {0};
    cJSON *body = read_frame(rest, &frame, exchange) == CODE_OK ? read_body(&frame, exchange) : NULL;
    if (!body) {
        if (frame.command)
            counts_add(rest->counts, frame.service->name, frame.command->name, frame.code);
        call_answer_error(exchange, frame.code, frame.error);
        return;
    }
    const struct call_request request = {.service = frame.service,
                                         .command = frame.command,
                                         .asks = rest->asks,
                                         .counts = rest->counts,
                                         .exchange = exchange,
                                         .admin = frame.admin,
                                         .body_take = body};
    call_begin(&request);
}

struct rest_api *rest_open(const struct rest_config *config, int64_t sdkappid, const struct keys *keys,
                           struct asks *asks)
{
    struct rest_api *rest = calloc(1, sizeof *rest);
    if (!rest)
        return NULL;
    *rest = (struct rest_api){
        .config = config, .sdkappid = sdkappid, .keys = keys, .asks = asks, .counts = counts_open()};
    if (rest->counts)
        return rest;
    rest_close(rest);
    return NULL;
}

void rest_take(struct rest_api *rest, const struct rest_config *config, int64_t sdkappid)
{
    rest->config = config;
    rest->sdkappid = sdkappid;
}

void rest_close(struct rest_api *rest)
{
    if (!rest)
        return;
    counts_close(rest->counts);
    free(rest);
}

const struct counts *rest_counts(const struct rest_api *rest)
{
    return rest->counts;
}
