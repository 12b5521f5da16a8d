// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Messages as applications see them, from the wire and from create...Message; without a broker.
import assert from "node:assert/strict";
import test from "node:test";
import { message, messageFromWire, messageToWire } from "../../../web/client/src/message.js";

const profiles = { bob: { nick: "Bob", avatar: "https://a/bob.png" } };
const core = {
    options: { httpUrl: "https://chat.example.org/" },
    userID: () => "alice",
    time: () => 1700000000123,
    users: { peek: (userID) => profiles[userID] },
};
const { methods: make, files } = message(core);
const json = (value) => JSON.parse(JSON.stringify(value));
const STAMP = { id: 917, seq: 12, time: 1700000000999 };

test("a private message, to the one and to the other", () => {
    const got = messageFromWire(core, { ...STAMP, sender: "bob", to: "alice", text: "hello", random: 5 }, "chat/user/alice");
    assert.deepEqual(got, {
        ID: "alice-bob-5", id: 917, random: 5, type: "TIMTextElem", payload: { text: "hello" }, conversationID: "C2Cbob",
        conversationType: "C2C", to: "alice", from: "bob", flow: "in", time: 1700000000, status: "success", isRevoked: false,
        priority: "Normal", nick: "Bob", avatar: "https://a/bob.png", isPeerRead: false, nameCard: "", atUserList: [],
        cloudCustomData: "", isDeleted: false, isModified: false, needReadReceipt: false,
        readReceiptInfo: { isPeerRead: false, readCount: undefined, unreadCount: undefined }, isBroadcastMessage: false,
        isSupportExtension: false, revoker: "", revokerInfo: { userID: "", nick: "", avatar: "" }, revokeReason: "",
        sequence: 12, hasRiskContent: false, elements: undefined,
    });
    const own = messageFromWire(core, { ...STAMP, sender: "alice", to: "bob", text: "hello" });
    assert.equal(own.conversationID, "C2Cbob");
    assert.equal(own.flow, "out");
    const hers = { ...STAMP, sender: "bob", to: "alice", text: "x", random: 5 };
    assert.equal(messageFromWire({ ...core, userID: () => "bob" }, hers).ID, "alice-bob-5", "the same for both");
});

test("IDs tell messages apart", () => {
    const wires = [
        { sender: "bob", to: "alice", random: 5 }, { sender: "bob", group: "g1", random: 5 }, { sender: "bob", to: "alice", id: 5 },
        { sender: "bob", to: "alice", random: 6 }, { sender: "carol", group: "g1", random: 5 }, { sender: "bob", group: "live", seq: 5, time: 9 },
        { sender: "bob", group: "live", seq: 6, time: 9 }, { sender: "bob", to: "alice", time: 9 },
    ];
    assert.equal(new Set(wires.map((wire) => messageFromWire(core, { time: 1, text: "", ...wire }).ID)).size, wires.length);
});

test("a group message, live, with all that stands beside the content", () => {
    const got = messageFromWire(core, {
        seq: 3, sender: "bob", group: "live", time: 1700000000999, custom: { data: "gift", desc: "d", ext: "e" }, priority: "high", at: "@all",
        cloudCustomData: "c", needReadReceipt: true,
    }, "chat/group/live");
    assert.equal(got.conversationID, "GROUPlive");
    assert.equal(got.conversationType, "GROUP");
    assert.equal(got.to, "live");
    assert.equal(got.id, undefined);
    assert.equal(got.priority, "High");
    assert.deepEqual(got.atUserList, ["__kImSDK_MesssageAtALL__"]);
    assert.equal(got.cloudCustomData, "c");
    assert.equal(got.needReadReceipt, true);
    assert.deepEqual(got.payload, { data: "gift", description: "d", extension: "e", sound: "" });
});

test("what is left of a recalled message, and an edited one", () => {
    const gone = messageFromWire(core, { ...STAMP, sender: "bob", to: "alice", recalled: true });
    assert.equal(gone.isRevoked, true);
    assert.deepEqual(gone.payload, { text: "" });
    assert.equal(messageFromWire(core, { ...STAMP, sender: "bob", to: "alice", edited: 1, text: "b" }).isModified, true);
});

test("several contents: the first is the payload, all are elements", () => {
    const got = messageFromWire(core, { ...STAMP, sender: "bob", to: "alice", elements: [{ text: "look" }, { face: { index: 1 } }] });
    assert.deepEqual(got.payload, { text: "look" });
    assert.deepEqual(got.elements?.map(({ type }) => type), ["TIMTextElem", "TIMFaceElem"]);
    got.payload = { text: "edited" };
    assert.deepEqual(json(messageToWire(core, got)), { elements: [{ text: "edited" }, { face: { index: 1 } }] });
});

