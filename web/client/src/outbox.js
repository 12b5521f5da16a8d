// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What is on its way out. A message stays here, and in storage, until the server has said what became of it: so it goes
// out after a tunnel, a reload of the page or a crash of the broker, once, and in its conversation in the order of sending.
//
// Of a conversation one message at a time is without an ack, so that what has to be sent again never comes behind what
// was sent later. What comes twice the server knows by its `random`, for five minutes; after that the history is asked.
import { TYPES } from "./constants.js";
import { ok } from "./core.js";
import { ChatError, CODE } from "./errors.js";
import { target } from "./history.js";
import { conversationOf, makeMessage, messageToWire } from "./message.js";

/** How long the server knows a `random`, less what may be between two clocks. */
const KNOWN = 4 * 60 * 1000;
/** So much earlier than it was sent a message is looked for in the history: clocks differ. */
const SLACK = 10 * 60 * 1000;
/** The wait after "too fast" and "busy", and how often that is borne. */
const SLOW_DOWN = 1000;
const MOST_TRIES = 30;
/** An ack without the receipt that belongs to it, or a refusal without its reason: after this it is sent again. */
const NO_WORD = 20000;
const NO_REASON = 3000;
/** Longer than any server takes; a broker might close the connection for it, again and again. */
const MOST_BYTES = 1 << 20;

const MANY = 20;

const WAITING = 0;
const SENDING = 1;
const ACKED = 2;
/** Refused for now. */
const PAUSED = 3;

/**
 * @typedef {import("./message.js").Message} Message
 * @typedef {import("./elements.js").Fields} Fields
 *
 * @typedef {Object} Entry
 * @property {string} conversationID
 * @property {Fields} wire what is published
 * @property {number} tried since when it may have been published, 0: it was not
 * @property {boolean} brief nothing is stored of it: it goes out now or never
 * @property {Message} message
 * @property {number} state
 * @property {number} tries that were too many
 * @property {((answer: any) => void)[]} done
 * @property {((error: any) => void)[]} failed
 * @property {() => void} endTimer
 */

/**
 * @param {import("./core.js").Core} core
 */
