// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What the server delivers, on its way to the application: each message once, those of a conversation in their order and
// without a gap, all of a frame together. What the application's handlers have returned from is acked, and kept in storage,
// so that neither a cut nor a reload of the page brings it again, or loses it.
import { EVENT, TYPES } from "./constants.js";
import { CODE } from "./errors.js";
import { isChange, target } from "./history.js";
import { conversationOf } from "./message.js";

/** So long what is missing may still come by itself: a message of QoS 0 overtakes those of QoS 1. */
const PATIENCE = 100;
/** So long after it was heard that there is a newer message it may come, counted anew while any come. */
const OVERDUE = 3000;
/** The wait before what could not be asked is asked again. */
const AGAIN = 2000;
const PAGE = 100;
/** Acks and writes are gathered. */
const ACK_PAUSE = 500;
const SAVE_PAUSE = 100;
/** Of so many conversations storage has where they are. */
const KEPT = 500;
/** What of a conversation is still held when it cannot be seen any more is all there is. */
const NO_CONVERSATION = [CODE.NOT_ALLOWED, CODE.NO_GROUP, CODE.NO_USER];

/**
 * @typedef {import("./core.js").Fields} Fields
 *
 * @typedef {Object} Lane a conversation
 * @property {number} [seq] of the last message that was given on; undefined: whatever comes is the next one
 * @property {number} id its id
 * @property {Fields[]} held messages before which some are missing, by id
 */

/** Has it a `seq` of its own? Others repeat that of the message before. @param {Fields} wire */
const isNumbered = (wire) => !wire.tips && !wire.notice && !isChange(wire);

/** What comes in which order, by itself: no network, no clock. */
export function makeLanes() {
    /** @type {Map<string, Lane>} */
    const lanes = new Map();
    let floor = 0;

    /** @param {string} id */
    function lane(id) {
        let found = lanes.get(id);
        if (!found) lanes.set(id, (found = { seq: undefined, id: floor, held: [] }));
        return found;
    }

    /** @param {Lane} lane @param {Fields} wire */
    const isNext = ({ seq }, wire) => seq === undefined || wire.seq <= seq + +isNumbered(wire);

    /**
     * @param {string} id
     * @param {boolean} [all] what is missing will not come
     * @returns {Fields[]}
     */
    function release(id, all) {
        const to = lane(id);
        const out = [];
        while (to.held.length && (all || isNext(to, to.held[0]))) {
            const wire = /** @type {Fields} */ (to.held.shift());
            if (wire.id <= to.id) continue;
            to.seq = wire.seq;
            to.id = wire.id;
            out.push(wire);
        }
        return out;
    }

    return {
        lanes,
        lane,
        release,
        /** What has no lane begins after this id. @param {number} id */
        setFloor: (id) => (floor = id),
        /**
         * @param {string} id of the conversation
         * @param {Fields} wire a stored message
         * @returns {Fields[]} what may be given on now
         */
        offer(id, wire) {
            const { held, id: last } = lane(id);
            if (wire.id <= last) return [];
            let at = held.length;
            while (at && held[at - 1].id > wire.id) at -= 1;
            if (held[at - 1]?.id !== wire.id) held.splice(at, 0, wire);
            return release(id);
        },
        /**
         * The history after the last message: nothing is missing between these.
         * @param {string} id
         * @param {Fields[]} wires
         * @returns {Fields[]}
         */
        fill(id, wires) {
            const to = lane(id);
            const { held } = to;
            to.held = wires.filter((wire) => wire.id > to.id);
            const out = release(id, true);
            to.held = held.filter((wire) => wire.id > to.id);
            return out;
        },
    };
}

/**
 * @param {import("./core.js").Core} core
 */
