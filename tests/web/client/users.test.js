// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Profiles, the blacklist, who is online.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { users } from "../../../web/client/src/users.js";
import { makeCore } from "../../../web/client/src/core.js";
import { Broker, makeStorage, sleep, until, userSig } from "./broker.js";

const { EVENT, TYPES } = ChatClient;
/** @type {Broker} */
let broker;
let alice, bob;
before(async () => {
    broker = await Broker.start();
    await broker.admin("importUsers", { userIDs: ["carol", "dave"] });
});
beforeEach(async () => {
    alice = await broker.login("alice");
    bob = await broker.login("bob");
});
afterEach(() => broker.cleanUp());
after(() => broker.stop());

/** What the handlers of an event are given from now on. */
function heard(chat, name) {
    const list = [];
    chat.on(name, ({ data }) => list.push(data));
    return list;
}

test("a profile is changed, told, and read by others", async () => {
    const news = heard(alice, EVENT.PROFILE_UPDATED);
    const { code, data } = await alice.updateMyProfile({ nick: "Alice", avatar: "https://example.org/a.png" });
    assert.equal(code, 0);
    assert.deepEqual([data.userID, data.nick, data.avatar, data.selfSignature], ["alice", "Alice", "https://example.org/a.png", ""]);
    assert.deepEqual(news, [[data]]);

    await alice.updateMyProfile({ selfSignature: "away" });
    const mine = (await alice.getMyProfile()).data;
    assert.deepEqual([mine.nick, mine.selfSignature], ["Alice", "away"]);
    assert.equal(mine.gender, TYPES.GENDER_UNKNOWN);
    assert.equal(news.length, 2);

    const { data: found } = await bob.getUserProfile({ userIDList: ["carol", "alice", "nobody"] });
    assert.deepEqual(
        found.map(({ userID, nick }) => [userID, nick]),
        [
            ["carol", ""],
            ["alice", "Alice"],
            ["nobody", ""],
        ],
    );
    await assert.rejects(bob.updateMyProfile({}), { code: 10004 });
    await assert.rejects(bob.updateMyProfile({ nick: "x".repeat(65) }), { code: 10004, message: /nickname/ });
});

/** The part alone, and what it asks. */
function partAlone(answer) {
    const core = makeCore({ SDKAppID: 1, storage: makeStorage() }, () => {});
    const asked = [];
    core.userID = () => "alice";
    core.ask = async (command, fields) => {
        asked.push([command, fields.userIDs]);
        return answer(fields);
    };
    return { core, asked, part: users(core) };
}

test("profiles of one turn are asked for together, at most a hundred at once, and once", async () => {
    const names = Array.from({ length: 150 }, (_, i) => `u${i}`);
    const { asked, part, core } = partAlone(({ userIDs }) => ({ users: userIDs.map((userID) => ({ userID, nickname: `N${userID}` })) }));
    const news = [];
    core.on(EVENT.PROFILE_UPDATED, ({ data }) => news.push(data.length));
    assert.equal(part.peek("u0").nick, "");
    const [first, , all] = await Promise.all([part.profiles(["u1", "u0"]), part.profiles(["u1"]), part.profiles(names)]);
    assert.deepEqual(first.map(({ nick }) => nick), ["Nu1", "Nu0"]);
    assert.equal(all.length, 150);
    assert.deepEqual(asked.map(([, ids]) => ids.length), [100, 50]);
    assert.deepEqual(news, [150]);
    await part.profiles(names);
    assert.equal(part.peek("u7").nick, "Nu7");
    assert.equal(asked.length, 2, "what is known is not asked for");
    core.setTime(core.time() + 6 * 60 * 1000);
    await part.profiles(["u7"]);
    assert.deepEqual(asked[2], ["getUsersInfo", ["u7"]], "what is old is");
    assert.deepEqual(news, [150], "nothing has changed");
});

test("without an answer, what is known has to do, and it is asked for again later", async () => {
    let fails = true;
    const { asked, part } = partAlone(({ userIDs }) => {
        if (fails) throw new Error("no connection");
        return { users: userIDs.map((userID) => ({ userID, nickname: "Bob" })) };
    });
    assert.deepEqual((await part.profiles(["bob"])).map(({ userID, nick }) => [userID, nick]), [["bob", ""]]);
    await assert.rejects(part.fetch(["bob"]));
    fails = false;
    assert.equal((await part.profiles(["bob"]))[0].nick, "Bob");
    assert.equal(asked.length, 3);
});

