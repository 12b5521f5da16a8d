/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Hooks: what tests with a broker do not easily bring about, and the signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gate/hook/events.h"
#include "gate/hook/post.h"
#include "lib/json.h"

static void the_sign_is_that_of_tencents_example(void **state)
{
    (void)state;
    char sign[65];
    assert_true(post_sign("xxxxyyyy", 1669872112, sign));
    assert_string_equal(sign, "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061");
}

static const struct {
    const char *item, *body, *lane;
} cases[] = {
    {"{\"feed\":\"group\",\"action\":\"full\",\"group\":\"TGS-1\",\"groupType\":\"Private\",\"time\":5}",
     "{\"CallbackCommand\":\"Group.CallbackAfterGroupFull\",\"GroupId\":\"@TGS#1\",\"EventTime\":5}",
     "group TGS-1"},
    {"{\"feed\":\"shed\",\"group\":\"room\",\"count\":40,\"time\":1700000000123}",
     "{\"CallbackCommand\":\"Group.CallbackSendMsgException\",\"GroupId\":\"room\",\"Type\":\"AVChatRoom\","
     "\"EventTime\":1700000000123,\"From_Account\":\"\",\"Operator_Account\":\"\",\"Random\":0,"
     "\"OnlineOnlyFlag\":0,\"MsgBody\":[],\"CloudCustomData\":\"\",\"ErrorCode\":10023,"
     "\"ErrorInfo\":\"40 messages were dropped\"}",
     "group room"},
    {"{\"feed\":\"state\",\"action\":\"lost\",\"userID\":\"alice\",\"platform\":\"web\",\"time\":5}",
     "{\"CallbackCommand\":\"State.StateChange\",\"EventTime\":5,\"Info\":{\"Action\":\"Disconnect\","
     "\"To_Account\":\"alice\",\"Reason\":\"TimeOut\"}}",
     "alice"},
    {"{\"feed\":\"state\",\"action\":\"logout\",\"userID\":\"alice\",\"platform\":\"web\",\"time\":5}",
     "{\"CallbackCommand\":\"State.StateChange\",\"EventTime\":5,\"Info\":{\"Action\":\"Logout\","
     "\"To_Account\":\"alice\",\"Reason\":\"Unregister\"}}",
     "alice"},
    {"{\"feed\":\"message\",\"groupType\":\"Public\",\"message\":{\"id\":9,\"seq\":2,\"sender\":\"alice\","
     "\"group\":\"g1\",\"time\":5000,\"recall\":{\"id\":7,\"operator\":\"bob\"}}}",
     "{\"CallbackCommand\":\"Group.CallbackAfterRecallMsg\",\"Operator_Account\":\"bob\",\"GroupId\":\"g1\","
     "\"Type\":\"Public\",\"EventTime\":5000,\"MsgSeqList\":[]}",
     "group g1"},
};

static void a_body_has_what_the_item_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hook_event event;
        cJSON *item = json_read(cases[i].item, strlen(cases[i].item));
        char *body = event_body(item);
        event_read(item, &event);
        assert_string_equal(body, cases[i].body);
        assert_string_equal(event.lane, cases[i].lane);
        cJSON_free(body);
        cJSON_Delete(item);
    }
}

static void what_has_no_callback_has_none(void **state)
{
    static const char *const items[] = {
        "{}",
        "[]",
        "{\"feed\":7}",
        "{\"feed\":\"news\"}",
        "{\"feed\":\"message\",\"message\":{\"id\":1,\"sender\":\"@system\",\"group\":\"g1\",\"tips\":{}}}",
        "{\"feed\":\"message\",\"message\":{\"id\":1,\"sender\":\"@system\",\"to\":\"bob\",\"notice\":{}}}",
        "{\"feed\":\"message\",\"message\":{\"id\":1,\"sender\":\"alice\",\"to\":\"bob\",\"edit\":{}}}",
        "{\"feed\":\"group\",\"action\":\"mute\",\"group\":\"g1\"}",
        "{\"feed\":\"read\",\"userID\":\"bob\",\"group\":\"g1\"}",
        "{\"feed\":\"rejected\",\"userID\":\"bob\",\"topic\":\"weather\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        struct hook_event event;
        cJSON *item = json_read(items[i], strlen(items[i]));
        event_read(item, &event);
        assert_int_equal(event.callback, CALLBACK_COUNT);
        assert_null(event_body(item));
        cJSON_Delete(item);
    }
}

static void both_users_of_a_pair_have_one_lane(void **state)
{
    (void)state;
    const char *there = "{\"feed\":\"message\",\"message\":{\"sender\":\"alice\",\"to\":\"bob\"}}";
    const char *back = "{\"feed\":\"read\",\"userID\":\"bob\",\"to\":\"alice\"}";
    struct hook_event first, second;
    cJSON *one = json_read(there, strlen(there)), *other = json_read(back, strlen(back));
    event_read(one, &first);
    event_read(other, &second);
    assert_string_equal(first.lane, second.lane);
    cJSON_Delete(one);
    cJSON_Delete(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sign_is_that_of_tencents_example),
        cmocka_unit_test(a_body_has_what_the_item_says),
        cmocka_unit_test(what_has_no_callback_has_none),
        cmocka_unit_test(both_users_of_a_pair_have_one_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