export function arrivals(core) {
    let order = makeLanes();
    let sessions = 0;
    /** The number of the one that is going on; 0: none. */
    let session = 0;
    let key = "";
    /** What comes before it is known what the application has had. @type {(() => void)[] | undefined} */
    let early = [];
    let isReady = false;
    /** For the next frame. @type {{id: string, wire: Fields}[]} */
    let queue = [];
    /** Sent by this client, and not yet closed. @type {Set<number>} */
    const ours = new Set();
    /** Those that are held, in the queue, or with a handler. @type {Set<number>} */
    const open = new Set();
    /** Those that the handlers have returned from, and that have not been acked. @type {number[]} */
    let closed = [];
    let acked = 0;
    /** Where conversations are as far as handlers have returned. @type {Map<string, [number, number]>} */
    let had = new Map();
    let handled = Promise.resolve();
    let isAckPlanned = false;
    let isSavePlanned = false;
    let lastSave = 0;
    let lastArrival = 0;
    /** Where a gap is being filled, or will be. @type {Set<string>} */
    const gaps = new Set();
    /** Up to where there must be messages. @type {Map<string, number>} */
    const expected = new Map();
    let isWatching = false;
    /** Nothing of these is delivered. @type {Set<string>} */
    const silent = new Set();

    /** A timer for this session. @param {number} wait @param {() => void} f */
    function after(wait, f) {
        const mine = session;
        core.after(wait, () => mine === session && f());
    }

    // ---- in order

    /** @param {string} id @param {Fields[]} wires */
    function give(id, wires) {
        for (const wire of wires) queue.push({ id, wire });
        if (queue.length && isReady) core.later(flush);
    }

    /** @param {Fields} wire @param {boolean} isOurs sent by this client: its application has it */
    function accept(wire, isOurs) {
        if (early) return void early.push(() => accept(wire, isOurs));
        const { ID: id } = conversationOf(core, wire);
        if (!wire.id) return give(id, [wire]);
        const isHad = wire.id <= order.lane(id).id;
        // The history may have given it before the server has told that it is sent.
        if (isOurs && (!isHad || open.has(wire.id))) ours.add(wire.id);
        if (isHad) return;
        open.add(wire.id);
        give(id, order.offer(id, wire));
        if (!order.lane(id).held.length || gaps.has(id)) return;
        gaps.add(id);
        after(PATIENCE, () => fillGap(id));
    }

    /** @param {string} id */
    async function fillGap(id) {
        const mine = session;
        const last = expected.get(id) ?? 0;
        expected.delete(id);
        gaps.add(id);
        const lane = order.lane(id);
        try {
            let from = 0;
            while (lane.held.length || lane.id < last) {
                from = Math.max(from, lane.id);
                const { messages, complete, after: next = 0 } = await core.ask("getHistory", { ...target(id), after: from, limit: PAGE });
                if (mine !== session) return;
                for (const wire of messages) if (wire.id > lane.id) open.add(wire.id);
                give(id, order.fill(id, messages));
                if (complete) break;
                // A page without messages says where to go on.
                from = next;
            }
        } catch (/** @type {any} */ error) {
            if (mine !== session) return;
            if (!NO_CONVERSATION.includes(error.code)) return after(AGAIN, () => fillGap(id));
        }
        give(id, order.release(id, true));
        gaps.delete(id);
    }

    /** What was heard of and has not come was lost with a connection. */
    function watch() {
        if (isWatching || !expected.size) return;
        isWatching = true;
        after(OVERDUE, () => {
            isWatching = false;
            if (Date.now() - lastArrival < OVERDUE / 2) return watch();
            for (const [id, last] of expected) {
                if (order.lane(id).id >= last) expected.delete(id);
                else if (!gaps.has(id)) fillGap(id);
            }
        });
    }

    /**
     * @param {string} id
     * @param {Fields} [entry] of getConversations; none: it is not in the list
     */
    function listed(id, entry) {
        if (early) return void early.push(() => listed(id, entry));
        const { id: last = 0, seq } = entry?.lastMessage ?? {};
        const isNew = !order.lanes.has(id);
        const lane = order.lane(id);
        if (!entry || entry.receiveOption === TYPES.MSG_REMIND_DISCARD) {
            silent.add(id);
            lane.seq = undefined;
            lane.id = Math.max(lane.id, last);
        } else if (silent.delete(id)) {
            // What has come until now is not for the application.
        } else if (lane.seq === undefined) {
            // All that was had before; or it comes by itself, or is older than the user's being there: as long as none has come
            // since it is not known from where on something can be missing.
            if (isNew && last <= lane.id) lane.seq = seq;
        } else if (last > lane.id) {
            expected.set(id, last);
            watch();
        }
    }

    // ---- to the application

    function flush() {
        if (!isReady || !queue.length) return;
        const mine = session;
        const batch = queue;
        queue = [];
        /** @type {any[]} */
        const received = [];
        /** @type {Map<string, Set<any>>} */
        const changes = new Map();
        for (const { id, wire } of batch) {
            if (isChange(wire)) {
                const { event, messages } = core.history.change(wire);
                for (const message of messages) changes.set(event, (changes.get(event) ?? new Set()).add(message));
            } else {
                const message = core.history.take(wire);
                if (!ours.has(wire.id) && !core.outbox.settle(wire)) received.push(message);
            }
            core.conversations.take(id, wire);
        }
        const results = received.length ? core.emit(EVENT.MESSAGE_RECEIVED, received) : [];
        for (const [event, messages] of changes) core.emit(event, [...messages]);
        handled = Promise.allSettled([handled, ...results]).then(() => {
            if (mine === session) close(batch);
        });
    }

    /** The application has had these. @param {typeof queue} batch */
    function close(batch) {
        for (const { id, wire } of batch) {
            if (!wire.id) continue;
            open.delete(wire.id);
            ours.delete(wire.id);
            closed.push(wire.id);
            had.delete(id);
            had.set(id, [wire.seq, wire.id]);
        }
        if (!closed.length) return;
        if (!isSavePlanned) {
            isSavePlanned = true;
            const wait = lastSave + SAVE_PAUSE - Date.now();
            if (wait > 0) after(wait, save);
            else save();
        }
        planAck();
    }

    /** An ack is about what was handed over before, too: nothing of that may be open. */
    function highest() {
        let low = Infinity;
        for (const id of open) if (id < low) low = id;
        return closed.reduce((most, id) => (id < low && id > most ? id : most), acked);
    }

    function planAck() {
        if (isAckPlanned) return;
        isAckPlanned = true;
        after(ACK_PAUSE, () => {
            isAckPlanned = false;
            const id = highest();
            if (id <= acked || !core.link.isUp()) return;
            acked = id;
            closed = closed.filter((each) => each > id);
            core.ask("ack", { id }).catch(() => {});
        });
    }

    function save() {
        isSavePlanned = false;
        if (!session || early) return;
        lastSave = Date.now();
        keep(highest());
    }

    /** @param {number} id up to where the application has had everything */
    function keep(id) {
        core.storage.set(key, { id, lanes: [...had].slice(-KEPT), ours: [...ours] });
    }

    /** @param {Fields} event */
    function readBy({ user, id }) {
        const read = core.history.upTo(TYPES.CONV_C2C + user, id).filter((/** @type {any} */ each) => each.flow === "out" && !each.isPeerRead);
        for (const message of read) {
            message.isPeerRead = true;
            message.readReceiptInfo = { ...message.readReceiptInfo, isPeerRead: true };
        }
        if (read.length) core.emit(EVENT.MESSAGE_READ_BY_PEER, read);
        const receipts = read
            .filter((/** @type {any} */ { needReadReceipt }) => needReadReceipt)
            .map((/** @type {any} */ { ID: messageID }) => ({ userID: user, messageID, isPeerRead: true }));
        if (receipts.length) core.emit(EVENT.MESSAGE_READ_RECEIPT_RECEIVED, receipts);
    }

    core.wire.on("message", (/** @type {Fields} */ wire) => {
        lastArrival = Date.now();
        accept(wire, false);
    });
    core.wire.on("sent", accept);
    core.wire.on("event", function take(/** @type {Fields} */ event) {
        if (early) return void early.push(() => take(event));
        if (event.event === "read") readBy(event);
        if (event.event !== "more") return;
        // So much is left out that the application goes back in the history by itself.
        for (const [id, lane] of order.lanes) {
            give(id, order.release(id, true));
            lane.seq = undefined;
            lane.id = Math.max(lane.id, event.before - 1);
        }
        order.setFloor(event.before - 1);
        expected.clear();
    });
    core.wire.on("up", () => {
        key = `had:${core.clientID()}`;
        if (session && !early) planAck();
    });
    core.on(EVENT.SDK_READY, () => {
        isReady = true;
        core.later(flush);
    });
    core.listen(globalThis.window, "pagehide", save);

    return {
        async start() {
            const mine = (session = ++sessions);
            const kept = await core.storage.get(key);
            /** @type {number | undefined} */
            let floor = kept?.id;
            // A server that has not come so far has begun anew.
            const isOther = floor && (await core.ask("ack", { id: floor }, { again: true }).catch(({ code }) => code === CODE.FIELD));
            if (isOther === true) floor = undefined;
            if (mine !== session) return;
            if (floor !== undefined) {
                had = new Map(kept.lanes);
                for (const id of kept.ours ?? []) ours.add(id);
                for (const [id, [seq, last]] of had) order.lanes.set(id, { seq, id: last, held: [] });
            } else {
                // The device is new: what there is is history, and the list has it.
                const notices = core.ask("getHistory", { to: "@system", limit: 1 }).catch(() => ({ messages: [] }));
                await core.conversations.loaded();
                floor = core.conversations.newest();
                const { messages } = await notices;
                if (mine !== session) return;
                if (messages.length) order.lane(TYPES.CONV_SYSTEM).id = messages[0].id;
                core.ask("ack", { id: floor }, { again: true }).catch(() => {});
            }
            acked = floor;
            order.setFloor(floor);
            // From here on what comes is new, after a reload of the page too.
            keep(floor);
            const waiting = early ?? [];
            early = undefined;
            for (const f of waiting) f();
        },

        stop() {
            save();
            session = 0;
            early = [];
            isReady = isAckPlanned = isSavePlanned = isWatching = false;
            queue = [];
            closed = [];
            order = makeLanes();
            had = new Map();
            for (const each of [ours, open, gaps, expected, silent]) each.clear();
        },

        listed,
        /** What has come is given on now: who is told of it in another way next would hear it twice. */
        flush,
        /** Is there more of this conversation than was given on? @param {string} id */
        isBusy: (id) => order.lane(id).held.length > 0 || queue.some((each) => each.id === id),
    };
}
