// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Groups: what is done with one, and the list of them, which keeps up with what others do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { Broker, sleep, until, userSig } from "./broker.js";

const { EVENT, TYPES } = ChatClient;
/** @type {Broker} */
let broker;
let alice, bob, carol;
/** The lists of groups that each was told last, by name of the user. */
const lists = {};
before(async () => {
    broker = await Broker.start();
    await broker.admin("importUsers", { userIDs: ["dave", "erin"] });
    [alice, bob, carol] = await Promise.all(["alice", "bob", "carol"].map(login));
});
after(() => broker.stop());

async function login(userID) {
    const chat = broker.chat();
    chat.on(EVENT.GROUP_LIST_UPDATED, ({ data }) => {
        // As it was then: a list is of the groups themselves, which go on changing.
        lists[userID] = Object.fromEntries(data.map((group) => [group.groupID, structuredClone(group)]));
    });
    const ready = new Promise((resolve) => chat.on(EVENT.SDK_READY, resolve));
    await chat.login({ userID, userSig: userSig(userID) });
    await ready;
    return chat;
}

let count = 0;
/** A group of alice's, with bob in it. */
async function hikers(more = {}) {
    const groupID = `g${++count}`;
    await alice.createGroup({ name: "Hikers", type: TYPES.GRP_PUBLIC, groupID, memberList: [{ userID: "bob" }], ...more });
    await until(() => lists.bob?.[groupID], "bob to have the group");
    return groupID;
}

/** What alice and bob are told of a group comes to what somebody else finds there, whom their clients do not know of. */
async function listsAreRight(groupID) {
    const info = await broker.admin("getGroupInfo", { groupID });
    const { members } = await broker.admin("getGroupMembers", { groupID });
    const roles = Object.fromEntries(members.map(({ userID, role }) => [userID, role]));
    for (const name of ["alice", "bob"]) {
        const wanted = [info.groupName, info.faceURL, info.owner, info.memberCount, info.allMuted, roles[name]].join();
        const told = () => {
            const { name: groupName, avatar, ownerID, memberCount, muteAllMembers, selfInfo } = lists[name][groupID];
            return [groupName, avatar, ownerID, memberCount, muteAllMembers, selfInfo.role.toLowerCase()].join();
        };
        await until(() => told() === wanted, `${name}'s list to have ${wanted}: ${told()}`);
    }
}

for (const [type, word] of Object.entries({ GRP_WORK: "Private", GRP_PUBLIC: "Public", GRP_MEETING: "ChatRoom", GRP_AVCHATROOM: "AVChatRoom" })) {
    test(`a group of type ${word}`, async () => {
        const { code, data } = await alice.createGroup({
            name: "Hikers",
            type: TYPES[type],
            introduction: "We walk",
            notification: "Sunday at 8",
            avatar: "https://example.org/boots.png",
            memberList: type === "GRP_AVCHATROOM" ? [] : [{ userID: "bob" }, { userID: "nobody" }],
        });
        assert.equal(code, 0);
        const { group } = data;
        const live = type === "GRP_AVCHATROOM";
        assert.deepEqual(
            [group.type, group.name, group.introduction, group.notification, group.avatar, group.ownerID, group.memberCount],
            [word, "Hikers", "We walk", "Sunday at 8", "https://example.org/boots.png", "alice", live ? 0 : 2],
        );
        assert.deepEqual(data.failureUserIDList, live ? [] : ["nobody"]);
        assert.ok(Math.abs(group.createTime - Date.now() / 1000) < 5);
        assert.equal(group.selfInfo.role, TYPES.GRP_MBR_ROLE_OWNER);
        assert.deepEqual((await alice.getGroupList()).data.groupList.find(({ groupID }) => groupID === group.groupID), group);
        if (!live) {
            await until(() => lists.bob?.[group.groupID], "bob to have the group");
            assert.equal(lists.bob[group.groupID].selfInfo.role, TYPES.GRP_MBR_ROLE_MEMBER);
            assert.equal(lists.bob[group.groupID].avatar, "https://example.org/boots.png");
        }
        assert.equal(lists.carol?.[group.groupID], undefined);
        if (live) await alice.dismissGroup(group.groupID);
        else await broker.admin("dismissGroup", { groupID: group.groupID });
        await until(() => !lists.alice?.[group.groupID] && !lists.bob?.[group.groupID], "the group to go");
    });
}

