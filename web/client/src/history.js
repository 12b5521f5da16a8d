// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The messages that this client has seen: the same object for the same message, whichever way it came; and what was said
// before.
//
// Of a conversation that was looked at its newest messages are kept without a gap (a run), as long as the connection lasts
// that brings what is new, and until there is another: looked at again, they are there at once.
import { EVENT, TYPES } from "./constants.js";
import { ok } from "./core.js";
import { ChatError, CODE } from "./errors.js";
import { conversationOf, fill, identity, makeMessage, person } from "./message.js";

/** At least so many stored messages are known again; of live rooms and `onlineOnly` ones, which nothing ever changes, so many. */
const MOST = 10000;
const MOST_LIVE = 500;
/** Of a run that has grown longer than the first so many stay. */
const RUN_MOST = 2000;
const RUN_REST = 1000;
const PAGE = 15;
const PAGE_MOST = 100;

/**
 * @typedef {import("./message.js").Message} Message
 * @typedef {import("./elements.js").Fields} Fields
 * @typedef {{list: Message[], from: number, complete: boolean}} Run by rising `id`; `from`: with everything since this id;
 *   `complete`: there is nothing before
 */

/**
 * The conversation for a command: `to` or `group`.
 * @param {string} conversationID
 * @returns {Fields}
 */
export function target(conversationID) {
    const id = "" + conversationID;
    if (id === TYPES.CONV_SYSTEM) return { to: "@system" };
    if (/^C2C./.test(id)) return { to: id.slice(3) };
    if (/^GROUP./.test(id)) return { group: id.slice(5) };
    throw new ChatError(CODE.INVALID, `not a conversationID: ${id}`);
}

/** What is no message but changes others. @param {Fields} wire */
export const isChange = (wire) => !!(wire.recall || wire.edit || wire.purge);

/** @param {Message} a @param {Message} b */
const byNumber = (a, b) => /** @type {number} */ (a.id) - /** @type {number} */ (b.id);

/**
 * @param {import("./core.js").Core} core
 */
