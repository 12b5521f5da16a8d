// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Messages as applications see them (Tencent's Message), made from what the server delivers, or by create...Message.
import { TYPES } from "./constants.js";
import { elementsFromWire, elementsToWire, kindOf } from "./elements.js";
import { ChatError, CODE } from "./errors.js";
import { NAMES } from "./groups.js";

/**
 * @typedef {import("./core.js").Core} Core
 * @typedef {import("./elements.js").Fields} Fields
 *
 * @typedef {Object} Message Tencent's, and:
 * @property {number} [id] the server's number of a stored message (docs/protocol.md, "What arrives")
 * @property {number} [random] what makes a repeated one the same
 * @property {import("./elements.js").Element[]} [elements] all contents, where a message has several; `type` and
 *   `payload` are those of the first
 * @property {string} ID
 * @property {string} type
 * @property {Fields} payload
 * @property {string} conversationID
 * @property {string} conversationType
 * @property {string} to
 * @property {string} from
 * @property {string} flow
 * @property {number} time
 * @property {string} status
 * @property {boolean} isRevoked
 * @property {string} priority
 * @property {string} nick
 * @property {string} avatar
 * @property {boolean} isPeerRead
 * @property {string} nameCard
 * @property {string[]} atUserList
 * @property {string} cloudCustomData
 * @property {boolean} isDeleted
 * @property {boolean} isModified
 * @property {boolean} needReadReceipt
 * @property {{isPeerRead: boolean, readCount?: number, unreadCount?: number}} readReceiptInfo
 * @property {boolean} isBroadcastMessage
 * @property {boolean} isSupportExtension
 * @property {string} revoker
 * @property {{userID: string, nick: string, avatar: string}} revokerInfo
 * @property {string} revokeReason
 * @property {number} sequence
 * @property {boolean} hasRiskContent
 */

/** The numbers that Tencent's SDK has for what a tip or a notice tells; 20, 254 and 255 it does not have. */
const OPERATIONS = {
    join: 1, invite: 1, quit: 2, kick: 3, setAdmin: 4, cancelAdmin: 5, transfer: 6, info: 6, mute: 7, dismiss: 254,
    joinRequest: 1, joinAccepted: 2, joinRefused: 3, kicked: 4, dismissed: 5, invited: 7, adminGranted: 9, adminRevoked: 10,
    inviteRefused: 14, ownerGranted: 20, custom: 255,
};

/** What a tip calls otherwise than a group does. @type {Record<string, string>} */
const CHANGES = { ...NAMES, groupName: "groupName" };

/** Forwarded messages that are longer go as a file: a message of the server has 12 KB. */
const MERGER_MOST = 8000;

/** @param {any} text */
const string = (text) => (typeof text === "string" ? text : "");

/**
 * What relative URLs of files are below.
 * @param {Core} core
 * @returns {string}
 */
export function mediaBase({ options }) {
    const page = globalThis.location?.origin;
    const base = options.mediaUrl || options.httpUrl || (page?.startsWith("http") ? page : "");
    return base.replace(/\/+$/, "");
}

/**
 * Who somebody is, as far as that is known.
 * @param {Core} core
 * @param {string} userID
 */
export function person(core, userID) {
    const profile = core.users?.peek(userID);
    return { userID, nick: profile?.nick ?? "", avatar: profile?.avatar ?? "" };
}

/**
 * The payload of a tip or a notice.
 * @param {Core} core
 * @param {Fields} wire
 */
function happened(core, { tips, notice, group, time }) {
    const { type, operator = "", members = [], count = members.length, info = {}, reason = "", text = "" } = tips ?? notice;
    const groupID = group ?? notice.group ?? "";
    const payload = {
        operation: type,
        operationType: /** @type {any} */ (OPERATIONS)[type] ?? 0,
        operatorID: operator,
        operatorInfo: person(core, operator),
        groupProfile: { groupID, name: core.groups?.peek(groupID)?.name ?? "" },
        userDefinedField: text,
    };
    if (notice) return { ...payload, handleMessage: reason };
    const muteTime = Math.max(0, Math.round((info.mutedUntil - time) / 1000));
    return {
        ...payload,
        reason,
        userIDList: members,
        memberList: members.map((/** @type {string} */ userID) => ({ ...person(core, userID), ...(type === "mute" && { muteTime }) })),
        memberCount: count,
        newGroupProfile:
            type === "transfer"
                ? { ownerID: members[0] }
                : Object.fromEntries(type === "info" ? Object.keys(info).map((name) => [CHANGES[name] ?? name, info[name]]) : []),
    };
}

/**
 * @param {Core} core
 * @param {string} from
 * @param {string} to
 * @param {string} conversationType
 * @param {string} conversationID
 * @returns {Message}
 */
