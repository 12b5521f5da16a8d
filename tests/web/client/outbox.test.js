// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Sending: what it answers, each refusal, and that a message goes out once and in order whatever happens on the way.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { arrivals as makeArrivals } from "../../../web/client/src/arrivals.js";
import { emitter } from "../../../web/client/src/emitter.js";
import { history as makeHistory } from "../../../web/client/src/history.js";
import { message as makeMessagePart } from "../../../web/client/src/message.js";
import { outbox as makeOutbox } from "../../../web/client/src/outbox.js";
import { Broker, makeStorage, sleep, until, userSig } from "./broker.js";

const { EVENT, TYPES } = ChatClient;
/** @type {Broker} */
let broker;
before(async () => {
    broker = await Broker.start();
    await broker.admin("importUsers", { userIDs: ["alice", "bob", "carol"] });
});
afterEach(() => broker.cleanUp());
after(() => broker.stop());

let count = 0;
const newUser = async () => {
    const userID = `user${++count}`;
    await broker.admin("importUsers", { userIDs: [userID] });
    return userID;
};
const text = (chat, to, words, more) => chat.createTextMessage({ to, conversationType: "C2C", payload: { text: words }, ...more });
const inGroup = (chat, to, words, more) => text(chat, to, words, { conversationType: "GROUP", ...more });
/** What the server has of the two, all of it. */
async function stored(a, b) {
    const { messages } = await broker.admin("getHistory", { as: a, to: b, limit: 100 });
    const all = [...messages];
    while (messages.length && all[0].seq > 1) {
        const page = await broker.admin("getHistory", { as: a, to: b, limit: 100, before: all[0].id });
        all.unshift(...page.messages);
    }
    return all;
}
const words = (messages) => messages.map((each) => each.text);
/** The state of the connection, from now on. */
function stateOf(chat) {
    const seen = { state: "connected" };
    chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => Object.assign(seen, data));
    return seen;
}

test("a message that was sent has its place in the conversation", async () => {
    const [a, b] = [await newUser(), await newUser()];
    const chat = await broker.login(a);
    const message = text(chat, b, "hello");
    const { ID } = message;
    assert.equal(message.status, "unSend");
    const sending = chat.sendMessage(message);
    assert.equal(message.status, "unSend");
    const answer = await sending;
    assert.equal(answer.code, 0);
    assert.equal(answer.data.message, message);
    const [there] = await stored(a, b);
    assert.equal(message.status, "success");
    assert.equal(message.ID, ID);
    assert.equal(message.id, there.id);
    assert.equal(message.sequence, 1);
    assert.equal(message.time, Math.floor(there.time / 1000));
    assert.equal(there.random, message.random);
    assert.equal(chat.findMessage(ID), message);
    const { data } = await chat.getMessageList({ conversationID: `C2C${b}` });
    assert.deepEqual(data.messageList, [message]);
    assert.equal(data.messageList[0], message);
    const other = await broker.login(b);
    const [received] = (await other.getMessageList({ conversationID: `C2C${a}` })).data.messageList;
    assert.equal(received.ID, ID, "the same for who receives it");
    assert.equal(received.flow, "in");
});

