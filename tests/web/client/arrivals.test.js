// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What is delivered reaches the application once, in order, without gaps; what its handlers have returned from does not come
// again.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { makeLanes } from "../../../web/client/src/arrivals.js";
import { create } from "../../../web/client/src/chat.js";
import { Broker, CHECKOUT, SDKAPPID, makeStorage, sleep, until, userSig } from "./broker.js";
import { Device, Network } from "./wire.js";

const mqtt = createRequire(join(CHECKOUT, "web", "package.json"))("mqtt");
const { EVENT, TYPES } = ChatClient;

// ---- by itself

const content = (seq, id = seq * 10) => ({ id, seq, text: "x" });
const tip = (seq, id) => ({ id, seq, tips: { type: "join" } });
const ids = (wires) => wires.map(({ id }) => id);

test("what comes twice is given on once", () => {
    const { offer } = makeLanes();
    assert.deepEqual(ids(offer("a", content(1))), [10]);
    assert.deepEqual(ids(offer("a", content(1))), []);
    assert.deepEqual(ids(offer("b", content(1))), [10]);
});

test("what is newer than something missing waits for it", () => {
    const { offer, lane } = makeLanes();
    offer("a", content(1));
    assert.deepEqual(ids(offer("a", content(4))), []);
    assert.deepEqual(ids(offer("a", content(3))), []);
    assert.deepEqual(ids(offer("a", content(3))), []);
    assert.deepEqual(ids(lane("a").held), [30, 40]);
    assert.deepEqual(ids(offer("a", content(2))), [20, 30, 40]);
});

test("what has no seq of its own repeats the one before, and waits like any other", () => {
    const { offer } = makeLanes();
    offer("a", content(1));
    assert.deepEqual(ids(offer("a", tip(1, 12))), [12]);
    assert.deepEqual(ids(offer("a", { id: 13, seq: 1, recall: { id: 10 } })), [13]);
    assert.deepEqual(ids(offer("a", tip(2, 25))), []);
    assert.deepEqual(ids(offer("a", content(2))), [20, 25]);
});

test("between messages of the history nothing is missing", () => {
    const { offer, fill, release } = makeLanes();
    offer("a", content(1));
    offer("a", content(9));
    assert.deepEqual(ids(fill("a", [content(1), content(3), tip(3, 33), content(7)])), [30, 33, 70]);
    assert.deepEqual(ids(release("a", true)), [90]);
    assert.deepEqual(ids(fill("a", [content(7), content(9)])), []);
});

test("what is not newer than the floor has been had before", () => {
    const { offer, setFloor } = makeLanes();
    setFloor(50);
    assert.deepEqual(ids(offer("a", content(5))), []);
    assert.deepEqual(ids(offer("a", content(8))), [80]);
});

// ---- with a broker

/** @type {Broker} */
let broker;
/** @type {Device} */
let bob;
before(async () => {
    broker = await Broker.start({ options: { replay_limit: 20 } });
    await broker.admin("importUsers", { userIDs: ["alice", "bob"] });
    bob = await Device.connect(broker, "bob");
});
afterEach(() => broker.cleanUp());
after(async () => {
    await bob.end();
    await broker.stop();
});

const newUser = () => broker.newUser();

/** Notes what the application is given. */
function listen(chat) {
    const seen = { messages: [], frames: [] };
    chat.on(EVENT.MESSAGE_RECEIVED, ({ data }) => {
        seen.frames.push(data);
        seen.messages.push(...data);
    });
    for (const name of ["MESSAGE_REVOKED", "MESSAGE_MODIFIED", "MESSAGE_READ_BY_PEER", "MESSAGE_READ_RECEIPT_RECEIVED"]) {
        seen[name] = [];
        chat.on(EVENT[name], ({ data }) => seen[name].push(...data));
    }
    seen.texts = () => seen.messages.map(({ payload }) => payload.text);
    return seen;
}

