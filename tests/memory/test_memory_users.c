/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Users, their devices and what administrators do with them, while memory ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "tests/memory/sweep.h"

static enum fake_answer set_profile(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'setSelfInfo','nickname':'Alice dirt','selfSignature':'at sea'}");
}

static enum fake_answer set_profile_as(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'setSelfInfo','as':'alice@','nickname':'Alice dirt'}");
}

static enum fake_answer read_as(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'markRead','as':'alice@','to':'bob@'}");
}

static enum fake_answer get_profiles(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB],
                         "{'command':'getUsersInfo','userIDs':['alice@','carol@']}");
}

static void have_profile(struct scene *scene)
{
    set_profile(scene);
}

static enum fake_answer block(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'addToBlacklist','userIDs':['bob@','dave@']}");
}

static void have_blocked(struct scene *scene)
{
    block(scene);
}

static enum fake_answer block_another(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'addToBlacklist','userIDs':['carol@']}");
}

static enum fake_answer unblock(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'removeFromBlacklist','userIDs':['bob@']}");
}

static enum fake_answer get_blacklist(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'getBlacklist'}");
}

static enum fake_answer write_to_who_has_blocked(struct scene *scene)
{
    enum fake_answer answer = scene_publish(scene, scene->clients[BOB], "chat/user/alice@", "hello", 1);
    return answer == FAKE_REFUSED ? FAKE_DONE : answer; /* as it has to be */
}

static void have_second_device(struct scene *scene)
{
    scene->second = scene_login(scene, "alice@:web:1");
    scene_subscribe(scene, scene->second, "chat/user/alice@/#");
    scene_settle();
}

static void had_second_device(struct scene *scene)
{
    have_second_device(scene);
    scene_settle();
}

static enum fake_answer get_devices(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'getDevices'}");
}

static enum fake_answer kick_device(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'kickDevice','clientID':'alice@:web:1'}");
}

static enum fake_answer set_token(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'setPushToken','provider':'webhook','token':'t@','businessID':'b'}");
}

static void have_token(struct scene *scene)
{
    set_token(scene);
}

static enum fake_answer remove_token(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'removePushToken'}");
}

static enum fake_answer go_to_background(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'setBackground','background':true}");
}

static enum fake_answer watch(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'watchStatus','userIDs':['bob@','carol@','eve@']}");
}

static enum fake_answer export_user(struct scene *scene)
{
    return scene_command_later(scene, town_root(), "{'command':'exportUser','userID':'alice@','limit':9}",
                               10);
}

static enum fake_answer look_at_status(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'getStatus','userIDs':['bob@','carol@','eve@']}");
}

static enum fake_answer write_to_users(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'sendNotice','userIDs':['alice@','nobody@'],'text':'we close at ten'}");
}

static enum fake_answer write_to_members(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'sendNotice','group':'club@','text':'we close at ten'}");
}

static enum fake_answer write_to_audience(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'sendNotice','group':'stage@','text':'we close at ten'}");
}

static enum fake_answer write_to_all_live_groups(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'broadcastLive','text':'we close at ten'}");
}

static enum fake_answer list_users(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'getUsers','limit':5}");
}

static enum fake_answer list_groups(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'getGroups','limit':5}");
}

static void have_watched(struct scene *scene)
{
    watch(scene);
}

static enum fake_answer unwatch(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'unwatchStatus','userIDs':['bob@']}");
}

static enum fake_answer renew(struct scene *scene)
{
    return scene_renew(scene, ALICE);
}

static enum fake_answer logout(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'logout'}");
}

/* The answer has a result for each: 0 says that this one was not created. */
static enum fake_answer import_users(struct scene *scene)
{
    enum fake_answer answer =
        scene_command(scene, town_root(), "{'command':'importUsers','userIDs':['alice@','eve@']}");
    if (answer != FAKE_DONE || !strstr(fake_response(town_root()), "\"result\":0"))
        return answer;
    scene->code = CODE_BUSY;
    return FAKE_REFUSED;
}

static enum fake_answer send_as(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'sendMessage','sender':'alice@','to':'bob@','text':'by her leave'}");
}

static enum fake_answer send_as_to_group(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'sendMessage','sender':'dave@','group':'club@','text':'by his leave'}");
}

