// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The list of conversations: what counts, what the application is told, and what it can do with it.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { makeList } from "../../../web/client/src/conversations.js";
import { Broker, makeStorage, sleep, until, userSig } from "./broker.js";
import { Device } from "./wire.js";

const { EVENT, TYPES } = ChatClient;

// ---- by itself

const answer = (more = {}) => ({ unread: 0, atMe: false, pinned: false, readID: 0, lastMessage: { id: 1 }, ...more });
const words = (id, more = {}) => ({ id, seq: id, sender: "bob", text: "x", ...more });

/** Unread and atMe after these messages in a conversation that the server has described so. */
function counted(id, more, ...wires) {
    const list = makeList(() => "alice");
    const described = answer(more);
    list.put(id, described, described.lastMessage, []);
    for (const wire of wires) list.add(id, wire);
    const { unread, atMe } = list.entries.get(id);
    return [unread, atMe];
}

test("what counts as unread", () => {
    const to = { to: "bob" };
    const group = { group: "g", groupType: "Public", receiveOption: "AcceptAndNotify" };
    for (const [id, where] of [["C2Cbob", to], ["GROUPg", group], ["GROUPg", { ...group, groupType: "Private", receiveOption: "AcceptNotNotify" }]]) {
        assert.deepEqual(counted(id, where, words(2), words(3)), [2, false]);
        assert.deepEqual(counted(id, { ...where, unread: 4 }, words(2)), [5, false]);
        assert.deepEqual(counted(id, where, words(2, { sender: "alice" }), words(3, { noUnread: true, at: ["alice"] })), [0, false]);
        assert.deepEqual(counted(id, where, words(2, { tips: {} }), words(3, { recalled: true }), words(4, { recall: { id: 1 } })), [0, false]);
        assert.deepEqual(counted(id, { ...where, readID: 3 }, words(2), words(3), words(4)), [1, false]);
        assert.deepEqual(counted(id, { ...where, lastMessage: { id: 3 } }, words(2), words(3)), [0, false], "the server knew of them");
        assert.deepEqual(counted(id, where, words(2, { at: ["carol", "alice"] })), [1, true]);
        assert.deepEqual(counted(id, where, words(2, { at: "@all" })), [1, true]);
        assert.deepEqual(counted(id, where, words(2, { at: ["carol"] })), [1, false]);
    }
    for (const silent of [{ groupType: "ChatRoom" }, { receiveOption: "Discard" }])
        assert.deepEqual(counted("GROUPg", { ...group, ...silent }, words(2), words(3, { at: ["alice"] })), [0, true]);
});

test("the last message is one that is to be seen, and the newest conversation comes first, but for pinned ones", () => {
    const list = makeList(() => "alice");
    for (const [id, last] of [["C2Ca", 1], ["C2Cb", 2], ["C2Cc", 3]]) list.put(id, answer({ to: id.slice(3), lastMessage: { id: last } }), { id: last }, []);
    const ids = () => list.sorted().map(([id]) => id);
    assert.deepEqual(ids(), ["C2Cc", "C2Cb", "C2Ca"]);
    assert.equal(list.add("C2Ca", words(4)), false);
    assert.deepEqual(ids(), ["C2Ca", "C2Cc", "C2Cb"]);
    assert.equal(list.add("C2Cb", words(5, { edit: { id: 2 } })), true, "the server has to be asked");
    assert.deepEqual(ids(), ["C2Ca", "C2Cc", "C2Cb"]);
    assert.equal(list.add("C2Cd", words(6)), true);
    list.entries.get("C2Cb").pinned = true;
    assert.deepEqual(ids(), ["C2Cb", "C2Cd", "C2Ca", "C2Cc"]);
});

test("what comes while the server is asked counts on top of its answer, once", () => {
    const list = makeList(() => "alice");
    const later = [2, 3, 4].map((id) => ["C2Cbob", words(id)]);
    for (const [id, wire] of later) list.add(id, wire);
    list.put("C2Cbob", answer({ to: "bob", unread: 2, lastMessage: words(3) }), words(3), later);
    const { unread, lastMessage } = list.entries.get("C2Cbob");
    assert.deepEqual([unread, lastMessage.id], [3, 4]);
});