export function history(core) {
    /** By ID, those that were seen last at the end. @type {Map<string, Message>} */
    const stored = new Map();
    /** @type {Map<string, Message>} */
    const live = new Map();
    /** @type {Map<number, Message>} */
    const numbers = new Map();
    /** When a message was edited as it is known here. @type {Map<number, number>} */
    const edits = new Map();
    /** Who has recalled what. @type {Map<number, Fields>} */
    const recalls = new Map();
    /** @type {Map<string, Run>} */
    const runs = new Map();
    /** The newest message of a conversation that was seen. @type {Map<string, number>} */
    const newest = new Map();
    /** Rises with what makes runs doubtful. */
    let era = 0;
    /** Where getMessageListHopping goes on. @type {Map<string, number>} */
    const hops = new Map();

    const clear = () => [stored, live, numbers, edits, recalls, runs, newest, hops].forEach((map) => map.clear());

    // Who has sent something is known a moment later than what was sent.
    core.on(EVENT.PROFILE_UPDATED, (/** @type {{data: Fields[]}} */ { data }) => {
        const found = new Map(data.map((profile) => [profile.userID, profile]));
        for (const message of [...stored.values(), ...live.values()]) {
            const { nick, avatar } = found.get(message.from) ?? message;
            Object.assign(message, { nick, avatar });
        }
    });
    core.wire.on("cards", (/** @type {string} */ conversationID, /** @type {Map<string, string>} */ news) => {
        const named = of(conversationID, Infinity).filter(({ from }) => news.has(from));
        for (const message of named) message.nameCard = /** @type {string} */ (news.get(message.from));
        if (named.length) core.emit(EVENT.MESSAGE_MODIFIED, named);
    });
    // Without a connection what is kept has to do; with a new one it cannot be said what was missed.
    core.wire.on("up", doubt);
    core.wire.on("event", (/** @type {Fields} */ event) => {
        if (event.event === "more") doubt();
        if (event.event === "deleted" && !event.keepMessages) forget(event);
    });

    function doubt() {
        era += 1;
        runs.clear();
    }

    /** @param {Fields} deleted the event */
    function forget({ ids, id = Infinity, to, group }) {
        const gone = ids
            ? ids.map((/** @type {number} */ each) => numbers.get(each)).filter(Boolean)
            : of(conversationOf(core, { group, sender: to, to: core.userID() }).ID, id);
        for (const message of gone) {
            message.isDeleted = true;
            const run = runs.get(message.conversationID);
            if (run) run.list = run.list.filter((each) => each !== message);
        }
    }

    /** @param {string} conversationID @param {number} id up to there @returns {Message[]} */
    const of = (conversationID, id) =>
        [...numbers.values()].filter((each) => each.conversationID === conversationID && /** @type {number} */ (each.id) <= id);

    /**
     * @param {Message} message
     * @param {Fields} [by] the recall
     */
    function revoke(message, by) {
        message.isRevoked = true;
        // One's own words may be written anew; those of others are gone.
        if (message.flow === "in") fill(core, message, {});
        if (!by) return;
        message.revoker = by.operator ?? "";
        message.revokerInfo = person(core, message.revoker);
        message.revokeReason = by.reason ?? "";
    }

    /** @param {Message} message which now has its `id` */
    function keep(message) {
        const { id, ID, conversationID } = message;
        const map = id ? stored : live;
        map.delete(ID);
        map.set(ID, message);
        if (id) {
            numbers.set(id, message);
            newest.set(conversationID, Math.max(id, newest.get(conversationID) ?? 0));
            const run = runs.get(conversationID);
            if (run && id >= run.from && !run.list.includes(message)) {
                run.list.push(message);
                if (run.list.length > 1 && id < /** @type {number} */ (run.list[run.list.length - 2].id)) run.list.sort(byNumber);
                if (run.list.length > RUN_MOST) {
                    run.list.splice(0, RUN_MOST - RUN_REST);
                    run.from = /** @type {number} */ (run.list[0].id);
                    run.complete = false;
                }
            }
        }
        const most = id ? MOST : MOST_LIVE;
        if (map.size < 2 * most) return;
        // Many at once: to find the first of a Map is slow after others before it were deleted.
        for (const [oldest, { id: number = 0 }] of map) {
            if (map.size <= most) break;
            map.delete(oldest);
            numbers.delete(number);
            edits.delete(number);
        }
    }

    /**
     * @param {Fields} wire
     * @returns {Message}
     */
    function take(wire) {
        const { id, seq, time, edited } = wire;
        let message = numbers.get(id) ?? (id ? core.outbox?.find(wire) : live.get(identity(wire)));
        if (!message) {
            message = makeMessage(core, wire);
            if (wire.group) core.cards?.want(wire.group, wire.sender);
            // Somebody uses the same `random` for everything.
            if (stored.has(message.ID)) message.ID += "#" + id;
            if (edited) edits.set(id, edited);
        } else if (edited > (edits.get(id) ?? 0)) {
            edits.set(id, edited);
            fill(core, message, wire);
            message.isModified = true;
        }
        // One's own is here before the server has told where it is, or of a live room without that.
        if (message.flow === "out" && !message.sequence) Object.assign(message, { id, sequence: seq ?? 0, time: Math.floor(time / 1000) });
        if (wire.recalled) revoke(message, recalls.get(id));
        keep(message);
        return message;
    }

    /**
     * What changes other messages is done to those that are known.
     * @param {Fields} wire with `recall`, `edit` or `purge`
     * @returns {{event: string, messages: Message[]}} those that it has changed
     */
    function change(wire) {
        const { recall, edit, purge } = wire;
        /** @type {(Message | undefined)[]} */
        let messages = [];
        if (recall) {
            recalls.set(recall.id, recall);
            messages = [numbers.get(recall.id)];
        } else if (purge) {
            const { ID } = conversationOf(core, wire);
            messages = of(ID, purge.id).filter(({ from, type }) => from === purge.sender && type !== TYPES.MSG_GRP_TIP);
        } else if (edit?.message && wire.time > (edits.get(edit.id) ?? 0)) {
            messages = [numbers.get(edit.id)];
        }
        const changed = /** @type {Message[]} */ (messages.filter((each) => each && (recall || !each.isRevoked)));
        for (const message of changed) {
            if (edit) {
                edits.set(edit.id, wire.time);
                fill(core, message, edit.message);
                message.isModified = true;
            } else {
                revoke(message, recall ?? purge);
            }
        }
        return { event: edit ? EVENT.MESSAGE_MODIFIED : EVENT.MESSAGE_REVOKED, messages: changed };
    }

    /**
     * One page of the server.
     * @param {Fields} question
     * @returns {Promise<{list: Message[], complete: boolean, before?: number, after?: number}>}
     */
    async function ask(question) {
        const answer = await core.ask("getHistory", question);
        const wires = answer.messages;
        for (const { recall } of wires) if (recall) recalls.set(recall.id, recall);
        const people = wires.flatMap((/** @type {Fields} */ { sender, tips, notice }) => [
            sender, ...(tips?.members ?? []), ...(notice?.operator ? [notice.operator] : []),
        ]);
        // Names first, where they can be had: a message has its sender's.
        for (const { group, sender } of wires) if (group) core.cards?.want(group, sender);
        await Promise.all([core.users?.profiles([...new Set(people)].filter((userID) => userID !== "@system")), core.cards?.settled()]);
        const list = wires.filter((/** @type {Fields} */ wire) => !isChange(wire)).map(take);
        const ids = wires.map((/** @type {Fields} */ wire) => wire.id);
        // A page without messages says where to go on; one of a live room, where nothing has an id, is all there is.
        const before = ids[0] ?? answer.before;
        const after = ids[ids.length - 1] ?? answer.after;
        return { list, before, after, complete: answer.complete || !before && !after };
    }

    /**
     * Pages until there is something to be shown.
     * @param {Fields} question
     * @param {"before" | "after"} way
     */
    async function pages(question, way) {
        /** @type {Message[]} */
        let list = [];
        for (;;) {
            const page = await ask(question);
            list = way === "before" ? [...page.list, ...list] : [...list, ...page.list];
            if (list.length || page.complete) return { ...page, list };
            const { seq, beforeTime, afterTime, ...rest } = question;
            question = { ...rest, [way]: page[way] };
        }
    }

    /** Is nothing of this conversation brought to this client? @param {Fields} conversation */
    const isSilent = ({ group }) =>
        group && core.groups?.peek(group)?.selfInfo?.messageRemindType === TYPES.MSG_REMIND_DISCARD;

    /** @param {Fields} options */
    async function getMessageList({ conversationID, nextReqMessageID, count = PAGE }) {
        const conversation = target(conversationID);
        const limit = Math.min(Math.max(1, count), PAGE_MOST);
        const before = nextReqMessageID ? +nextReqMessageID || stored.get(nextReqMessageID)?.id : undefined;
        if (nextReqMessageID && !before) throw new ChatError(CODE.INVALID, "nextReqMessageID is not from getMessageList");
        let run = isSilent(conversation) ? undefined : runs.get(conversationID);
        if (run && (before ?? Infinity) >= run.from) {
            const older = run.list.filter(({ id }) => /** @type {number} */ (id) < (before ?? Infinity));
            if (run.complete || older.length >= limit) {
                const messageList = older.slice(-limit);
                const isCompleted = run.complete && messageList.length === older.length;
                return ok({ messageList, nextReqMessageID: isCompleted ? "" : "" + messageList[0].id, isCompleted });
            }
        }
        const [asked, seen] = [era, newest.get(conversationID) ?? 0];
        const { list, complete, before: first } = await pages({ ...conversation, limit, before }, "before");
        run = runs.get(conversationID);
        if (asked !== era) {
            // Of another connection: good to be shown, and no more.
        } else if (before === undefined && first) {
            // What came meanwhile and is not in the page: it cannot be said whether there was more.
            const last = Math.max(seen, newest.get(conversationID) ?? 0);
            if (last <= /** @type {number} */ (list[list.length - 1]?.id ?? 0)) runs.set(conversationID, { list: [...list], from: first, complete });
        } else if (run && before && before >= run.from && first) {
            run.list = [...list.filter((each) => !run.list.includes(each)), ...run.list];
            run.from = Math.min(first, run.from);
            run.complete = complete;
        }
        core.arrivals?.flush();
        return ok({ messageList: list, nextReqMessageID: complete || !first ? "" : "" + first, isCompleted: complete || !first });
    }

    /**
     * From a message of this number, or from this second: it and what came before (0) or after it (1).
     * @param {Fields} options
     */
    async function getMessageListHopping({ conversationID, sequence, time, direction = 0, count = PAGE }) {
        const conversation = target(conversationID);
        const limit = Math.min(Math.max(1, count), PAGE_MOST);
        const way = direction ? "after" : "before";
        /** @param {number} [number] @param {number} [second] */
        const place = (number, second) => [conversationID, way, number || "@" + second].join();
        // What comes next begins where the last page ended, and not with what has the same number or second.
        const id = hops.get(place(sequence, time));
        /** @type {Fields} */
        let question = {};
        if (id) {
            question = { [way]: id };
        } else if (sequence) {
            question = { seq: sequence };
            if (direction) {
                const { messages } = await core.ask("getHistory", { ...conversation, ...question, limit: 1 });
                question = { after: messages.length ? messages[0].id - 1 : 0 };
            }
        } else if (time) {
            question = direction ? { afterTime: time * 1000 - 1 } : { beforeTime: (time + 1) * 1000 };
        } else if (direction) {
            question = { after: 0 };
        }
        const page = await pages({ ...conversation, limit, ...question }, way);
        const { list: messageList, complete: isCompleted } = page;
        const step = direction ? 1 : -1;
        const last = messageList[direction ? messageList.length - 1 : 0];
        const nextMessageSeq = last ? last.sequence + step : 0;
        const nextMessageTime = last ? last.time + step : 0;
        const next = page[way];
        core.arrivals?.flush();
        if (next) for (const number of [nextMessageSeq, 0]) hops.set(place(number, nextMessageTime), next);
        return ok({ messageList, nextMessageSeq, nextMessageTime, isCompleted });
    }

    return {
        methods: {
            getMessageList,
            getMessageListHopping,
            /** @param {string} messageID */
            findMessage: (messageID) => stored.get(messageID) ?? live.get(messageID) ?? null,
        },
        stop: clear,
        take,
        change,
        upTo: of,
        keep,
    };
}
