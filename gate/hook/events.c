/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/events.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "gate/hook/hook_body.h"
#include "gate/tencent/message_key.h"
#include "lib/basics.h"
#include "lib/text.h"

#define TOPIC_OF_USER  "chat/user/"
#define TOPIC_OF_GROUP "chat/group/"

typedef void fill(struct hook_body *body, const cJSON *item);

/* Names */

static const struct {
    const char *ours, *theirs, *of_state; /* State.StateChange writes one of them otherwise */
} platforms[] = {
    {"ios", "iOS", "IOS"},
    {"ipad", "iPad", "iPad"},
    {"android", "Android", "Android"},
    {"windows", "Windows", "Windows"},
    {"mac", "macOS", "macOS"},
    {"web", "Web", "Web"},
};

/* What came by a command, or from the server, has no device. */
static const char *platform_of(const char *ours, bool of_state)
{
    for (size_t i = 0; i < COUNT(platforms); i++)
        if (strcmp(platforms[i].ours, ours) == 0)
            return of_state ? platforms[i].of_state : platforms[i].theirs;
    return *ours ? "Unknown" : "RESTAPI";
}

const char *event_platform(const cJSON *item)
{
    const bool of_state = strcmp(item_text(item, "feed"), "state") == 0;
    return platform_of(item_text(item, "platform"), of_state);
}

void event_address(const cJSON *item, char out[EVENT_ADDRESS_MAX])
{
    const char *address = item_text(item, "address");
    text_copy(out, EVENT_ADDRESS_MAX, *address ? address : "0.0.0.0");
    out[strcspn(out, "%")] = '\0'; /* the interface of a link-local one */
}

/* Bodies of what users do */

static const struct {
    const char *ours, *action, *reason;
} states[] = {
    {"login", "Login", "Register"},        {"logout", "Logout", "Unregister"},
    {"kicked", "Disconnect", "LinkClose"}, {"expired", "Disconnect", "LinkClose"},
    {"lost", "Disconnect", "TimeOut"},     {"disconnect", "Disconnect", "LinkClose"},
};

static void fill_state(struct hook_body *body, const cJSON *item)
{
    const char *action = item_text(item, "action");
    size_t i = 0;
    while (i < COUNT(states) - 1 && strcmp(states[i].ours, action) != 0)
        i++;
    body_number(body, "EventTime", item_number(item, "time"));
    cJSON *info = body_object(body, "Info");
    body_text_in(body, info, "Action", states[i].action);
    body_text_in(body, info, "To_Account", item_text(item, "userID"));
    body_text_in(body, info, "Reason", states[i].reason);
    if (strcmp(action, "kicked") == 0)
        body_text_in(body, body_entry(body, body_list(body, "KickedDevice")), "Platform",
                     event_platform(item));
}

static void put_profile_item(struct hook_body *body, cJSON *list, const char *tag, const cJSON *value)
{
    if (!cJSON_IsString(value))
        return;
    cJSON *entry = body_entry(body, list);
    body_text_in(body, entry, "Tag", tag);
    body_text_in(body, entry, "Value", value->valuestring);
}

static void fill_profile(struct hook_body *body, const cJSON *item)
{
    body_number(body, "EventTime", item_number(item, "time"));
    body_text(body, "From_Account", item_text(item, "userID"));
    body_text(body, "Operator_Account", item_text(item, "userID"));
    cJSON *list = body_list(body, "ProfileItem");
    put_profile_item(body, list, "Tag_Profile_IM_Nick", item_get(item, "nickname"));
    put_profile_item(body, list, "Tag_Profile_IM_Image", item_get(item, "faceURL"));
    put_profile_item(body, list, "Tag_Profile_IM_SelfSignature", item_get(item, "selfSignature"));
}

static void fill_blacklist(struct hook_body *body, const cJSON *item)
{
    const cJSON *user;
    body_number(body, "EventTime", item_number(item, "time"));
    cJSON *list = body_list(body, "PairList");
    cJSON_ArrayForEach (user, item_get(item, "users")) {
        cJSON *pair = body_entry(body, list);
        body_text_in(body, pair, "From_Account", item_text(item, "userID"));
        body_text_in(body, pair, "To_Account", cJSON_IsString(user) ? user->valuestring : "");
    }
}

/* Bodies of private messages */