test("every type arrives as it was sent", async () => {
    const [a, b] = [await newUser(), await newUser()];
    const [chat, other] = [await broker.login(a), await broker.login(b)];
    const to = { to: b, conversationType: "C2C" };
    const first = text(chat, b, "one", { cloudCustomData: "{\"x\":1}", needReadReceipt: true });
    const made = [
        first,
        chat.createTextAtMessage({ ...to, payload: { text: "@", atUserList: [b] } }),
        chat.createCustomMessage({ ...to, payload: { data: "d", description: "e", extension: "f" } }),
        chat.createFaceMessage({ ...to, payload: { index: 0, data: "smile" } }),
        chat.createLocationMessage({ ...to, payload: { description: "here", longitude: 113.941, latitude: 0 } }),
        chat.createImageMessage({ ...to, payload: { url: "https://a/b.png", width: 3, height: 4, size: 5, format: "png" } }),
        chat.createAudioMessage({ ...to, payload: { url: "https://a/b.mp3", seconds: 3.5 } }),
        chat.createVideoMessage({ ...to, payload: { url: "https://a/b.mp4", seconds: 3, thumb: { url: "https://a/t.jpg", width: 3 } } }),
        chat.createFileMessage({ ...to, payload: { url: "https://a/b.zip", name: "b.zip", size: 9 } }),
        chat.createMergerMessage({ ...to, payload: { title: "t", abstractList: ["a: one"], messageList: [first], compatibleText: "c" } }),
        chat.createForwardMessage({ ...to, payload: first }),
    ];
    for (const message of made) await chat.sendMessage(message);
    const { messageList } = (await other.getMessageList({ conversationID: `C2C${a}`, count: 100 })).data;
    const part = ({ ID, type, payload, atUserList, cloudCustomData, needReadReceipt, sequence }) =>
        ({ ID, type, payload, atUserList, cloudCustomData, needReadReceipt, sequence });
    assert.deepEqual(messageList.map(part), made.map(part));
    assert.equal(new Set(made.map(({ type }) => type)).size, 9);
});

test("options become what the server understands", async () => {
    const [a, b] = [await newUser(), await newUser()];
    const chat = await broker.login(a);
    await chat.sendMessage(text(chat, b, "quiet", { priority: TYPES.MSG_PRIORITY_HIGH }), {
        messageControlInfo: { excludedFromUnreadCount: true },
        offlinePushInfo: { title: "T", description: "D", extension: "E", disablePush: true },
    });
    const [there] = await stored(a, b);
    assert.equal(there.noUnread, true);
    assert.equal(there.priority, "high");
    assert.deepEqual(there.push, { title: "T", body: "D", ext: "E", disabled: true });
    assert.equal((await broker.admin("getUnread", { as: b })).totalUnread, 0);
});

test("each refusal rejects with its code, and the message may be sent again", async () => {
    const [a, b, c] = [await newUser(), await newUser(), await newUser()];
    const chat = await broker.login(a);
    await broker.admin("addToBlacklist", { as: b, userIDs: [a] });
    for (const [groupID, groupType] of [["mine", "Public"], ["theirs", "Private"], ["muted", "Public"]])
        await broker.admin("createGroup", { groupID, groupType, groupName: groupID, owner: groupID === "mine" ? a : b });
    await broker.admin("inviteGroupMember", { groupID: "muted", members: [a] });
    await broker.admin("muteGroupMember", { groupID: "muted", userID: a, seconds: 3600 });
    const refused = [
        [20003, text(chat, "nobody", "x")],
        [20003, text(chat, a, "to myself")],
        [20007, text(chat, b, "x")],
        [10010, inGroup(chat, "nogroup", "x")],
        [10007, inGroup(chat, "theirs", "x")],
        [10017, inGroup(chat, "muted", "x")],
        [10053, chat.createTextAtMessage({ to: "mine", conversationType: "GROUP", payload: { text: "x", atUserList: Array.from({ length: 31 }, (_, i) => `u${i}`) } })],
        [93000, text(chat, c, "x".repeat(13000))],
        [93000, text(chat, c, "x".repeat(1 << 21))],
    ];
    for (const [code, message] of refused) {
        await assert.rejects(chat.sendMessage(message), (error) => error.code === code && typeof error.message === "string", `${code}`);
        assert.equal(message.status, "fail");
    }
    const later = refused[2][1];
    await broker.admin("removeFromBlacklist", { as: b, userIDs: [a] });
    await chat.resendMessage(later);
    assert.equal(later.status, "success");
    assert.deepEqual(words(await stored(a, b)), ["x"]);
    await assert.rejects(chat.sendMessage(later), { code: 2905 });
    await assert.rejects(chat.sendMessage({}), { code: 2105 });
    const another = await broker.login(c);
    await assert.rejects(another.sendMessage(refused[0][1]), { code: 2105 }, "made by another user");
    await assert.rejects(broker.chat().sendMessage(later), { code: 2999 });
});