test("groups that cannot be made or seen", async () => {
    const groupID = await hikers({ type: TYPES.GRP_WORK });
    await assert.rejects(carol.createGroup({ name: "Mine", type: TYPES.GRP_PUBLIC, groupID }), { code: 10021 });
    await assert.rejects(carol.createGroup({ name: "x".repeat(31), type: TYPES.GRP_PUBLIC }), { code: 10004 });
    await assert.rejects(carol.createGroup({ name: "Mine", type: TYPES.GRP_COMMUNITY }), { code: 10004 });
    await assert.rejects(carol.getGroupProfile({ groupID }), { code: 10007 });
    await assert.rejects(carol.getGroupProfile({ groupID: "none" }), { code: 10010 });
    await assert.rejects(carol.searchGroupByID("none"), { code: 10010 });
    await assert.rejects(carol.joinGroup({ groupID: "none" }), { code: 10010 });
    await assert.rejects(carol.quitGroup(groupID), { code: 10007 });
});

test("what is changed in a group is seen by its members", async () => {
    const groupID = await hikers();
    const { group } = (
        await alice.updateGroupProfile({ groupID, name: "Walkers", notification: "Monday", joinOption: TYPES.JOIN_OPTIONS_FREE_ACCESS })
    ).data;
    assert.deepEqual([group.name, group.notification, group.joinOption], ["Walkers", "Monday", "FreeAccess"]);
    await until(() => lists.bob[groupID].name === "Walkers" && lists.bob[groupID].joinOption === "FreeAccess", "the name");
    assert.equal(lists.bob[groupID].notification, "Monday");
    await alice.updateGroupProfile({ groupID, muteAllMembers: true });
    await until(() => lists.bob[groupID].muteAllMembers, "the mute");
    await assert.rejects(bob.updateGroupProfile({ groupID, name: "Bob's" }), { code: 10007 });

    // Found by who is not in it; that does not put it into their list.
    const found = (await carol.searchGroupByID(groupID)).data.group;
    assert.deepEqual([found.name, found.selfInfo.role], ["Walkers", ""]);
    assert.ok(!(await carol.getGroupList()).data.groupList.some((each) => each.groupID === groupID));
    await listsAreRight(groupID);
});

test("joining at once, quitting, and joining again", async () => {
    const groupID = await hikers({ joinOption: TYPES.JOIN_OPTIONS_FREE_ACCESS });
    const { status, group } = (await carol.joinGroup({ groupID, type: TYPES.GRP_PUBLIC })).data;
    assert.deepEqual([status, group.memberCount, group.selfInfo.role], [TYPES.JOIN_STATUS_SUCCESS, 3, "Member"]);
    assert.equal((await carol.joinGroup({ groupID })).data.status, TYPES.JOIN_STATUS_ALREADY_IN_GROUP);
    await until(() => lists.bob[groupID].memberCount === 3 && lists.carol?.[groupID], "the member");
    assert.deepEqual((await carol.quitGroup(groupID)).data, { groupID });
    await until(() => lists.bob[groupID].memberCount === 2 && !lists.carol[groupID], "the member to go");
    await assert.rejects(alice.quitGroup(groupID), { code: 10009 });
    await listsAreRight(groupID);
});

