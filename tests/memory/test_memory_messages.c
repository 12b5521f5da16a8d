/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Messages, and what is done to them later, while memory ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/memory/failing_malloc.h"
#include "tests/memory/sweep.h"

static enum fake_answer write_to_somebody_new(struct scene *scene)
{
    return scene_publish(scene, scene->clients[ALICE], "chat/user/dave@", "hello", 1);
}

static enum fake_answer write_again(struct scene *scene)
{
    return scene_publish(scene, scene->clients[ALICE], "chat/user/bob@", "hello", 1);
}

static enum fake_answer write_at_qos_2(struct scene *scene)
{
    return scene_publish(scene, scene->clients[ALICE], "chat/user/bob@", "hello", 2);
}

/* Sent once more because the ack was lost, it is the same message. */
static enum fake_answer write_with_random(struct scene *scene)
{
    const char *topic = "chat/user/bob@", *payload = "{'text':'hello','random':17}";
    enum fake_answer answer = scene_publish(scene, scene->clients[ALICE], topic, payload, 1);
    memory_pause();
    if (answer == FAKE_DONE)
        answer = fake_publish(scene->clients[ALICE], scene_text(scene, topic), scene_text(scene, payload), 1);
    memory_resume();
    return answer;
}

/* From now on receipts and answers wait for the commit; or not any more. */
static void set_sent_after(const char *line)
{
    memory_pause();
    town_set(line);
    fake_reload();
    memory_resume();
}

/* In as many turns as it takes: the writer needs a moment. */
static enum fake_answer write_and_await_receipt(struct scene *scene)
{
    set_sent_after("sent_after committed\n");
    enum fake_answer answer = write_with_random(scene);
    for (int i = 0; i < 20; i++) {
        fake_turn();
        nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
    }
    set_sent_after("");
    return answer;
}

/* Not answered for want of memory, it has been done. */
static enum fake_answer ask_and_await_answer(struct scene *scene)
{
    set_sent_after("sent_after committed\n");
    enum fake_answer answer = scene_command_later(
        scene, scene->clients[ALICE], "{'command':'setSelfInfo','nickname':'Alice the first'}", 50);
    set_sent_after("");
    return answer;
}

static enum fake_answer write_for_now(struct scene *scene)
{
    return scene_publish(scene, scene->clients[ALICE], "chat/user/dave@",
                         "{'text':'hello','onlineOnly':true}", 1);
}

static enum fake_answer send_a_picture(struct scene *scene)
{
    return scene_publish(
        scene, scene->clients[ALICE], "chat/user/bob@",
        "{'image':{'url':'https://example.org/1','thumb':{'width':3}},'cloudCustomData':'hello',"
        "'push':{'title':'look'}}",
        1);
}

static enum fake_answer write_dirt(struct scene *scene)
{
    return scene_publish(scene, scene->clients[ALICE], "chat/user/bob@",
                         "{'text':'some dirt \\u00e9','push':{'title':'dirt'}}", 1);
}

static enum fake_answer write_elements(struct scene *scene)
{
    return scene_publish(scene, scene->clients[ALICE], "chat/user/bob@",
                         "{'elements':[{'text':'hello'},{'face':{'index':1}}],'noUnread':true}", 1);
}

static enum fake_answer write_to_group(struct scene *scene)
{
    return scene_publish(scene, scene->clients[ALICE], "chat/group/club@",
                         "{'text':'hello','at':['carol@','bob@']}", 1);
}

static enum fake_answer write_to_group_at_qos_2(struct scene *scene)
{
    return scene_publish(scene, scene->clients[ALICE], "chat/group/club@", "{'text':'hello','at':'@all'}", 2);
}

static enum fake_answer write_to_live_group(struct scene *scene)
{
    return scene_publish(scene, scene->clients[BOB], "chat/group/stage@", "hello", 1);
}

static enum fake_answer write_to_live_group_at_qos_2(struct scene *scene)
{
    return scene_publish(scene, scene->clients[BOB], "chat/group/stage@", "hello", 2);
}

/* Bob's and carol's phones are away, and have a push token. */
static void have_push_tokens(struct scene *scene)
{
    scene_command(scene, scene->clients[BOB],
                  "{'command':'setPushToken','provider':'webhook','token':'bob@'}");
    scene_command(scene, scene->clients[CAROL],
                  "{'command':'setPushToken','provider':'webhook','token':'carol@'}");
}

static void go_away(struct scene *scene)
{
    fake_disconnect(scene->clients[BOB]);
    fake_disconnect(scene->clients[CAROL]);
    scene_push(scene);
    scene_settle();
}

static void have_written(struct scene *scene)
{
    write_to_group(scene);
    write_again(scene);
    scene->sent = 0;
}

