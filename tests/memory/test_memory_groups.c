/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Groups and their members, while memory ends. */
#include "tests/memory/sweep.h"

static enum fake_answer create_group(struct scene *scene)
{
    return scene_command(scene, scene->clients[DAVE],
                         "{'command':'createGroup','groupType':'Public','groupID':'new@','groupName':'new',"
                         "'members':[{'userID':'alice@','role':'admin'},{'userID':'bob@'}]}");
}

static enum fake_answer import_group(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'createGroup','groupType':'Public','groupID':'new@','groupName':'new',"
                         "'owner':'dave@','createTime':1000,'members':[{'userID':'bob@','joinTime':2000}]}");
}

static enum fake_answer create_group_of_nobody(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'createGroup','groupType':'ChatRoom','groupID':'new@','groupName':'new',"
                         "'owner':'','silent':true,'members':[{'userID':'bob@'}]}");
}

static enum fake_answer invite_silently(struct scene *scene)
{
    return scene_command(scene, town_root(),
                         "{'command':'inviteGroupMember','groupID':'club@','silent':true,'members':"
                         "['eve@',{'userID':'dave@','role':'admin','joinTime':2000}]}");
}

static enum fake_answer create_nameless_group(struct scene *scene)
{
    return scene_command(scene, scene->clients[DAVE],
                         "{'command':'createGroup','groupType':'Private','groupName':'nameless'}");
}

static enum fake_answer create_live_group(struct scene *scene)
{
    return scene_command(scene, scene->clients[DAVE],
                         "{'command':'createGroup','groupType':'AVChatRoom','groupID':'new@'}");
}

static enum fake_answer dismiss(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'dismissGroup','groupID':'club@'}");
}

static enum fake_answer dismiss_live(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'dismissGroup','groupID':'stage@'}");
}

static enum fake_answer join(struct scene *scene)
{
    return scene_command(scene, scene->clients[DAVE], "{'command':'joinGroup','groupID':'hall@'}");
}

static enum fake_answer join_live(struct scene *scene)
{
    return scene_command(scene, scene->clients[DAVE], "{'command':'joinGroup','groupID':'stage@'}");
}

static enum fake_answer apply(struct scene *scene)
{
    return scene_command(scene, scene->clients[DAVE],
                         "{'command':'joinGroup','groupID':'club@','message':'please'}");
}

static enum fake_answer quit(struct scene *scene)
{
    return scene_command(scene, scene->clients[CAROL], "{'command':'quitGroup','groupID':'club@'}");
}

static enum fake_answer quit_as_owner(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'quitGroup','groupID':'home@'}");
}

static enum fake_answer quit_live(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'quitGroup','groupID':'stage@'}");
}

static enum fake_answer invite(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB],
                         "{'command':'inviteGroupMember','groupID':'home@','members':['carol@','dave@']}");
}

static void allow_invitations(struct scene *scene)
{
    scene_command(scene, scene->clients[ALICE],
                  "{'command':'setGroupInfo','groupID':'club@','inviteOpt':'NeedPermission'}");
}

static enum fake_answer invite_who_has_to_wait(struct scene *scene)
{
    return scene_command(scene, scene->clients[CAROL],
                         "{'command':'inviteGroupMember','groupID':'club@','members':['dave@']}");
}

static enum fake_answer remove_members(struct scene *scene)
{
    return scene_command(
        scene, scene->clients[ALICE],
        "{'command':'deleteGroupMember','groupID':'club@','members':['bob@','carol@'],'reason':'noise'}");
}

static void have_dave_apply(struct scene *scene)
{
    apply(scene);
}

static enum fake_answer accept(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB],
                         "{'command':'handleGroupApplication','groupID':'club@','userID':'dave@','accept':"
                         "true,'reason':'ok'}");
}

static enum fake_answer decline(struct scene *scene)
{
    return scene_command(
        scene, scene->clients[BOB],
        "{'command':'handleGroupApplication','groupID':'club@','userID':'dave@','accept':false}");
}

static enum fake_answer list_applications(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'getGroupApplications'}");
}

static enum fake_answer rename_group(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB],
                         "{'command':'setGroupInfo','groupID':'club@','groupName':'the club',"
                         "'notification':'tomorrow at eight'}");
}

static enum fake_answer change_settings(struct scene *scene)
{
    return scene_command(
        scene, scene->clients[BOB],
        "{'command':'setGroupInfo','groupID':'club@','addOpt':'FreeAccess','allMuted':true}");
}

static enum fake_answer mute_live_group(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'setGroupInfo','groupID':'stage@','allMuted':true}");
}

static enum fake_answer attach(struct scene *scene)
{
    return scene_command(
        scene, scene->clients[ALICE],
        "{'command':'setGroupAttributes','groupID':'club@','set':{'seat':'bob','mode':'open'}}");
}

static enum fake_answer attach_anew(struct scene *scene)
{
    return scene_command(
        scene, scene->clients[ALICE],
        "{'command':'setGroupAttributes','groupID':'club@','set':{'seat':'carol'},'delete':['mode']}");
}

static enum fake_answer attach_to_live_group(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'setGroupAttributes','groupID':'stage@','set':{'seat':'bob'}}");
}

static void have_it_attached(struct scene *scene)
{
    (void)attach(scene);
}

static enum fake_answer ban(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'banGroupMember','groupID':'club@','userID':'carol@','seconds':600}");
}

static void have_carol_banned(struct scene *scene)
{
    (void)ban(scene);
}

static enum fake_answer lift(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'banGroupMember','groupID':'club@','userID':'carol@','seconds':0}");
}