test("an application waits, is listed and accepted, or refused", async () => {
    const groupID = await hikers({ joinOption: TYPES.JOIN_OPTIONS_NEED_PERMISSION });
    await carol.updateMyProfile({ nick: "Caroline" });
    const { status, group } = (await carol.joinGroup({ groupID, applyMessage: "please" })).data;
    assert.deepEqual([status, group.name], [TYPES.JOIN_STATUS_WAIT_APPROVAL, "Hikers"]);
    assert.equal(lists.carol?.[groupID], undefined);
    const applications = async () => (await alice.getGroupApplicationList()).data.applicationList;
    const [application, ...others] = await applications();
    assert.deepEqual(others, []);
    assert.ok(Math.abs(application.time - Date.now() / 1000) < 5);
    assert.deepEqual(
        { ...application, time: 0 },
        {
            groupID,
            groupName: "Hikers",
            applicationType: 0,
            applicant: "carol",
            applicantNick: "Caroline",
            userID: "carol",
            note: "please",
            time: 0,
        },
    );
    const answer = await alice.handleGroupApplication({ handleAction: "Reject", handleMessage: "full", application });
    assert.equal(answer.data.group.groupID, groupID);
    assert.deepEqual(await applications(), []);
    await assert.rejects(alice.handleGroupApplication({ handleAction: "Agree", application }), { code: 10024 });

    await carol.joinGroup({ groupID });
    // As Tencent has it: by the notice that told of it.
    const message = { payload: { operationType: 1, operatorID: "carol", groupProfile: { groupID } } };
    await alice.handleGroupApplication({ handleAction: "Agree", message });
    await until(() => lists.carol?.[groupID], "carol to be in");
    await until(() => lists.bob[groupID].memberCount === 3, "bob to know");
    await assert.rejects(alice.handleGroupApplication({ handleAction: "Agree", message }), { code: 10024 });
});

test("invitations that wait are handled by the notice of who has invited", async () => {
    const groupID = await hikers({ inviteOption: "NeedPermission" });
    const { data } = await bob.addGroupMember({ groupID, userIDList: ["dave", "erin"] });
    assert.deepEqual([data.successUserIDList, data.pendingUserIDList], [[], ["dave", "erin"]]);
    const { applicationList } = (await alice.getGroupApplicationList()).data;
    assert.deepEqual(
        applicationList.map(({ applicationType, applicant, userID }) => [applicationType, applicant, userID]),
        [
            [2, "bob", "dave"],
            [2, "bob", "erin"],
        ],
    );
    const message = { payload: { operationType: 1, operatorID: "bob", groupProfile: { groupID } } };
    const { group } = (await alice.handleGroupApplication({ handleAction: "Agree", message })).data;
    assert.equal(group.memberCount, 4);
    await until(() => lists.bob[groupID].memberCount === 4, "bob to know");
});

test("a new owner", async () => {
    const groupID = await hikers();
    const { group } = (await alice.changeGroupOwner({ groupID, newOwnerID: "bob" })).data;
    assert.deepEqual([group.ownerID, group.selfInfo.role], ["bob", "Member"]);
    await until(() => lists.bob[groupID].selfInfo.role === "Owner", "bob to be the owner");
    assert.equal(lists.bob[groupID].ownerID, "bob");
    await assert.rejects(alice.changeGroupOwner({ groupID, newOwnerID: "alice" }), { code: 10007 });
    await listsAreRight(groupID);
});

test("dismissing", async () => {
    const groupID = await hikers();
    await assert.rejects(bob.dismissGroup(groupID), { code: 10007 });
    assert.deepEqual((await alice.dismissGroup(groupID)).data, { groupID });
    await until(() => !lists.alice[groupID] && !lists.bob[groupID], "the group to go");
    await assert.rejects(bob.getGroupProfile({ groupID }), { code: 10010 });
});

test("what happens while there is no connection is known after it", async () => {
    const groupID = await hikers();
    const gone = await hikers();
    await bob.logout();
    await alice.updateGroupProfile({ groupID, name: "Walkers", avatar: "https://example.org/w.png" });
    await alice.addGroupMember({ groupID, userIDList: ["dave"] }).catch(() => {});
    await alice.dismissGroup(gone);
    await bob.login({ userID: "bob", userSig: userSig("bob") });
    await until(() => bob.isReady(), "bob to be ready");
    await until(() => lists.bob[groupID]?.name === "Walkers" && !lists.bob[gone], "the changes");
    // The replay of what was missed brings tips of what is known already.
    await sleep(200);
    await listsAreRight(groupID);
});

