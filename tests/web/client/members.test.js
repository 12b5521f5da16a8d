// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The members of groups, and the texts that hang on a group.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { Broker, until } from "./broker.js";

const { EVENT, TYPES } = ChatClient;
/** @type {Broker} */
let broker;
let alice, bob;
before(async () => {
    broker = await Broker.start();
    await broker.admin("importUsers", { userIDs: ["carol", "dave", "erin"] });
    await broker.admin("importUsers", { userIDs: crowd(100) });
    [alice, bob] = [await broker.login("alice"), await broker.login("bob")];
    await bob.updateMyProfile({ nick: "Bob", avatar: "https://example.org/b.png" });
});
after(() => broker.stop());

const crowd = (n) => Array.from({ length: n }, (_, i) => `u${String(i).padStart(3, "0")}`);

let count = 0;
async function hikers(userIDs = ["bob"], more = {}) {
    const memberList = userIDs.map((userID) => ({ userID }));
    const { group } = (await alice.createGroup({ name: "Hikers", type: "Public", groupID: `g${++count}`, memberList, ...more })).data;
    return group.groupID;
}

const names = (list) => list.map(({ userID }) => userID);

test("members have names, roles and times", async () => {
    const groupID = await hikers(["bob", "carol"]);
    const { memberList, offset } = (await bob.getGroupMemberList({ groupID })).data;
    assert.equal(offset, 0);
    assert.deepEqual(names(memberList), ["alice", "bob", "carol"]);
    assert.ok(Math.abs(memberList[1].joinTime - Date.now() / 1000) < 5);
    assert.deepEqual(
        { ...memberList[1], joinTime: 0 },
        {
            userID: "bob",
            nick: "Bob",
            avatar: "https://example.org/b.png",
            role: TYPES.GRP_MBR_ROLE_MEMBER,
            nameCard: "",
            joinTime: 0,
            muteUntil: 0,
            memberCustomField: [],
        },
    );
    const some = (await alice.getGroupMemberProfile({ groupID, userIDList: ["carol", "erin", "bob"] })).data.memberList;
    assert.deepEqual(names(some), ["carol", "bob"]);
    await assert.rejects(bob.getGroupMemberList({ groupID: "none" }), { code: 10010 });
});

test("pages of members, and those of one role", async () => {
    const groupID = await hikers(crowd(40), { type: TYPES.GRP_MEETING });
    const admins = ["u003", "u020", "u035"];
    for (const userID of admins) await alice.setGroupMemberRole({ groupID, userID, role: TYPES.GRP_MBR_ROLE_ADMIN });

    for (const [options, sizes, all] of [
        [{}, [15, 15, 11], ["alice", ...crowd(40)]],
        [{ count: 30 }, [30, 11], ["alice", ...crowd(40)]],
        [{ role: TYPES.GRP_MBR_ROLE_ADMIN, count: 2 }, [2, 1], admins],
        [{ role: TYPES.GRP_MBR_ROLE_OWNER }, [1], ["alice"]],
        [{ role: TYPES.GRP_MBR_ROLE_MEMBER, count: 20 }, [20, 17], crowd(40).filter((name) => !admins.includes(name))],
    ]) {
        const pages = [];
        let offset = 0;
        do {
            const { data } = await alice.getGroupMemberList({ groupID, offset, ...options });
            pages.push(names(data.memberList));
            offset = data.offset;
        } while (offset);
        assert.deepEqual(pages.map((page) => page.length), sizes, JSON.stringify(options));
        assert.deepEqual(pages.flat().sort(), all);
    }
});

test("what becomes of those who are added", async () => {
    const groupID = await hikers([], { inviteOption: "FreeAccess" });
    const first = (await alice.addGroupMember({ groupID, userIDList: ["bob", "nobody"] })).data;
    assert.deepEqual([first.successUserIDList, first.failureUserIDList, first.group.memberCount], [["bob"], ["nobody"], 2]);
    const more = (await bob.addGroupMember({ groupID, userIDList: ["bob", "alice", ...crowd(100), "carol"] })).data;
    assert.deepEqual(more.existedUserIDList, ["bob", "alice"]);
    assert.deepEqual(more.successUserIDList, [...crowd(100), "carol"]);
    assert.equal(more.group.memberCount, 103);
    const small = await hikers(crowd(100), { type: TYPES.GRP_WORK });
    await assert.rejects(bob.addGroupMember({ groupID: small, userIDList: ["erin"] }), { code: 10007 });
});

