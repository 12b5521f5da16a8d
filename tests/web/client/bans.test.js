// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Bans, which Tencent's SDK knows as the duration of deleteGroupMember only.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { Broker, until } from "./broker.js";

const { TYPES } = ChatClient;
/** @type {Broker} */
let broker;
let alice, bob;
before(async () => {
    broker = await Broker.start();
});
beforeEach(async () => {
    alice = await broker.login("alice");
    bob = await broker.login("bob");
});
afterEach(() => broker.cleanUp());
after(() => broker.stop());

test("who is banned is out and stays out, is listed with the reason, and may come back when it is lifted", async () => {
    const { groupID } = (await alice.createGroup({ type: TYPES.GRP_MEETING, name: "Hall" })).data.group;
    await bob.updateMyProfile({ nick: "Bob" });
    await bob.joinGroup({ groupID });
    const begun = alice.getServerTime() / 1000;
    await alice.banGroupMember({ groupID, userID: "bob", seconds: 600, reason: "spam" });
    await until(async () => (await bob.getGroupList()).data.groupList.length === 0);
    await assert.rejects(bob.joinGroup({ groupID }), { code: 10007 });
    await assert.rejects(bob.getGroupBans({ groupID }), { code: 10007 });

    const { data } = await alice.getGroupBans({ groupID });
    const [{ until: end, ...ban }] = data.banList;
    assert.deepEqual(ban, { userID: "bob", nick: "Bob", avatar: "", operator: "alice", reason: "spam" });
    assert.ok(Math.abs(end - begun - 600) < 30, `${end} after ${begun}`);
    assert.equal(data.offset, 0);

    await alice.banGroupMember({ groupID, userID: "bob", seconds: 0 });
    assert.deepEqual((await alice.getGroupBans({ groupID })).data.banList, []);
    assert.equal((await bob.joinGroup({ groupID })).data.status, TYPES.JOIN_STATUS_SUCCESS);
});

test("the list of bans goes on at its offset", async () => {
    const { groupID } = (await alice.createGroup({ type: TYPES.GRP_PUBLIC, name: "Hall" })).data.group;
    for (const userID of ["bob", "carol", "dave"]) {
        await broker.admin("importUsers", { userIDs: [userID] });
        await alice.banGroupMember({ groupID, userID, seconds: 4294967295 });
    }
    const first = (await alice.getGroupBans({ groupID, count: 2 })).data;
    assert.deepEqual(
        first.banList.map(({ userID }) => userID),
        ["bob", "carol"],
    );
    const rest = (await alice.getGroupBans({ groupID, offset: first.offset })).data;
    assert.deepEqual(
        rest.banList.map(({ userID }) => userID),
        ["dave"],
    );
});