function blank(core, from, to, conversationType, conversationID) {
    const { nick, avatar } = person(core, from);
    return {
        ID: "",
        type: TYPES.MSG_TEXT,
        payload: { text: "" },
        conversationID,
        conversationType,
        to,
        from,
        flow: from === core.userID() ? "out" : "in",
        time: 0,
        status: "success",
        isRevoked: false,
        priority: TYPES.MSG_PRIORITY_NORMAL,
        nick,
        avatar,
        isPeerRead: false,
        nameCard: (conversationType === TYPES.CONV_GROUP && core.cards?.peek(to, from)) || "",
        atUserList: [],
        cloudCustomData: "",
        isDeleted: false,
        isModified: false,
        needReadReceipt: false,
        readReceiptInfo: { isPeerRead: false, readCount: undefined, unreadCount: undefined },
        isBroadcastMessage: false,
        isSupportExtension: false,
        revoker: "",
        revokerInfo: { userID: "", nick: "", avatar: "" },
        revokeReason: "",
        sequence: 0,
        hasRiskContent: false,
    };
}

/**
 * Puts what can be edited into a message.
 * @param {Core} core
 * @param {Message} message
 * @param {Fields} wire
 */
export function fill(core, message, wire) {
    const elements = elementsFromWire(wire, mediaBase(core));
    const { at = [], cloudCustomData, needReadReceipt } = wire;
    Object.assign(message, elements[0] ?? { type: TYPES.MSG_TEXT, payload: { text: "" } }, {
        elements: elements.length > 1 ? elements : undefined,
        atUserList: at === "@all" ? [TYPES.MSG_AT_ALL] : at,
        cloudCustomData: string(cloudCustomData),
        needReadReceipt: needReadReceipt === true,
    });
}

/**
 * The conversation that a message of the wire is in.
 * @param {Core} core
 * @param {Fields} wire
 * @returns {{type: string, ID: string}}
 */
export function conversationOf(core, wire) {
    if (wire.group !== undefined) return { type: TYPES.CONV_GROUP, ID: TYPES.CONV_GROUP + wire.group };
    const peer = wire.to === core.userID() ? wire.sender : wire.to;
    if (peer === "@system") return { type: TYPES.CONV_SYSTEM, ID: TYPES.CONV_SYSTEM };
    return { type: TYPES.CONV_C2C, ID: TYPES.CONV_C2C + peer };
}

/**
 * The same for everybody who has the message, and from when it is made.
 * @param {Fields} wire
 */
export const identity = (wire) =>
    `${wire.group ?? wire.to}-${wire.sender}-${wire.random ?? (wire.id ? "#" + wire.id : `${wire.time}.${wire.seq ?? ""}`)}`;

/**
 * A message of the wire as the application sees it: with content, a tip, a notice, or what is left of a recalled one.
 * Recalls, edits and purges are none: they change others. What is known already is the same object each time.
 * @param {Core} core
 * @param {Fields} wire
 * @param {string} [topic] where it has arrived
 * @returns {Message}
 */
export function messageFromWire(core, wire, topic) {
    return core.history ? core.history.take(wire) : makeMessage(core, wire);
}

/**
 * @param {Core} core
 * @param {Fields} wire
 * @returns {Message}
 */
export function makeMessage(core, wire) {
    const { type, ID } = conversationOf(core, wire);
    const { id, random, sender, seq = 0, time, priority = "normal", tips, notice } = wire;
    const message = Object.assign(blank(core, sender, wire.group ?? wire.to, type, ID), {
        ID: identity(wire),
        id,
        random,
        time: Math.floor(time / 1000),
        sequence: seq,
        isRevoked: wire.recalled === true,
        isModified: wire.edited !== undefined,
        priority: priority[0].toUpperCase() + priority.slice(1),
    });
    message.isPeerRead = message.flow === "out" && id <= (core.conversations?.peerRead(ID) ?? 0);
    message.readReceiptInfo.isPeerRead = message.isPeerRead;
    fill(core, message, wire);
    if (tips || notice) {
        message.type = tips ? TYPES.MSG_GRP_TIP : TYPES.MSG_GRP_SYS_NOTICE;
        message.payload = happened(core, wire);
    }
    return message;
}

/**
 * What of a message can be edited, for the wire.
 * @param {Core} core
 * @param {Message} message
 * @returns {Fields}
 */
export function contentToWire(core, message) {
    const { type, payload, elements, atUserList, cloudCustomData, needReadReceipt } = message;
    const all = [{ type, payload }, ...(elements ?? []).slice(1)];
    return {
        ...elementsToWire(all, mediaBase(core)),
        at: !atUserList.length ? undefined : atUserList.includes(TYPES.MSG_AT_ALL) ? "@all" : atUserList,
        cloudCustomData: cloudCustomData || undefined,
        needReadReceipt: needReadReceipt || undefined,
        random: message.random,
    };
}

/**
 * What to publish.
 * @param {Core} core
 * @param {Message} message
 * @param {Fields} [options] of sendMessage
 * @returns {Fields}
 */