static enum fake_answer get_bans(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'getGroupBans','groupID':'club@'}");
}

static enum fake_answer get_attached(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB], "{'command':'getGroupAttributes','groupID':'club@'}");
}

static enum fake_answer transfer(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'transferGroupOwner','groupID':'club@','userID':'carol@'}");
}

static enum fake_answer promote(struct scene *scene)
{
    return scene_command(
        scene, scene->clients[ALICE],
        "{'command':'setGroupMemberRole','groupID':'club@','userID':'carol@','role':'admin'}");
}

static enum fake_answer mute(struct scene *scene)
{
    return scene_command(scene, scene->clients[BOB],
                         "{'command':'muteGroupMember','groupID':'club@','userID':'carol@','seconds':3600}");
}

static enum fake_answer mute_in_live_group(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'muteGroupMember','groupID':'stage@','userID':'bob@','seconds':3600}");
}

static enum fake_answer set_name_card(struct scene *scene)
{
    return scene_command(scene, scene->clients[CAROL],
                         "{'command':'setGroupMemberInfo','groupID':'club@','nameCard':'Carol C.',"
                         "'receiveOption':'AcceptNotNotify'}");
}

static enum fake_answer get_info(struct scene *scene)
{
    return scene_command(scene, scene->clients[CAROL], "{'command':'getGroupInfo','groupID':'club@'}");
}

static enum fake_answer get_members(struct scene *scene)
{
    return scene_command(scene, scene->clients[CAROL], "{'command':'getGroupMembers','groupID':'club@'}");
}

static enum fake_answer get_audience(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'getGroupMembers','groupID':'stage@'}");
}

static enum fake_answer get_named_members(struct scene *scene)
{
    return scene_command(
        scene, scene->clients[CAROL],
        "{'command':'getGroupMembers','groupID':'club@','userIDs':['bob@','dave@','nobody@']}");
}

static enum fake_answer get_muted_members(struct scene *scene)
{
    return scene_command(scene, scene->clients[CAROL],
                         "{'command':'getGroupMembers','groupID':'club@','muted':true}");
}

static void have_carol_muted(struct scene *scene)
{
    (void)mute(scene);
}

static enum fake_answer get_joined(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], "{'command':'getJoinedGroups'}");
}

static const struct scenario scenarios[] = {
    {"a group is created with two others in it", create_group, NULL, NULL},
    {"a group is created to which the server gives the id", create_nameless_group, NULL, NULL},
    {"an administrator makes a group for somebody, of long ago", import_group, NULL, NULL},
    {"an administrator makes a group that nobody owns", create_group_of_nobody, NULL, NULL},
    {"an administrator brings somebody into a group silently", invite_silently, NULL, NULL},
    {"a live group is created", create_live_group, NULL, NULL},
    {"a group is dismissed, and its members are told", dismiss, NULL, NULL},
    {"a live group is dismissed", dismiss_live, NULL, NULL},
    {"a user joins a ChatRoom", join, NULL, NULL},
    {"a connection joins a live group", join_live, NULL, NULL},
    {"a user asks to be let into a group", apply, NULL, NULL},
    {"a member quits a group", quit, NULL, NULL},
    {"the owner quits a Private group", quit_as_owner, NULL, NULL},
    {"a connection leaves a live group", quit_live, NULL, NULL},
    {"a member invites two others", invite, NULL, NULL},
    {"a member invites somebody who has to wait", invite_who_has_to_wait, allow_invitations, NULL},
    {"two members are removed", remove_members, NULL, NULL},
    {"an application is accepted", accept, have_dave_apply, NULL},
    {"an application of this moment is accepted", accept, NULL, have_dave_apply},
    {"an application is refused", decline, have_dave_apply, NULL},
    {"the applications are listed", list_applications, have_dave_apply, NULL},
    {"a group is renamed", rename_group, NULL, NULL},
    {"a group's settings change", change_settings, NULL, NULL},
    {"everybody in a live group is muted", mute_live_group, NULL, NULL},
    {"something is attached to a group", attach, NULL, NULL},
    {"what is attached to a group changes", attach_anew, have_it_attached, NULL},
    {"something is attached to a live group", attach_to_live_group, NULL, NULL},
    {"a member reads what is attached to a group", get_attached, have_it_attached, NULL},
    {"a member is banned", ban, NULL, NULL},
    {"a ban is lifted", lift, have_carol_banned, NULL},
    {"the bans are listed", get_bans, have_carol_banned, NULL},
    {"a group gets another owner", transfer, NULL, NULL},
    {"a member becomes an admin", promote, NULL, NULL},
    {"a member is muted", mute, NULL, NULL},
    {"somebody in a live group is muted", mute_in_live_group, NULL, NULL},
    {"a member sets a name card", set_name_card, NULL, NULL},
    {"a member looks at the group", get_info, NULL, NULL},
    {"a member looks at the members", get_members, NULL, NULL},
    {"a member looks at some of the members", get_named_members, NULL, NULL},
    {"a member looks at who is muted", get_muted_members, have_carol_muted, NULL},
    {"the owner looks at who has joined a live group", get_audience, NULL, NULL},
    {"a user lists the groups", get_joined, NULL, NULL},
    {"who listens to everything is told of a new group", create_group, NULL, scene_listen},
    {"who listens to everything is told of new settings", rename_group, NULL, scene_listen},
    {"who listens to everything is told of a ban", ban, NULL, scene_listen},
    {"who listens to everything is told of a dismissal", dismiss, NULL, scene_listen},
};

int main(int argc, char **argv)
{
    return sweep_all(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
