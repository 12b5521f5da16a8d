// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What was said before: pages, jumps, and what is kept of them.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { emitter } from "../../../web/client/src/emitter.js";
import { history as makeHistory } from "../../../web/client/src/history.js";
import { Broker, sleep, until } from "./broker.js";

/** @type {Broker} */
let broker;
before(async () => {
    broker = await Broker.start();
    await broker.admin("importUsers", { userIDs: ["alice", "bob", "carol", "dave"] });
});
afterEach(() => broker.cleanUp());
after(() => broker.stop());

let count = 0;
const newUser = async () => {
    const userID = `user${++count}`;
    await broker.admin("importUsers", { userIDs: [userID] });
    return userID;
};
const texts = (list) => list.map(({ payload }) => payload.text);
/** Messages between two, one by the one, one by the other. @returns their numbers */
async function talk(a, b, many) {
    const messages = Array.from({ length: many }, (_, i) => ({
        sender: i % 2 ? b : a, to: i % 2 ? a : b, time: 1600000000000 + i * 500, text: `m${i + 1}`,
    }));
    const all = [];
    while (messages.length) all.push(...(await broker.admin("importMessages", { messages: messages.splice(0, 100) })).messages);
    return all.map(({ id }) => id);
}
/** Every page, as a user who scrolls up sees them. */
async function scrollUp(chat, conversationID, count) {
    const all = [];
    let nextReqMessageID;
    for (;;) {
        const { code, data } = await chat.getMessageList({ conversationID, nextReqMessageID, count });
        assert.equal(code, 0);
        all.unshift(...data.messageList);
        if (data.isCompleted) return all;
        assert.notEqual(data.nextReqMessageID, nextReqMessageID);
        nextReqMessageID = data.nextReqMessageID;
    }
}

test("scrolling up gives each message once, in order, and gives it again from what is kept", async () => {
    const [a, b] = [await newUser(), await newUser()];
    const ids = await talk(a, b, 250);
    const chat = await broker.login(a);
    const first = await chat.getMessageList({ conversationID: `C2C${b}` });
    assert.deepEqual(texts(first.data.messageList), ids.slice(-15).map((_, i) => `m${236 + i}`));
    assert.equal(first.data.isCompleted, false);
    for (const pageSize of [undefined, 7, 100, 1000]) {
        const all = await scrollUp(chat, `C2C${b}`, pageSize);
        assert.deepEqual(all.map(({ id }) => id), ids, `pages of ${pageSize}`);
        assert.ok(all.every((message) => chat.findMessage(message.ID) === message), "the same objects");
    }
    const lost = new Promise((resolve) => chat.on(ChatClient.EVENT.NET_STATE_CHANGE, resolve));
    await broker.kill();
    await lost;
    // Nothing of this needs the server.
    assert.deepEqual((await scrollUp(chat, `C2C${b}`, 50)).map(({ id }) => id), ids);
    await broker.launch();
});

test("what is kept has what came meanwhile, and is asked for anew after a reconnect", async () => {
    const [a, b] = [await newUser(), await newUser()];
    await talk(a, b, 5);
    const chat = await broker.login(a);
    const list = async () => texts((await chat.getMessageList({ conversationID: `C2C${b}` })).data.messageList);
    assert.deepEqual(await list(), ["m1", "m2", "m3", "m4", "m5"]);
    await broker.admin("sendMessage", { sender: b, to: a, text: "new" });
    await broker.admin("sendMessage", { sender: a, to: b, text: "mine, from elsewhere" });
    await until(async () => (await list()).length === 7, "the two");
    const both = ["m1", "m2", "m3", "m4", "m5", "new", "mine, from elsewhere"];
    assert.deepEqual(await list(), both);
    await broker.admin("importMessages", { messages: [{ sender: b, to: a, time: Date.now(), text: "told to nobody" }] });
    assert.deepEqual(await list(), both);
    const states = [];
    chat.on(ChatClient.EVENT.NET_STATE_CHANGE, ({ data }) => states.push(data.state));
    await broker.kill();
    await broker.launch();
    await until(() => states.at(-1) === "connected", "the reconnect");
    assert.deepEqual(await list(), [...both, "told to nobody"]);
});