test("a group that is full", async () => {
    const full = await Broker.start({ options: { max_members_private: 3 } });
    try {
        await full.admin("importUsers", { userIDs: crowd(5) });
        const chat = await full.login("alice");
        const { group, overLimitUserIDList } = (
            await chat.createGroup({ name: "Three", type: TYPES.GRP_WORK, memberList: crowd(3).map((userID) => ({ userID })) })
        ).data;
        assert.deepEqual([group.memberCount, overLimitUserIDList], [3, ["u002"]]);
        const { data } = await chat.addGroupMember({ groupID: group.groupID, userIDList: ["u000", "u003"] });
        assert.deepEqual([data.existedUserIDList, data.overLimitUserIDList], [["u000"], ["u003"]]);
    } finally {
        await full.stop();
    }
});

test("members are removed, and for a time", async () => {
    const groupID = await hikers(["bob", "carol", "dave"]);
    const { data } = await alice.deleteGroupMember({ groupID, userIDList: ["bob", "erin", "alice"], reason: "left" });
    assert.deepEqual([data.userIDList, data.group.memberCount], [["bob"], 3]);
    await assert.rejects(bob.deleteGroupMember({ groupID, userIDList: ["carol"] }), { code: 10007 });
    await alice.updateGroupProfile({ groupID, joinOption: TYPES.JOIN_OPTIONS_FREE_ACCESS });
    await bob.joinGroup({ groupID });
    const banned = (await alice.deleteGroupMember({ groupID, userIDList: ["bob", "carol"], duration: 60 })).data;
    assert.deepEqual([banned.userIDList, banned.group.memberCount], [["bob", "carol"], 2]);
    await assert.rejects(bob.joinGroup({ groupID }), { code: 10007 });
});

test("roles, mutes and name cards", async () => {
    const groupID = await hikers(["bob", "carol"]);
    const { group, member } = (await alice.setGroupMemberRole({ groupID, userID: "bob", role: TYPES.GRP_MBR_ROLE_ADMIN })).data;
    assert.deepEqual([group.groupID, member.userID, member.role], [groupID, "bob", "Admin"]);
    await until(async () => (await bob.getGroupProfile({ groupID })).data.group.selfInfo.role === "Admin", "bob to be an admin");
    await assert.rejects(bob.setGroupMemberRole({ groupID, userID: "carol", role: TYPES.GRP_MBR_ROLE_ADMIN }), { code: 10007 });

    const until60 = (await bob.setGroupMemberMuteTime({ groupID, userID: "carol", muteTime: 60 })).data.member.muteUntil;
    assert.ok(Math.abs(until60 - Date.now() / 1000 - 60) < 5);
    const none = (await bob.setGroupMemberMuteTime({ groupID, userID: "carol", muteTime: 0 })).data.member.muteUntil;
    assert.equal(none, 0);
    await assert.rejects(bob.setGroupMemberMuteTime({ groupID, userID: "alice", muteTime: 60 }), { code: 10007 });

    assert.equal((await bob.setGroupMemberNameCard({ groupID, nameCard: "Bobby" })).data.group.selfInfo.nameCard, "Bobby");
    const of = (await bob.setGroupMemberNameCard({ groupID, userID: "carol", nameCard: "Caro" })).data.member;
    assert.deepEqual([of.userID, of.nameCard], ["carol", "Caro"]);
    await assert.rejects(bob.setGroupMemberNameCard({ groupID, nameCard: "x".repeat(51) }), { code: 10004 });
});

