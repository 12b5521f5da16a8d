/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How connections begin, go on and end, while memory ends. */
#include "tests/memory/sweep.h"

static enum fake_answer log_in(struct scene *scene, const char *client_id)
{
    scene->second = scene_login(scene, client_id);
    return scene->second ? FAKE_DONE : FAKE_CLOSED;
}

static enum fake_answer log_in_for_the_first_time(struct scene *scene)
{
    return log_in(scene, "eve@:ios:1");
}

static enum fake_answer log_in_with_another_device(struct scene *scene)
{
    return log_in(scene, "alice@:web:1");
}

static enum fake_answer log_in_without_platform(struct scene *scene)
{
    return log_in(scene, "alice@");
}

static enum fake_answer take_over(struct scene *scene)
{
    return log_in(scene, "alice@:ios:1");
}

static enum fake_answer displace(struct scene *scene)
{
    return log_in(scene, "alice@:ios:2");
}

static void have_second_device(struct scene *scene)
{
    scene->second = scene_login(scene, "alice@:web:1");
    scene_settle();
}

static void was_displaced_while_away(struct scene *scene)
{
    fake_disconnect(scene->clients[ALICE]);
    scene->second = scene_login(scene, "alice@:ios:2");
    scene_settle();
}

static void is_away(struct scene *scene)
{
    fake_disconnect(scene->clients[ALICE]);
    scene_settle();
}

static void missed_messages(struct scene *scene)
{
    is_away(scene);
    scene_publish(scene, scene->clients[BOB], "chat/user/alice@", "one", 1);
    scene_publish(scene, scene->clients[BOB], "chat/user/alice@", "two", 1);
    scene_publish(scene, scene->clients[BOB], "chat/group/club@", "three", 1);
    scene_settle();
}

static void is_back(struct scene *scene)
{
    missed_messages(scene);
    fake_release(scene->clients[ALICE], NULL);
    scene->clients[ALICE] = scene_login(scene, "alice@:ios:1");
}

static enum fake_answer subscribe_as_before(struct scene *scene)
{
    const char *filter = "chat/user/alice@/#";
    return scene_subscribe(scene, scene->clients[ALICE], filter) == FAKE_DONE ? FAKE_DONE : FAKE_CLOSED;
}

static enum fake_answer return_to_what_was_missed(struct scene *scene)
{
    return log_in(scene, "alice@:ios:1");
}

static enum fake_answer subscribe(struct scene *scene, const char *filter)
{
    return scene_subscribe(scene, scene->second, filter) == FAKE_DONE ? FAKE_DONE : FAKE_CLOSED;
}

static enum fake_answer subscribe_inbox(struct scene *scene)
{
    return subscribe(scene, "chat/user/alice@");
}

static enum fake_answer subscribe_feed(struct scene *scene)
{
    return subscribe(scene, "chat/user/alice@/#");
}

static enum fake_answer subscribe_group(struct scene *scene)
{
    return subscribe(scene, "chat/group/club@");
}

static enum fake_answer subscribe_live_group(struct scene *scene)
{
    return subscribe(scene, "chat/group/stage@");
}

static enum fake_answer unsubscribe_feed(struct scene *scene)
{
    fake_unsubscribe(scene->clients[ALICE], scene_text(scene, "chat/user/alice@/#"));
    return FAKE_DONE;
}

static enum fake_answer unsubscribe_live_group(struct scene *scene)
{
    fake_unsubscribe(scene->clients[BOB], scene_text(scene, "chat/group/stage@"));
    return FAKE_DONE;
}

static enum fake_answer disconnect(struct scene *scene)
{
    fake_disconnect(scene->clients[ALICE]);
    return FAKE_DONE;
}

static enum fake_answer turn(struct scene *scene)
{
    (void)scene;
    fake_turn();
    fake_turn();
    fake_pass(1100);
    fake_turn();
    return FAKE_DONE;
}

static void kept_session_is_back(struct scene *scene)
{
    fake_release(scene->clients[ALICE], NULL);
    scene->clients[ALICE] = scene_login_kept(scene, "alice@:ios:1");
    scene_subscribe(scene, scene->clients[ALICE], "chat/user/alice@/#");
    scene_settle();
    missed_messages(scene);
    struct mosquitto *before = scene->clients[ALICE];
    scene->clients[ALICE] = scene_login_kept(scene, "alice@:ios:1");
    fake_release(before, scene->clients[ALICE]);
}

static void come_back(struct scene *scene)
{
    struct mosquitto *before = scene->clients[ALICE];
    scene->clients[ALICE] = scene_login(scene, "alice@:ios:1");
    scene_subscribe(scene, scene->clients[ALICE], "chat/user/alice@/#");
    fake_release(before, scene->clients[ALICE]);
}

static void has_returned(struct scene *scene)
{
    missed_messages(scene);
    come_back(scene);
}