static enum fake_answer import_message(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'importMessages','messages':[{'sender':'dave@','to':'alice@',"
                         "'time':1600000000000,'random':5,'text':'long ago'}]}");
}

/* Not before what is in the group already. */
static enum fake_answer import_message_to_group(struct scene *scene)
{
    char command[200];
    snprintf(command, sizeof command,
             "{'command':'importMessages','unread':true,'messages':[{'sender':'alice@','group':'club@',"
             "'time':%lld,'text':'just now','at':['bob@']}]}",
             (long long)fake_now());
    return scene_command(scene, town_root(), command);
}

static enum fake_answer broadcast(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'broadcast','text':'we close at ten'}");
}

static enum fake_answer ban_user(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'banUser','userID':'bob@','seconds':3600,'reason':'spam'}");
}

static enum fake_answer mute_user(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'muteUser','userID':'bob@','c2cSeconds':3600,'groupSeconds':3600}");
}

static enum fake_answer get_user(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'getUser','userID':'alice@'}");
}

static enum fake_answer get_stats(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'getStats'}");
}

/* There is no folder for one here, which is what it hears when all is well: a copy is the writer thread's, whose memory
 * does not fail. */
static enum fake_answer start_backup(struct scene *scene)
{
    enum fake_answer answer = scene_command(scene, town_root(), "{'command':'startBackup','name':'x'}");
    return answer == FAKE_REFUSED && scene->code == CODE_UNKNOWN_COMMAND ? FAKE_DONE : answer;
}

static enum fake_answer get_backup(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'getBackup'}");
}

static enum fake_answer end_sigs(struct scene *scene, const char *command)
{
    enum fake_answer answer = scene_command(scene, town_root(), command);
    scene_renew_sigs(scene);
    return answer;
}

static enum fake_answer kick_user(struct scene *scene)
{
    return end_sigs(scene, "{'command':'kickUser','userID':'alice@'}");
}

static enum fake_answer delete_user(struct scene *scene)
{
    return end_sigs(scene, "{'command':'deleteUser','userID':'bob@'}");
}

static enum fake_answer purge_user(struct scene *scene)
{
    return end_sigs(scene, "{'command':'deleteUser','userID':'bob@','purge':true}");
}

static void have_bob_written(struct scene *scene)
{
    scene_publish(scene, scene->clients[BOB], "chat/group/club@", "mine", 1);
    scene_publish(scene, scene->clients[BOB], "chat/user/alice@", "mine", 1);
    scene->sent = 0;
}

static enum fake_answer delete_owner(struct scene *scene)
{
    return end_sigs(scene, "{'command':'deleteUser','userID':'alice@'}");
}

/* A job for bob's phone, whose number is known to the worker only. */
static char answer_to_job[200];

static void have_job(struct scene *scene, const char *format)
{
    scene_push(scene);
    fake_disconnect(scene->clients[BOB]);
    scene_publish(scene, scene->clients[ALICE], "chat/user/bob@", "hello", 1);
    scene_await_commit();
    scene_settle();
    /* Those of other scenes come again meanwhile. */
    const char *words = scene_text(scene, "'userID':'bob@'");
    const char *job = strstr(fake_last(town_root(), "chat/push", words), "\"job\":");
    snprintf(answer_to_job, sizeof answer_to_job, format, job ? atoi(job + 6) : 0);
}

static void have_bobs_token(struct scene *scene)
{
    scene_command(scene, scene->clients[BOB],
                  "{'command':'setPushToken','provider':'webhook','token':'bob@'}");
}

static void have_job_done(struct scene *scene)
{
    have_job(scene, "{'command':'pushDone','jobs':[%d]}");
}

static void have_job_failed(struct scene *scene)
{
    have_job(scene, "{'command':'pushFailed','job':%d,'error':'no such token','invalidToken':true}");
}

static enum fake_answer answer_job(struct scene *scene)
{
    return scene_command(scene, town_root(), answer_to_job);
}

static void have_job_dead(struct scene *scene)
{
    have_job(scene, "{'command':'pushFailed','job':%d,'error':'no such topic','dead':true}");
    scene_command(scene, town_root(), answer_to_job);
    scene_await_commit();
    scene_settle();
}

/* No worker is there: what one has had would go with its connection. */
static void have_job_waiting(struct scene *scene)
{
    fake_disconnect(scene->clients[BOB]);
    scene_publish(scene, scene->clients[ALICE], "chat/user/bob@", "hello", 1);
    scene_await_commit();
    scene_settle();
}

static enum fake_answer list_jobs(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'getPushJobs','userID':'bob@'}");
}

static enum fake_answer retry_jobs(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'retryPushJobs','all':true}");
}

static enum fake_answer drop_jobs(struct scene *scene)
{
    return scene_command(scene, town_root(), "{'command':'dropPushJobs','userID':'bob@'}");
}