/** Logged in and ready, and what it is given from the beginning. */
async function login(userID, options = {}) {
    const chat = options.connect ? create({ SDKAppID: SDKAPPID, url: broker.url, ...options }, options.connect) : broker.chat(options);
    if (options.connect) broker.chats.push(chat);
    const seen = listen(chat);
    const ready = new Promise((resolve) => chat.on(EVENT.SDK_READY, resolve));
    await chat.login({ userID, userSig: userSig(userID) });
    await ready;
    return { chat, seen };
}

/** MQTT.js, losing messages and counting commands. */
function watchedConnect() {
    const state = { loses: (/** @type {any} */ _) => false, holds: (/** @type {string} */ _) => false, commands: [], acks: [] };
    const connect = (url, options) => {
        const client = mqtt.connect(url, options);
        const { on, publish } = client;
        client.on = (name, f) =>
            on.call(client, name, name !== "message" ? f : (topic, payload, ...rest) => state.loses(JSON.parse(payload)) || f(topic, payload, ...rest));
        client.publish = (topic, payload, ...rest) => {
            if (topic.startsWith("$CONTROL")) {
                const { commands } = JSON.parse(payload);
                state.commands.push(...commands.map(({ command }) => command));
                state.acks.push(...commands.filter(({ command }) => command === "ack").map(({ id }) => id));
                if (commands.some(({ command }) => state.holds(command))) return undefined;
            }
            return publish.call(client, topic, payload, ...rest);
        };
        return client;
    };
    return { state, connect };
}

const range = (count, first = 1) => Array.from({ length: count }, (_, i) => `m${first + i}`);

test("messages of a frame come together, in their order, with rising sequence", async () => {
    const userID = await newUser();
    const { seen } = await login(userID);
    const texts = range(200);
    await Promise.all(texts.map((text) => bob.send(`user/${userID}`, text)));
    await until(() => seen.messages.length === 200);
    assert.deepEqual(seen.texts(), texts);
    assert.deepEqual(seen.messages.map(({ sequence }) => sequence), texts.map((_, i) => i + 1));
    assert.ok(seen.frames.length < 100, `${seen.frames.length} frames`);
});

test("what the user's other devices send comes, too, as going out", async () => {
    const userID = await newUser();
    const { seen } = await login(userID);
    const phone = await Device.connect(broker, userID);
    await phone.send("user/bob", "from the phone");
    const [message] = await until(() => seen.messages.length && seen.messages);
    assert.deepEqual([message.flow, message.conversationID, message.from], ["out", "C2Cbob", userID]);
    await phone.end();
});

test("what this client sends is not received, and leaves no gap", async () => {
    const userID = await newUser();
    const { chat, seen } = await login(userID);
    const say = (text) => chat.sendMessage(chat.createTextMessage({ to: "bob", conversationType: TYPES.CONV_C2C, payload: { text } }));
    for (const text of range(3)) await say(text);
    await bob.send(`user/${userID}`, "answer");
    await until(() => seen.messages.length);
    await sleep(200);
    assert.deepEqual(seen.texts(), ["answer"]);
    assert.equal(seen.messages[0].sequence, 4);
});

test("a message that is missing is fetched before those behind it are given on", async () => {
    const userID = await newUser();
    const { state, connect } = watchedConnect();
    const { seen } = await login(userID, { connect });
    state.loses = ({ text }) => text === "m2" || text === "m3";
    for (const text of range(5)) await bob.send(`user/${userID}`, text);
    await until(() => seen.messages.length === 5);
    assert.deepEqual(seen.texts(), range(5));
    assert.equal(state.commands.filter((command) => command === "getHistory").length, 2, "the notices, and the gap");
});

test("a last message that was lost comes when the list tells of it", async () => {
    const userID = await newUser();
    const { state, connect } = watchedConnect();
    const { seen } = await login(userID, { connect });
    await bob.send(`user/${userID}`, "m1");
    await until(() => seen.messages.length === 1);
    state.loses = ({ text, responses }) => text === "m2" && !responses;
    await bob.send(`user/${userID}`, "m2");
    await bob.ask("recallMessage", { to: userID, seq: 1 }); // whereupon the list is asked for
    await until(() => seen.messages.length === 2);
    assert.deepEqual(seen.texts(), ["", "m2"]);
});