test("another device of the user joins: the group is in the list at its first message", async () => {
    const groupID = await hikers({ joinOption: TYPES.JOIN_OPTIONS_FREE_ACCESS });
    const other = await broker.login("carol", { clientID: "carol:ios:1" });
    await other.joinGroup({ groupID });
    await until(() => lists.carol?.[groupID], "the group");
    await other.quitGroup(groupID);
});

// ---- live groups

async function room(more = {}) {
    const groupID = `live${++count}`;
    await alice.createGroup({ name: "Show", type: TYPES.GRP_AVCHATROOM, groupID, ...more });
    return groupID;
}

test("who joins a live group is in it until they quit", async () => {
    const groupID = await room();
    assert.equal((await alice.joinGroup({ groupID, type: TYPES.GRP_AVCHATROOM })).data.status, TYPES.JOIN_STATUS_SUCCESS);
    const { status, group } = (await bob.joinGroup({ groupID, type: TYPES.GRP_AVCHATROOM })).data;
    assert.deepEqual([status, group.type, group.ownerID, group.memberCount], [TYPES.JOIN_STATUS_SUCCESS, "AVChatRoom", "alice", 2]);
    await until(() => lists.bob?.[groupID], "the group in the list");
    assert.ok((await bob.getGroupList()).data.groupList.some((each) => each.groupID === groupID));
    assert.equal((await bob.joinGroup({ groupID })).data.status, TYPES.JOIN_STATUS_ALREADY_IN_GROUP);
    assert.equal((await carol.getGroupOnlineMemberCount(groupID)).data.memberCount, 2);
    await bob.quitGroup(groupID);
    await until(() => !lists.bob[groupID], "the group to go from the list");
    assert.equal((await carol.getGroupOnlineMemberCount(groupID)).data.memberCount, 1);
    await assert.rejects(alice.quitGroup(groupID), { code: 10009 });
    await alice.dismissGroup(groupID);
});

test("after a crash of the broker the lists are right again, and a live group is joined again", async () => {
    const groupID = await hikers();
    const liveID = await room();
    await bob.joinGroup({ groupID: liveID });
    await broker.kill();
    await broker.launch();
    const members = async () => (await carol.getGroupOnlineMemberCount(liveID).catch(() => ({ data: {} }))).data.memberCount;
    await until(async () => (await members()) === 1, "bob to be back", 30000);
    assert.ok((await bob.getGroupList()).data.groupList.some((each) => each.groupID === liveID));
    await alice.updateGroupProfile({ groupID, name: "After" });
    await until(() => lists.bob[groupID].name === "After", "the name");
    await listsAreRight(groupID);
    await bob.quitGroup(liveID);
    await until(async () => (await members()) === 0, "bob to have gone");
});

test("who is banned from a live group is out of it, and cannot join again", async () => {
    const groupID = await room();
    await bob.joinGroup({ groupID });
    await until(() => lists.bob?.[groupID], "the group");
    const { data } = await alice.deleteGroupMember({ groupID, userIDList: ["bob"], reason: "loud", duration: 60 });
    assert.deepEqual([data.userIDList, data.group.groupID], [["bob"], groupID]);
    await until(() => !lists.bob[groupID], "bob to be out");
    await assert.rejects(bob.joinGroup({ groupID }), { code: 10007 });
    await assert.rejects(alice.deleteGroupMember({ groupID, userIDList: ["carol"] }), { code: 10004 });
});

test("a live group's name, and its end", async () => {
    const groupID = await room();
    await bob.joinGroup({ groupID });
    await until(() => lists.bob?.[groupID], "the group");
    await alice.updateGroupProfile({ groupID, name: "Finale" });
    await until(() => lists.bob[groupID].name === "Finale", "the name");
    await alice.dismissGroup(groupID);
    await until(() => !lists.bob[groupID], "the group to go");
});

test("the members of a live group are counted as they come and go", async () => {
    const groupID = await room();
    await bob.joinGroup({ groupID });
    await sleep(2300);
    await carol.joinGroup({ groupID });
    await until(() => lists.bob[groupID].memberCount === 2, "carol");
    await carol.logout();
    await until(() => lists.bob[groupID].memberCount === 1, "carol to go");
});
