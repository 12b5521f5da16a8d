// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What is done with messages that are there: recalled, edited, deleted, read.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Broker, until } from "./broker.js";

/** @type {Broker} */
let broker;
before(async () => {
    broker = await Broker.start({ options: { recall_seconds: 3600 } });
});
afterEach(() => broker.cleanUp());
after(() => broker.stop());

let count = 0;
/** A pair that nobody knows yet, logged in. */
async function pair(options) {
    const names = [`user${++count}`, `user${++count}`];
    await broker.admin("importUsers", { userIDs: names });
    const [a, b] = await Promise.all(names.map((name) => broker.login(name, options)));
    return { a, b, names, to: { to: names[1], conversationType: "C2C" }, C2Cb: `C2C${names[1]}`, C2Ca: `C2C${names[0]}` };
}
async function say(chat, to, words, more) {
    return (await chat.sendMessage(chat.createTextMessage({ ...to, payload: { text: words }, ...more }))).data.message;
}
const list = async (chat, conversationID) => (await chat.getMessageList({ conversationID, count: 100 })).data.messageList;
/** The other's copy, once it is there. */
const copyOf = (chat, { ID }) => until(() => chat.findMessage(ID), "the message");

test("recalled: gone for the other, marked for oneself", async () => {
    const { a, b, names, to, C2Cb, C2Ca } = await pair();
    const message = await say(a, to, "oops");
    const copy = await copyOf(b, message);
    const { code, data } = await a.revokeMessage(message);
    assert.equal(code, 0);
    assert.equal(data.message, message);
    assert.equal(message.isRevoked, true);
    assert.deepEqual(message.revokerInfo, { userID: names[0], nick: "", avatar: "" });
    assert.equal(message.payload.text, "oops", "to be written anew");
    const again = await broker.login(names[1]);
    const [seen] = await list(again, C2Ca);
    assert.equal(seen.isRevoked, true);
    assert.deepEqual(seen.payload, { text: "" });
    assert.equal(seen.revoker, names[0]);
    assert.equal((await list(a, C2Cb)).length, 1);
    assert.equal(copy.flow, "in");
    await assert.rejects(a.revokeMessage(message), { code: 20023 });
});

test("what cannot be recalled", async () => {
    const { a, b, to, C2Ca } = await pair();
    const message = await say(a, to, "mine");
    const [theirs] = await list(b, C2Ca);
    await assert.rejects(b.revokeMessage(theirs), { code: 20022 });
    assert.equal(theirs.isRevoked, false);
    await assert.rejects(a.revokeMessage(a.createTextMessage({ ...to, payload: { text: "not sent" } })), { code: 2105 });
    await assert.rejects(a.revokeMessage(undefined), { code: 2105 });
    const late = await Broker.start({ options: { recall_seconds: 0 } });
    try {
        await late.admin("importUsers", { userIDs: ["x", "y"] });
        const chat = await late.login("x");
        const old = await say(chat, { to: "y", conversationType: "C2C" }, "old");
        await assert.rejects(chat.revokeMessage(old), { code: 20016 });
    } finally {
        await late.stop();
    }
    assert.equal(message.isRevoked, false);
});

test("edited: the new words for everybody, under the same ID", async () => {
    const { a, b, names, to, C2Cb, C2Ca } = await pair();
    const message = await say(a, to, "helo", { cloudCustomData: "c", needReadReceipt: true });
    const { ID } = message;
    message.payload = { text: "hello" };
    message.cloudCustomData = "d";
    assert.equal((await a.modifyMessage(message)).data.message, message);
    assert.equal(message.isModified, true);
    const fresh = await broker.login(names[1]);
    const [seen] = await list(fresh, C2Ca);
    assert.equal(seen.ID, ID);
    assert.equal(seen.payload.text, "hello");
    assert.equal(seen.cloudCustomData, "d");
    assert.equal(seen.needReadReceipt, true);
    assert.equal(seen.isModified, true);
    assert.equal((await list(a, C2Cb))[0], message);

    const other = await list(b, C2Ca);
    other[0].payload = { text: "forged" };
    await assert.rejects(b.modifyMessage(other[0]), { code: 20022 });
    assert.equal(other[0].payload.text, "hello", "as it was");
    message.payload = { text: "x".repeat(13000) };
    await assert.rejects(a.modifyMessage(message), { code: 93000 });
    assert.equal(message.payload.text, "hello");
});