// ---- with a broker

/** @type {Broker} */
let broker;
/** @type {Device} */
let bob;
before(async () => {
    broker = await Broker.start();
    await broker.admin("importUsers", { userIDs: ["bob", "carol"] });
    bob = await Device.connect(broker, "bob");
    await bob.ask("setSelfInfo", { nickname: "Bob", faceURL: "/b.png" });
});
afterEach(() => broker.cleanUp());
after(async () => {
    await bob.end();
    await broker.stop();
});

const newUser = () => broker.newUser();

/** Ready, with what it was told. */
async function login(userID, options) {
    const chat = broker.chat(options);
    const told = { lists: [], totals: [] };
    chat.on(EVENT.CONVERSATION_LIST_UPDATED, ({ data }) => told.lists.push(data));
    chat.on(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, ({ data }) => told.totals.push(data));
    const ready = new Promise((resolve) => chat.on(EVENT.SDK_READY, resolve));
    await chat.login({ userID, userSig: userSig(userID) });
    await ready;
    return { chat, told };
}

const listOf = async (chat, which) => (await chat.getConversationList(which)).data.conversationList;
const entry = async (chat, id) => (await listOf(chat)).find(({ conversationID }) => conversationID === id);
const brief = (list) => list.map(({ conversationID, unreadCount }) => `${conversationID} ${unreadCount}`);
const group = async (groupID, groupType, ...members) =>
    bob.ask("createGroup", { groupID, groupType, groupName: `the ${groupID}`, members: members.map((userID) => ({ userID })) });

test("a private conversation has Tencent's shape", async () => {
    const userID = await newUser();
    await bob.send(`user/${userID}`, { text: "hello", random: 7, cloudCustomData: "{}" });
    const { chat } = await login(userID);
    const { data } = await chat.getConversationList();
    assert.equal(data.isSyncCompleted, true);
    const [found] = data.conversationList;
    const { userProfile, lastMessage, ...rest } = found;
    assert.deepEqual(rest, {
        conversationID: "C2Cbob", type: "C2C", unreadCount: 1, groupAtInfoList: [], remark: "", isPinned: false,
        messageRemindType: "AcceptAndNotify", markList: [], customData: "", conversationGroupList: [], draftText: "",
    });
    assert.deepEqual([userProfile.userID, userProfile.nick, userProfile.avatar], ["bob", "Bob", "/b.png"]);
    const { ID, lastTime, ...last } = lastMessage;
    assert.ok(ID && Math.abs(lastTime - Date.now() / 1000) < 10);
    assert.deepEqual(last, {
        lastSequence: 1, fromAccount: "bob", messageForShow: "hello", type: "TIMTextElem", payload: { text: "hello" }, isRevoked: false,
        isPeerRead: false, nick: "Bob", nameCard: "", cloudCustomData: "{}", onlineOnlyFlag: false,
    });
    assert.equal(chat.getTotalUnreadMessageCount(), 1);
});

test("a group has its profile, and says that the user was named", async () => {
    const userID = await newUser();
    await group("shape", "Public", userID);
    await bob.send("group/shape", { text: "you", at: [userID] });
    const { chat } = await login(userID);
    const { groupProfile, groupAtInfoList, type, lastMessage } = await entry(chat, "GROUPshape");
    assert.deepEqual([groupProfile.name, groupProfile.type, type], ["the shape", "Public", "GROUP"]);
    assert.deepEqual(groupAtInfoList, [{ groupID: "shape", atTypeArray: [TYPES.CONV_AT_ME] }]);
    assert.equal(lastMessage.messageForShow, "you");
    await chat.setMessageRead({ conversationID: "GROUPshape" });
    assert.deepEqual((await entry(chat, "GROUPshape")).groupAtInfoList, []);
});