test("on a new device what was there before is history", async () => {
    const userID = await newUser();
    for (const text of range(5)) await bob.send(`user/${userID}`, text);
    const { chat, seen } = await login(userID);
    await bob.send(`user/${userID}`, "m6");
    await until(() => seen.messages.length);
    await sleep(200);
    assert.deepEqual(seen.texts(), ["m6"]);
    const { data } = await chat.getMessageList({ conversationID: "C2Cbob" });
    assert.deepEqual(data.messageList.map(({ payload }) => payload.text), range(6));
});

test("after a reload comes what was missed, and nothing that was seen", async () => {
    const userID = await newUser();
    const storage = makeStorage();
    const { chat, seen } = await login(userID, { storage });
    for (const text of range(5)) await bob.send(`user/${userID}`, text);
    await until(() => seen.messages.length === 5);
    await chat.destroy();
    for (const text of range(5, 6)) await bob.send(`user/${userID}`, text);
    const again = await login(userID, { storage });
    await until(() => again.seen.messages.length === 5);
    await bob.send(`user/${userID}`, "m11");
    await until(() => again.seen.messages.length === 6);
    assert.deepEqual(again.seen.texts(), range(6, 6));
});

test("what a handler has not returned from is not acked: it comes again", async () => {
    const userID = await newUser();
    const storage = makeStorage();
    const { chat, seen } = await login(userID, { storage });
    const ends = [];
    chat.on(EVENT.MESSAGE_RECEIVED, () => new Promise((resolve) => ends.push(resolve)));
    await bob.send(`user/${userID}`, "m1");
    await until(() => ends.length === 1);
    await bob.send(`user/${userID}`, "m2");
    await until(() => ends.length === 2);
    ends[0]();
    ends[1] = undefined; // never
    await sleep(700);
    await chat.destroy();
    assert.deepEqual(seen.texts(), ["m1", "m2"]);
    const again = await login(userID, { storage });
    await until(() => again.seen.messages.length);
    await sleep(200);
    assert.deepEqual(again.seen.texts(), ["m2"]);
});

test("what waits for something missing is not acked, whatever else has been had", async () => {
    const userID = await newUser();
    const storage = makeStorage();
    const { state, connect } = watchedConnect();
    const { chat, seen } = await login(userID, { connect, storage });
    await bob.send(`user/${userID}`, "m1");
    await until(() => seen.messages.length === 1);
    state.loses = ({ text }) => text === "m2";
    state.holds = (command) => command === "getHistory";
    for (const text of ["m2", "m3"]) await bob.send(`user/${userID}`, text);
    await broker.admin("sendMessage", { sender: "admin", to: userID, text: "else" });
    await until(() => seen.messages.length === 2);
    await sleep(700);
    assert.deepEqual(seen.texts(), ["m1", "else"]);
    assert.equal(Math.max(...state.acks), seen.messages[0].id, "not that of what came last");
    await chat.destroy();
    const again = await login(userID, { storage });
    await until(() => again.seen.messages.length === 2);
    await sleep(200);
    assert.deepEqual(again.seen.texts(), ["m2", "m3"]);
});

test("acks are gathered", async () => {
    const userID = await newUser();
    const { state, connect } = watchedConnect();
    const { seen } = await login(userID, { connect });
    const start = Date.now();
    for (const text of range(100)) {
        await bob.send(`user/${userID}`, text);
        await sleep(5);
    }
    await until(() => seen.messages.length === 100);
    await sleep(600);
    const acks = state.commands.filter((command) => command === "ack").length;
    assert.ok(acks >= 1 && acks <= (Date.now() - start) / 500 + 2, `${acks} acks`);
});