test("deleted: for oneself only, at once and after the next login", async () => {
    const { a, b, names, to, C2Cb, C2Ca } = await pair();
    const [one, two, three] = [await say(a, to, "one"), await say(a, to, "two"), await say(a, to, "three")];
    assert.equal((await list(a, C2Cb)).length, 3);
    const { data } = await a.deleteMessage([one, three]);
    assert.deepEqual(data.messageList, [one, three]);
    assert.deepEqual([one, two, three].map(({ isDeleted }) => isDeleted), [true, false, true]);
    assert.deepEqual(await list(a, C2Cb), [two]);
    assert.equal((await list(b, C2Ca)).length, 3);
    const fresh = await broker.login(names[0]);
    assert.deepEqual((await list(fresh, C2Cb)).map(({ ID }) => ID), [two.ID]);
    await assert.rejects(a.deleteMessage([{ ...two, id: 999999 }]), { code: 20022 });
});

test("deleted on another device: gone here, too", async () => {
    const { a, names, to, C2Cb } = await pair();
    const message = await say(a, to, "one");
    await say(a, to, "two");
    await list(a, C2Cb);
    await broker.admin("deleteMessages", { as: names[0], ids: [message.id] });
    await until(async () => (await list(a, C2Cb)).length === 1, "the end of it");
    assert.equal(message.isDeleted, true);
});

test("a history that is cleared is empty, and begins anew", async () => {
    const { a, b, to, C2Cb, C2Ca } = await pair();
    const old = await say(a, to, "old");
    await list(a, C2Cb);
    assert.equal((await a.clearHistoryMessage(C2Cb)).code, 0);
    assert.equal(old.isDeleted, true);
    assert.deepEqual(await list(a, C2Cb), []);
    const next = await say(a, to, "new");
    assert.deepEqual(await list(a, C2Cb), [next]);
    assert.equal((await list(b, C2Ca)).length, 2);
    await assert.rejects(a.clearHistoryMessage("nonsense"), { code: 2905 });
});

test("in a group who has sent a message learns who has read it", async () => {
    const { a, b, names } = await pair();
    const third = `user${++count}`;
    await broker.admin("importUsers", { userIDs: [third] });
    const groupID = `g${count}`;
    await broker.admin("createGroup", { groupID, groupType: "Public", groupName: "g", owner: names[0], members: [{ userID: names[1] }, { userID: third }] });
    const to = { to: groupID, conversationType: "GROUP" };
    const first = await say(a, to, "first", { needReadReceipt: true });
    const second = await say(a, to, "second", { needReadReceipt: true });
    const copy = await copyOf(b, first);
    assert.equal(copy.needReadReceipt, true);
    assert.equal(first.readReceiptInfo.unreadCount, undefined, "not known yet");
    assert.equal((await b.sendMessageReadReceipt([copy])).code, 0);
    const { data } = await a.getMessageReadReceiptList([first, second]);
    assert.deepEqual(data.messageList, [first, second]);
    assert.deepEqual([first, second].map(({ readReceiptInfo }) => [readReceiptInfo.readCount, readReceiptInfo.unreadCount]), [[1, 1], [0, 2]]);

    const readers = (options) => a.getGroupMessageReadMemberList({ message: first, ...options });
    assert.deepEqual((await readers({ filter: 0 })).data, {
        messageID: first.ID, readUserIDList: [names[1]], unreadUserIDList: [], cursor: "", isCompleted: true,
    });
    assert.deepEqual((await readers({ filter: 1 })).data.unreadUserIDList, [third]);
    await b.sendMessageReadReceipt([await copyOf(b, second)]);
    await broker.admin("markRead", { as: third, group: groupID });
    const page = (await readers({ count: 1 })).data;
    assert.equal(page.isCompleted, false);
    const rest = (await readers({ count: 1, cursor: page.cursor })).data;
    assert.deepEqual([...page.readUserIDList, ...rest.readUserIDList], [names[1], third].sort());
    assert.equal(rest.isCompleted, true);

    const many = [first];
    for (let i = 0; i < 35; i++) many.push(await say(a, to, `m${i}`));
    await a.getMessageReadReceiptList(many);
    assert.ok(many.every(({ readReceiptInfo }) => readReceiptInfo.readCount + readReceiptInfo.unreadCount === 2));
    await assert.rejects(b.getGroupMessageReadMemberList({ message: copy }), { code: 10007 });
    assert.deepEqual((await b.getMessageReadReceiptList([copy])).data.messageList, [copy], "those of others are nobody's business");
    await assert.rejects(a.sendMessageReadReceipt([a.createTextMessage({ ...to, payload: { text: "x" } })]), { code: 2105 });
});