test("the application is told once a frame, with all of it", async () => {
    const userID = await newUser();
    const { chat, told } = await login(userID);
    await sleep(100);
    told.lists.length = 0;
    await Promise.all(Array.from({ length: 100 }, (_, i) => bob.send(`user/${userID}`, `m${i}`)));
    await until(() => told.totals.at(-1) === 100);
    assert.ok(told.lists.length < 60, `${told.lists.length} times`);
    assert.deepEqual(brief(told.lists.at(-1)), ["C2Cbob 100"]);
    assert.equal(chat.getTotalUnreadMessageCount(), 100);
    const count = told.lists.length;
    await sleep(200);
    assert.ok(told.lists.length <= count + 1, "nothing happens, nothing is told");
});

test("reading: at once here, and the other one and the user's other devices hear of it", async () => {
    const userID = await newUser();
    await bob.subscribe("chat/user/bob/#");
    for (const text of ["one", "two"]) await bob.send(`user/${userID}`, text);
    const { chat, told } = await login(userID);
    const tablet = await login(userID, { clientID: `${userID}:ipad:1` });
    await until(() => told.totals.at(-1) === 2);
    const done = chat.setMessageRead({ conversationID: "C2Cbob" });
    assert.equal(chat.getTotalUnreadMessageCount(), 0);
    assert.deepEqual((await done).data, { conversationID: "C2Cbob" });
    await until(() => tablet.chat.getTotalUnreadMessageCount() === 0);
    await until(() => told.totals.at(-1) === 0);
    await until(() => bob.came.some(({ event, user }) => event === "read" && user === userID));
    assert.equal((await entry(chat, "C2Cbob")).unreadCount, 0);
});

test("everything is read, or one kind", async () => {
    const userID = await newUser();
    await group("all1", "Private", userID);
    await bob.send("group/all1", "x");
    await bob.send(`user/${userID}`, "x");
    const { chat } = await login(userID);
    await chat.setAllMessageRead({ scope: TYPES.READ_ALL_C2C_MSG });
    assert.deepEqual(brief(await listOf(chat)).sort(), ["C2Cbob 0", "GROUPall1 1"]);
    await chat.setAllMessageRead({ scope: TYPES.READ_ALL_GROUP_MSG });
    assert.equal(chat.getTotalUnreadMessageCount(), 0);
    await bob.send(`user/${userID}`, "x");
    await until(() => chat.getTotalUnreadMessageCount() === 1);
    await chat.setAllMessageRead();
    const { totalUnread } = await (await Device.connect(broker, userID)).ask("getUnread");
    assert.equal(totalUnread, 0);
});

test("pinned ones come first, on every device", async () => {
    const userID = await newUser();
    const carol = await Device.connect(broker, "carol");
    await bob.send(`user/${userID}`, "x");
    await carol.send(`user/${userID}`, "x");
    const { chat } = await login(userID);
    const tablet = await login(userID, { clientID: `${userID}:ipad:1` });
    assert.deepEqual(brief(await listOf(chat)), ["C2Ccarol 1", "C2Cbob 1"]);
    await chat.pinConversation({ conversationID: "C2Cbob", isPinned: true });
    assert.deepEqual(brief(await listOf(chat)), ["C2Cbob 1", "C2Ccarol 1"]);
    await until(async () => (await listOf(tablet.chat))[0].isPinned);
    await chat.pinConversation({ conversationID: "C2Cbob", isPinned: false });
    assert.deepEqual(brief(await listOf(chat)), ["C2Ccarol 1", "C2Cbob 1"]);
    await assert.rejects(chat.pinConversation({ conversationID: "C2Cnobody", isPinned: true }), { code: 20003 });
    await carol.end();
});

test("deleted: with its history, or the entry alone; the next message brings it back", async () => {
    const userID = await newUser();
    await bob.send(`user/${userID}`, "old");
    const { chat } = await login(userID);
    await chat.setConversationDraft({ conversationID: "C2Cbob", draftText: "dear" });
    await chat.deleteConversation({ conversationIDList: ["C2Cbob"], clearHistoryMessage: false });
    assert.deepEqual(await listOf(chat), []);
    const history = async () => (await chat.getMessageList({ conversationID: "C2Cbob" })).data.messageList.map(({ payload }) => payload.text);
    assert.deepEqual(await history(), ["old"]);
    await bob.send(`user/${userID}`, "new");
    await until(async () => (await entry(chat, "C2Cbob"))?.unreadCount === 1);
    assert.equal((await entry(chat, "C2Cbob")).draftText, "");
    assert.deepEqual((await chat.deleteConversation("C2Cbob")).data, { conversationID: "C2Cbob" });
    assert.deepEqual(await listOf(chat), []);
    assert.deepEqual(await history(), []);
    assert.equal(chat.getTotalUnreadMessageCount(), 0);
});