static void fill_c2c_send(struct hook_body *body, const cJSON *item)
{
    const cJSON *message = item_get(item, "message");
    body_text(body, "From_Account", item_text(message, "sender"));
    body_text(body, "To_Account", item_text(message, "to"));
    body_c2c_numbers(body, item_number(message, "seq"), item_number(message, "random"),
                     item_number(message, "time"));
    body_number(body, "OnlineOnlyFlag", item_number(message, "id") == 0);
    body_content(body, message);
    body_number(body, "SendMsgResult", 0);
    body_text(body, "ErrorInfo", "send msg succeed");
    body_number(body, "UnreadMsgNum", item_number(item, "unread"));
}

/* Of a message that was refused nothing but this is told. */
static void fill_c2c_refused(struct hook_body *body, const cJSON *item)
{
    body_text(body, "From_Account", item_text(item, "userID"));
    body_text(body, "To_Account", item_text(item, "topic") + strlen(TOPIC_OF_USER));
    body_c2c_numbers(body, 0, item_number(item, "random"), item_number(item, "time"));
    body_number(body, "OnlineOnlyFlag", 0);
    body_content(body, NULL);
    body_number(body, "SendMsgResult", item_number(item, "code"));
    body_text(body, "ErrorInfo", item_text(item, "error"));
    body_number(body, "UnreadMsgNum", -1);
}

static void fill_c2c_read(struct hook_body *body, const cJSON *item)
{
    body_text(body, "Report_Account", item_text(item, "userID"));
    body_text(body, "Peer_Account", item_text(item, "to"));
    body_number(body, "LastReadTime", item_number(item, "time") / 1000);
    body_number(body, "UnreadMsgNum", item_number(item, "unread"));
}

/* Of a recall: who wrote the message, and to whom. */
static const char *writer_of(const cJSON *item)
{
    const char *sender = item_text(item_get(item, "of"), "sender");
    return *sender ? sender : item_text(item_get(item, "message"), "sender");
}

static const char *receiver_of(const cJSON *item)
{
    const cJSON *message = item_get(item, "message");
    const char *to = item_text(message, "to");
    return strcmp(writer_of(item), to) == 0 ? item_text(message, "sender") : to;
}

static void fill_c2c_recall(struct hook_body *body, const cJSON *item)
{
    const cJSON *of = item_get(item, "of");
    body_text(body, "From_Account", writer_of(item));
    body_text(body, "To_Account", receiver_of(item));
    body_c2c_key(body, item_number(of, "seq"), item_number(of, "random"), item_number(of, "time"));
    body_number(body, "UnreadMsgNum", item_number(item, "unread"));
}

/* Bodies of groups */

static void put_group(struct hook_body *body, const char *group, const char *type, int64_t time)
{
    body_group(body, group);
    if (*type)
        body_text(body, "Type", type);
    body_number(body, "EventTime", time);
}

static void put_group_of(struct hook_body *body, const cJSON *item)
{
    put_group(body, item_text(item, "group"), item_text(item, "groupType"), item_number(item, "time"));
}

static void put_senders(struct hook_body *body, const char *user)
{
    body_text(body, "From_Account", user);
    body_text(body, "Operator_Account", user);
}

static void fill_group_send(struct hook_body *body, const cJSON *item)
{
    const cJSON *message = item_get(item, "message");
    put_group(body, item_text(message, "group"), item_text(item, "groupType"), item_number(message, "time"));
    put_senders(body, item_text(message, "sender"));
    body_number(body, "Random", item_number(message, "random"));
    body_number(body, "OnlineOnlyFlag", item_number(message, "seq") == 0);
    body_content(body, message);
    body_number(body, "MsgSeq", item_number(message, "seq"));
    body_number(body, "MsgTime", item_number(message, "time") / 1000);
}

static void put_exception(struct hook_body *body, const char *user, int64_t random, int64_t code,
                          const char *error)
{
    put_senders(body, user);
    body_number(body, "Random", random);
    body_number(body, "OnlineOnlyFlag", 0);
    body_content(body, NULL);
    body_number(body, "ErrorCode", code);
    body_text(body, "ErrorInfo", error);
}

static void fill_group_refused(struct hook_body *body, const cJSON *item)
{
    put_group(body, item_text(item, "topic") + strlen(TOPIC_OF_GROUP), "", item_number(item, "time"));
    put_exception(body, item_text(item, "userID"), item_number(item, "random"), item_number(item, "code"),
                  item_text(item, "error"));
}

static void fill_shed(struct hook_body *body, const cJSON *item)
{
    char error[80];
    snprintf(error, sizeof error, "%lld messages were dropped", (long long)item_number(item, "count"));
    put_group(body, item_text(item, "group"), "AVChatRoom", item_number(item, "time"));
    put_exception(body, "", 0, CODE_TOO_FAST, error);
}

