// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Tencent's engine of its UI kits, @tencentcloud/chat-uikit-engine, on this client: what it shows is read in its own store.
import assert from "node:assert/strict";
import { File } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
import { register } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { Broker, SDKAPPID, sleep, until, userSig } from "./broker.js";

register("./resolve.js", import.meta.url);
// It says a lot, to nobody here.
console.log = console.warn = () => {};
const engine = await import("@tencentcloud/chat-uikit-engine");
const { TUIChatEngine, TUIStore, StoreName, TUIConversationService, TUIChatService, TUIGroupService, TUIUserService } = engine;
const { TYPES } = ChatClient;

/** @type {Broker} */
let broker;
/** Another user, on this client as it is. */
let bob;
const media = mkdtempSync(join(tmpdir(), "chat-media-"));
before(async () => {
    broker = await Broker.start({ options: { media_dir: media } });
    await broker.admin("importUsers", { userIDs: ["carol"] });
    bob = await broker.login("bob");
    await bob.updateMyProfile({ nick: "Bob", avatar: "https://example.org/b.png" });
    await bob.createGroup({ name: "Hikers", type: TYPES.GRP_PUBLIC, groupID: "hikers", joinOption: "FreeAccess" });
    await send(TYPES.CONV_GROUP, "hikers", "to the hills");
});
after(async () => {
    await TUIChatEngine.destroy().catch(() => {});
    await broker.stop();
    rmSync(media, { recursive: true });
});

const stored = (store, name) => TUIStore.getData(store, name);
const conversations = () => stored(StoreName.CONV, "conversationList");
const conversation = (id) => conversations().find(({ conversationID }) => conversationID === id);
const texts = () => stored(StoreName.CHAT, "messageList").map((message) => message.payload.text);

async function send(conversationType, to, text) {
    const message = bob.createTextMessage({ to, conversationType, payload: { text } });
    return (await bob.sendMessage(message)).data.message;
}

/** The first conversation that bob's client was told of that is like this. */
const told = (chat, name, fits) =>
    new Promise((resolve) => {
        const handler = ({ data }) => {
            const found = [data].flat().find(fits);
            if (!found) return;
            chat.off(name, handler);
            resolve(found);
        };
        chat.on(name, handler);
    });

const login = () =>
    TUIChatEngine.login({ SDKAppID: SDKAPPID, userID: "alice", userSig: userSig("alice"), url: broker.url, useUploadPlugin: true });

test("login; the list, its names and what is unread are in its store", async () => {
    await login();
    assert.equal(TUIChatEngine.isReady(), true);
    await send(TYPES.CONV_C2C, "alice", "hello");
    await until(() => conversation("C2Cbob")?.lastMessage.messageForShow === "hello", "the conversation");
    await until(() => conversation("C2Cbob").getShowName() === "Bob", "the name");
    assert.equal(conversation("C2Cbob").getAvatar(), "https://example.org/b.png");
    assert.equal(conversation("C2Cbob").unreadCount, 1);
    assert.equal(conversation("C2Cbob").getLastMessage("text"), "hello");
    assert.equal(stored(StoreName.CONV, "totalUnreadCount"), 1);
    assert.equal(stored(StoreName.USER, "userProfile").userID, "alice");
    assert.equal(stored(StoreName.APP, "enabledMessageReadReceipt"), true);
    assert.equal(stored(StoreName.APP, "enabledTranslationPlugin"), false);
});

test("switching to a conversation brings its history, and marks it as read", async () => {
    for (let i = 0; i < 30; i++) await send(TYPES.CONV_C2C, "alice", `line ${i}`);
    const read = told(bob, ChatClient.EVENT.MESSAGE_READ_BY_PEER, ({ payload }) => payload.text === "line 29");
    await TUIConversationService.switchConversation("C2Cbob");
    await until(() => stored(StoreName.CHAT, "messageList").length, "the history");
    assert.deepEqual(texts(), Array.from({ length: 15 }, (_, i) => `line ${15 + i}`));
    while (!stored(StoreName.CHAT, "isCompleted")) await TUIChatService.getMessageList();
    assert.deepEqual(texts(), ["hello", ...Array.from({ length: 30 }, (_, i) => `line ${i}`)]);
    await read;
    await until(() => conversation("C2Cbob").unreadCount === 0 && stored(StoreName.CONV, "totalUnreadCount") === 0, "nothing unread");

    await send(TYPES.CONV_C2C, "alice", "another");
    await until(() => texts().at(-1) === "another", "what comes while it is open");
    await until(() => conversation("C2Cbob").lastMessage.messageForShow === "another", "the list");
    await until(() => conversation("C2Cbob").unreadCount === 0, "that it is read at once");
});