test("jumps, by the number in a conversation and by time, both ways and to the ends", async () => {
    const [a, b] = [await newUser(), await newUser()];
    await talk(a, b, 60);
    const chat = await broker.login(a);
    const hop = async (options) => (await chat.getMessageListHopping({ conversationID: `C2C${b}`, count: 10, ...options })).data;
    const numbers = ({ messageList }) => messageList.map(({ sequence }) => sequence);
    const span = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

    const down = await hop({ sequence: 30 });
    assert.deepEqual(numbers(down), span(21, 30));
    const rest = await hop({ sequence: down.nextMessageSeq, time: down.nextMessageTime });
    assert.deepEqual(numbers(rest), span(11, 20));
    const end = await hop({ sequence: rest.nextMessageSeq, count: 20 });
    assert.deepEqual(numbers(end), span(1, 10));
    assert.equal(end.isCompleted, true);

    const up = await hop({ sequence: 30, direction: 1 });
    assert.deepEqual(numbers(up), span(30, 39));
    assert.deepEqual(numbers(await hop({ sequence: up.nextMessageSeq, direction: 1, count: 30 })), span(40, 60));

    // Two messages a second, m1 and m2 in the first one: these pages end within a second.
    const second = 1600000010;
    const back = await hop({ time: second, count: 9 });
    assert.deepEqual(numbers(back), span(14, 22));
    assert.deepEqual(numbers(await hop({ time: back.nextMessageTime, count: 9 })), span(5, 13));
    const on = await hop({ time: second, direction: 1, count: 9 });
    assert.deepEqual(numbers(on), span(21, 29));
    assert.deepEqual(numbers(await hop({ time: on.nextMessageTime, direction: 1, count: 9 })), span(30, 38));
    assert.deepEqual(numbers(await hop({})), span(51, 60));
    assert.deepEqual(numbers(await hop({ direction: 1 })), span(1, 10));
});

test("a live room has its last messages", async () => {
    const a = await newUser();
    await broker.admin("createGroup", { groupID: "room", groupType: "AVChatRoom", owner: a, groupName: "room" });
    for (let i = 0; i < 5; i++) await broker.admin("sendMessage", { sender: a, group: "room", text: `live ${i}` });
    const chat = await broker.login(a);
    const { data } = await chat.getMessageList({ conversationID: "GROUProom" });
    assert.deepEqual(texts(data.messageList), ["live 0", "live 1", "live 2", "live 3", "live 4"]);
    assert.equal(data.isCompleted, true);
    assert.equal(data.nextReqMessageID, "");
    assert.equal(chat.findMessage(data.messageList[0].ID), data.messageList[0]);
});

test("recalls and edits are no messages of their own, tips are, and who recalled is said", async () => {
    const a = await newUser();
    await broker.admin("createGroup", { groupID: "g1", groupType: "Public", groupName: "g", owner: a, members: [{ userID: "bob" }] });
    await broker.admin("setSelfInfo", { as: "bob", nickname: "Bob" });
    const { id } = await broker.admin("sendMessage", { sender: "bob", group: "g1", text: "gone" });
    const { id: edited } = await broker.admin("sendMessage", { sender: "bob", group: "g1", text: "befor" });
    await broker.admin("recallMessage", { as: "bob", id, reason: "typo" });
    await broker.admin("editMessage", { as: "bob", id: edited, text: "before" });
    await broker.admin("setGroupInfo", { groupID: "g1", groupName: "new name" });
    const chat = await broker.login(a);
    const { data } = await chat.getMessageList({ conversationID: "GROUPg1", count: 100 });
    const [gone, kept, tip] = data.messageList.filter(({ payload }) => payload.operation !== "join" && payload.operation !== "invite");
    assert.equal(gone.isRevoked, true);
    assert.deepEqual(gone.revokerInfo, { userID: "bob", nick: "Bob", avatar: "" });
    assert.equal(gone.revokeReason, "typo");
    assert.equal(kept.payload.text, "before");
    assert.equal(kept.isModified, true);
    assert.equal(kept.nick, "Bob");
    assert.deepEqual(tip.payload.newGroupProfile, { groupName: "new name" });
});

/** A history on a core of which everything is seen, with a server that has these. */
function alone(ids) {
    const wire = (id) => ({ id, seq: id, sender: "bob", to: "alice", time: id * 1000, text: `m${id}` });
    const asked = [];
    const core = {
        options: {}, userID: () => "alice", wire: emitter(), on() {},
        async ask(_command, { before = Infinity, limit }) {
            asked.push(before);
            await core.gate;
            const found = ids.filter((id) => id < before);
            return { messages: found.slice(-limit).map(wire), complete: found.length <= limit };
        },
        gate: undefined,
    };
    const part = core.history = makeHistory(core);
    const list = async (count, nextReqMessageID) =>
        (await part.methods.getMessageList({ conversationID: "C2Cbob", count, nextReqMessageID })).data.messageList.map(({ id }) => id);
    return { core, asked, list, arrive: (id) => core.history.take(wire(id)) };
}

test("what a replay brings of long ago is no part of the newest pages", async () => {
    const { asked, list, arrive } = alone([1, 2, 3, 4, 5, 10, 11, 12]);
    assert.deepEqual(await list(3), [10, 11, 12]);
    arrive(5);
    arrive(13);
    assert.deepEqual(await list(4), [10, 11, 12, 13]);
    assert.equal(asked.length, 1, "that was there");
    assert.deepEqual(await list(4, "10"), [2, 3, 4, 5]);
    assert.deepEqual(await list(8), [2, 3, 4, 5, 10, 11, 12, 13]);
    assert.equal(asked.length, 2);
});