test("what is not stored is answered by its ack, and does not wait for a connection", async () => {
    const [a, b] = [await newUser(), await newUser()];
    await broker.admin("createGroup", { groupID: "room", groupType: "AVChatRoom", groupName: "room", owner: a });
    await broker.admin("createGroup", { groupID: "locked", groupType: "AVChatRoom", groupName: "locked", owner: b });
    const chat = await broker.login(a);
    const typing = text(chat, b, "typing");
    const { data } = await chat.sendMessage(typing, { onlineUserOnly: true });
    assert.equal(data.message.status, "success");
    assert.equal(data.message.id, undefined);
    assert.deepEqual(await stored(a, b), []);
    await assert.rejects(chat.sendMessage(inGroup(chat, "locked", "x")), { code: 10007 });
    await assert.rejects(chat.sendMessage(text(chat, "nobody", "x"), { onlineUserOnly: true }), { code: 20003 });
    const seen = stateOf(chat);
    await broker.kill();
    await until(() => seen.state !== "connected", "the end");
    await assert.rejects(chat.sendMessage(text(chat, b, "typing"), { onlineUserOnly: true }), { code: 2800 });
    await broker.launch();
});

test("live messages go out in order, many at a time", async () => {
    const a = await newUser();
    await broker.admin("createGroup", { groupID: "stage", groupType: "AVChatRoom", groupName: "stage", owner: a });
    const chat = await broker.login(a);
    const joined = chat.joinGroup ? await chat.joinGroup({ groupID: "stage", type: TYPES.GRP_AVCHATROOM }) : undefined;
    assert.equal(joined?.code, 0);
    const all = Array.from({ length: 30 }, (_, i) => inGroup(chat, "stage", `m${i}`));
    await Promise.all(all.map((message) => chat.sendMessage(message)));
    const { messageList } = (await chat.getMessageList({ conversationID: "GROUPstage", count: 100 })).data;
    assert.deepEqual(messageList, all.slice(-20));
    assert.deepEqual(messageList.map(({ payload }) => payload.text), Array.from({ length: 20 }, (_, i) => `m${10 + i}`));
});

test("sent in a tunnel: it goes out after it, in order", async () => {
    const [a, b, c] = [await newUser(), await newUser(), await newUser()];
    const chat = await broker.login(a);
    const seen = stateOf(chat);
    await broker.kill();
    await until(() => seen.state !== "connected", "the end");
    const sending = Array.from({ length: 20 }, (_, i) => chat.sendMessage(text(chat, i % 2 ? b : c, `m${i}`)));
    const bad = chat.sendMessage(text(chat, "nobody", "x"));
    bad.catch(() => {});
    await sleep(50);
    await broker.launch();
    const answers = await Promise.all(sending);
    assert.ok(answers.every(({ data }) => data.message.status === "success"));
    await assert.rejects(bad, { code: 20003 });
    assert.deepEqual(words(await stored(a, b)), Array.from({ length: 10 }, (_, i) => `m${2 * i + 1}`));
    assert.deepEqual(words(await stored(a, c)), Array.from({ length: 10 }, (_, i) => `m${2 * i}`));
});

test("while the broker is killed again and again, each message is stored once and in order", async () => {
    const [a, b] = [await newUser(), await newUser()];
    const chat = await broker.login(a);
    const sending = [];
    for (let round = 0; round < 2; round++) {
        for (let i = 0; i < 40; i++) {
            sending.push(chat.sendMessage(text(chat, b, `m${sending.length}`)));
            if (i % 8 === 0) await sleep(1);
        }
        await broker.kill();
        for (let i = 0; i < 5; i++) sending.push(chat.sendMessage(text(chat, b, `m${sending.length}`)));
        await broker.launch();
    }
    const answers = await Promise.all(sending);
    assert.deepEqual(words(await stored(a, b)), sending.map((_, i) => `m${i}`));
    assert.deepEqual(answers.map(({ data }) => data.message.sequence), sending.map((_, i) => i + 1));
});