test("text is sent, read by the other, and recalled by either", async () => {
    const got = told(bob, ChatClient.EVENT.MESSAGE_RECEIVED, ({ payload }) => payload.text === "hi Bob");
    await TUIChatService.sendTextMessage({ payload: { text: "hi Bob" } });
    const mine = stored(StoreName.CHAT, "messageList").at(-1);
    assert.deepEqual([mine.status, mine.flow, mine.getMessageContent().showName], ["success", "out", "alice"]);
    assert.equal((await got).ID, mine.ID);
    await bob.setMessageRead({ conversationID: "C2Calice" });
    await until(() => TUIStore.getMessageModel(mine.ID).isPeerRead, "that bob has read it");

    const gone = told(bob, ChatClient.EVENT.MESSAGE_REVOKED, ({ ID }) => ID === mine.ID);
    await TUIStore.getMessageModel(mine.ID).revokeMessage();
    await gone;
    assert.equal(TUIStore.getMessageModel(mine.ID).isRevoked, true);
    await until(() => conversation("C2Cbob").lastMessage.isRevoked, "the list");
    assert.equal(conversation("C2Cbob").getLastMessage("text"), "撤回了一条消息");

    const theirs = await send(TYPES.CONV_C2C, "alice", "a slip");
    await until(() => texts().at(-1) === "a slip", "bob's");
    await bob.revokeMessage(theirs);
    await until(() => TUIStore.getMessageModel(theirs.ID).isRevoked, "the recall");
});

test("a message is answered with a quotation, edited, and deleted", async () => {
    const theirs = await send(TYPES.CONV_C2C, "alice", "shall we?");
    await until(() => TUIStore.getMessageModel(theirs.ID), "the question");
    TUIStore.getMessageModel(theirs.ID).quoteMessage();
    const got = told(bob, ChatClient.EVENT.MESSAGE_RECEIVED, ({ payload }) => payload.text === "yes");
    await TUIChatService.sendTextMessage({ payload: { text: "yes" } });
    assert.equal(JSON.parse((await got).cloudCustomData).messageReply.messageID, theirs.ID);

    const mine = stored(StoreName.CHAT, "messageList").at(-1);
    const edited = told(bob, ChatClient.EVENT.MESSAGE_MODIFIED, ({ ID }) => ID === mine.ID);
    await mine.modifyMessage({ payload: { text: "yes, let us" } });
    assert.equal((await edited).payload.text, "yes, let us");
    await mine.deleteMessage();
    assert.equal(TUIStore.getMessageModel(mine.ID).isDeleted, true);
});

test("a picture, with its progress, and the other's", async () => {
    // A PNG of one pixel.
    const png = Buffer.from(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
        "base64",
    );
    const file = new File([png], "dot.png", { type: "image/png" });
    const got = told(bob, ChatClient.EVENT.MESSAGE_RECEIVED, ({ type }) => type === TYPES.MSG_IMAGE);
    await TUIChatService.sendImageMessage({ payload: { file } });
    const mine = stored(StoreName.CHAT, "messageList").at(-1);
    assert.equal(mine.progress, 1);
    const theirs = (await got).payload.imageInfoArray[0];
    assert.deepEqual([theirs.width, theirs.height, theirs.size], [1, 1, png.length]);
    const content = mine.getMessageContent();
    assert.deepEqual([content.width, content.height], [1, 1]);
    assert.match(content.url, /^(https?:\/\/|\/media\/).*\.png$/);
    await until(() => conversation("C2Cbob").lastMessage.messageForShow === "[图片]", "the list");
});