test("what is remembered has an end", async () => {
    const { core } = alone([]);
    const { findMessage } = core.history.methods;
    const remembered = (many, make) => {
        const ids = Array.from({ length: many }, (_, i) => core.history.take(make(i + 1)).ID);
        assert.ok(findMessage(ids.at(-1)));
        return ids.filter((ID) => findMessage(ID)).length;
    };
    const live = remembered(5000, (i) => ({ group: "room", sender: "bob", seq: i, time: i, random: i, text: "x" }));
    assert.ok(live >= 500 && live <= 1000, `${live}`);
    const stored = remembered(50000, (i) => ({ id: i, to: "alice", sender: "bob", seq: i, time: i, random: i, text: "x" }));
    assert.ok(stored >= 10000 && stored <= 20000, `${stored}`);
});

test("an answer is not kept where it may have been overtaken", async () => {
    const ids = [1, 2, 3];
    const { core, asked, list, arrive } = alone(ids);
    let open;
    for (const meanwhile of [() => core.wire.emit("up"), () => core.wire.emit("event", { event: "more" }), () => arrive(9)]) {
        core.gate = new Promise((resolve) => (open = resolve));
        const first = list(3);
        await sleep(1);
        meanwhile();
        open();
        assert.deepEqual(await first, [1, 2, 3]);
        const before = asked.length;
        await list(3);
        assert.equal(asked.length, before + 1, "asked again");
        core.wire.emit("up");
    }
});

test("who has a name card in a group is called by it, from the first message on", async () => {
    const [a, b, c] = [await newUser(), await newUser(), await newUser()];
    const groupID = `cards${a}`;
    const members = [b, c].map((userID) => ({ userID }));
    await broker.admin("createGroup", { groupID, groupType: "Public", groupName: "g", owner: a, members });
    await broker.admin("setGroupMemberInfo", { groupID, userID: b, nameCard: "Bee" });
    const say = (sender, text) => broker.admin("sendMessage", { sender, group: groupID, text });
    for (const sender of [a, b, c]) await say(sender, "old");
    const chat = await broker.login(a);
    const said = async (text) =>
        (await chat.getMessageList({ conversationID: `GROUP${groupID}`, count: 100 })).data.messageList.filter(({ payload }) => payload.text === text);
    assert.deepEqual((await said("old")).map(({ nameCard }) => nameCard), ["", "Bee", ""]);
    await say(b, "new");
    const [message] = await until(async () => (await said("new")).length && said("new"), "the new one");
    assert.equal(message.nameCard, "Bee");
    await chat.setGroupMemberNameCard({ groupID, userID: c, nameCard: "Cee" });
    assert.deepEqual((await said("old")).map(({ nameCard }) => nameCard), ["", "Bee", "Cee"]);
});

test("a name card that is not known yet is told a moment later", async () => {
    const [a, b] = [await newUser(), await newUser()];
    const groupID = `cards${a}`;
    await broker.admin("createGroup", { groupID, groupType: "Private", groupName: "g", owner: a, members: [{ userID: b }] });
    await broker.admin("setGroupMemberInfo", { as: b, groupID, nameCard: "Bee" });
    const chat = await broker.login(a);
    const modified = [];
    chat.on(ChatClient.EVENT.MESSAGE_MODIFIED, ({ data }) => modified.push(...data));
    await broker.admin("sendMessage", { sender: b, group: groupID, text: "x" });
    await until(() => modified.length, "the name");
    assert.deepEqual(modified.map(({ nameCard, isModified }) => [nameCard, isModified]), [["Bee", false]]);
});

test("what cannot be asked for", async () => {
    const chat = await broker.login(await newUser());
    for (const conversationID of ["bob", "C2C", "GROUP", "", undefined])
        await assert.rejects(chat.getMessageList({ conversationID }), { code: 2905 });
    await assert.rejects(chat.getMessageList({ conversationID: "C2Cbob", nextReqMessageID: "nonsense" }), { code: 2905 });
    await assert.rejects(chat.getMessageList({ conversationID: "GROUPnone" }), { code: 10010 });
    await assert.rejects(chat.getMessageListHopping({ conversationID: "GROUPnone", sequence: 5 }), { code: 10010 });
    assert.deepEqual((await chat.getMessageList({ conversationID: "@TIM#SYSTEM" })).data, {
        messageList: [], nextReqMessageID: "", isCompleted: true,
    });
    assert.equal(chat.findMessage("nothing"), null);
    await assert.rejects(broker.chat().getMessageList({ conversationID: "C2Cbob" }), { code: 2999 });
});
