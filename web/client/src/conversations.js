// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The list of conversations: what the server has said of each, and what has come since. New messages are counted here;
// whatever else changes an entry (a recall, an edit, another device) the server is asked about that one again.
import { EVENT, TYPES } from "./constants.js";
import { ok } from "./core.js";
import { messageForShow } from "./elements.js";
import { ChatError, CODE } from "./errors.js";
import { isChange, target } from "./history.js";
import { conversationOf, makeMessage } from "./message.js";

/** The first page is small: it is what a user sees first. */
const FIRST_PAGE = 100;
const PAGE = 500;
/** With more to be asked about, all are. */
const ALL_FROM = 30;
/** The last message that is to be seen may be behind so many that only change others, at a time. */
const BACK = 20;
/** The wait before what could not be asked is asked again. */
const AGAIN = 2000;
/** What a purge has taken is counted in the background, over some seconds. */
const PURGED = [1500, 10000];
/** Of such groups the server counts what is unread. */
const COUNTED = [TYPES.GRP_WORK, TYPES.GRP_PUBLIC];
/** These say that there is no such conversation. */
const NONE = [CODE.NOT_ALLOWED, CODE.NO_GROUP, CODE.NO_USER];

/**
 * @typedef {import("./core.js").Fields} Fields
 *
 * @typedef {Object} Entry as getConversations has it, and:
 * @property {string} [to]
 * @property {string} [group]
 * @property {string} [groupType]
 * @property {string} [receiveOption]
 * @property {number} unread
 * @property {boolean} atMe
 * @property {boolean} pinned
 * @property {number} readID
 * @property {number} [peerReadID]
 * @property {Fields} lastMessage the last that is to be seen: a recall, an edit or a purge only where nothing else is left
 * @property {number} upTo the id of the last message that is in this
 * @property {Fields} [shown] as the application has it, until something changes
 * @property {string} [label] what a group was called then
 */

/**
 * The list by itself, without a server.
 * @param {() => string} userID
 */
export function makeList(userID) {
    /** @type {Map<string, Entry>} */
    const entries = new Map();

    /** @param {Entry} entry @param {Fields} wire */
    function count(entry, wire) {
        if (wire.tips || wire.recalled || wire.noUnread || wire.sender === userID() || wire.id <= entry.readID) return;
        if (!entry.group || (COUNTED.includes(/** @type {any} */ (entry.groupType)) && entry.receiveOption !== TYPES.MSG_REMIND_DISCARD)) entry.unread += 1;
        if (wire.at === "@all" || wire.at?.includes(userID())) entry.atMe = true;
    }

    /**
     * A message that is newer than those before it.
     * @param {string} id of the conversation
     * @param {Fields} wire
     * @returns {boolean} is there more to this than can be told from here?
     */
    function add(id, wire) {
        let entry = entries.get(id);
        if (wire.id <= (entry?.upTo ?? 0)) return false;
        if (isChange(wire)) {
            if (entry) entry.upTo = wire.id;
            return true;
        }
        const isNew = !entry;
        if (!entry) {
            entry = { ...target(id), unread: 0, atMe: false, pinned: false, readID: 0, lastMessage: wire, upTo: 0 };
            entries.set(id, entry);
        }
        Object.assign(entry, { lastMessage: wire, upTo: wire.id, shown: undefined });
        count(entry, wire);
        return isNew || !!wire.tips?.members?.includes(userID());
    }

    /**
     * @param {string} id
     * @param {Fields} answer the entry of getConversations
     * @param {Fields} lastMessage the last that is to be seen
     * @param {[string, Fields][]} later messages that came while the server was asked, which it may not have known of
     * @returns {boolean} as add
     */
    function put(id, answer, lastMessage, later) {
        entries.set(id, /** @type {Entry} */ ({ ...answer, lastMessage, upTo: answer.lastMessage.id }));
        return later.filter(([of, wire]) => of === id && add(id, wire)).length > 0;
    }

    return {
        entries,
        add,
        put,
        /** Pinned ones first, then those with the newest message. @returns {[string, Entry][]} */
        sorted: () =>
            [...entries].sort(([, a], [, b]) => +b.pinned - +a.pinned || (b.lastMessage.id ?? b.upTo) - (a.lastMessage.id ?? a.upTo)),
        /** What is unread where the user wants to be told of it. */
        total: () =>
            [...entries.values()].reduce(
                (sum, { unread, receiveOption = TYPES.MSG_REMIND_ACPT_AND_NOTE }) =>
                    receiveOption === TYPES.MSG_REMIND_ACPT_AND_NOTE ? sum + unread : sum,
                0,
            ),
    };
}