export function outbox(core) {
    const { wire } = core;
    /** In the order of sending. @type {Entry[]} */
    let entries = [];
    /** Where they are kept. */
    let key = "";
    /** A write that has not begun. @type {Promise<void> | undefined} */
    let saving;
    /** The last write. */
    let written = Promise.resolve();
    /** Groups by whether they are live. @type {Map<string, boolean>} */
    const lives = new Map();

    const topicOf = (/** @type {Entry} */ { conversationID }) => {
        const { to, group } = target(conversationID);
        return group ? `chat/group/${group}` : `chat/user/${to}`;
    };

    /** What was changed in one turn is written once; one write after the other. */
    const save = () => (saving ??= written = written.then(write));

    /** The client id is another one when another tab has taken this one's. */
    async function write() {
        saving = undefined;
        const now = core.userID() && `outbox:${core.userID()}:${core.clientID()}`;
        if (!now) return;
        const kept = entries.filter(({ brief }) => !brief);
        if (key && key !== now) core.storage.remove(key);
        key = now;
        const list = kept.map(({ conversationID, wire, tried, message: { time } }) => ({ conversationID, wire, tried, time }));
        await (list.length ? core.storage.set(key, list) : core.storage.remove(key));
    }

    /**
     * @param {Message} message
     * @param {Fields} content
     * @param {number} tried
     * @param {boolean} brief
     * @returns {Entry}
     */
    const enter = (message, content, tried, brief) => ({
        conversationID: message.conversationID, wire: content, tried, brief, message, state: WAITING, tries: 0, done: [], failed: [],
        endTimer: () => {},
    });

    /** @param {Entry} entry */
    function leave(entry) {
        entry.endTimer();
        entries = entries.filter((each) => each !== entry);
        // Many are written once a frame: should the page go away before, what is sent again is the same message.
        if (entries.length < MANY) save();
        else core.later(save);
        pump();
    }

    /**
     * @param {Entry} entry
     * @param {Fields} stamp what the server says of it: nothing of what is not stored
     */
    function succeed(entry, { id, seq, time }) {
        const { message, conversationID } = entry;
        message.status = "success";
        if (time) message.time = Math.floor(time / 1000);
        if (id) Object.assign(message, { id, sequence: seq });
        core.history.keep(message);
        if (id) {
            // For the other parts, as it would come to the user's other devices.
            wire.emit("sent", { id, seq, sender: core.userID(), ...target(conversationID), time, ...entry.wire }, isAwaited(entry));
        }
        leave(entry);
        for (const f of entry.done) f(ok({ message }));
    }

    /**
     * @param {Entry} entry
     * @param {ChatError} error
     */
    function fail(entry, error) {
        entry.message.status = "fail";
        leave(entry);
        for (const f of entry.failed) f(error);
    }

    /** What waits for the receipt of this message. @param {Fields} wire */
    const find = (wire) =>
        wire.sender === core.userID()
            ? entries.find((each) => each.wire.random === wire.random && each.conversationID === conversationOf(core, wire).ID)
            : undefined;

    /** Or was it sent before the page was loaded again? @param {Entry} entry */
    const isAwaited = ({ done }) => done.length > 0;

    /** Is this group a live one? Undefined: not known yet. @param {string} group */
    const knownLive = (group) => {
        const type = core.groups?.peek(group)?.type;
        return type ? type === TYPES.GRP_AVCHATROOM : lives.get(group);
    };

    /** @param {Entry} entry */
    async function learnLive({ conversationID, wire: content }) {
        const { group } = target(conversationID);
        if (!group || content.onlineOnly || knownLive(group) !== undefined) return;
        const { groupType } = await core.ask("getGroupInfo", { groupID: group });
        lives.set(group, groupType === TYPES.GRP_AVCHATROOM);
    }

    /**
     * Has it been stored when it was sent before?
     * @param {Entry} entry
     * @returns {Promise<Fields | undefined>}
     */
    async function inHistory({ conversationID, wire: { random }, tried }) {
        const conversation = { ...target(conversationID), limit: 100 };
        /** @type {Fields} */
        let from = { afterTime: Math.max(0, tried - SLACK) };
        for (;;) {
            const { messages, complete, after } = await core.ask("getHistory", { ...conversation, ...from });
            const found = messages.find((/** @type {Fields} */ each) => each.random === random && each.sender === core.userID());
            if (found || complete) return found;
            from = { after: messages[messages.length - 1]?.id ?? after };
        }
    }

    /** What the server does not let one know does not keep a message from being sent, but that it says nothing does. @param {ChatError} error */
    function unlessSilent(error) {
        if (error.code === CODE.TIMEOUT) throw error;
    }

    /** @param {Entry} entry */
    async function publish(entry) {
        entry.state = SENDING;
        const here = () => entries.includes(entry) && entry.state === SENDING;
        try {
            await learnLive(entry).catch(unlessSilent);
            if (!here()) return;
            if (entry.tried && core.time() - entry.tried > KNOWN) {
                // Where the history may not be seen the publish will say why.
                const found = await inHistory(entry).catch(unlessSilent);
                if (!here()) return;
                if (found) return succeed(entry, found);
                entry.tried = core.time();
            }
            const { group } = target(entry.conversationID);
            if (group && knownLive(group)) entry.brief = true;
            // Before it goes out it is written down.
            if (!entry.brief) await written;
            if (!here()) return;
            await core.link.publish(topicOf(entry), JSON.stringify(entry.wire));
            if (!here()) return;
            if (entry.brief) return succeed(entry, {});
            entry.state = ACKED;
            expect(entry, NO_WORD, () => again(entry));
            pump();
        } catch (error) {
            if (!here() || /** @type {ChatError} */ (error).code === CODE.NETWORK) return;
            if (/** @type {ChatError} */ (error).code === CODE.TIMEOUT) return pause(entry);
            // Why, an event says.
            expect(entry, NO_REASON, () => fail(entry, /** @type {ChatError} */ (error)));
        }
    }

    /**
     * @param {Entry} entry
     * @param {number} milliseconds
     * @param {() => void} f
     */
    function expect(entry, milliseconds, f) {
        entry.endTimer();
        entry.endTimer = core.after(milliseconds, f);
    }

    /** @param {Entry} entry */
    function again(entry) {
        entry.state = WAITING;
        pump();
    }

    /** @param {Entry} entry */
    function pause(entry) {
        entry.state = PAUSED;
        expect(entry, SLOW_DOWN, () => again(entry));
    }

    /** Sends what may go. */
    function pump() {
        if (!core.link.isUp()) return;
        /** @type {Set<string>} */
        const busy = new Set();
        for (const entry of entries) {
            if (busy.has(entry.conversationID)) continue;
            if (entry.state === WAITING) publish(entry);
            if ((entry.state === SENDING || entry.state === PAUSED) && !entry.brief) busy.add(entry.conversationID);
        }
    }

    wire.on("up", () => {
        for (const entry of entries) entry.tried ||= core.time();
        if (entries.length) save();
        pump();
    });
    wire.on("down", () => {
        for (const entry of entries) {
            entry.endTimer();
            entry.state = WAITING;
            if (entry.brief) fail(entry, new ChatError(CODE.NETWORK, "the connection ended before the message was sent"));
        }
    });

    wire.on("event", (/** @type {Fields} */ event) => {
        if (event.event !== "sent" && event.event !== "rejected") return;
        const entry = entries.find(
            (each) => each.wire.random === event.random &&
                (event.event === "sent" ? (event.group ?? event.to) === each.message.to : event.topic === topicOf(each)),
        );
        if (!entry) return;
        if (event.event === "sent") return succeed(entry, event);
        if (!entry.brief && (event.code === CODE.TOO_FAST || event.code === CODE.BUSY) && ++entry.tries < MOST_TRIES) {
            pause(entry);
        } else {
            fail(entry, new ChatError(event.code, event.error));
        }
    });

    /**
     * @param {Message} message
     * @param {Fields} [options]
     */
    async function sendMessage(message, options = {}) {
        if (!core.clientID()) throw new ChatError(CODE.NOT_READY, "nobody is logged in");
        if (!message?.random || message.from !== core.userID())
            throw new ChatError(CODE.NOT_A_MESSAGE, "not a message that this user has made by create...Message");
        if (message.status === "success") throw new ChatError(CODE.INVALID, "it has been sent");
        message.status = "unSend";
        try {
            if (core.message.files.has(message)) await core.uploads.upload(message);
            return await post(message, options);
        } catch (error) {
            message.status = "fail";
            throw error;
        }
    }

    /**
     * @param {Message} message
     * @param {Fields} options
     * @returns {Promise<any>}
     */
    function post(message, options) {
        let entry = entries.find(({ wire: { random } }) => random === message.random);
        const isUp = core.link.isUp();
        if (!entry) {
            const text = JSON.stringify(messageToWire(core, message, options));
            if (text.length > MOST_BYTES) throw new ChatError(CODE.TOO_LONG, "the message is too long");
            // A copy: what the application does to the message later is not what it has sent.
            const content = JSON.parse(text);
            const { group } = target(message.conversationID);
            const brief = !!(content.onlineOnly || (group && knownLive(group)));
            if (brief && !isUp) throw new ChatError(CODE.NETWORK, "no connection to the server");
            entry = enter(message, content, isUp ? core.time() : 0, brief);
            entries.push(entry);
            if (!brief) save();
            pump();
        }
        const { done, failed } = Object.assign(entry, { message });
        return new Promise((resolve, reject) => {
            done.push(resolve);
            failed.push(reject);
        });
    }

    return {
        methods: {
            sendMessage,
            resendMessage: sendMessage,
        },
        /**
         * What the history has is sent, whatever becomes of the receipt.
         * @param {Fields} wire
         * @returns {boolean} it is the application that waited for it
         */
        settle(wire) {
            const entry = find(wire);
            if (!entry) return false;
            const wasAwaited = isAwaited(entry);
            succeed(entry, wire);
            return wasAwaited;
        },

        async start() {
            const kept = await core.storage.get(`outbox:${core.userID()}:${core.clientID()}`);
            if (!Array.isArray(kept)) return;
            const again = kept
                .filter(({ wire }) => !entries.some((each) => each.wire.random === wire.random))
                .map(({ conversationID, wire, tried, time }) => {
                    const message = makeMessage(core, { ...wire, ...target(conversationID), sender: core.userID(), time: time * 1000 });
                    message.status = "unSend";
                    return enter(message, wire, tried || core.time(), false);
                });
            entries.unshift(...again);
            pump();
        },

        /** What is kept in storage goes out after the next login. */
        stop() {
            const left = entries;
            entries = [];
            key = "";
            for (const { endTimer, failed } of left) {
                endTimer();
                for (const f of failed) f(new ChatError(CODE.NOT_READY, "logged out: it is sent after the next login"));
            }
        },

        /** The message of which this is the server's copy, if it waits here for its receipt. @param {Fields} wire */
        find: (wire) => find(wire)?.message,

        /**
         * A message that is not sent yet is not sent any more, unless it is on its way.
         * @param {Message} message
         */
        cancel(message) {
            const entry = entries.find((each) => each.message === message);
            if (entry) fail(entry, new ChatError(CODE.CANCELLED, "cancelled"));
        },
    };
}