test("what waits when the page is loaded again goes out then, and the application hears of it", async () => {
    const [a, b] = [await newUser(), await newUser()];
    const storage = makeStorage();
    const page = await broker.login(a, { storage });
    const seen = stateOf(page);
    await broker.kill();
    await until(() => seen.state !== "connected", "the end");
    for (const each of ["m0", "m1", "m2"]) page.sendMessage(text(page, b, each)).catch(() => {});
    await sleep(10);
    // The page goes away without a word; its timers are ended only so that they do not disturb.
    const kept = new Map(storage.values);
    await broker.cleanUp();
    await broker.launch();
    const again = broker.chat({ storage: { ...makeStorage(), get: (key) => kept.get(key), set: (key, value) => kept.set(key, value), remove: (key) => kept.delete(key) } });
    const received = [];
    again.on(EVENT.MESSAGE_RECEIVED, ({ data }) => received.push(...data));
    await again.login({ userID: a, userSig: userSig(a) });
    await until(() => received.length === 3, "the three");
    assert.deepEqual(received.map(({ payload, status, flow, sequence }) => [payload.text, status, flow, sequence]), [
        ["m0", "success", "out", 1], ["m1", "success", "out", 2], ["m2", "success", "out", 3],
    ]);
    assert.deepEqual(words(await stored(a, b)), ["m0", "m1", "m2"]);
    await sleep(30);
    assert.deepEqual([...kept.keys()].filter((key) => key.includes("outbox")), [], "nothing is left");
});

test("a logout rejects what waits; it goes out after the next login, and only once", async () => {
    const [a, b] = [await newUser(), await newUser()];
    const chat = await broker.login(a);
    const seen = stateOf(chat);
    await broker.kill();
    await until(() => seen.state !== "connected", "the end");
    const message = text(chat, b, "late");
    const sending = chat.sendMessage(message);
    sending.catch(() => {});
    await sleep(10);
    await chat.logout();
    await assert.rejects(sending, { code: 2999 });
    assert.equal(message.status, "fail");
    await broker.launch();
    await chat.login({ userID: a, userSig: userSig(a) });
    await chat.resendMessage(message);
    assert.equal(message.status, "success");
    assert.deepEqual(words(await stored(a, b)), ["late"]);
});

test("too fast: it is sent again after a moment, in order", async () => {
    const slow = await Broker.start({ options: { user_rate: 10 } });
    try {
        await slow.admin("importUsers", { userIDs: ["alice", "bob"] });
        const chat = await slow.login("alice");
        const sending = Array.from({ length: 50 }, (_, i) => chat.sendMessage(text(chat, "bob", `m${i}`)));
        await Promise.all(sending);
        // Of these the server would take every fifth.
        for (let i = 50; i < 70; i++) {
            sending.push(chat.sendMessage(text(chat, "bob", `m${i}`)));
            await sleep(20);
        }
        const answers = await Promise.all(sending);
        assert.deepEqual(answers.map(({ data }) => data.message.sequence), sending.map((_, i) => i + 1));
        await assert.rejects(Promise.all(Array.from({ length: 100 }, () => chat.sendMessage(text(chat, "bob", "x"), { onlineUserOnly: true }))), { code: 10023 });
    } finally {
        await slow.stop();
    }
});

/** An outbox on a core of which everything is seen. */
function alone({ up = true, history = [], now = 1700000000000, kept = undefined } = {}) {
    const published = [];
    const timers = [];
    const core = {
        options: {}, userID: () => "alice", clientID: () => "alice:web:1", time: () => now,
        wire: emitter(), emit() {}, later(f) { f(); },
        storage: { get: async () => kept, set: async (key, value) => void (core.saved = value), remove: async () => void (core.saved = undefined) },
        link: { isUp: () => up, publish: async (topic, payload) => void published.push({ topic, ...JSON.parse(payload) }) },
        ask: async (command, fields) => (core.asked.push({ command, ...fields }), { messages: history, complete: true }),
        after(milliseconds, f) { timers.push({ milliseconds, f }); return () => {}; },
        history: { keep() {} }, asked: [],
    };
    core.message = makeMessagePart(core);
    const box = makeOutbox(core);
    return { core, box, published, timers, setUp: (value) => { up = value; core.wire.emit(value ? "up" : "down"); }, setNow: (value) => { now = value; } };
}
const hello = (core) => core.message.methods.createTextMessage({ to: "bob", conversationType: "C2C", payload: { text: "hi" } });

