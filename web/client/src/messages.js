// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What is done with messages that are there: recalled, edited, deleted; who has read them; those within a forwarded one.
import { TYPES } from "./constants.js";
import { ok } from "./core.js";
import { elementsFromWire } from "./elements.js";
import { ChatError, CODE } from "./errors.js";
import { isChange, target } from "./history.js";
import { contentToWire, fill, mediaBase } from "./message.js";
import { chunks } from "./users.js";

/** Messages in one getReadReceipts; in one deleteMessages. */
const MOST_RECEIPTS = 30;
const MOST_DELETED = 100;
const READERS = 100;

/**
 * @typedef {import("./message.js").Message} Message
 * @typedef {import("./elements.js").Fields} Fields
 */

/**
 * @param {import("./core.js").Core} core
 */
export function messages(core) {
    /** @param {Message} message @returns {number} */
    function numberOf(message) {
        if (!message?.id) throw new ChatError(CODE.NOT_A_MESSAGE, "not a message that the server has stored");
        return message.id;
    }

    /**
     * As it is at the server.
     * @param {Message} message
     */
    async function restore(message) {
        const id = numberOf(message);
        const page = await core.ask("getHistory", { ...target(message.conversationID), after: id - 1, limit: 1 });
        const wire = page.messages[0];
        if (wire?.id === id && !isChange(wire)) fill(core, message, wire);
    }

    /**
     * Messages by what they are in.
     * @param {Message[]} list
     * @returns {Map<string, Message[]>}
     */
    function byConversation(list) {
        const found = new Map();
        for (const message of list) {
            const { conversationID } = message;
            found.set(conversationID, [...(found.get(conversationID) ?? []), message]);
        }
        return found;
    }

    return {
        methods: {
            /** @param {Message} message */
            async revokeMessage(message) {
                const id = numberOf(message);
                await core.ask("recallMessage", { id, ...target(message.conversationID) });
                core.history.change({ recall: { id, operator: core.userID() } });
                return ok({ message });
            },

            /** @param {Message} message with what it is to be */
            async modifyMessage(message) {
                const id = numberOf(message);
                const content = JSON.parse(JSON.stringify(contentToWire(core, message)));
                try {
                    await core.ask("editMessage", { id, ...target(message.conversationID), ...content });
                } catch (error) {
                    await restore(message).catch(() => {});
                    throw error;
                }
                for (const each of [message, core.history.methods.findMessage(message.ID)]) {
                    if (!each) continue;
                    fill(core, each, content);
                    each.isModified = true;
                }
                return ok({ message });
            },

            /** @param {Message[]} messageList */
            async deleteMessage(messageList) {
                for (const message of messageList) {
                    if (message.id) continue;
                    core.uploads.cancel(message);
                    core.outbox.cancel(message);
                    message.isDeleted = true;
                }
                const ids = messageList.flatMap(({ id }) => id ?? []);
                for (const part of chunks(ids, MOST_DELETED)) {
                    await core.ask("deleteMessages", { ids: part }, { again: true });
                    // As if another device of the user had done it: the server tells only those.
                    core.wire.emit("event", { event: "deleted", ids: part });
                }
                return ok({ messageList });
            },

            /** @param {string} conversationID */
            async clearHistoryMessage(conversationID) {
                const conversation = target(conversationID);
                await core.ask("deleteConversation", conversation, { again: true });
                core.wire.emit("event", { event: "deleted", ...conversation });
                return ok({ conversationID });
            },

            /** @param {Message[]} messageList */
            async sendMessageReadReceipt(messageList) {
                for (const [conversationID, list] of byConversation(messageList)) {
                    const id = Math.max(...list.map(numberOf));
                    await core.ask("markRead", { ...target(conversationID), id }, { again: true });
                    core.conversations?.refresh?.(conversationID);
                }
                return ok({});
            },

            /** @param {Message[]} messageList */
            async getMessageReadReceiptList(messageList) {
                const own = messageList.filter(({ id, flow, conversationType }) => id && flow === "out" && conversationType === TYPES.CONV_GROUP);
                for (const [conversationID, list] of byConversation(own)) {
                    for (const part of chunks(list, MOST_RECEIPTS)) {
                        const answer = await core.ask("getReadReceipts", { ...target(conversationID), ids: part.map(numberOf) });
                        const found = new Map(answer.receipts.map((/** @type {Fields} */ each) => [each.id, each]));
                        for (const message of part) {
                            const receipt = /** @type {Fields | undefined} */ (found.get(message.id));
                            if (receipt) message.readReceiptInfo = { isPeerRead: false, readCount: receipt.read, unreadCount: receipt.unread };
                        }
                    }
                }
                return ok({ messageList });
            },

            /** @param {{message: Message, filter?: number, cursor?: string | number, count?: number}} options */
            async getGroupMessageReadMemberList({ message, filter = 0, cursor, count = READERS }) {
                const { users, next } = await core.ask("getMessageReaders", {
                    ...target(message.conversationID), id: numberOf(message), read: !filter, offset: +(cursor || 0), limit: count,
                });
                return ok({
                    messageID: message.ID,
                    readUserIDList: filter ? [] : users,
                    unreadUserIDList: filter ? users : [],
                    cursor: next === undefined ? "" : "" + next,
                    isCompleted: next === undefined,
                });
            },

            /** Tencent's gives the message itself. @param {Message} message */
            async downloadMergerMessage(message) {
                const { downloadKey } = message?.payload ?? {};
                if (message?.type !== TYPES.MSG_MERGER) throw new ChatError(CODE.NOT_A_MESSAGE, "not a merger message");
                if (!downloadKey || message.payload.messageList?.length) return message;
                try {
                    const messages = await (await fetch(downloadKey)).json();
                    const [{ payload }] = elementsFromWire({ merger: { messages } }, mediaBase(core));
                    message.payload.messageList = payload.messageList;
                } catch {
                    throw new ChatError(CODE.NETWORK, "the forwarded messages cannot be loaded");
                }
                return message;
            },
        },
    };
}
