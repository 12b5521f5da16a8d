/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* openconfigsvr: who may not write at all. */
#include "gate/rest/services.h"

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/clock.h"

#define FOR_EVER 4294967295

static const struct rest_field set_fields[] = {
    {"Set_Account", NULL, REST_TEXT, true, 0, 0},
    {"C2CmsgNospeakingTime", "C2CmsgNoSpeakingTime", REST_NUMBER, false, FOR_EVER, 0},
    {"GroupmsgNospeakingTime", "GroupmsgNoSpeakingTime", REST_NUMBER, false, FOR_EVER, 0},
    {0}};
static const struct rest_field get_fields[] = {{"Get_Account", NULL, REST_TEXT, true, 0, 0}, {0}};

static void muted(struct call *call)
{
    (void)call_refused(call, call_reply(call, 0));
}

static void set(struct call *call)
{
    const int64_t c2c = call_number(call, "C2CmsgNospeakingTime", -1);
    const int64_t group = call_number(call, "GroupmsgNospeakingTime", -1);
    if (c2c < 0 && group < 0) {
        call_refuse(call, CODE_BAD_REQUEST, "C2CmsgNospeakingTime or GroupmsgNospeakingTime is missing");
        return;
    }
    cJSON *command = call_ask(call, "muteUser");
    put_text(call, command, "userID", call_text(call, "Set_Account"));
    if (c2c >= 0)
        put_number(call, command, "c2cSeconds", c2c);
    if (group >= 0)
        put_number(call, command, "groupSeconds", group);
    call_then(call, muted);
}

/* What is left of it. */
static int64_t seconds_to(const struct reply *reply, const char *name)
{
    const int64_t until = object_number(reply->data, name, NULL, 0);
    return smaller(FOR_EVER, larger(0, (until - clock_wall() + 999) / 1000));
}

static void user_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    if (call_refused(call, reply))
        return;
    put_number(call, call_answer(call), "C2CmsgNospeakingTime", seconds_to(reply, "c2cMutedUntil"));
    put_number(call, call_answer(call), "GroupmsgNospeakingTime", seconds_to(reply, "groupMutedUntil"));
}

static void get(struct call *call)
{
    put_text(call, call_ask(call, "getUser"), "userID", call_text(call, "Get_Account"));
    call_then(call, user_came);
}

static const struct rest_command commands[] = {
    {"setnospeaking", set_fields, set},
    {"getnospeaking", get_fields, get},
    {NULL, NULL, NULL},
};

const struct rest_service service_mute = {"openconfigsvr", FAMILY_MUTE, commands};