test("a file, a video and a voice message; forwarded one by one, and merged", async () => {
    const received = [];
    bob.on(ChatClient.EVENT.MESSAGE_RECEIVED, ({ data }) => received.push(...data));
    const file = (name, type) => new File([Buffer.alloc(2000, name)], name, { type });
    await TUIChatService.sendFileMessage({ payload: { file: file("plan.txt", "text/plain") } });
    await TUIChatService.sendVideoMessage({ payload: { file: file("film.mp4", "video/mp4") } });
    await TUIChatService.sendAudioMessage({ payload: { file: file("voice.mp3", "audio/mp3") } });
    const [plan, film, voice] = stored(StoreName.CHAT, "messageList").slice(-3);
    assert.deepEqual([plan.status, plan.getMessageContent().name, plan.getMessageContent().size], ["success", "plan.txt", "1.95 Kb"]);
    assert.match(film.getMessageContent().url, /\/media\//);
    assert.match(voice.getMessageContent().url, /\/media\//);

    const to = [{ conversationID: "C2Cbob", type: TYPES.CONV_C2C }];
    await TUIChatService.sendForwardMessage(to, [plan, film]);
    await TUIChatService.sendForwardMessage(to, [plan, film], { needMerge: true, mergeInfo: {} });
    await until(() => received.length === 6, "all of them");
    const types = received.map(({ type }) => type);
    assert.deepEqual(types.slice(0, 5), [TYPES.MSG_FILE, TYPES.MSG_VIDEO, TYPES.MSG_AUDIO, TYPES.MSG_FILE, TYPES.MSG_VIDEO]);
    assert.equal(types[5], TYPES.MSG_MERGER);
    const { title, abstractList, messageList } = received[5].payload;
    assert.deepEqual([title, abstractList], ["alice 和 Bob 的聊天记录", ["alice: [文件]", "alice: [视频]"]]);
    assert.equal(messageList.length, 2);
    const merged = stored(StoreName.CHAT, "messageList").at(-1);
    assert.equal((await TUIChatService.downloadMergedMessages(merged.getMessage())).payload.messageList.length, 2);
});

test("typing is told and is not a message", async () => {
    const message = bob.createCustomMessage({
        to: "alice",
        conversationType: TYPES.CONV_C2C,
        payload: { data: JSON.stringify({ businessID: "user_typing_status", typingStatus: 1, userAction: 14 }), description: "", extension: "" },
    });
    const before = texts().length;
    await bob.sendMessage(message, { onlineUserOnly: true });
    await until(() => stored(StoreName.CHAT, "typingStatus"), "the typing");
    assert.equal(texts().length, before);
});

test("a group: joined, shown, written in, its members and attributes, receipts, and left", async () => {
    const joined = await TUIGroupService.joinGroup({ groupID: "hikers", applyMessage: "" });
    assert.equal(joined.data.status, TYPES.JOIN_STATUS_SUCCESS);
    await until(() => stored(StoreName.GRP, "groupList").some(({ groupID }) => groupID === "hikers"), "the group");
    await send(TYPES.CONV_GROUP, "hikers", "who comes?");
    await until(() => conversation("GROUPhikers")?.unreadCount === 1, "the conversation");
    assert.equal(conversation("GROUPhikers").getShowName(), "Hikers");
    await until(() => conversation("GROUPhikers").getLastMessage("text") === "Bob:who comes?", "the last message");

    await bob.initGroupAttributes({ groupID: "hikers", groupAttributes: { topic: "boots" } });
    await TUIConversationService.switchConversation("GROUPhikers");
    await TUIGroupService.switchGroup("hikers");
    assert.equal(stored(StoreName.GRP, "currentGroup").name, "Hikers");
    const members = () => stored(StoreName.GRP, "currentGroupMemberList").map(({ userID }) => userID).sort();
    assert.deepEqual(members(), ["alice", "bob"]);
    assert.deepEqual(stored(StoreName.GRP, "currentGroupAttributes"), { topic: "boots" });
    await bob.setGroupAttributes({ groupID: "hikers", groupAttributes: { topic: "sticks" } });
    await until(() => stored(StoreName.GRP, "currentGroupAttributes").topic === "sticks", "the attribute");
    await bob.updateGroupProfile({ groupID: "hikers", name: "Walkers", inviteOption: "FreeAccess" });
    await until(() => stored(StoreName.GRP, "currentGroup").name === "Walkers", "the name");
    const added = await TUIGroupService.addGroupMember({ groupID: "hikers", userIDList: ["carol"] });
    assert.deepEqual(added.data.successUserIDList, ["carol"]);
    await until(() => members().includes("carol"), "carol");
    await bob.deleteGroupMember({ groupID: "hikers", userIDList: ["carol"] });
    await until(() => !members().includes("carol"), "carol to go");

    const got = told(bob, ChatClient.EVENT.MESSAGE_RECEIVED, ({ payload }) => payload.text === "me");
    await TUIChatService.sendTextMessage({ payload: { text: "me" }, needReadReceipt: true });
    const mine = stored(StoreName.CHAT, "messageList").at(-1);
    await got;
    await bob.setMessageRead({ conversationID: "GROUPhikers" });
    const { data } = await TUIChatService.getGroupMessageReadMemberList({ message: mine, filter: 0, cursor: "", count: 100 });
    assert.deepEqual(data.readUserInfoList, [{ userID: "bob", nick: "Bob", avatar: "https://example.org/b.png" }]);

    await TUIGroupService.quitGroup("hikers");
    await until(() => !stored(StoreName.GRP, "groupList").some(({ groupID }) => groupID === "hikers"), "the group to go");
});

test("a group that one is removed from says so in the list, and one that is made is there", async () => {
    const { group } = (await bob.createGroup({ name: "Short", type: TYPES.GRP_WORK, memberList: [{ userID: "alice" }] })).data;
    const id = `GROUP${group.groupID}`;
    await send(TYPES.CONV_GROUP, group.groupID, "welcome");
    await until(() => conversation(id)?.getShowName() === "Short", "the group");
    await bob.deleteGroupMember({ groupID: group.groupID, userIDList: ["alice"], reason: "a mistake" });
    await until(() => stored(StoreName.GRP, "groupSystemNoticeList").some(({ payload }) => payload.operationType === 4), "the notice");
    const made = (await TUIGroupService.createGroup({ name: "Mine", type: TYPES.GRP_PUBLIC, memberList: [{ userID: "bob" }] })).data.group;
    await until(() => stored(StoreName.GRP, "groupList").some(({ groupID }) => groupID === made.groupID), "the new group");
    await TUIGroupService.dismissGroup(made.groupID);
});

test("conversations are pinned, muted, drafted in, and deleted", async () => {
    await conversation("C2Cbob").pinConversation();
    await until(() => conversation("C2Cbob").isPinned, "the pin");
    assert.equal(conversations()[0].conversationID, "C2Cbob");
    await TUIConversationService.setConversationDraft({ conversationID: "C2Cbob", draftText: "well" });
    assert.equal(conversation("C2Cbob").draftText, "well");
    await conversation("C2Cbob").pinConversation();
    await until(() => !conversation("C2Cbob").isPinned, "no pin");
    await conversation("C2Cbob").deleteConversation();
    await until(() => !conversation("C2Cbob"), "the conversation to go");
});

test("profiles and the blacklist", async () => {
    await TUIUserService.updateMyProfile({ nick: "Alice" });
    await until(() => stored(StoreName.USER, "userProfile").nick === "Alice", "the name");
    await TUIUserService.addToBlacklist({ userIDList: ["bob"] });
    await until(() => stored(StoreName.USER, "userBlacklist").length, "the blacklist");
    assert.deepEqual(stored(StoreName.USER, "userBlacklist"), [{ userID: "bob", nick: "Bob", avatar: "https://example.org/b.png" }]);
    await TUIUserService.removeFromBlacklist({ userIDList: ["bob"] });
    await TUIUserService.subscribeUserStatus({ userIDList: ["bob"] });
    await until(() => stored(StoreName.USER, "userStatusList").get("bob")?.statusType === 1, "bob's status");
});

test("what is missing is rejected and harms nothing", async () => {
    const [last] = stored(StoreName.CHAT, "messageList").slice(-1);
    await assert.rejects(TUIChatService.searchCloudMessages({ keyword: "x" }), { code: 2998 });
    await assert.rejects(TUIGroupService.getGroupCounters({ groupID: "hikers" }), { code: 2998 });
    assert.equal(last?.status ?? "success", "success");
    assert.equal(TUIChatEngine.isReady(), true);
});

test("the network goes and comes back", async () => {
    await broker.kill();
    await until(() => stored(StoreName.USER, "netStateChange") !== "connected", "the end of the connection");
    await broker.launch();
    await until(() => stored(StoreName.USER, "netStateChange") === "connected", "the connection", 30000);
    await until(() => send(TYPES.CONV_C2C, "alice", "back again").catch(() => false), "bob", 30000);
    await until(() => conversation("C2Cbob")?.lastMessage.messageForShow === "back again", "the message");
});

test("kicked out", async () => {
    // The store is emptied right after: what is shown is what those who watch it are told.
    const told = new Promise((resolve) => TUIStore.watch(StoreName.USER, { kickedOut: (type) => type && resolve(type) }));
    await broker.admin("kickUser", { userID: "alice" });
    assert.equal(await told, TYPES.KICKED_OUT_REST_API);
    await until(() => !TUIChatEngine.isReady(), "the end");
    assert.deepEqual(conversations(), []);
});