/* Bob's phones would be told of what he reads. */
static void have_written_to_a_phone(struct scene *scene)
{
    have_written(scene);
    scene_command(scene, scene->clients[BOB], "{'command':'setPushToken','provider':'fcm','token':'bob@'}");
}

/* The id is looked up before, so that only the command itself is in the sweep. */
static char command_with_id[200];

static void know_id(struct scene *scene, enum person person, const char *history, const char *format)
{
    scene_request(scene, scene->clients[person], history);
    fake_flush();
    const char *response = fake_response(scene->clients[person]), *id = NULL;
    for (const char *at = response; (at = strstr(at, "\"id\":")); at++)
        id = at;
    snprintf(command_with_id, sizeof command_with_id, format, id ? atoll(id + 5) : 0LL);
}

static void know_private_id(struct scene *scene)
{
    know_id(scene, ALICE, "{'command':'getHistory','to':'bob@'}",
            "{'command':'recallMessage','id':%lld,'to':'bob@','reason':'sorry'}");
}

static void know_group_id(struct scene *scene)
{
    know_id(scene, ALICE, "{'command':'getHistory','group':'club@'}",
            "{'command':'recallMessage','id':%lld,'group':'club@'}");
}

static void know_private_id_to_edit(struct scene *scene)
{
    know_id(scene, ALICE, "{'command':'getHistory','to':'bob@'}",
            "{'command':'editMessage','id':%lld,'to':'bob@','text':'some dirt'}");
}

static void know_group_id_to_edit(struct scene *scene)
{
    know_id(scene, ALICE, "{'command':'getHistory','group':'club@'}",
            "{'command':'editMessage','id':%lld,'text':'edited','at':['carol@']}");
}

static void know_edited_id(struct scene *scene)
{
    know_group_id_to_edit(scene);
    scene_request(scene, scene->clients[ALICE], command_with_id);
    fake_flush();
    const char *id = strstr(command_with_id, "'id':");
    long long number = id ? atoll(id + 5) : 0;
    snprintf(command_with_id, sizeof command_with_id, "{'command':'recallMessage','id':%lld}", number);
}

static void know_id_of_receipts(struct scene *scene)
{
    know_id(scene, ALICE, "{'command':'getHistory','group':'club@'}",
            "{'command':'getReadReceipts','group':'club@','ids':[%lld]}");
}

static void know_id_of_readers(struct scene *scene)
{
    know_id(scene, ALICE, "{'command':'getHistory','group':'club@'}",
            "{'command':'getMessageReaders','group':'club@','id':%lld,'read':false,'limit':1}");
}

static void know_id_to_delete(struct scene *scene)
{
    know_id(scene, ALICE, "{'command':'getHistory','to':'bob@'}",
            "{'command':'deleteMessages','ids':[%lld]}");
}

static void know_id_to_ack(struct scene *scene)
{
    know_id(scene, ALICE, "{'command':'getHistory','to':'bob@'}", "{'command':'ack','id':%lld}");
}

static enum fake_answer as_known(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], command_with_id);
}

static enum fake_answer get_history(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'getHistory','to':'alice@'}");
}

static enum fake_answer get_live_history(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'getHistory','group':'stage@'}");
}

static void fill_stage(struct scene *scene)
{
    write_to_live_group(scene);
    scene_settle();
    scene->sent = 0;
}

static enum fake_answer sync_all(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'sync','after':0}");
}

static enum fake_answer list_conversations(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'getConversations'}");
}

static enum fake_answer count_unread(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'getUnread'}");
}

static enum fake_answer mark_read(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'markRead','to':'alice@'}");
}

static enum fake_answer mark_group_read(struct scene *scene)
{
    return scene_command(scene, scene->clients[CAROL], "{'command':'markRead','group':'club@'}");
}

static enum fake_answer pin(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB],
                         "{'command':'setConversation','to':'alice@','pinned':true}");
}

static enum fake_answer delete_conversation(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'deleteConversation','to':'alice@'}");
}

static enum fake_answer hide_conversation(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB],
                         "{'command':'deleteConversation','to':'alice@','keepMessages':true}");
}

static enum fake_answer purge(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'purgeMessages','group':'club@','userID':'bob@'}");
}

static void have_bob_written(struct scene *scene)
{
    scene_publish(scene, scene->clients[BOB], "chat/group/club@", "mine", 1);
    scene_publish(scene, scene->clients[BOB], "chat/user/alice@", "mine", 1);
    scene->sent = 0;
}

/* A message that waits for a reviewer, whose number is known to him only. */
static char answer_to_review[200];