test("a group that is silent is not counted in the total; one that is discarded is up to date when the list is asked for", async () => {
    const userID = await newUser();
    await group("quiet", "Public", userID);
    await bob.send("group/quiet", "one");
    const { chat } = await login(userID);
    assert.equal(chat.getTotalUnreadMessageCount(), 1);
    const remind = (messageRemindType) => chat.setMessageRemindType({ groupID: "quiet", messageRemindType });
    await remind(TYPES.MSG_REMIND_ACPT_NOT_NOTE);
    await until(() => chat.getTotalUnreadMessageCount() === 0);
    const found = await entry(chat, "GROUPquiet");
    assert.deepEqual([found.unreadCount, found.messageRemindType], [1, "AcceptNotNotify"]);
    const received = [];
    chat.on(EVENT.MESSAGE_RECEIVED, ({ data }) => received.push(...data.map(({ payload }) => payload.text)));
    await remind(TYPES.MSG_REMIND_DISCARD);
    await until(async () => (await entry(chat, "GROUPquiet")).messageRemindType === "Discard");
    await bob.send("group/quiet", "two");
    const discarded = await entry(chat, "GROUPquiet");
    assert.deepEqual([discarded.unreadCount, discarded.lastMessage.messageForShow], [0, "two"]);
    await remind(TYPES.MSG_REMIND_ACPT_AND_NOTE);
    await until(async () => (await entry(chat, "GROUPquiet")).messageRemindType === "AcceptAndNotify");
    await bob.send("group/quiet", "three");
    await until(() => received.includes("three"));
    await sleep(300);
    assert.deepEqual(received, ["three"], "what came meanwhile is history");
    await assert.rejects(chat.setMessageRemindType({ userIDList: ["bob"], messageRemindType: "Discard" }), { code: 2998 });
});

test("the last message is what is left of it, or the one before", async () => {
    const userID = await newUser();
    const { chat } = await login(userID);
    for (const text of ["one", "two"]) await bob.send(`user/${userID}`, text);
    await until(() => chat.getTotalUnreadMessageCount() === 2);
    const last = async () => (await entry(chat, "C2Cbob")).lastMessage;
    await bob.ask("editMessage", { to: userID, seq: 2, text: "TWO" });
    await until(async () => (await last()).messageForShow === "TWO");
    await bob.ask("recallMessage", { to: userID, seq: 1 });
    await until(() => chat.getTotalUnreadMessageCount() === 1);
    assert.equal((await last()).messageForShow, "TWO");
    await bob.ask("recallMessage", { to: userID, seq: 2 });
    await until(async () => (await last()).isRevoked);
    const { messageForShow, payload, lastSequence } = await last();
    assert.deepEqual([messageForShow, payload, lastSequence, chat.getTotalUnreadMessageCount()], ["", { text: "" }, 2, 0]);
});

test("a draft is kept over a reload, on this device", async () => {
    const userID = await newUser();
    const storage = makeStorage();
    await bob.send(`user/${userID}`, "x");
    const { chat, told } = await login(userID, { storage });
    await chat.setConversationDraft({ conversationID: "C2Cbob", draftText: "dear Bob" });
    await until(() => told.lists.at(-1)?.[0].draftText === "dear Bob");
    await chat.destroy();
    const again = await login(userID, { storage });
    assert.equal((await entry(again.chat, "C2Cbob")).draftText, "dear Bob");
    await again.chat.setConversationDraft({ conversationID: "C2Cbob", draftText: "" });
    assert.equal((await entry(again.chat, "C2Cbob")).draftText, "");
});