static void fill_group_recall(struct hook_body *body, const cJSON *item)
{
    const cJSON *message = item_get(item, "message"), *of = item_get(item, "of");
    const int64_t seq = item_number(of, "seq");
    body_text(body, "Operator_Account", item_text(item_get(message, "recall"), "operator"));
    put_group(body, item_text(message, "group"), item_text(item, "groupType"), item_number(message, "time"));
    body_number_list(body, "MsgSeqList", "MsgSeq", of ? &seq : NULL);
}

static void fill_create(struct hook_body *body, const cJSON *item)
{
    const cJSON *info = item_get(item, "info");
    put_group_of(body, item);
    body_text(body, "Operator_Account", item_text(item, "operator"));
    body_text(body, "Owner_Account", item_text(info, "owner"));
    body_text(body, "Name", item_text(info, "groupName"));
    body_number(body, "CreateGroupNum", 0); /* nobody counts them */
    body_members(body, "MemberList", item_get(item, "members"));
    (void)body_list(body, "UserDefinedDataList");
}

static void fill_join(struct hook_body *body, const cJSON *item)
{
    const bool invited = strcmp(item_text(item, "reason"), "invite") == 0;
    put_group_of(body, item);
    body_text(body, "JoinType", invited ? "Invited" : "Apply");
    body_text(body, "Operator_Account", item_text(item, "operator"));
    body_members(body, "NewMemberList", item_get(item, "members"));
}

static void fill_exit(struct hook_body *body, const cJSON *item)
{
    const bool kicked = strcmp(item_text(item, "action"), "kick") == 0;
    put_group_of(body, item);
    body_text(body, "ExitType", kicked ? "Kicked" : "Quit");
    body_text(body, "Operator_Account", item_text(item, "operator"));
    body_members(body, "ExitMemberList", item_get(item, "members"));
}

static void fill_offline(struct hook_body *body, const cJSON *item)
{
    body_group(body, item_text(item, "group"));
    body_number(body, "EventTime", item_number(item, "time"));
    body_text(body, "EventType", "Offline");
    body_members(body, "MemberList", item_get(item, "members"));
}

static void fill_full(struct hook_body *body, const cJSON *item)
{
    body_group(body, item_text(item, "group"));
    body_number(body, "EventTime", item_number(item, "time"));
}

static void fill_destroyed(struct hook_body *body, const cJSON *item)
{
    const cJSON *info = item_get(item, "info");
    put_group_of(body, item);
    body_text(body, "Owner_Account", item_text(info, "owner"));
    body_text(body, "Name", item_text(info, "groupName"));
    body_members(body, "MemberList", item_get(item, "members"));
}

static void fill_info(struct hook_body *body, const cJSON *item)
{
    static const char *const texts[][2] = {
        {"groupName", "Name"},  {"introduction", "Introduction"}, {"notification", "Notification"},
        {"faceURL", "FaceUrl"}, {"addOpt", "ApplyJoinOption"},    {"inviteOpt", "InviteJoinOption"}};
    const cJSON *info = item_get(item, "info"), *muted = item_get(info, "allMuted");
    put_group_of(body, item);
    body_text(body, "Operator_Account", item_text(item, "operator"));
    for (size_t i = 0; i < COUNT(texts); i++)
        if (item_get(info, texts[i][0]))
            body_text(body, texts[i][1], item_text(info, texts[i][0]));
    if (muted)
        body_text(body, "MuteAllMember", cJSON_IsTrue(muted) ? "On" : "Off");
}

/* Which is which: the first row that fits. */