static void have_review(struct scene *scene, const char *format)
{
    town_set("review c2c\nreview_seconds 30\n");
    fake_reload();
    fake_turn();
    scene_subscribe(scene, town_root(), "chat/review");
    scene_publish(scene, scene->clients[ALICE], "chat/user/bob@", "{'text':'to be looked at'}", 1);
    scene_settle();
    town_set("");
    fake_reload();
    fake_turn();
    const char *words = scene_text(scene, "'userID':'alice@'");
    const char *review = strstr(fake_last(town_root(), "chat/review", words), "\"review\":");
    snprintf(answer_to_review, sizeof answer_to_review, format, review ? atoll(review + 9) : 0LL);
}

static void have_review_passed(struct scene *scene)
{
    have_review(scene, "{'command':'reviewed','review':%lld,'action':'pass'}");
}

static void have_review_replaced(struct scene *scene)
{
    have_review(scene, "{'command':'reviewed','review':%lld,'action':'replace','message':{'text':'other'}}");
}

static void have_review_refused(struct scene *scene)
{
    have_review(scene, "{'command':'reviewed','review':%lld,'action':'refuse','error':'no'}");
}

static enum fake_answer answer_review(struct scene *scene)
{
    return scene_command(scene, town_root(), answer_to_review);
}

static void know_private_id_and_listen(struct scene *scene)
{
    know_private_id(scene);
    scene_listen(scene);
}

static const struct scenario scenarios[] = {
    {"a reviewer lets a message pass", answer_review, NULL, have_review_passed},
    {"a reviewer replaces a message", answer_review, NULL, have_review_replaced},
    {"a reviewer refuses a message", answer_review, NULL, have_review_refused},
    {"the first message of a pair", write_to_somebody_new, NULL, NULL},
    {"another message of a pair", write_again, NULL, NULL},
    {"a message at QoS 2", write_at_qos_2, NULL, NULL},
    {"a message with a random", write_with_random, NULL, NULL},
    {"a receipt waits for the commit", write_and_await_receipt, NULL, NULL},
    {"an answer waits for the commit", ask_and_await_answer, NULL, NULL},
    {"a message for who is connected now", write_for_now, NULL, NULL},
    {"a message with a picture", send_a_picture, NULL, NULL},
    {"a message with words that are replaced", write_dirt, NULL, NULL},
    {"a message of elements that is not to be unread", write_elements, NULL, NULL},
    {"a message to a group names two members", write_to_group, NULL, NULL},
    {"a message to a group at QoS 2 names everybody", write_to_group_at_qos_2, NULL, NULL},
    {"a message to a live group", write_to_live_group, NULL, NULL},
    {"a message to a live group at QoS 2", write_to_live_group_at_qos_2, NULL, NULL},
    {"a message is pushed to a phone that is away", write_again, have_push_tokens, go_away},
    {"a message is pushed to a group's phones that are away", write_to_group, have_push_tokens, go_away},
    {"a message is told to who listens to everything", write_again, NULL, scene_listen},
    {"a group's message is told to who listens to everything", write_to_group, NULL, scene_listen},
    {"a recall is told to who listens to everything", as_known, have_written, know_private_id_and_listen},
    {"a private message is recalled", as_known, have_written, know_private_id},
    {"a group's message is recalled", as_known, have_written, know_group_id},
    {"a private message is edited", as_known, have_written, know_private_id_to_edit},
    {"a group's message is edited and names somebody", as_known, have_written, know_group_id_to_edit},
    {"a message that was edited is recalled", as_known, have_written, know_edited_id},
    {"a group's message is asked for its receipts", as_known, have_written, know_id_of_receipts},
    {"a group's message is asked for its readers", as_known, have_written, know_id_of_readers},
    {"what somebody has written in a group is purged", purge, have_bob_written, NULL},
    {"a message is deleted", as_known, have_written, know_id_to_delete},
    {"a message is acked", as_known, have_written, know_id_to_ack},
    {"a pair's history is read", get_history, have_written, NULL},
    {"a live group's history is read", get_live_history, NULL, fill_stage},
    {"a client asks for all since the beginning", sync_all, have_written, NULL},
    {"the conversations are listed", list_conversations, have_written, NULL},
    {"unread messages are counted", count_unread, have_written, NULL},
    {"a pair is marked as read", mark_read, have_written, NULL},
    {"a pair is marked as read by somebody with a phone", mark_read, have_written_to_a_phone, NULL},
    {"a group is marked as read", mark_group_read, have_written, NULL},
    {"a conversation is pinned", pin, NULL, NULL},
    {"a conversation is deleted", delete_conversation, NULL, NULL},
    {"a conversation is deleted by somebody with a phone", delete_conversation, have_written_to_a_phone,
     NULL},
    {"a conversation is taken from the list", hide_conversation, NULL, NULL},
};

int main(int argc, char **argv)
{
    return sweep_all(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