test("after the time in which the server knows a random, the history says whether it was stored", async () => {
    for (const was of [true, false]) {
        const history = [];
        const { core, box, published, setUp, setNow } = alone({ history });
        const message = hello(core);
        const sending = box.methods.sendMessage(message);
        await until(() => published.length === 1, "the first publish");
        setUp(false);
        if (was) history.push({ id: 9, seq: 4, time: 1700000000001, sender: "alice", to: "bob", random: message.random, text: "hi" });
        setNow(1700000000000 + 4.5 * 60 * 1000);
        setUp(true);
        await until(() => core.asked.length === 1, "the question");
        assert.equal(core.asked[0].command, "getHistory");
        assert.ok(core.asked[0].afterTime < 1700000000000);
        if (was) {
            assert.equal((await sending).data.message.sequence, 4);
            assert.equal(published.length, 1);
        } else {
            await until(() => published.length === 2, "the second publish");
            assert.equal(published[1].random, message.random);
        }
    }
});

test("while the server does not say whether it was stored, it is not sent again", async () => {
    const { core, box, published, timers, setUp, setNow } = alone();
    const sending = box.methods.sendMessage(hello(core));
    await until(() => published.length === 1, "the first publish");
    setUp(false);
    setNow(1700000000000 + 5 * 60 * 1000);
    const { ask } = core;
    let asked = 0;
    core.ask = async (...question) => {
        if (++asked === 1) throw Object.assign(new Error("no answer"), { code: 2801 });
        return ask(...question);
    };
    setUp(true);
    await until(() => timers.at(-1)?.milliseconds === 1000, "the pause");
    assert.equal(published.length, 1);
    timers.at(-1).f();
    await until(() => published.length === 2, "the second publish");
    assert.equal(asked, 2);
    core.wire.emit("event", { event: "sent", to: "bob", random: published[0].random, id: 9, seq: 4, time: 1 });
    await sending;
});

test("soon after, it is sent again without a question; and again, where no receipt comes", async () => {
    const { core, box, published, timers, setUp } = alone();
    const message = hello(core);
    const sending = box.methods.sendMessage(message);
    await until(() => published.length === 1, "the first publish");
    setUp(false);
    setUp(true);
    await until(() => published.length === 2, "the second publish");
    timers.at(-1).f();
    await until(() => published.length === 3, "the third");
    assert.deepEqual(core.asked, []);
    assert.deepEqual(new Set(published.map(({ random }) => random)), new Set([message.random]));
    core.wire.emit("event", { event: "sent", to: "carol", random: message.random, id: 1, seq: 1, time: 1 });
    core.wire.emit("event", { event: "sent", to: "bob", random: message.random, id: 9, seq: 4, time: 1700000000001 });
    assert.equal((await sending).data.message.id, 9);
    assert.equal(core.saved, undefined);
});

test("too fast may be heard before the refusal, or after it", async () => {
    for (const first of ["event", "refusal"]) {
        const { core, box, published, timers } = alone();
        let refuse;
        core.link.publish = (topic, payload) => {
            published.push({ topic, ...JSON.parse(payload) });
            return published.length > 1 ? Promise.resolve() : new Promise((_, reject) => (refuse = reject));
        };
        const message = hello(core);
        const sending = box.methods.sendMessage(message);
        await until(() => refuse, "the first publish");
        const tell = () => core.wire.emit("event", { event: "rejected", topic: "chat/user/bob", code: 10023, error: "", random: message.random });
        const refused = () => refuse(Object.assign(new Error("refused"), { code: 2100 }));
        for (const f of first === "event" ? [tell, refused] : [refused, tell]) {
            f();
            await sleep(1);
        }
        assert.equal(timers.at(-1).milliseconds, 1000);
        timers.at(-1).f();
        await until(() => published.length === 2, "the second publish");
        core.wire.emit("event", { event: "sent", to: "bob", random: message.random, id: 9, seq: 4, time: 1 });
        assert.equal((await sending).data.message.status, "success");
    }
});

