// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Whatever happens, the list of conversations is the one that a client gets that has never been here; and what the
// application was given is what the history says, once and in order. Random stories: STORY_SEED repeats one, STORY_SECONDS
// makes it longer.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { create } from "../../../web/client/src/chat.js";
import { Broker, CHECKOUT, SDKAPPID, makeStorage, sleep, userSig } from "./broker.js";
import { Device, Network } from "./wire.js";

const mqtt = createRequire(join(CHECKOUT, "web", "package.json"))("mqtt");
const { EVENT, TYPES } = ChatClient;
const SECONDS = +(process.env.STORY_SECONDS ?? 6);
const SEED = +(process.env.STORY_SEED ?? Date.now() % 1000000);
const SETTLED = 15000;
const GROUPS = { work: "Private", public: "Public", room: "ChatRoom" };

/** @type {Broker} */
let broker;
before(async () => {
    globalThis.window = /** @type {any} */ (new EventTarget());
    broker = await Broker.start();
    await broker.admin("importUsers", { userIDs: ["alice", "bob", "carol", "dave"] });
});
after(() => broker?.stop());

/** Numbers that the seed decides (mulberry32). */
function dice(seed) {
    let state = seed;
    const next = () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    return {
        chance: (part) => next() < part,
        pick: (list) => list[Math.floor(next() * list.length)],
        below: (number) => Math.floor(next() * number),
    };
}

/** MQTT.js, noting what it does. */
function traced(trace) {
    return (url, options) => {
        const client = mqtt.connect(url, options);
        const { publish } = client;
        const note = (...words) => trace.push([Date.now() % 100000, ...words].join(" "));
        client.publish = (topic, payload, ...rest) => (note(">", topic, payload), publish.call(client, topic, payload, ...rest));
        client.on("message", (topic, payload) => note("<", topic, payload));
        client.on("connect", () => note("connected"));
        client.on("close", () => note("closed"));
        return client;
    };
}

/** What of a conversation has to be the same. */
const view = ({ userProfile, groupProfile, draftText, ...rest }) => ({
    ...rest,
    name: userProfile?.userID ?? groupProfile.groupID,
    type: groupProfile?.type ?? "C2C",
});

class Story {
    constructor(seed) {
        this.dice = dice(seed);
        this.count = 0;
        this.storage = makeStorage();
        /** What the application was given: by conversation. @type {Map<string, any[]>} */
        this.seen = new Map();
        /** What this client has sent: by `random`. */
        this.sent = new Set();
        this.wrong = [];
        this.told = [];
        this.trace = [];
    }

    async begin() {
        this.network = await Network.to(broker.port);
        await this.connect();
        for (const [groupID, groupType] of Object.entries(GROUPS)) await this.found(groupID, groupType);
        await this.open();
    }

    async connect() {
        this.others = {};
        for (const user of ["bob", "carol"]) this.others[user] = await Device.connect(broker, user);
        /** Alice's phone. */
        this.phone = await Device.connect(broker, "alice");
        this.admin = await Device.connect(broker, "admin");
    }

    /** A group of bob's, with everybody in it. */
    found(groupID, groupType) {
        const members = ["alice", "carol"].map((userID) => ({ userID }));
        return this.others.bob.request("createGroup", { groupID, groupType, members, ...(groupType !== "Private" && { addOpt: "FreeAccess" }) });
    }

    async open() {
        this.chat = await this.login({ url: this.network.url, storage: this.storage });
    }

    /** A Chat of alice's that is ready. */
    async login(options) {
        const chat = create({ SDKAppID: SDKAPPID, url: broker.url, ...options }, options.storage === this.storage ? traced(this.trace) : mqtt.connect);
        broker.chats.push(chat);
        const ready = new Promise((resolve) => chat.on(EVENT.SDK_READY, resolve));
        chat.on(EVENT.MESSAGE_RECEIVED, ({ data }) => options.storage === this.storage && data.forEach((message) => this.see(message)));
        for (const name of [EVENT.NET_STATE_CHANGE, EVENT.KICKED_OUT, EVENT.ERROR])
            chat.on(name, ({ data }) => options.storage === this.storage && this.trace.push(`${Date.now() % 100000} ${name} ${JSON.stringify(data)}`));
        await chat.login({ userID: "alice", userSig: userSig("alice") });
        await ready;
        return chat;
    }

