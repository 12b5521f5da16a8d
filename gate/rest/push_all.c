/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* all_member_push: to everybody. What goes out is the broker's `broadcast`, a text. */
#include "gate/rest/services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acl/code.h"

#define BODY_NO_LIST 90007

static const struct rest_field push_fields[] = {{"MsgRandom", NULL, REST_NUMBER, false, 0, 0},
                                                {"Condition", NULL, REST_OBJECT, false, 0, 0},
                                                {"MsgBody", NULL, REST_OBJECTS, true, 0, BODY_NO_LIST},
                                                {0}};

/* The texts of the elements, one behind the other: malloc'ed; NULL: there is another element, or none, or memory is
 * out. */
static char *join_texts(const cJSON *body)
{
    const cJSON *element;
    char *text = strdup("");
    cJSON_ArrayForEach (element, body) {
        const char *type = object_text(element, "MsgType", NULL);
        const char *more = object_text(cJSON_GetObjectItemCaseSensitive(element, "MsgContent"), "Text", NULL);
        char *longer = NULL;
        if (!text || !type || !more || strcmp(type, "TIMTextElem") != 0 ||
            asprintf(&longer, "%s%s", text, more) < 0)
            longer = NULL;
        free(text);
        text = longer;
    }
    return text;
}

static void pushed(struct call *call)
{
    char task[64];
    if (call_refused(call, call_reply(call, 0)))
        return;
    snprintf(task, sizeof task, "%lld_%lld", (long long)time(NULL),
             (long long)call_number(call, "MsgRandom", 0));
    put_text(call, call_answer(call), "TaskId", task);
}

static void push(struct call *call)
{
    if (call_object(call, "Condition")) {
        call_fail(call, REST_NO_COMMAND, "Condition is not built: a push goes to everybody");
        return;
    }
    char *text = join_texts(call_list(call, "MsgBody"));
    if (text && *text)
        put_text(call, call_ask(call, "broadcast"), "text", text);
    else
        call_refuse(call, CODE_BAD_REQUEST, "MsgBody must be TIMTextElem, with a text");
    free(text);
    call_then(call, pushed);
}

static const struct rest_command commands[] = {
    {"im_push", push_fields, push},
    {"im_set_attr_name", NULL, NULL},
    {"im_get_attr_name", NULL, NULL},
    {"im_get_attr", NULL, NULL},
    {"im_set_attr", NULL, NULL},
    {"im_remove_attr", NULL, NULL},
    {"im_get_tag", NULL, NULL},
    {"im_add_tag", NULL, NULL},
    {"im_remove_tag", NULL, NULL},
    {"im_remove_all_tags", NULL, NULL},
    {NULL, NULL, NULL},
};

const struct rest_service service_push_all = {"all_member_push", FAMILY_MESSAGE, commands};