test("a refusal without a reason, and what is not stored at the end of a connection", async () => {
    const { core, box, published, timers, setUp } = alone();
    core.link.publish = async () => {
        published.push(1);
        throw Object.assign(new Error("refused"), { code: 2100 });
    };
    const sending = box.methods.sendMessage(hello(core));
    await until(() => timers.length, "the timer");
    timers.at(-1).f();
    await assert.rejects(sending, { code: 2100 });

    core.link.publish = () => new Promise(() => published.push(2));
    const typing = box.methods.sendMessage(hello(core), { onlineUserOnly: true });
    await until(() => published.includes(2), "the publish");
    setUp(false);
    await assert.rejects(typing, { code: 2800 });
});

test("it is written down before it is sent", async () => {
    const { core, box, published } = alone();
    core.storage.set = async (key, value) => {
        await sleep(20);
        assert.equal(published.length, 0);
        core.saved = value;
    };
    box.methods.sendMessage(hello(core)).catch(() => {});
    await until(() => published.length === 1, "the publish");
    assert.equal(key(core.saved), key(published));
    function key([each]) { return (each.wire ?? each).random; }
});

test("what the history has before the receipt comes is the same message, and there once", async () => {
    const wires = [];
    const { core, box, published } = alone({ history: wires });
    core.on = () => {};
    core.history = makeHistory(core);
    core.outbox = box;
    const message = hello(core);
    const sending = box.methods.sendMessage(message);
    await until(() => published.length === 1, "the publish");
    wires.push({ id: 9, seq: 4, time: 1700000005001, sender: "alice", to: "bob", random: message.random, text: "hi" });
    const list = async () => (await core.history.methods.getMessageList({ conversationID: "C2Cbob" })).data.messageList;
    const seen = await list();
    assert.equal(seen.length, 1);
    assert.equal(seen[0], message);
    assert.equal(message.sequence, 4);
    core.wire.emit("event", { event: "sent", to: "bob", random: message.random, id: 9, seq: 4, time: 1700000005001 });
    await sending;
    const asked = core.asked.length;
    assert.deepEqual(await list(), [message]);
    assert.equal(core.asked.length, asked, "from what is kept");
});

test("what fills a gap before the receipt comes is not received by who has sent it", async () => {
    const wires = [];
    const { core, box, published, timers } = alone({ history: wires });
    const frames = [];
    const received = [];
    Object.assign(core, {
        on: (name, f) => name === EVENT.SDK_READY && f(),
        emit: (name, data) => (name === EVENT.MESSAGE_RECEIVED && received.push(...data), []),
        later: (f) => frames.push(f),
        listen() {},
        conversations: { loaded: async () => {}, newest: () => 7, take() {}, peerRead: () => 0 },
        outbox: box,
    });
    core.history = makeHistory(core);
    const part = makeArrivals(core);
    await part.start();
    core.wire.emit("message", { id: 8, seq: 3, time: 1, sender: "bob", to: "alice", text: "before" });
    const message = hello(core);
    const sending = box.methods.sendMessage(message);
    await until(() => published.length === 1, "the publish");
    core.wire.emit("message", { id: 10, seq: 5, time: 3, sender: "bob", to: "alice", text: "after" });
    wires.push({ id: 9, seq: 4, time: 2, sender: "alice", to: "bob", random: message.random, text: "hi" });
    timers.find(({ milliseconds }) => milliseconds === 100).f();
    await sleep(1);
    core.wire.emit("event", { event: "sent", to: "bob", random: message.random, id: 9, seq: 4, time: 2 });
    await sending;
    for (const f of frames) f();
    assert.deepEqual(received.map(({ payload }) => payload.text), ["before", "after"]);
});

test("what a reviewer has dropped counts as sent", async () => {
    const { core, box, published } = alone();
    const message = hello(core);
    const sending = box.methods.sendMessage(message);
    await until(() => published.length === 1, "the publish");
    core.wire.emit("event", { event: "sent", to: "bob", random: message.random, time: 1700000000001 });
    assert.equal((await sending).data.message.status, "success");
    assert.equal(message.id, undefined);
});
