// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Nothing lost, nothing twice, in order: random traffic of several pages while networks drop, stall and end in the middle of
// a packet, the broker is killed, and pages are loaded again. At the end each page must have seen exactly what the history
// says, and whatever was ever sent must be in it once.
//
// CUTS_SECONDS (5) is how long one story goes on, CUTS_STORIES (1) how many are told, CUTS_SEED the first one's number.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { Broker, makeStorage, sleep, until, userSig } from "./broker.js";
import { Proxy } from "./proxy.js";

const { EVENT, TYPES } = ChatClient;
const SECONDS = Number(process.env.CUTS_SECONDS ?? 5);
const STORIES = Number(process.env.CUTS_STORIES ?? 1);
const SEED = Number(process.env.CUTS_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** How long everything may take to come to rest. */
const PATIENCE = 60000;
const DEVICES = ["alice", "alice", "bob", "carol"];
const USERS = [...new Set(DEVICES)];
const GROUPS = ["hikers", "cooks"];

/** Numbers that are the same for the same seed (mulberry32). */
function makeRandom(seed) {
    let state = seed;
    const random = () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    return {
        below: (n) => Math.floor(random() * n),
        oneOf: (list) => list[Math.floor(random() * list.length)],
    };
}

/** The number of a message that a page has sent: texts are "<page> <number> xxx". */
const numberOf = (text) => text?.split(" ")[1];

/** Recalls, edits and purges are in the history as well. */
const isChange = (wire) => "recall" in wire || "edit" in wire || "purge" in wire;

/** A device of a user: a page that can be loaded again, behind a network of its own. */
class Page {
    constructor(story, userID, number) {
        Object.assign(this, { story, userID, name: `${userID}${number}` });
        /** bob's application takes its time with each message, and has had it when it is done. */
        this.isSlow = userID === "bob";
        /** carol's pages crash: they hear nothing before. What was not yet written down comes again then, but nothing is lost. */
        this.isCrashing = userID === "carol";
        this.storage = makeStorage();
        /** What the application was given, and what it knows because its sendMessage has said so: conversationID -> messages. */
        this.seen = new Map();
        /** Texts in the order of sending: conversationID -> texts. */
        this.sent = new Map();
        /** Messages of its own that this page has in hand, and the numbers of those that it may have recalled. */
        this.own = [];
        this.recalled = new Set();
        this.count = 0;
        this.lives = 0;
    }

    async open(broker) {
        this.broker = broker;
        this.proxy = await Proxy.start(broker.port);
        await this.load();
    }

    /** The page is loaded: again and again, until its login has succeeded. */
    async load() {
        const { values } = this.storage;
        const life = { isOver: false };
        this.lives += 1;
        // A page that has gone reads and writes nothing any more.
        const storage = {
            get: (key) => (life.isOver ? undefined : values.get(key)),
            set: (key, value) => void (life.isOver || values.set(key, value)),
            remove: (key) => void (life.isOver || values.delete(key)),
        };
        const chat = ChatClient.create({ SDKAppID: 1400000000, url: this.proxy.url, storage, heartbeat: 2 });
        Object.assign(this, { life, chat });
        let before = Promise.resolve();
        chat.on(EVENT.MESSAGE_RECEIVED, ({ data }) => {
            const take = () => {
                for (const message of life.isOver ? [] : data) this.see(message, "received");
            };
            if (!this.isSlow) return take();
            before = before.then(() => sleep(this.story.random.below(100))).then(take);
            return before;
        });
        chat.on(EVENT.KICKED_OUT, ({ data }) => this.story.fail(`${this.name} was kicked out: ${data.type}`));
        this.ready = new Promise((resolve) => chat.on(EVENT.SDK_READY, resolve));
        for (;;) {
            try {
                return await chat.login({ userID: this.userID, userSig: userSig(this.userID) });
            } catch (error) {
                if (life.isOver) return undefined;
                if (error.code !== 2800) throw error;
                await sleep(50);
            }
        }
    }

    see(message, how) {
        const { conversationID } = message;
        if (!this.seen.has(conversationID)) this.seen.set(conversationID, []);
        const { ID, sequence, type } = message;
        const when = `${how} at ${this.story.time()} in life ${this.lives}`;
        this.seen.get(conversationID).push({ ID, sequence, type, how, when, life: this.lives, text: message.payload?.text });
    }

    send() {
        const { story, chat, life } = this;
        if (!chat.isReady()) return;
        const isGroup = story.random.below(2);
        const to = story.random.oneOf(isGroup ? GROUPS : USERS.filter((user) => user !== this.userID));
        const conversationType = isGroup ? TYPES.CONV_GROUP : TYPES.CONV_C2C;
        const conversationID = conversationType + to;
        const text = `${this.name} ${(this.count += 1)} ${"x".repeat(story.random.below(300))}`;
        const message = chat.createTextMessage({ to, conversationType, payload: { text } });
        if (!this.sent.has(conversationID)) this.sent.set(conversationID, []);
        this.sent.get(conversationID).push(text);
        chat.sendMessage(message).then(
            ({ data }) => {
                if (life.isOver) return;
                this.see(data.message, "sent");
                this.own.push(data.message);
            },
            (error) => {
                if (!life.isOver) this.story.fail(`${this.name}: "${text}" was rejected: ${error.code} ${error.message}`);
            },
        );
    }

    /** One of its own is recalled, edited, or a conversation is read: whether that comes to the server is left to luck. */
    change() {
        const { story, chat, own } = this;
        const message = story.random.oneOf(own);
        const dice = story.random.below(3);
        if (!chat.isReady() || !message) return;
        const ignore = () => {};
        if (dice === 0) {
            this.recalled.add(numberOf(message.payload.text));
            chat.revokeMessage(message).catch(ignore);
        } else if (dice === 1 && !message.isRevoked) {
            message.payload.text += " edited";
            chat.modifyMessage(message).catch(ignore);
        } else {
            chat.setMessageRead({ conversationID: message.conversationID }).catch(ignore);
        }
    }

    /** The page goes, as pages go: it is told, and has no more time for anything. */
    async reload() {
        const { chat, life, proxy } = this;
        if (!this.isCrashing) globalThis.window.dispatchEvent(new Event("pagehide"));
        life.isOver = true;
        this.own = [];
        const { refusing } = proxy;
        proxy.refusing = true;
        proxy.cut();
        await chat.destroy();
        proxy.refusing = refusing;
        await this.load();
    }

    async close() {
        this.life.isOver = true;
        await this.chat.destroy();
        await this.proxy.stop();
    }
}

class Story {
    constructor(seed) {
        this.seed = seed;
        this.random = makeRandom(seed);
        this.pages = DEVICES.map((userID, i) => new Page(this, userID, i));
        this.failures = [];
        this.log = [];
    }

    fail(text) {
        this.failures.push(text);
    }

    time() {
        return ((Date.now() - this.start) / 1000).toFixed(2);
    }

    note(text) {
        this.log.push(`${this.time()} ${text}`);
    }

    async begin() {
        this.start = Date.now();
        this.broker = await Broker.start();
        await this.broker.admin("importUsers", { userIDs: USERS });
        await Promise.all(this.pages.map((page) => page.open(this.broker)));
        await Promise.all(this.pages.map((page) => page.ready));
        for (const groupID of GROUPS) {
            const members = USERS.map((userID) => ({ userID }));
            await this.broker.ask("alice", "createGroup", { groupType: "Public", groupID, members }, "alice:web:other");
        }
    }

    /** One thing happens. */
    async step() {
        const { random } = this;
        const page = random.oneOf(this.pages);
        const { proxy } = page;
        const dice = random.below(100);
        if (dice < 60) {
            for (let i = random.below(4); i >= 0; i--) page.send();
        } else if (dice < 70) {
            page.change();
        } else if (dice < 78) {
            this.note(`${page.name} drop`);
            proxy.drop();
        } else if (dice < 88) {
            const bytes = random.below(3000);
            this.note(`${page.name} cut after ${bytes} bytes`);
            proxy.cutAfter(bytes);
        } else if (dice < 92) {
            const wait = random.below(600);
            this.note(`${page.name} stall ${wait}`);
            proxy.stall();
            setTimeout(() => proxy.heal(), wait);
        } else if (dice < 95) {
            this.note(`${page.name} refuse`);
            proxy.refusing = true;
            proxy.drop();
            setTimeout(() => (proxy.refusing = false), random.below(600));
        } else if (dice < 99) {
            this.note(`${page.name} reload`);
            await Promise.race([page.reload(), sleep(random.below(300))]);
        } else {
            this.note("the broker is killed");
            await this.broker.kill();
            await this.broker.launch();
            this.note("the broker is back");
        }
        // A browser that has a network again says so, and does not wait for the next try.
        if (random.below(10) === 0) globalThis.window.dispatchEvent(new Event("online"));
        await sleep(random.below(40));
    }

    async tell() {
        const end = Date.now() + SECONDS * 1000;
        while (Date.now() < end && !this.failures.length) await this.step();
        await sleep(700); // what was to come back by itself has
        for (const { proxy } of this.pages) {
            proxy.cutAfter(Infinity);
            proxy.heal();
        }
    }

    /** What each user can see of a conversation, from the server. */
    async history(userID, conversationID) {
        // Of a platform that does not count among those that send each other away.
        const clientID = `${userID}:iot:other`;
        const where = conversationID.startsWith("C2C") ? { to: conversationID.slice(3) } : { group: conversationID.slice(5) };
        const all = [];
        for (let after = 0; ; after = all.at(-1).id) {
            const { messages, complete } = await this.broker.ask(userID, "getHistory", { ...where, after, limit: 100 }, clientID);
            all.push(...messages);
            if (complete) return all;
        }
    }

    /** The list of conversations as the server has it: id, unread, seq of the last message. */
    async list(userID) {
        const { conversations } = await this.broker.ask(userID, "getConversations", { limit: 100 }, `${userID}:iot:other`);
        return conversations.map(({ to, group, unread, lastMessage }) => `${group ? `GROUP${group}` : `C2C${to}`} ${unread} #${lastMessage.seq}`);
    }

    conversationsOf(userID) {
        return [...USERS.filter((user) => user !== userID).map((user) => `C2C${user}`), ...GROUPS.map((group) => `GROUP${group}`)];
    }

    /** What of this page is not as the history says: texts. */
    async complaints(page, histories, list) {
        const found = [];
        const { data } = await page.chat.getConversationList();
        const shown = data.conversationList
            .filter(({ type }) => type !== TYPES.CONV_SYSTEM)
            .map(({ conversationID, unreadCount, lastMessage }) => `${conversationID} ${unreadCount} #${lastMessage.lastSequence}`);
        // In which order they are shown story.test.js says: an edit moves a conversation in the server's list, and not here.
        if (shown.sort().join() !== list.sort().join()) found.push(`${page.name}: the list is ${shown.join(", ")}; it should be ${list.join(", ")}`);
        for (const [conversationID, all] of histories) {
            const history = all.filter((wire) => !isChange(wire));
            const say = (text) => found.push(`${page.name} ${conversationID}: ${text}`);
            const short = ({ text, sequence, type, when }) => `#${sequence} ${text?.slice(0, 12) ?? type} (${when})`;

            const seen = page.seen.get(conversationID) ?? [];
            const inOrder = seen.filter(({ how }) => how === "received");
            for (let i = 1; i < inOrder.length; i++) {
                const isAgain = page.isCrashing && inOrder[i].life > inOrder[i - 1].life;
                if (inOrder[i].sequence < inOrder[i - 1].sequence && !isAgain) say(`${short(inOrder[i])} after ${short(inOrder[i - 1])}`);
            }
            const counts = new Map();
            for (const each of seen) counts.set(each.ID, (counts.get(each.ID) ?? 0) + 1);
            for (const each of seen) if (counts.get(each.ID) > 1 && !page.isCrashing) say(`twice: ${short(each)}`);
            const mine = new Map(seen.map((each) => [`${each.sequence} ${each.type}`, each]));
            const theirs = new Map(history.map((wire) => [`${wire.seq} ${wire.tips ? TYPES.MSG_GRP_TIP : TYPES.MSG_TEXT}`, wire]));
            for (const [key, wire] of theirs) {
                const { ID } = mine.get(key) ?? {};
                const message = ID && page.chat.findMessage(ID);
                if (!ID) say(`never seen: ${key} ${wire.text?.slice(0, 12)}`);
                if (!message || wire.tips) continue;
                const { isRevoked, payload } = message;
                if (isRevoked !== (wire.recalled === true)) say(`${key} is ${isRevoked ? "" : "not "}recalled`);
                else if (!isRevoked && payload.text !== wire.text) say(`${key} should be ${wire.text}, and is ${payload.text}`);
            }
            for (const [key, { text }] of mine) if (!theirs.has(key)) say(`not in the history: ${key} ${text?.slice(0, 12)}`);

            // What was recalled has no text any more by which it could be known.
            const numbers = (texts) => texts.map(numberOf).filter((number) => !page.recalled.has(number));
            const sent = numbers(page.sent.get(conversationID) ?? []);
            const stored = numbers(history.map(({ text }) => text).filter((text) => text?.startsWith(`${page.name} `)));
            if (stored.join() !== sent.join()) say(`sent ${sent}, in the history ${stored}`);
        }
        return found;
    }

    async allComplaints() {
        const found = [];
        for (const userID of USERS) {
            const histories = new Map();
            for (const id of this.conversationsOf(userID)) histories.set(id, await this.history(userID, id));
            const list = await this.list(userID);
            for (const page of this.pages) if (page.userID === userID) found.push(...(await this.complaints(page, histories, list)));
        }
        return found;
    }

    async check() {
        let found = [];
        try {
            await until(
                async () => {
                    globalThis.window.dispatchEvent(new Event("online"));
                    await sleep(500);
                    found = this.failures.length ? [] : await this.allComplaints();
                    return !found.length || found.some((text) => /twice|after #/.test(text));
                },
                "rest",
                PATIENCE,
            );
        } catch {
            // said below
        }
        found.push(...this.failures);
        if (!found.length) {
            // And nothing comes after that.
            await sleep(500);
            found = [...(await this.allComplaints()), ...this.failures];
        }
        const sent = this.pages.flatMap(({ sent }) => [...sent.values()].flat()).length;
        if (found.length) {
            for (const { name, storage } of this.pages) {
                const kept = [...storage.values].filter(([key]) => key.includes(":outbox:"));
                if (kept.length) found.push(`${name} keeps ${JSON.stringify(kept)}`);
            }
        }
        assert.deepEqual(found, [], `CUTS_SEED=${this.seed}: ${sent} messages\n${this.log.join("\n")}`);
        return sent;
    }

    async end() {
        await Promise.all(this.pages.map((page) => page.close()));
        await this.broker.stop();
    }
}

before(() => {
    globalThis.window = new EventTarget();
});
after(() => {
    delete globalThis.window;
});

for (let i = 0; i < STORIES; i++) {
    test(`story ${SEED + i}`, async (t) => {
        const story = new Story(SEED + i);
        t.after(() => story.end());
        await story.begin();
        await story.tell();
        t.diagnostic(`${await story.check()} messages were sent`);
    });
}