test("tips are messages of their group", () => {
    const tip = (tips) => messageFromWire(core, { ...STAMP, sender: "bob", group: "g1", tips });
    const all = {
        join: 1, invite: 1, quit: 2, kick: 3, setAdmin: 4, cancelAdmin: 5, transfer: 6, info: 6, mute: 7, dismiss: 254, custom: 255, new: 0,
    };
    for (const [type, number] of Object.entries(all)) assert.equal(tip({ type }).payload.operationType, number, type);
    const invited = tip({ type: "invite", operator: "bob", members: ["carol", "bob"], reason: "r" });
    assert.equal(invited.type, "TIMGroupTipElem");
    assert.deepEqual(invited.payload, {
        operation: "invite", operationType: 1, operatorID: "bob", operatorInfo: { userID: "bob", nick: "Bob", avatar: "https://a/bob.png" },
        userIDList: ["carol", "bob"], memberCount: 2, groupProfile: { groupID: "g1", name: "" }, newGroupProfile: {}, reason: "r", userDefinedField: "",
        memberList: [{ userID: "carol", nick: "", avatar: "" }, { userID: "bob", nick: "Bob", avatar: "https://a/bob.png" }],
    });
    assert.equal(tip({ type: "join", operator: "bob", members: ["bob"], count: 40 }).payload.memberCount, 40);
    assert.deepEqual(tip({ type: "transfer", operator: "bob", members: ["carol"] }).payload.newGroupProfile, { ownerID: "carol" });
    assert.deepEqual(tip({ type: "info", operator: "bob", info: { groupName: "n", faceURL: "f", notification: "x" } }).payload.newGroupProfile,
        { groupName: "n", avatar: "f", notification: "x" });
    const muted = (mutedUntil) => tip({ type: "mute", operator: "bob", members: ["carol"], info: { mutedUntil } }).payload.memberList[0].muteTime;
    assert.equal(muted(STAMP.time + 60000), 60);
    assert.equal(muted(0), 0);
});

test("notices are messages of the system", () => {
    const notice = (notice) => messageFromWire(core, { id: 920, seq: 0, sender: "@system", to: "alice", time: 5000, notice });
    const all = {
        joinRequest: 1, joinAccepted: 2, joinRefused: 3, kicked: 4, dismissed: 5, invited: 7, adminGranted: 9, adminRevoked: 10, inviteRefused: 14,
        ownerGranted: 20, custom: 255,
    };
    for (const [type, number] of Object.entries(all)) assert.equal(notice({ type }).payload.operationType, number, type);
    const got = notice({ type: "joinRefused", group: "g1", operator: "bob", reason: "full" });
    assert.equal(got.type, "TIMGroupSystemNoticeElem");
    assert.equal(got.conversationID, "@TIM#SYSTEM");
    assert.equal(got.conversationType, "@TIM#SYSTEM");
    assert.deepEqual(got.payload, {
        operation: "joinRefused", operationType: 3, operatorID: "bob", operatorInfo: { userID: "bob", nick: "Bob", avatar: "https://a/bob.png" },
        groupProfile: { groupID: "g1", name: "" }, handleMessage: "full", userDefinedField: "",
    });
    assert.equal(notice({ type: "custom", operator: "admin", text: "hello" }).payload.userDefinedField, "hello");
});

test("what is created can be shown before it is sent", () => {
    const made = make.createTextMessage({ to: "bob", conversationType: "C2C", payload: { text: "hi" }, cloudCustomData: "c", needReadReceipt: true });
    assert.equal(made.status, "unSend");
    assert.equal(made.flow, "out");
    assert.equal(made.from, "alice");
    assert.equal(made.conversationID, "C2Cbob");
    assert.equal(made.time, 1700000000);
    assert.ok(Number.isSafeInteger(made.random) && made.random > 0);
    assert.deepEqual(json(messageToWire(core, made)), { text: "hi", cloudCustomData: "c", needReadReceipt: true, random: made.random });
    const received = messageFromWire(core, { ...STAMP, sender: "alice", to: "bob", ...json(messageToWire(core, made)) });
    assert.equal(received.ID, made.ID, "the same ID, sent and received");
    const other = make.createTextMessage({ to: "bob", conversationType: "C2C", payload: { text: "hi" } });
    assert.notEqual(other.ID, made.ID);
});