/**
 * @param {import("./core.js").Core} core
 */
export function conversations(core) {
    const list = makeList(core.userID);
    const { entries } = list;
    /** About which the server has to be asked. @type {Set<string>} */
    const stale = new Set();
    /** All of it has to be asked for. */
    let isStale = false;
    let sessions = 0;
    /** The number of the one that is going on, 0: none. What an earlier one has asked is of no interest. */
    let session = 0;
    /** The question that is going on. @type {Promise<any> | undefined} */
    let asking;
    /** What has come since it was asked. @type {[string, Fields][]} */
    let later = [];
    let isComplete = false;
    let total = 0;
    /** There is something to show. @type {Promise<void>} */
    let loaded = Promise.resolve();
    let isLoaded = () => {};
    let hasPage = false;
    /** @type {Map<string, string>} */
    let drafts = new Map();

    // ---- what the application gets

    /** What a list shows of a group. @param {string} groupID */
    function labelOf(groupID) {
        const { name, avatar } = core.groups.peek(groupID) ?? {};
        return `${name} ${avatar}`;
    }

    /** @param {Entry} entry */
    function showLast({ lastMessage: wire, peerReadID = 0 }) {
        const message = makeMessage(core, wire);
        const { time, sequence, from, type, payload, isRevoked, nick, nameCard, cloudCustomData, ID } = message;
        const isNothing = isRevoked || isChange(wire);
        return {
            ID,
            lastTime: time,
            lastSequence: sequence,
            fromAccount: from,
            messageForShow: isNothing ? "" : messageForShow({ type, payload }),
            type,
            payload,
            isRevoked,
            isPeerRead: wire.id <= peerReadID && from === core.userID(),
            nick,
            nameCard,
            cloudCustomData,
            onlineOnlyFlag: false,
        };
    }

    /** @param {string} conversationID @param {Entry} entry */
    function show(conversationID, entry) {
        const { to, group, groupType, unread, atMe, pinned, receiveOption } = entry;
        entry.shown ??= {
            conversationID,
            type: conversationOf(core, { ...entry, sender: core.userID() }).type,
            unreadCount: unread,
            lastMessage: showLast(entry),
            ...(group
                ? { groupProfile: core.groups.peek(group) ?? { groupID: group, name: "", avatar: "", type: groupType } }
                : { userProfile: core.users.peek(to) }),
            groupAtInfoList: group && atMe ? [{ groupID: group, atTypeArray: [TYPES.CONV_AT_ME] }] : [],
            remark: "",
            isPinned: pinned,
            messageRemindType: receiveOption ?? TYPES.MSG_REMIND_ACPT_AND_NOTE,
            markList: [],
            customData: "",
            conversationGroupList: [],
            draftText: drafts.get(conversationID) ?? "",
        };
        entry.label = group && labelOf(group);
        return entry.shown;
    }

    const showAll = () => list.sorted().map(([id, entry]) => show(id, entry));

    function tell() {
        core.emit(EVENT.CONVERSATION_LIST_UPDATED, showAll());
        const now = list.total();
        if (now !== total) core.emit(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, (total = now));
    }

    /** @param {string} [id] what has it to be made anew? */
    function changed(id) {
        const entry = entries.get(id ?? "");
        if (entry) entry.shown = undefined;
        if (hasPage) core.later(tell);
    }

    // ---- what the server is asked

    /** The last message that is to be seen. @param {Fields} entry @returns {Promise<Fields>} */
    async function lastOf({ to, group, lastMessage }) {
        /** @type {Fields} */
        let page = { messages: [lastMessage] };
        for (;;) {
            const found = page.messages.filter((/** @type {Fields} */ wire) => !isChange(wire)).pop();
            if (found) return found;
            // A page without messages says where to go on.
            const before = page.messages[0]?.id ?? page.before;
            if (page.complete || !before) return lastMessage;
            page = await core.ask("getHistory", { to, group, before, limit: BACK });
        }
    }

    /** @param {Fields[]} answers entries of getConversations @returns {Promise<string[]>} of which conversations */
    async function put(answers) {
        const mine = session;
        const last = await Promise.all(answers.map(lastOf));
        if (mine !== session) return [];
        return answers.map((answer, i) => {
            const { ID } = conversationOf(core, { ...answer, sender: core.userID() });
            if (list.put(ID, answer, last[i], later)) stale.add(ID);
            core.arrivals.listed(ID, answer);
            return ID;
        });
    }

    async function askAll() {
        const mine = session;
        const there = new Set();
        const before = new Set(entries.keys());
        let answer;
        do {
            const last = answer?.conversations.at(-1)?.lastMessage.id;
            answer = await core.ask("getConversations", { before: last, limit: last ? PAGE : FIRST_PAGE });
            if (mine !== session) return;
            const ids = await put(answer.conversations);
            for (const id of ids) there.add(id);
            // Names first, where they can be had: after this nobody waits for them.
            if (!last) await core.users.profiles(answer.conversations.flatMap((/** @type {Entry} */ { to }) => to ?? []));
            isLoaded();
            hasPage = true;
            changed();
        } while (mine === session && !answer.complete && answer.conversations.length);
        // What was there before and is in no page has gone, or has moved to a page that was read already.
        for (const id of before) if (!there.has(id)) stale.add(id);
        isComplete = true;
    }

    /** @param {string} id */
    async function askOne(id) {
        let found = [];
        try {
            ({ conversations: found } = await core.ask("getConversations", target(id)));
        } catch (/** @type {any} */ error) {
            if (!NONE.includes(error.code)) throw error;
        }
        await put(found);
        // It may have come back since: what has come meanwhile says so.
        if (!found.length && later.some(([of]) => of === id)) stale.add(id);
        else if (!found.length) {
            entries.delete(id);
            core.arrivals.listed(id);
        }
        changed(id);
    }

    /** One question at a time: whatever comes meanwhile is held against its answer. */
    async function ask() {
        const mine = session;
        const ids = [...stale];
        const all = isStale || ids.length > ALL_FROM;
        stale.clear();
        let hasFailed;
        isStale = false;
        later = [];
        try {
            if (all) await askAll();
            else await Promise.all(ids.map((id) => askOne(id).catch(() => (hasFailed = stale.add(id)))));
        } catch {
            hasFailed = isStale = true;
        }
        if (mine !== session) return;
        asking = undefined;
        if (hasFailed) core.after(AGAIN, plan);
        else plan();
    }

    const start = () => {
        if (session && !asking && (isStale || stale.size)) asking = ask();
    };
    const plan = () => core.later(start);

    /** Something that cannot be told from here has happened to it. @param {string} id */
    function refresh(id) {
        stale.add(id);
        plan();
    }

    /** The user has come into the group, or left it, or perhaps: what was said meanwhile is not for them. @param {string} id */
    function moved(id) {
        core.arrivals.listed(id);
        refresh(id);
    }

    // ---- what comes from the server

    /** @param {string} id @param {Fields} wire a message, after those before it */
    function take(id, wire) {
        if (!wire.id) return;
        if (asking) later.push([id, wire]);
        if (wire.notice) {
            if (wire.notice.group) moved(TYPES.CONV_GROUP + wire.notice.group);
            return;
        }
        if (list.add(id, wire)) refresh(id);
        if (wire.purge) for (const wait of PURGED) core.after(wait, () => refresh(id));
        changed(id);
    }

    core.wire.on("event", (/** @type {any} */ { event, ids = [], user, to = user, group, id: read, pinned, unread, readID, member }) => {
        if (!session || !/^(conversation|purged|read|unread|deleted)$/.test(event)) return;
        // Where deleted messages were it does not say.
        for (const [id, entry] of entries) {
            const mayBeUnread = (entry.unread || entry.atMe) && ids.some((/** @type {number} */ each) => each > entry.readID && each <= entry.upTo);
            if (mayBeUnread || ids.includes(entry.lastMessage.id)) refresh(id);
        }
        if (!to && !group) return;
        const { ID: id } = conversationOf(core, { to, group, sender: core.userID() });
        const entry = entries.get(id);
        if (event === "unread" && entry) {
            // Whether there is still one that names the user it does not say, and what is not counted here yet is in it.
            if (core.arrivals.isBusy(id) || (entry.atMe && unread)) refresh(id);
            Object.assign(entry, { unread, readID, atMe: entry.atMe && unread > 0 });
        } else if (event === "read" && entry) {
            entry.peerReadID = read;
        } else {
            (member === undefined ? refresh : moved)(id);
        }
        if (pinned !== undefined && entry) entry.pinned = pinned;
        // An answer that is under way may be from before this.
        if (asking) refresh(id);
        changed(id);
    });
    core.wire.on("up", () => {
        if (!session) return;
        isStale = true;
        plan();
    });
    core.on(EVENT.PROFILE_UPDATED, (/** @type {{data: {userID: string}[]}} */ { data }) => {
        const who = new Set(data.map(({ userID }) => userID));
        for (const [id, { to = "", lastMessage }] of entries) if (who.has(to) || who.has(lastMessage.sender)) changed(id);
    });
    core.on(EVENT.GROUP_LIST_UPDATED, () => {
        for (const [id, { label, group }] of entries) if (group && label !== labelOf(group)) changed(id);
    });

    // ---- what the application does

    /** @param {string} id */
    async function markRead(id) {
        const entry = entries.get(id);
        if (!entry || (!entry.unread && !entry.atMe && entry.readID >= entry.upTo)) return;
        const { upTo } = entry;
        // At once: nobody waits for a number to go.
        Object.assign(entry, { unread: 0, atMe: false });
        changed(id);
        let isSure;
        try {
            await core.ask("markRead", { ...target(id), id: upTo }, { again: true });
            // An answer to another question may have come between, from before it.
            isSure = !asking && entry === entries.get(id);
            entry.readID = Math.max(entry.readID, upTo);
        } finally {
            if (!isSure) refresh(id);
        }
    }

    /** As if another device of the user had done it: the server tells only those. @param {string} event @param {Fields} fields */
    const tellSelf = (event, fields) => core.wire.emit("event", { event, ...fields });

    /** @param {string} id @param {boolean} keepMessages */
    async function remove(id, keepMessages) {
        await core.ask("deleteConversation", { ...target(id), keepMessages }, { again: true });
        drafts.delete(id);
        entries.delete(id);
        tellSelf("deleted", { ...target(id), keepMessages });
    }

    /** What is not in the list has nothing but a name. @param {string} id */
    function find(id) {
        const entry = entries.get(id);
        if (entry) return show(id, entry);
        const where = target(id);
        return show(id, /** @type {any} */ ({ ...where, unread: 0, pinned: false, lastMessage: { ...where, sender: "", time: 0, purge: {} } }));
    }

    /** To what is silent nothing comes that would tell of a change. */
    async function listenToSilent() {
        const silent = core.groups.all().filter((/** @type {any} */ { selfInfo }) => selfInfo.messageRemindType === TYPES.MSG_REMIND_DISCARD);
        if (!silent.length || !core.link.isUp()) return;
        for (const { groupID } of silent) stale.add(TYPES.CONV_GROUP + groupID);
        await asking;
        start();
        await asking;
    }

    return {
        methods: {
            /** @param {string[] | {type?: string, hasUnreadCount?: boolean, hasGroupAtInfo?: boolean, markType?: number, groupName?: string}} [which] */
            async getConversationList(which) {
                await loaded;
                await listenToSilent();
                if (Array.isArray(which)) return ok({ conversationList: which.filter((id) => entries.has(id)).map(find), isSyncCompleted: isComplete });
                const { type, hasUnreadCount, hasGroupAtInfo, markType, groupName } = which ?? {};
                const conversationList = showAll().filter(
                    (each) =>
                        (!type || each.type === type) &&
                        (!hasUnreadCount || each.unreadCount) &&
                        (!hasGroupAtInfo || each.groupAtInfoList.length) &&
                        !markType &&
                        !groupName,
                );
                return ok({ conversationList, isSyncCompleted: isComplete });
            },

            /** @param {string} conversationID */
            async getConversationProfile(conversationID) {
                await loaded;
                const { to, group } = target(conversationID);
                if (to) await core.users.profiles([to]);
                else if (!core.groups.peek(group)) await core.groups.load(group).catch(() => {});
                return ok({ conversation: find(conversationID) });
            },

            /** @param {{conversationID: string, isPinned: boolean}} options */
            async pinConversation({ conversationID, isPinned }) {
                const change = { ...target(conversationID), pinned: isPinned };
                await core.ask("setConversation", change, { again: true });
                tellSelf("conversation", change);
                return ok({ conversationID });
            },

            /** @param {string | {conversationIDList: string[], clearHistoryMessage?: boolean}} what */
            async deleteConversation(what) {
                if (typeof what === "string") {
                    await remove(what, false);
                    return ok({ conversationID: what });
                }
                const { conversationIDList, clearHistoryMessage = true } = what;
                await Promise.all(conversationIDList.map((id) => remove(id, !clearHistoryMessage)));
                return ok({ conversationIDList });
            },

            /** @param {{conversationID: string}} options */
            async setMessageRead({ conversationID }) {
                target(conversationID);
                await markRead(conversationID);
                return ok({ conversationID });
            },

            /** @param {{scope?: string}} [options] */
            async setAllMessageRead({ scope = TYPES.READ_ALL_MSG } = {}) {
                const ids = [...entries]
                    .filter(([, { group, unread, atMe }]) => (unread || atMe) && scope !== (group ? TYPES.READ_ALL_C2C_MSG : TYPES.READ_ALL_GROUP_MSG))
                    .map(([id]) => id);
                await Promise.all(ids.map(markRead));
                return ok();
            },

            getTotalUnreadMessageCount: () => list.total(),

            /** @param {{groupID?: string, userIDList?: string[], messageRemindType: string}} options */
            async setMessageRemindType({ groupID, messageRemindType }) {
                if (!groupID) throw new ChatError(CODE.ABSENT, "the server has this for groups only");
                await core.ask("setGroupMemberInfo", { groupID, receiveOption: messageRemindType }, { again: true });
                tellSelf("conversation", { group: groupID, receiveOption: messageRemindType });
                return ok({ groupID });
            },

            /** Kept on this device. @param {{conversationID: string, draftText: string}} options */
            async setConversationDraft({ conversationID, draftText }) {
                target(conversationID);
                if (draftText) drafts.set(conversationID, draftText);
                else drafts.delete(conversationID);
                await core.storage.set(`drafts:${core.userID()}`, [...drafts]);
                changed(conversationID);
                return ok({ conversationID, conversation: find(conversationID) });
            },
        },

        /** @returns {Promise<void>} the first page is there */
        start() {
            session = ++sessions;
            loaded = new Promise((resolve) => {
                isLoaded = () => resolve();
            });
            isStale = true;
            start();
            core.storage.get(`drafts:${core.userID()}`).then((/** @type {any} */ kept) => {
                drafts = new Map([...(kept ?? []), ...drafts]);
                for (const [id] of drafts) changed(id);
            });
            return loaded;
        },

        stop() {
            session = 0;
            asking = undefined;
            isComplete = isStale = hasPage = false;
            entries.clear();
            stale.clear();
            drafts.clear();
            later = [];
            total = 0;
        },

        take,
        refresh,
        moved,
        loaded: () => loaded,
        /** The highest id in the list. */
        newest: () => [...entries.values()].reduce((most, { upTo }) => Math.max(most, upTo), 0),
        /** Up to where the other one of a pair has read. @param {string} id */
        peerRead: (id) => entries.get(id)?.peerReadID ?? 0,
    };
}