test("a mute is known to who is muted at once", async () => {
    const groupID = await hikers();
    const muted = new Promise((resolve) => {
        bob.on(EVENT.GROUP_LIST_UPDATED, ({ data }) => {
            const { muteTime = 0 } = data.find((group) => group.groupID === groupID)?.selfInfo ?? {};
            if (muteTime) resolve(muteTime);
        });
    });
    const { muteUntil } = (await alice.setGroupMemberMuteTime({ groupID, userID: "bob", muteTime: 60 })).data.member;
    assert.equal(await muted, muteUntil);
});

// ---- attributes

/** The attributes that a client was told last, by group. */
function told(chat) {
    const last = {};
    chat.on(EVENT.GROUP_ATTRIBUTES_UPDATED, ({ data }) => {
        last[data.groupID] = data.groupAttributes;
    });
    return last;
}

test("attributes are set, changed, deleted, and told to all members", async () => {
    const groupID = await hikers();
    const [mine, others] = [told(alice), told(bob)];
    const both = (expected) =>
        until(() => [mine, others].every((last) => JSON.stringify(last[groupID]) === JSON.stringify(expected)), JSON.stringify(expected));
    const all = async (chat) => (await chat.getGroupAttributes({ groupID })).data.groupAttributes;

    assert.deepEqual(await all(alice), {});
    const { data } = await alice.initGroupAttributes({ groupID, groupAttributes: { seat1: "alice", seat2: "" } });
    assert.deepEqual(data.groupAttributes, { seat1: "alice", seat2: "" });
    await both({ seat1: "alice", seat2: "" });
    await alice.setGroupAttributes({ groupID, groupAttributes: { seat2: "bob" } });
    await both({ seat1: "alice", seat2: "bob" });
    assert.deepEqual((await alice.deleteGroupAttributes({ groupID, keyList: ["seat1"] })).data.keyList, ["seat1"]);
    await both({ seat2: "bob" });
    await alice.initGroupAttributes({ groupID, groupAttributes: { topic: "boots" } });
    await both({ topic: "boots" });
    assert.deepEqual(await all(bob), { topic: "boots" });
    assert.deepEqual((await bob.getGroupAttributes({ groupID, keyList: ["topic", "none"] })).data.groupAttributes, { topic: "boots" });
    await alice.setGroupAttributes({ groupID, groupAttributes: {} });
    assert.deepEqual((await alice.deleteGroupAttributes({ groupID })).data.keyList, ["topic"]);
    await both({});
    await alice.deleteGroupAttributes({ groupID });
    await alice.initGroupAttributes({ groupID, groupAttributes: {} });

    await assert.rejects(bob.setGroupAttributes({ groupID, groupAttributes: { seat1: "bob" } }), { code: 10007 });
    await assert.rejects(alice.setGroupAttributes({ groupID, groupAttributes: { ["x".repeat(40)]: "y" } }), { code: 10046 });
});

test("attributes that changed while nobody listened are told after it", async () => {
    const groupID = await hikers();
    await alice.setGroupAttributes({ groupID, groupAttributes: { a: "1" } });
    assert.deepEqual((await bob.getGroupAttributes({ groupID })).data.groupAttributes, { a: "1" });
    const last = told(bob);
    await broker.kill();
    await broker.launch();
    await broker.admin("setGroupAttributes", { groupID, set: { b: "2" }, delete: ["a"] });
    await until(() => last[groupID] && !("a" in last[groupID]), "the change", 30000);
    assert.deepEqual(last[groupID], { b: "2" });
});

test("two who replace all of them at once do not mix theirs", async () => {
    const groupID = await hikers();
    await alice.setGroupMemberRole({ groupID, userID: "bob", role: TYPES.GRP_MBR_ROLE_ADMIN });
    for (let i = 0; i < 10; i++) {
        await Promise.all([
            alice.initGroupAttributes({ groupID, groupAttributes: { a: `${i}`, who: "alice" } }),
            bob.initGroupAttributes({ groupID, groupAttributes: { b: `${i}`, who: "bob" } }),
        ]);
        const { groupAttributes } = (await alice.getGroupAttributes({ groupID })).data;
        assert.deepEqual(groupAttributes, groupAttributes.who === "bob" ? { b: `${i}`, who: "bob" } : { a: `${i}`, who: "alice" });
    }
});