    see(message) {
        const { conversationID, id, sequence } = message;
        if (!id) return;
        const before = this.seen.get(conversationID) ?? [];
        this.seen.set(conversationID, before);
        const last = before.at(-1);
        if (last && (id <= last.id || sequence < last.sequence)) this.wrong.push(`${conversationID}: ${sequence} (${id}) after ${last.sequence} (${last.id})`);
        before.push({ id, sequence });
    }

    async end() {
        await this.chat.destroy();
        for (const device of [...Object.values(this.others), this.phone, this.admin]) await device.end();
        await this.network.end();
    }

    // ---- what may happen

    /** A conversation of alice's, as the protocol names it. */
    place() {
        return this.dice.pick([{ to: "bob" }, { to: "bob" }, { to: "carol" }, ...Object.keys(GROUPS).map((group) => ({ group }))]);
    }

    id({ to, group }) {
        return to ? `C2C${to}` : `GROUP${group}`;
    }

    content() {
        const { chance, pick } = this.dice;
        const content = { text: `m${++this.count}`, random: 1 + this.dice.below(2 ** 40) };
        if (chance(0.15)) content.at = pick([["alice"], ["carol", "alice"], ["carol"], "@all"]);
        if (chance(0.1)) content.noUnread = true;
        if (chance(0.05)) content.onlineOnly = true;
        return content;
    }

    /** A message that somebody of the two finds in the history. */
    async message(device, place) {
        const { data } = await device.request("getHistory", { ...place, limit: 10 });
        return this.dice.pick(data?.messages ?? []);
    }

    /** Somebody else, with alice's conversation as they name it. */
    other() {
        const place = this.place();
        const user = place.to ?? this.dice.pick(["bob", "carol"]);
        return { device: this.others[user], user, place: place.to ? { to: "alice" } : place };
    }