static const struct event_row {
    const char *feed, *action; /* NULL: whatever it is */
    enum callback callback;
    fill *fill;
} rows[] = {
    {"message", "c2c", CALLBACK_AFTER_C2C_SEND, fill_c2c_send},
    {"message", "group", CALLBACK_AFTER_GROUP_SEND, fill_group_send},
    {"message", "recall c2c", CALLBACK_AFTER_C2C_WITHDRAW, fill_c2c_recall},
    {"message", "recall group", CALLBACK_AFTER_GROUP_RECALL, fill_group_recall},
    {"state", NULL, CALLBACK_STATE_CHANGE, fill_state},
    {"group", "create", CALLBACK_AFTER_CREATE_GROUP, fill_create},
    {"group", "join", CALLBACK_AFTER_JOIN, fill_join},
    {"group", "gone", CALLBACK_MEMBER_STATE, fill_offline},
    {"group", "quit", CALLBACK_AFTER_EXIT, fill_exit},
    {"group", "kick", CALLBACK_AFTER_EXIT, fill_exit},
    {"group", "full", CALLBACK_AFTER_FULL, fill_full},
    {"group", "dismiss", CALLBACK_AFTER_DESTROYED, fill_destroyed},
    {"group", "info", CALLBACK_AFTER_INFO, fill_info},
    {"read", "c2c", CALLBACK_AFTER_C2C_REPORT, fill_c2c_read},
    {"profile", NULL, CALLBACK_PORTRAIT_SET, fill_profile},
    {"blacklist", "add", CALLBACK_BLACKLIST_ADD, fill_blacklist},
    {"blacklist", "remove", CALLBACK_BLACKLIST_DELETE, fill_blacklist},
    {"rejected", "c2c", CALLBACK_AFTER_C2C_SEND, fill_c2c_refused},
    {"rejected", "group", CALLBACK_SEND_EXCEPTION, fill_group_refused},
    {"shed", NULL, CALLBACK_SEND_EXCEPTION, fill_shed},
};

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* "c2c", "group", or "": people's own; what the server says, and edits and purges, are none of them. */
static const char *message_action(const cJSON *message)
{
    static const char *const others[] = {"tips", "notice", "edit", "purge"};
    const bool group = item_get(message, "group") != NULL;
    for (size_t i = 0; i < COUNT(others); i++)
        if (item_get(message, others[i]))
            return "";
    if (item_get(message, "recall"))
        return group ? "recall group" : "recall c2c";
    return group ? "group" : "c2c";
}

/* The connection of somebody in a live group was lost, or has ended. */
static bool is_gone(const cJSON *item)
{
    const char *reason = item_text(item, "reason");
    return strcmp(item_text(item, "action"), "quit") == 0 &&
           (strcmp(reason, "disconnect") == 0 || strcmp(reason, "timeout") == 0);
}

static const char *action_of(const cJSON *item, const char *feed)
{
    const char *topic = item_text(item, "topic");
    if (strcmp(feed, "message") == 0)
        return message_action(item_get(item, "message"));
    if (strcmp(feed, "read") == 0)
        return item_get(item, "to") ? "c2c" : "group";
    if (strcmp(feed, "rejected") == 0 && begins_with(topic, TOPIC_OF_GROUP))
        return "group";
    if (strcmp(feed, "rejected") == 0)
        return begins_with(topic, TOPIC_OF_USER) ? "c2c" : "";
    return is_gone(item) ? "gone" : item_text(item, "action");
}

/* NULL: there is none. */
static const struct event_row *row_of(const cJSON *item)
{
    const char *feed = item_text(item, "feed"), *action = action_of(item, feed);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(rows[i].feed, feed) == 0 && (!rows[i].action || strcmp(rows[i].action, action) == 0))
            return &rows[i];
    return NULL;
}

/* Two users, whoever of them it is, or a group, or a user. */
static void print_lane(const cJSON *item, char out[EVENT_LANE_MAX])
{
    const cJSON *message = item_get(item, "message");
    const char *user = message ? item_text(message, "sender") : item_text(item, "userID");
    const char *other = item_text(message ? message : item, "to"), *topic = item_text(item, "topic");
    const char *group = item_text(message ? message : item, "group");
    if (begins_with(topic, TOPIC_OF_USER))
        other = topic + strlen(TOPIC_OF_USER);
    if (begins_with(topic, TOPIC_OF_GROUP))
        group = topic + strlen(TOPIC_OF_GROUP);
    const bool first = strcmp(user, other) < 0;
    if (*group)
        snprintf(out, EVENT_LANE_MAX, "group %s", group);
    else if (*other)
        snprintf(out, EVENT_LANE_MAX, "%s %s", first ? user : other, first ? other : user);
    else
        snprintf(out, EVENT_LANE_MAX, "%s", user);
}

void event_read(const cJSON *item, struct hook_event *out)
{
    const struct event_row *row = row_of(item);
    *out = (struct hook_event){.callback = row ? row->callback : CALLBACK_COUNT,
                               .id = item_number(item_get(item, "message"), "id"),
                               .platform = event_platform(item)};
    event_address(item, out->address);
    print_lane(item, out->lane);
}

char *event_body(const cJSON *item)
{
    const struct event_row *row = row_of(item);
    struct hook_body body = {.object = row ? cJSON_CreateObject() : NULL};
    if (!body.object)
        return NULL;
    body_text(&body, "CallbackCommand", callback_name(row->callback));
    row->fill(&body, item);
    return body_finish(&body);
}