test("a group of another type has no receipts", async () => {
    const { a, names } = await pair();
    const groupID = `g${++count}`;
    await broker.admin("createGroup", { groupID, groupType: "ChatRoom", groupName: "g", owner: names[0] });
    const message = await say(a, { to: groupID, conversationType: "GROUP" }, "x");
    await assert.rejects(a.getMessageReadReceiptList([message]), { code: 10060 });
    await assert.rejects(a.getGroupMessageReadMemberList({ message }), { code: 10060 });
});

test("purged: all that somebody has written in a group is gone, what others have is not", async () => {
    const { a, b, names } = await pair();
    const groupID = `g${++count}`;
    await broker.admin("createGroup", { groupID, groupType: "Public", groupName: "g", owner: names[0], members: [{ userID: names[1] }] });
    const to = { to: groupID, conversationType: "GROUP" };
    const mine = await say(a, to, "mine");
    const theirs = [await say(b, to, "one"), await say(b, to, "two")];
    const seen = await Promise.all(theirs.map((message) => copyOf(a, message)));
    const revoked = [];
    a.on("onMessageRevoked", ({ data }) => revoked.push(...data));
    await broker.admin("purgeMessages", { group: groupID, userID: names[1] });
    await until(() => revoked.length === 2, "the two");
    assert.deepEqual(revoked, seen);
    assert.deepEqual(seen.map(({ isRevoked, payload }) => [isRevoked, payload.text]), [[true, ""], [true, ""]]);
    assert.equal(mine.isRevoked, false);
    await until(() => theirs.every(({ isRevoked }) => isRevoked), "the sender's");
    const later = await say(b, to, "later");
    assert.equal((await copyOf(a, later)).isRevoked, false);
});

test("a short merger has its messages in it", async () => {
    const { a, b, to, C2Ca } = await pair();
    const messageList = [await say(a, to, "one"), await say(a, to, "two")];
    const merger = a.createMergerMessage({ ...to, payload: { messageList, title: "t", abstractList: ["x: one", "x: two"], compatibleText: "c" } });
    await a.sendMessage(merger);
    const received = (await list(b, C2Ca)).at(-1);
    assert.equal(received.payload.downloadKey, "");
    assert.deepEqual(received.payload.messageList.map(({ ID, payload }) => [ID, payload.text]), messageList.map(({ ID, payload }) => [ID, payload.text]));
    assert.equal(await b.downloadMergerMessage(received), received);
});

test("nobody is logged in", async () => {
    const { a, to } = await pair();
    const message = await say(a, to, "x");
    const chat = broker.chat();
    for (const method of ["revokeMessage", "modifyMessage"]) await assert.rejects(chat[method](message), { code: 2999 });
    await assert.rejects(chat.deleteMessage([message]), { code: 2999 });
    await assert.rejects(chat.clearHistoryMessage("C2Cx"), { code: 2999 });
    assert.throws(() => chat.createTextMessage({ ...to, payload: { text: "x" } }), { code: 2999 });
});