    static actions = {
        24: async function write() {
            const { device, place } = this.other();
            const to = place.to ? `user/${place.to}` : `group/${place.group}`;
            for (let left = this.dice.pick([1, 1, 2, 5]); left; left--) device.send(to, this.content(), this.dice.pick([0, 1, 1]));
        },
        6: async function writeByPhone() {
            const { to, group } = this.place();
            this.phone.send(to ? `user/${to}` : `group/${group}`, this.content());
        },
        6.1: async function write() {
            const { to, group } = this.place();
            const conversationType = to ? TYPES.CONV_C2C : TYPES.CONV_GROUP;
            const message = this.chat.createTextMessage({ to: to ?? group, conversationType, payload: { text: `m${++this.count}` } });
            this.sent.add(message.random);
            this.chat.sendMessage(message).catch(() => {});
        },
        2.6: async function change() {
            const { data } = await this.chat.getMessageList({ conversationID: this.id(this.place()) });
            const message = this.dice.pick(data.messageList.filter(({ flow }) => flow === "out").slice(-4));
            const other = this.dice.pick(data.messageList);
            const what = this.dice.pick(["revoke", "revoke", "modify", "modify", "delete", "clear", "receipt"]);
            if (!message) return;
            if (what === "revoke") await this.chat.revokeMessage(message);
            if (what === "modify") await this.chat.modifyMessage(Object.assign(message, { payload: { text: `m${++this.count}` } }));
            if (what === "delete") await this.chat.deleteMessage([message, other]);
            if (what === "clear") await this.chat.clearHistoryMessage(message.conversationID);
            if (what === "receipt") await this.chat.sendMessageReadReceipt([other]);
        },
        5: async function recall() {
            const { device, place } = this.dice.chance(0.3) ? { device: this.phone, place: this.place() } : this.other();
            const { id } = (await this.message(device, place)) ?? {};
            if (id) await device.request("recallMessage", { id });
        },
        5.1: async function edit() {
            const { device, place } = this.dice.chance(0.3) ? { device: this.phone, place: this.place() } : this.other();
            const { id } = (await this.message(device, place)) ?? {};
            const { onlineOnly, random, noUnread, ...content } = this.content();
            if (id) await device.request("editMessage", { id, ...content });
        },
        3: async function markReadByPhone() {
            const place = this.place();
            const { id } = (this.dice.chance(0.5) && (await this.message(this.phone, place))) || {};
            await this.phone.request("markRead", { ...place, ...(id && { id }) });
        },
        3.1: async function markReadByOther() {
            const { device, place } = this.other();
            await device.request("markRead", place);
        },
        3.2: async function markRead() {
            await this.chat.setMessageRead({ conversationID: this.id(this.place()) });
        },
        1: async function markAllRead() {
            await this.chat.setAllMessageRead({ scope: this.dice.pick([TYPES.READ_ALL_MSG, TYPES.READ_ALL_C2C_MSG, TYPES.READ_ALL_GROUP_MSG]) });
        },
        3.3: async function deleteMessagesByPhone() {
            const ids = [];
            for (let left = this.dice.pick([1, 3]); left; left--) ids.push((await this.message(this.phone, this.place()))?.id);
            if (ids.every(Boolean)) await this.phone.request("deleteMessages", { ids });
        },
        2: async function deleteByPhone() {
            await this.phone.request("deleteConversation", { ...this.place(), keepMessages: this.dice.chance(0.5) });
        },
        2.1: async function remove() {
            const conversationID = this.id(this.place());
            await this.chat.deleteConversation(
                this.dice.chance(0.5) ? conversationID : { conversationIDList: [conversationID], clearHistoryMessage: this.dice.chance(0.5) },
            );
        },
        2.2: async function pinByPhone() {
            await this.phone.request("setConversation", { ...this.place(), pinned: this.dice.chance(0.6) });
        },
        2.3: async function pin() {
            await this.chat.pinConversation({ conversationID: this.id(this.place()), isPinned: this.dice.chance(0.6) });
        },
        2.4: async function receive() {
            const groupID = this.dice.pick(Object.keys(GROUPS));
            const option = this.dice.pick(["AcceptAndNotify", "AcceptAndNotify", "AcceptNotNotify", "Discard"]);
            if (this.dice.chance(0.5)) await this.phone.request("setGroupMemberInfo", { groupID, receiveOption: option });
            else await this.chat.setMessageRemindType({ groupID, messageRemindType: option });
        },
        2.5: async function kick() {
            await this.others.bob.request("deleteGroupMember", { groupID: this.dice.pick(Object.keys(GROUPS)), members: ["alice"] });
        },
        4: async function invite() {
            const groupID = this.dice.pick(Object.keys(GROUPS));
            if (this.dice.chance(0.3)) await this.phone.request("joinGroup", { groupID });
            else if (this.dice.chance(0.4)) await this.admin.request("inviteGroupMember", { groupID, members: ["alice"], silent: true });
            else await this.others.bob.request("inviteGroupMember", { groupID, members: ["alice"] });
        },
        1.1: async function quit() {
            const groupID = this.dice.pick(Object.keys(GROUPS));
            if (this.dice.chance(0.5)) await this.phone.request("quitGroup", { groupID });
            else if (this.dice.chance(0.5)) await this.chat.quitGroup(groupID);
            else await this.admin.request("deleteGroupMember", { groupID, members: ["alice"], silent: true });
        },
        0.7: async function dismiss() {
            const groupID = this.dice.pick(Object.keys(GROUPS));
            if (!(await this.others.bob.request("dismissGroup", { groupID })).data && groupID !== "work") return;
            await this.admin.request("dismissGroup", { groupID });
            const next = `${groupID.replace(/\d+$/, "")}${++this.count}`;
            GROUPS[next] = GROUPS[groupID];
            delete GROUPS[groupID];
            await this.found(next, GROUPS[next]);
        },
        1.2: async function purge() {
            const groupID = this.dice.pick(Object.keys(GROUPS));
            await this.others.bob.request("purgeMessages", { group: groupID, userID: this.dice.pick(["bob", "carol", "alice"]) });
        },
        1.3: async function cut() {
            this.network.isOpen = this.dice.chance(0.3);
            this.network.cut();
            await sleep(this.dice.below(200));
            this.network.isOpen = true;
        },
        1.4: async function stall() {
            // What is on its way is lost with the connection.
            this.network.isDeaf = true;
            await sleep(this.dice.below(100));
            this.network.cut();
            this.network.isDeaf = false;
        },
        0.2: async function crash() {
            await broker.kill();
            await broker.launch();
            await this.connect();
        },
        0.8: async function reload() {
            await this.chat.destroy();
            this.told.push("reloaded");
            await this.open();
        },
    };