/* From another device, of which nothing is left. */
static void has_returned_to_deletions(struct scene *scene)
{
    is_away(scene);
    struct mosquitto *web = scene_login(scene, "alice@:web:1");
    scene_command(scene, web, "{'command':'deleteConversation','to':'bob@'}");
    scene_command(scene, web, "{'command':'deleteConversation','group':'club@'}");
    fake_disconnect(web);
    scene_settle();
    fake_release(web, NULL);
    come_back(scene);
}

static void is_watched(struct scene *scene)
{
    scene_command(scene, scene->clients[BOB], "{'command':'watchStatus','userIDs':['alice@']}");
    fake_disconnect(scene->clients[ALICE]);
}

static void was_dismissed(struct scene *scene)
{
    scene_command(scene, scene->clients[ALICE], "{'command':'dismissGroup','groupID':'club@'}");
}

static void was_broadcast(struct scene *scene)
{
    scene_command(scene, town_root(), "{'command':'broadcast','text':'we close at ten'}");
}

static void was_kicked(struct scene *scene)
{
    scene_command(scene, town_root(), "{'command':'kickUser','userID':'alice@'}");
    scene_renew_sigs(scene);
}

static void stage_is_crowded(struct scene *scene)
{
    scene_subscribe(scene, scene->clients[DAVE], "chat/group/stage@");
    fake_unsubscribe(scene->clients[BOB], scene_text(scene, "chat/group/stage@"));
}

/* Bob's phone is away, a worker is there. */
static void push_is_due(struct scene *scene)
{
    scene_command(scene, scene->clients[BOB],
                  "{'command':'setPushToken','provider':'webhook','token':'bob@'}");
    fake_disconnect(scene->clients[BOB]);
    scene_push(scene);
    scene_publish(scene, scene->clients[ALICE], "chat/user/bob@", "hello", 1);
}

/* On a busy machine a turn's time for jobs may be over before all have gone: they go in a later one. */
static enum fake_answer turns(struct scene *scene)
{
    for (int i = 0; i < 20; i++) {
        fake_turn();
        fake_pass(100);
    }
    return turn(scene);
}

static enum fake_answer reload(struct scene *scene)
{
    (void)scene;
    fake_reload();
    fake_turn();
    return FAKE_DONE;
}

static void stage_is_crowded_and_heard(struct scene *scene)
{
    scene_listen(scene);
    stage_is_crowded(scene);
}

static const struct scenario scenarios[] = {
    {"a user logs in for the first time", log_in_for_the_first_time, NULL, NULL},
    {"a user logs in with another device", log_in_with_another_device, NULL, NULL},
    {"a user logs in without naming a platform", log_in_without_platform, NULL, NULL},
    {"a connection takes over another", take_over, NULL, NULL},
    {"a device displaces another", displace, NULL, NULL},
    {"a device hears that it was displaced while it was away", take_over, NULL, was_displaced_while_away},
    {"a device comes back to what it has missed", return_to_what_was_missed, NULL, missed_messages},
    {"a device subscribes to its inbox", subscribe_inbox, NULL, have_second_device},
    {"a device subscribes to its feed", subscribe_feed, NULL, have_second_device},
    {"a device subscribes to its feed after it has missed something", subscribe_as_before, NULL, is_back},
    {"a device subscribes to a group", subscribe_group, NULL, have_second_device},
    {"a device subscribes to a live group", subscribe_live_group, NULL, have_second_device},
    {"a device unsubscribes from its feed", unsubscribe_feed, NULL, NULL},
    {"a device unsubscribes from a live group", unsubscribe_live_group, NULL, NULL},
    {"a device disconnects", disconnect, NULL, NULL},
    {"a turn of the loop in which nothing happens", turn, NULL, NULL},
    {"a turn in which a device is given what it has missed", turn, NULL, has_returned},
    {"a turn in which a device is told what was deleted meanwhile", turn, NULL, has_returned_to_deletions},
    {"a turn in which a kept session is given what it has missed", turn, NULL, kept_session_is_back},
    {"a turn in which somebody's status is told", turn, NULL, is_watched},
    {"a turn in which members hear of a dismissal", turn, NULL, was_dismissed},
    {"a turn in which a broadcast goes out", turn, NULL, was_broadcast},
    {"a turn in which a kicked user is closed", turn, NULL, was_kicked},
    {"a turn in which a live group hears who has come", turn, NULL, stage_is_crowded},
    {"turns in which a push job goes to a worker", turns, NULL, push_is_due},
    {"the settings are read again", reload, NULL, NULL},
    {"who listens to everything is told who displaces whom", displace, NULL, scene_listen},
    {"who listens to everything is told who has come to a live group", turn, NULL,
     stage_is_crowded_and_heard},
};

int main(int argc, char **argv)
{
    return sweep_all(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