static enum fake_answer ask_twice_over_mqtt_5(struct scene *scene)
{
    return fake_command(scene->clients[ALICE],
                        "{\"commands\":[{\"command\":\"getUnread\",\"correlationData\":\"one\"},"
                        "{\"command\":\"getDevices\",\"correlationData\":\"two\"}]}",
                        "correlation");
}

static const struct scenario scenarios[] = {
    {"a user sets a profile", set_profile, NULL, NULL},
    {"a user changes a profile", set_profile, have_profile, NULL},
    {"an administrator sets a profile as a user", set_profile_as, NULL, NULL},
    {"an administrator reads as a user", read_as, NULL, NULL},
    {"profiles are read", get_profiles, have_profile, NULL},
    {"two users are put on a blacklist", block, NULL, NULL},
    {"a third user is put on a blacklist", block_another, have_blocked, NULL},
    {"a user is taken off a blacklist", unblock, have_blocked, NULL},
    {"a blacklist is read", get_blacklist, have_blocked, NULL},
    {"who is on the blacklist writes", write_to_who_has_blocked, have_blocked, NULL},
    {"devices are listed", get_devices, had_second_device, NULL},
    {"a device that is away is sent away", kick_device, had_second_device, NULL},
    {"a connected device is sent away", kick_device, NULL, have_second_device},
    {"a push token is set", set_token, NULL, NULL},
    {"a push token is set again", set_token, have_token, NULL},
    {"a push token is taken back", remove_token, have_token, NULL},
    {"a device goes to the background", go_to_background, have_token, NULL},
    {"a user watches others", watch, NULL, NULL},
    {"an administrator writes to some", write_to_users, NULL, NULL},
    {"an administrator writes to the members of a group", write_to_members, NULL, NULL},
    {"an administrator writes to who is in a live group", write_to_audience, NULL, NULL},
    {"an administrator writes to all live groups", write_to_all_live_groups, NULL, NULL},
    {"an administrator goes through the users", list_users, NULL, NULL},
    {"an administrator goes through the groups", list_groups, NULL, NULL},
    {"all about a user is given to an administrator", export_user, had_second_device, NULL},
    {"an administrator waits for all about a user", export_user, NULL, had_second_device},
    {"a user looks who is online", look_at_status, NULL, NULL},
    {"a user watches somebody no more", unwatch, NULL, have_watched},
    {"a session goes on with another userSig", renew, NULL, NULL},
    {"a device logs out", logout, have_token, NULL},
    {"users are imported", import_users, NULL, NULL},
    {"an administrator writes in somebody's name", send_as, NULL, NULL},
    {"an administrator writes to a group in somebody's name", send_as_to_group, NULL, NULL},
    {"a private message is imported", import_message, NULL, NULL},
    {"a message of a group is imported", import_message_to_group, NULL, NULL},
    {"an administrator writes to everybody", broadcast, NULL, NULL},
    {"a user is banned", ban_user, NULL, NULL},
    {"a user is muted", mute_user, NULL, NULL},
    {"an administrator looks at a user", get_user, had_second_device, NULL},
    {"an administrator looks at the counters", get_stats, NULL, NULL},
    {"an administrator asks for a backup", start_backup, NULL, NULL},
    {"an administrator asks how it has gone", get_backup, NULL, NULL},
    {"a user is kicked", kick_user, have_token, have_second_device},
    {"a user is deleted", delete_user, have_token, NULL},
    {"a user is deleted with all that they have written", purge_user, have_bob_written, NULL},
    {"a user who owns groups is deleted", delete_owner, NULL, NULL},
    {"a worker has delivered a job", answer_job, have_bobs_token, have_job_done},
    {"a worker was told that a token is dead", answer_job, have_bobs_token, have_job_failed},
    {"an administrator looks at the push queue", list_jobs, have_bobs_token, have_job_waiting},
    {"an administrator has jobs tried again", retry_jobs, have_bobs_token, have_job_dead},
    {"an administrator drops jobs", drop_jobs, have_bobs_token, have_job_dead},
    {"who listens to everything is told of a profile", set_profile, NULL, scene_listen},
    {"who listens to everything is told of a blacklist", block, NULL, scene_listen},
    {"who listens to everything is told that somebody is refused", write_to_who_has_blocked, have_blocked,
     scene_listen},
    {"two commands in one request, over MQTT 5", ask_twice_over_mqtt_5, NULL, NULL},
};

int main(int argc, char **argv)
{
    return sweep_all(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