    async step() {
        const all = Object.entries(Story.actions);
        let at = this.dice.below(1000) / 1000 * all.reduce((sum, [weight]) => sum + +weight, 0);
        const [, action] = all.find(([weight]) => (at -= +weight) < 0) ?? all[0];
        this.told.push(action.name);
        // Without a connection, or where alice is no member, it is refused: that is part of the story.
        const done = action.call(this).catch(() => {});
        await (/crash|reload/.test(action.name) ? done : Promise.race([done, sleep(500)]));
        if (this.dice.chance(0.3)) await sleep(this.dice.below(40));
    }

    // ---- how it ends

    async check() {
        // After some cuts the client waits longer and longer: the browser says that there is a network.
        globalThis.window.dispatchEvent(new Event("online"));
        const fresh = await this.login({ clientID: `alice:iot:fresh${++this.count}`, storage: makeStorage() });
        const end = Date.now() + SETTLED;
        try {
            for (;;) {
                const { data: wanted } = await this.quiet(fresh);
                const { data: found } = await this.quiet(this.chat);
                try {
                    assert.deepEqual(found.conversationList.map(view), wanted.conversationList.map(view));
                    assert.equal(this.chat.getTotalUnreadMessageCount(), fresh.getTotalUnreadMessageCount());
                    await this.checkServer(found.conversationList);
                    for (const to of ["bob", "carol"]) await this.checkSeen(to);
                    break;
                } catch (error) {
                    if (Date.now() > end) throw error;
                }
                await sleep(100);
            }
        } finally {
            await fresh.destroy();
        }
        assert.deepEqual(this.wrong, []);
    }

    quiet(chat) {
        return Promise.race([
            chat.getConversationList(),
            new Promise((_, reject) => setTimeout(() => reject(new Error("no list")), SETTLED).unref()),
        ]);
    }

    /** Of what a private conversation has now nothing was kept from the application. */
    async checkSeen(to) {
        const { messages } = await this.phone.ask("getHistory", { to, after: 0, limit: 100 });
        while (messages.length) {
            const page = await this.phone.ask("getHistory", { to, after: messages.at(-1).id, limit: 100 });
            if (!page.messages.length) break;
            messages.push(...page.messages);
        }
        const seen = new Set((this.seen.get(`C2C${to}`) ?? []).map(({ id }) => id));
        const isChange = ({ recall, edit, purge }) => recall ?? edit ?? purge;
        // Of a recalled one, or one edited elsewhere, it cannot be said which device has sent it.
        const isOurs = ({ sender, random, recalled, edited }) => this.sent.has(random) || ((recalled || edited) && sender === "alice");
        const missing = messages.filter((each) => !isChange(each) && !seen.has(each.id) && !isOurs(each));
        assert.deepEqual(missing, []);
    }

    /** The same by the protocol. */
    async checkServer(list) {
        const { conversations } = await this.phone.ask("getConversations", { limit: 500 });
        const plain = (id, unread, at, pinned) => `${id} ${unread} ${at} ${pinned}`;
        assert.deepEqual(
            list.map((each) => plain(each.conversationID, each.unreadCount, each.groupAtInfoList.length > 0, each.isPinned)).sort(),
            conversations.map((each) => plain(this.id(each), each.unread, !!each.group && each.atMe, each.pinned)).sort(),
        );
    }
}

test(`the list is at any time what a fresh client has (STORY_SEED=${SEED})`, { timeout: (SECONDS + 60) * 1000 }, async () => {
    const story = new Story(SEED);
    await story.begin();
    const end = Date.now() + SECONDS * 1000;
    try {
        while (Date.now() < end) {
            for (let left = 40; left; left--) await story.step();
            await story.check();
            story.told = [];
        }
    } catch (error) {
        console.error(story.told.join(" "));
        if (process.env.STORY_TRACE) console.error(story.trace.slice(-400).join("\n"));
        throw error;
    } finally {
        await story.end();
    }
});