test("the list by ids and by what is wanted; a profile of what is not in it", async () => {
    const userID = await newUser();
    await group("some", "Private", userID);
    await bob.send("group/some", { text: "x", at: "@all" });
    await bob.send(`user/${userID}`, "x");
    const { chat } = await login(userID);
    await chat.setMessageRead({ conversationID: "C2Cbob" });
    const ids = async (which) => (await listOf(chat, which)).map(({ conversationID }) => conversationID).sort();
    assert.deepEqual(await ids(), ["C2Cbob", "GROUPsome"]);
    assert.deepEqual(await ids(["C2Cbob", "C2Cnobody"]), ["C2Cbob"]);
    assert.deepEqual(await ids([]), []);
    assert.deepEqual(await ids({ type: TYPES.CONV_C2C }), ["C2Cbob"]);
    assert.deepEqual(await ids({ hasUnreadCount: true }), ["GROUPsome"]);
    assert.deepEqual(await ids({ hasGroupAtInfo: true }), ["GROUPsome"]);
    assert.deepEqual(await ids({ markType: 1 }), []);
    const { conversation } = (await chat.getConversationProfile("C2Ccarol")).data;
    assert.deepEqual([conversation.type, conversation.userProfile.userID, conversation.lastMessage.lastTime], ["C2C", "carol", 0]);
    assert.deepEqual(await ids(), ["C2Cbob", "GROUPsome"], "which puts it not into the list");
    await assert.rejects(chat.getConversationProfile("carol"), { code: 2905 });
    await assert.rejects(chat.setMessageRead({ conversationID: "" }), { code: 2905 });
});

test("with many conversations the first come first, and then the rest", async () => {
    const userID = await newUser();
    const many = 130;
    const names = Array.from({ length: many }, (_, i) => `friend${i}`);
    for (const part of [names.slice(0, 100), names.slice(100)]) await broker.admin("importUsers", { userIDs: part });
    const admin = await Device.connect(broker, "admin");
    await Promise.all(names.map((sender) => admin.ask("sendMessage", { sender, to: userID, text: "x" })));
    await admin.end();
    const { chat, told } = await login(userID);
    await until(async () => (await chat.getConversationList()).data.isSyncCompleted);
    assert.equal((await listOf(chat)).length, many);
    await until(() => told.totals.at(-1) === many);
    assert.ok(told.lists.every((list) => list.length >= 100), "the first page at once");
});

test("a group that the user comes into and leaves, on whichever device", async () => {
    const userID = await newUser();
    const { chat } = await login(userID);
    const phone = await Device.connect(broker, userID);
    await bob.ask("createGroup", { groupID: "door", groupType: "ChatRoom", addOpt: "FreeAccess" });
    await bob.send("group/door", "before");
    const is = (there) => until(async () => !!(await entry(chat, "GROUPdoor")) === there, `there: ${there}`);
    await phone.ask("joinGroup", { groupID: "door" });
    await is(true);
    await phone.ask("quitGroup", { groupID: "door" });
    await is(false);
    await chat.joinGroup({ groupID: "door" });
    await is(true);
    await bob.ask("deleteGroupMember", { groupID: "door", members: [userID] });
    await is(false);
    await bob.ask("inviteGroupMember", { groupID: "door", members: [userID] }).catch(() => broker.admin("inviteGroupMember", { groupID: "door", members: [userID] }));
    await is(true);
    await chat.quitGroup("door");
    await is(false);
    await phone.end();
});

test("without a connection the list is there, and what was missed is in it afterwards", async () => {
    const userID = await newUser();
    await bob.send(`user/${userID}`, "one");
    const { chat } = await login(userID);
    const states = [];
    chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => states.push(data.state));
    await broker.kill();
    await until(() => states.length);
    assert.deepEqual(brief(await listOf(chat)), ["C2Cbob 1"]);
    await broker.launch();
    bob = await Device.connect(broker, "bob");
    await bob.send(`user/${userID}`, "two");
    await until(() => chat.getTotalUnreadMessageCount() === 2);
});