test("of a long absence the newest come, the list is right, and the history has the rest", async () => {
    const userID = await newUser();
    const storage = makeStorage();
    const { chat, seen } = await login(userID, { storage });
    await bob.send(`user/${userID}`, "m1");
    await until(() => seen.messages.length === 1);
    await chat.destroy();
    for (const text of range(50, 2)) await bob.send(`user/${userID}`, text);
    const again = await login(userID, { storage });
    await until(() => again.seen.messages.length === 20);
    await sleep(200);
    assert.deepEqual(again.seen.texts(), range(20, 32));
    const { conversationList } = (await again.chat.getConversationList()).data;
    assert.equal(conversationList[0].unreadCount, 51);
    const { messageList } = (await again.chat.getMessageList({ conversationID: "C2Cbob", count: 100 })).data;
    assert.deepEqual(messageList.map(({ payload }) => payload.text), range(51));
});

test("after the network was away what was missed comes once", async () => {
    const userID = await newUser();
    const network = await Network.to(broker.port);
    const { seen } = await login(userID, { url: network.url });
    for (let round = 0; round < 2; round++) {
        await bob.send(`user/${userID}`, `m${2 * round + 1}`);
        network.isDeaf = true;
        await bob.send(`user/${userID}`, `m${2 * round + 2}`);
        network.cut();
        network.isDeaf = false;
        await until(() => seen.messages.length === 2 * round + 2);
    }
    await sleep(300);
    assert.deepEqual(seen.texts(), range(4));
    await network.end();
});

test("a server that was set up anew is a new server", async () => {
    const storage = makeStorage();
    const userID = "alice";
    const { chat } = await login(userID, { storage });
    await chat.destroy();
    for (const [key] of storage.values) if (key.includes(":had:")) storage.values.set(key, JSON.stringify({ id: 1e9, lanes: [["C2Cbob", [900, 1e9]]] }));
    const { seen } = await login(userID, { storage });
    await bob.send(`user/${userID}`, "hello");
    await until(() => seen.messages.length);
    assert.deepEqual(seen.texts(), ["hello"]);
});

test("what is recalled, edited and read is told of", async () => {
    const userID = await newUser();
    const { chat, seen } = await login(userID);
    for (const text of range(2)) await bob.send(`user/${userID}`, text);
    await until(() => seen.messages.length === 2);
    await bob.ask("recallMessage", { to: userID, seq: 1, reason: "sorry" });
    await bob.ask("editMessage", { to: userID, seq: 2, text: "better" });
    await until(() => seen.MESSAGE_REVOKED.length && seen.MESSAGE_MODIFIED.length);
    assert.deepEqual(seen.MESSAGE_REVOKED, [seen.messages[0]]);
    assert.deepEqual(seen.MESSAGE_MODIFIED, [seen.messages[1]]);
    const [recalled, edited] = seen.messages;
    assert.deepEqual([recalled.isRevoked, recalled.revokerInfo.userID, recalled.revokeReason], [true, "bob", "sorry"]);
    assert.deepEqual([edited.isModified, edited.payload.text], [true, "better"]);

    const made = chat.createTextMessage({ to: "bob", conversationType: TYPES.CONV_C2C, payload: { text: "?" }, needReadReceipt: true });
    const { message } = (await chat.sendMessage(made)).data;
    await bob.ask("markRead", { to: userID });
    await until(() => seen.MESSAGE_READ_BY_PEER.length);
    assert.deepEqual(seen.MESSAGE_READ_BY_PEER, [message]);
    assert.equal(message.isPeerRead, true);
    assert.deepEqual(seen.MESSAGE_READ_RECEIPT_RECEIVED, [{ userID: "bob", messageID: message.ID, isPeerRead: true }]);
    await until(async () => (await chat.getConversationProfile("C2Cbob")).data.conversation.lastMessage.isPeerRead);
});

test("what was read is known after a reload", async () => {
    const userID = await newUser();
    const { chat } = await login(userID);
    await chat.sendMessage(chat.createTextMessage({ to: "bob", conversationType: TYPES.CONV_C2C, payload: { text: "?" } }));
    await bob.ask("markRead", { to: userID });
    await chat.destroy();
    const again = await login(userID);
    const { messageList } = (await again.chat.getMessageList({ conversationID: "C2Cbob" })).data;
    assert.equal(messageList[0].isPeerRead, true);
});