export function messageToWire(core, message, options = {}) {
    const { disablePush, title, description, extension, apnsInfo, androidInfo } = options.offlinePushInfo ?? {};
    const push = {
        disabled: disablePush || undefined,
        title: title || undefined,
        body: description || undefined,
        ext: extension || undefined,
        sound: apnsInfo?.sound || androidInfo?.sound || undefined,
        badge: apnsInfo?.ignoreIOSBadge ? false : undefined,
    };
    const priority = message.priority.toLowerCase().replace("lowest", "low");
    return {
        ...contentToWire(core, message),
        priority: priority === "normal" ? undefined : priority,
        onlineOnly: options.onlineUserOnly || undefined,
        noUnread: options.messageControlInfo?.excludedFromUnreadCount || undefined,
        push: Object.values(push).some((value) => value !== undefined) ? push : undefined,
    };
}

/**
 * The part: create...Message.
 * @param {Core} core
 */
export function message(core) {
    /**
     * What has to be uploaded before a message can be sent.
     * @type {WeakMap<Message, {file: any, content: Fields, onProgress?: Function}>}
     */
    const files = new WeakMap();

    /**
     * @param {string} type
     * @param {Fields} options
     * @param {Fields} content for the wire
     * @returns {Message}
     */
    function create(type, options, content) {
        const { to, conversationType, priority, cloudCustomData, needReadReceipt, receiverList } = options;
        if (conversationType !== TYPES.CONV_C2C && conversationType !== TYPES.CONV_GROUP)
            throw new ChatError(CODE.CONVERSATION_TYPE, "conversationType is C2C or GROUP");
        if (!core.userID()) throw new ChatError(CODE.NOT_READY, "nobody is logged in");
        if (!to || typeof to !== "string") throw new ChatError(CODE.INVALID, "to is missing");
        // Sent all the same, it would reach those who are not meant.
        if (receiverList?.length) throw new ChatError(CODE.ABSENT, "receiverList: a message in a group is for everybody");
        const made = blank(core, core.userID(), to, conversationType, conversationType + to);
        const random = 1 + Math.floor(Math.random() * (Number.MAX_SAFE_INTEGER - 1));
        fill(core, made, { ...content, at: options.payload?.atUserList, cloudCustomData, needReadReceipt });
        return Object.assign(made, {
            ID: identity({ to, sender: core.userID(), random }),
            random,
            type,
            flow: "out",
            time: Math.floor(core.time() / 1000),
            status: "unSend",
            priority: priority ?? made.priority,
        });
    }

    /**
     * @param {string} type
     * @returns {(options: Fields) => Message}
     */
    const plain = (type) => (options) =>
        create(type, options, elementsToWire([{ type, payload: options.payload ?? {} }], mediaBase(core)));

    /**
     * @param {string} type
     * @returns {(options: Fields) => Message}
     */
    const media = (type) => (options) => {
        const { payload = {}, onProgress } = options;
        // A File or Blob, bytes, or an <input>.
        const file = payload.file?.files ? payload.file.files[0] : payload.file;
        const kind = /** @type {string} */ (kindOf(type));
        if (!file && !payload.url) throw new ChatError(CODE.INVALID, "payload.file is missing");
        // Until it has been uploaded it is shown from where it is.
        const local = typeof document === "object" && file instanceof Blob;
        const content = file
            ? {
                  url: local ? URL.createObjectURL(file) : "",
                  name: payload.name ?? file.name,
                  size: file.size ?? file.length,
                  seconds: payload.second,
              }
            : payload;
        const made = create(type, options, { [kind]: content });
        if (file) files.set(made, { file, content, onProgress });
        return made;
    };

    return {
        files,
        methods: {
            createTextMessage: plain(TYPES.MSG_TEXT),
            createTextAtMessage: plain(TYPES.MSG_TEXT),
            createCustomMessage: plain(TYPES.MSG_CUSTOM),
            createFaceMessage: plain(TYPES.MSG_FACE),
            createLocationMessage: plain(TYPES.MSG_LOCATION),
            /** @param {Fields} options */
            createMergerMessage(options) {
                const made = plain(TYPES.MSG_MERGER)(options);
                const { messages } = contentToWire(core, made).merger;
                const text = JSON.stringify(messages);
                const size = text.replace(/[^ -~]/g, "xxx").length;
                if (size > MERGER_MOST) files.set(made, { file: new Blob([text]), content: {}, onProgress: options.onProgress });
                return made;
            },
            createImageMessage: media(TYPES.MSG_IMAGE),
            createAudioMessage: media(TYPES.MSG_AUDIO),
            createVideoMessage: media(TYPES.MSG_VIDEO),
            createFileMessage: media(TYPES.MSG_FILE),

            /** @param {Fields} options */
            createForwardMessage(options) {
                const { type, payload, elements } = options.payload ?? {};
                if (!kindOf(type)) throw new ChatError(CODE.INVALID, "payload is not a message that can be forwarded");
                if (files.has(options.payload)) throw new ChatError(CODE.INVALID, "its file has not been uploaded yet");
                const content = elementsToWire(elements ?? [{ type, payload }], mediaBase(core));
                return create(type, { ...options, payload: undefined }, content);
            },
        },
    };
}