test("the blacklist", async () => {
    const news = heard(alice, EVENT.BLACKLIST_UPDATED);
    assert.deepEqual(await alice.getBlacklist(), { code: 0, data: [] });
    assert.deepEqual((await alice.addToBlacklist({ userIDList: ["dave", "carol"] })).data, ["dave", "carol"]);
    assert.deepEqual((await alice.getBlacklist()).data, ["carol", "dave"]);
    const again = heard(broker.chats[0], EVENT.BLACKLIST_UPDATED);
    await alice.removeFromBlacklist({ userIDList: ["dave"] });
    assert.deepEqual(news, [["carol", "dave"], ["carol"]]);
    assert.deepEqual(again, [["carol"]]);
    await assert.rejects(alice.addToBlacklist({ userIDList: ["nobody"] }), { code: 20003 });
    await assert.rejects(alice.addToBlacklist({ userIDList: ["alice"] }), { code: 10004 });

    const later = broker.chat();
    const told = heard(later, EVENT.BLACKLIST_UPDATED);
    await later.login({ userID: "alice", userSig: userSig("alice") });
    await until(() => told.length, "the blacklist after a login");
    assert.deepEqual(told, [["carol"]]);
    await alice.removeFromBlacklist({ userIDList: ["carol"] });
});

test("who is online is answered, and told to who subscribes, over a reconnect too", async () => {
    const { data } = await alice.getUserStatus({ userIDList: ["bob", "carol", "nobody"] });
    assert.deepEqual(data.successUserList, [
        { userID: "bob", statusType: TYPES.USER_STATUS_ONLINE, customStatus: "" },
        { userID: "carol", statusType: TYPES.USER_STATUS_OFFLINE, customStatus: "" },
    ]);
    assert.deepEqual(data.failureUserList, [{ userID: "nobody", code: 20003, message: "no such user" }]);

    const news = heard(alice, EVENT.USER_STATUS_UPDATED);
    const last = () => news.at(-1)?.map(({ userID, statusType }) => `${userID} ${statusType}`);
    const subscribed = await alice.subscribeUserStatus({ userIDList: ["bob", "nobody"] });
    assert.deepEqual(subscribed.data.failureUserList.map(({ userID }) => userID), ["nobody"]);
    assert.deepEqual(last(), ["bob 1"]);
    await bob.logout();
    await until(() => last()[0] === "bob 2", "bob to go");

    const states = heard(alice, EVENT.NET_STATE_CHANGE);
    await broker.kill();
    await until(() => states.at(-1)?.state !== "connected", "the connection to end");
    await broker.launch();
    await until(() => states.at(-1)?.state === "connected", "the connection to come back", 20000);
    news.length = 0;
    const again = await broker.login("bob");
    await until(() => last()?.[0] === "bob 1", "bob to come back");

    await alice.unsubscribeUserStatus();
    news.length = 0;
    await again.logout();
    await sleep(1500);
    assert.deepEqual(news, []);
});

test("more users than the server tells of are refused, and then none is subscribed", async () => {
    const crowd = Array.from({ length: 201 }, (_, i) => `u${i}`);
    for (let i = 0; i < crowd.length; i += 100) await broker.admin("importUsers", { userIDs: crowd.slice(i, i + 100) });
    assert.equal((await alice.getUserStatus({ userIDList: crowd })).data.successUserList.length, 201);
    await assert.rejects(alice.subscribeUserStatus({ userIDList: crowd }), { code: 10005 });
    assert.deepEqual((await alice.subscribeUserStatus({ userIDList: crowd.slice(1) })).data.failureUserList, []);
    await assert.rejects(alice.subscribeUserStatus({ userIDList: crowd.slice(0, 1) }), { code: 10005 });
    await alice.unsubscribeUserStatus();
    await alice.subscribeUserStatus({ userIDList: crowd.slice(0, 1) });
});

test("the devices of a user are listed, and one logs out another", async () => {
    const phone = await broker.login("alice", { clientID: "alice:ios:phone" });
    const out = heard(phone, EVENT.KICKED_OUT);
    const { data } = await alice.getDevices();
    assert.deepEqual(
        data.devices.map(({ clientID, platform, online, isThis }) => [clientID.split(":")[1], platform, online, isThis]),
        [
            ["ios", "ios", true, false],
            ["web", "web", true, true],
        ],
    );
    assert.ok(data.devices.every(({ lastUsed }) => Math.abs(lastUsed - Date.now()) < 60000));
    assert.deepEqual(await alice.kickDevice("alice:ios:phone"), { code: 0, data: {} });
    await until(() => out.length);
    assert.equal(out[0].reason, "kickDevice");
    assert.equal((await alice.getDevices()).data.devices.length, 1);
    await assert.rejects(alice.kickDevice("bob:ios:phone"), { code: 10004 });
});