test("10,000 messages of a live room in a second take less than half of it, with Node 18 less than all of it", async () => {
    // Its engine is of 2022 and does the same in two thirds of a second.
    const most = process.versions.node.startsWith("18.") ? 1000 : 500;
    const payloads = Array.from({ length: 10000 }, (_, i) =>
        Buffer.from(JSON.stringify({ seq: i + 1, sender: `u${i % 500}`, group: "room", time: 1700000000000 + i, text: "hello, room" })),
    );
    const receiveAll = async () => {
        const connections = [];
        const connect = (url, options) => {
            connections.push(mqtt.connect(url, options));
            return connections[0];
        };
        const { chat, seen } = await login(await newUser(), { connect });
        const before = process.cpuUsage();
        for (let i = 0; i < payloads.length; i++) {
            connections[0].emit("message", "chat/group/room", payloads[i], { qos: 0 });
            if (i % 100 === 99) await sleep(5);
        }
        await until(() => seen.messages.length === payloads.length);
        const { user, system } = process.cpuUsage(before);
        assert.deepEqual(seen.messages.map(({ sequence }) => sequence), payloads.map((_, i) => i + 1));
        assert.ok(seen.frames.length < 300, `${seen.frames.length} frames`);
        await chat.destroy();
        return (user + system) / 1000;
    };
    // CPU time, too, is more where others use the processor's caches: the best of five counts.
    const times = [];
    while (times.length < 5 && !times.some((time) => time < most)) times.push(await receiveAll());
    assert.ok(Math.min(...times) < most, `${times} ms`);
});

test("what a ChatRoom has from before the user came in is history", async () => {
    const userID = await newUser();
    const { chat, seen } = await login(userID);
    const phone = await Device.connect(broker, userID);
    await bob.send(`user/${userID}`, "m0"); // so that there is something to begin after
    await until(() => seen.messages.length === 1);
    await bob.ask("createGroup", { groupID: "open", groupType: "ChatRoom", addOpt: "FreeAccess" });
    const say = async (text) => bob.send("group/open", text);
    await say("before");
    await chat.joinGroup({ groupID: "open" });
    await say("m1");
    await phone.ask("quitGroup", { groupID: "open" });
    await say("without");
    await phone.ask("joinGroup", { groupID: "open" });
    await until(async () => (await chat.getConversationList(["GROUPopen"])).data.conversationList.length);
    await sleep(4500); // longer than what was lost is waited for
    await say("m2");
    await until(() => seen.texts().includes("m2"));
    assert.deepEqual(seen.texts(), ["m0", "m1", "m2"]);
    await phone.end();
});

test("what was said while the user was out of a group stays untold, also where the server is asked before and answers after", async () => {
    const userID = await newUser();
    const connections = [];
    const connect = (url, options) => {
        connections.push(mqtt.connect(url, options));
        return connections[0];
    };
    const { chat, seen } = await login(userID, { connect });
    const phone = await Device.connect(broker, userID);
    await bob.ask("createGroup", { groupID: "late", groupType: "ChatRoom", addOpt: "FreeAccess" });
    const say = async (text) => bob.send("group/late", text);
    await chat.joinGroup({ groupID: "late" });
    await say("m1");
    await until(() => seen.texts().includes("m1"));

    // What the client asks when it hears that it is out comes to the server when it is in again.
    const [connection] = connections;
    const { publish } = connection;
    const held = [];
    connection.publish = (...packet) => held.push(packet);
    const heard = (word) =>
        new Promise((done) => connection.on("message", (topic, payload) => payload.includes(word) && done()));
    const out = heard('"member":false');
    const back = heard('"member":true');
    await phone.ask("quitGroup", { groupID: "late" });
    await out;
    await until(() => held.some(([, payload]) => payload.includes("getConversations")));
    await say("without");
    await phone.ask("joinGroup", { groupID: "late" });
    await back;
    connection.publish = publish;
    for (const packet of held) publish.apply(connection, packet);

    await sleep(4500); // longer than what was lost is waited for
    await say("m2");
    await until(() => seen.texts().includes("m2"));
    assert.deepEqual(seen.texts(), ["m1", "m2"]);
    await phone.end();
});