test("every type that can be created", () => {
    const to = { to: "g1", conversationType: "GROUP" };
    const wire = (made, options) => {
        const { random, ...rest } = json(messageToWire(core, made, options));
        assert.equal(random, made.random);
        return rest;
    };
    const at = (atUserList) => wire(make.createTextAtMessage({ ...to, payload: { text: "x", atUserList } }));
    assert.deepEqual(at(["bob"]), { text: "x", at: ["bob"] });
    assert.deepEqual(at(["bob", "__kImSDK_MesssageAtALL__"]), { text: "x", at: "@all" });
    assert.deepEqual(wire(make.createCustomMessage({ ...to, payload: { data: "d", description: "", extension: "e" } })), { custom: { data: "d", ext: "e" } });
    assert.deepEqual(wire(make.createFaceMessage({ ...to, payload: { index: 0, data: "d" } })), { face: { index: 0, data: "d" } });
    assert.deepEqual(wire(make.createLocationMessage({ ...to, payload: { description: "d", longitude: 113.9, latitude: 0 } })),
        { location: { desc: "d", latitude: 0, longitude: 113.9 } });
    const one = messageFromWire(core, { ...STAMP, sender: "bob", to: "alice", text: "one", random: 5 });
    const tip = messageFromWire(core, { ...STAMP, sender: "bob", group: "g1", tips: { type: "join" } });
    const merger = make.createMergerMessage({ ...to, payload: { messageList: [one, tip], title: "t", abstractList: ["Bob: one"], compatibleText: "c" } });
    assert.deepEqual(wire(merger), {
        merger: {
            title: "t", compatibleText: "c", abstracts: ["Bob: one"],
            messages: [{ ID: "alice-bob-5", sender: "bob", nick: "Bob", avatar: "https://a/bob.png", time: 1700000000000, text: "one" }],
        },
    });
    assert.deepEqual(wire(make.createForwardMessage({ ...to, payload: one })), { text: "one" });
    assert.deepEqual(wire(make.createForwardMessage({ ...to, payload: merger })), wire(merger));
    const url = "https://a/b.mp3";
    assert.deepEqual(wire(make.createAudioMessage({ ...to, payload: { url, seconds: 3 } })), { sound: { url, seconds: 3 } });
    const urgent = make.createTextMessage({ ...to, priority: "Lowest", payload: { text: "x" } });
    assert.deepEqual(wire(urgent, {
        onlineUserOnly: true, messageControlInfo: { excludedFromUnreadCount: true },
        offlinePushInfo: { disablePush: true, title: "T", description: "D", extension: "E", apnsInfo: { sound: "S", ignoreIOSBadge: true } },
    }), {
        text: "x", priority: "low", onlineOnly: true, noUnread: true,
        push: { disabled: true, title: "T", body: "D", ext: "E", sound: "S", badge: false },
    });
    assert.deepEqual(wire(urgent, { offlinePushInfo: { title: "", description: "" } }), { text: "x", priority: "low" }, "what is empty says nothing");
});

test("a file waits for its upload, in all the forms that files have", () => {
    const to = { to: "bob", conversationType: "C2C" };
    const bytes = Buffer.from("hello");
    const made = make.createFileMessage({ ...to, payload: { file: bytes, name: "a.txt" } });
    assert.deepEqual(made.payload, { uuid: "", fileUrl: "", fileName: "a.txt", fileSize: 5 });
    assert.equal(files.get(made)?.file, bytes);
    const blob = new Blob(["hello!"]);
    assert.equal(make.createFileMessage({ ...to, payload: { file: blob } }).payload.fileSize, 6);
    const input = { files: [Object.assign(new Blob(["x"]), { name: "b.txt" })] };
    const chosen = make.createFileMessage({ ...to, payload: { file: input } });
    assert.equal(chosen.payload.fileName, "b.txt");
    assert.equal(files.get(chosen)?.file, input.files[0]);
    assert.throws(() => make.createForwardMessage({ ...to, payload: made }), { code: 2905 });
});

test("what cannot be sent is not created", () => {
    const text = { payload: { text: "x" } };
    assert.throws(() => make.createTextMessage({ ...text, to: "bob", conversationType: "@TIM#SYSTEM" }), { code: 2106 });
    assert.throws(() => make.createTextMessage({ ...text, to: "", conversationType: "C2C" }), { code: 2905 });
    assert.throws(() => make.createTextMessage({ ...text, to: "g1", conversationType: "GROUP", receiverList: ["bob"] }), { code: 2998 });
    assert.throws(() => make.createImageMessage({ to: "bob", conversationType: "C2C", payload: {} }), { code: 2905 });
    const tip = messageFromWire(core, { ...STAMP, sender: "bob", group: "g1", tips: { type: "join" } });
    assert.throws(() => make.createForwardMessage({ to: "bob", conversationType: "C2C", payload: tip }), { code: 2905 });
});
