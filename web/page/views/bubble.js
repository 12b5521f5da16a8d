// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// One message: what is in it, by its type, and what stands around that.

import { avatar } from "../avatar.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { contentText, noticeText, revokedText, tipText } from "../preview.js";
import { clock, duration, fileSize, fullTime } from "../time.js";
import { t } from "../words.js";
import { noticeAction } from "./notices.js";
import { onlyEmoji } from "./emoji.js";
import { link, linked, mediaURL, safeURL } from "./links.js";
import { player } from "./player.js";
import { openViewer } from "./viewer.js";

const PICTURE_WIDE = 320;
const PICTURE_HIGH = 320;
const PICTURE_LEAST = 72;
const VOICE_SHORT = 96; // pixels of one second
const VOICE_LONG = 240; // of a minute

/**
 * @typedef {any} Message
 * @typedef {import("../app.js").App} App
 * @typedef {object} Around what the bubble needs of the view that it is in; all of it may be missing
 * @property {(quote: Quote) => void} [jump] to the message that is quoted
 * @property {(message: Message) => void} [openMerger]
 * @property {(message: Message) => Message[]} [pictures] all that the viewer goes through
 * @property {(message: Message) => void} [retry]
 * @property {(message: Message) => void} [cancel] an upload
 * @property {(message: Message) => number | undefined} [progress] of an upload: 0 to 1
 * @property {(message: Message) => void} [again] edit what was recalled
 * @property {(message: Message) => boolean} [canAgain]
 * @property {(message: Message) => void} [readers]
 * @property {(message: Message) => string} [readText] who has read it, in a group
 */

/** @typedef {{messageID: string, messageAbstract: string, messageSender: string, messageSequence: number, messageTime: number, messageType: number}} Quote */

/** Whoever wrote it, as the group or they themselves call them. @param {App} app @param {Message} message @returns {string} */
export const senderName = (app, { nameCard, nick, from }) => nameCard || nick || app.people.name(from);

/** Is it a line in the middle and no bubble? @param {App} app @param {Message} message */
export const isLine = ({ TYPES }, { type, isRevoked }) =>
    isRevoked || type === TYPES.MSG_GRP_TIP || type === TYPES.MSG_GRP_SYS_NOTICE;

/** What a message answers to: written as Tencent's UI kits do, so that they understand each other. @param {Message} message @returns {Quote | undefined} */
export function quoteOf({ cloudCustomData }) {
    if (typeof cloudCustomData !== "string" || !cloudCustomData.includes("messageReply")) return undefined;
    try {
        const found = JSON.parse(cloudCustomData)?.messageReply;
        const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : "");
        const number = (/** @type {unknown} */ value) => (Number.isFinite(value) ? Number(value) : 0);
        return found && typeof found === "object" && typeof found.messageID === "string"
            ? {
                  messageID: found.messageID,
                  messageAbstract: text(found.messageAbstract),
                  messageSender: text(found.messageSender),
                  messageSequence: number(found.messageSequence),
                  messageTime: number(found.messageTime),
                  messageType: number(found.messageType),
              }
            : undefined;
    } catch {
        return undefined;
    }
}

/** The size at which a picture is shown: known before it is there, so that nothing moves when it comes. @param {number} width @param {number} height */
export function fit(width, height) {
    if (!(width > 0 && height > 0)) return { width: 200, height: 150 };
    const scale = Math.min(1, PICTURE_WIDE / width, PICTURE_HIGH / height);
    return {
        width: Math.max(PICTURE_LEAST, Math.round(width * scale)),
        height: Math.max(PICTURE_LEAST, Math.round(height * scale)),
    };
}

/** @param {number} width @param {number} height */
function frameStyle(width, height) {
    const size = fit(width, height);
    return { "--width": `${size.width}px`, "--ratio": `${size.width} / ${size.height}` };
}

/** @param {Around} around @param {Message} message */
function uploading(around, message) {
    const done = message.status === "unSend" ? around.progress?.(message) : undefined;
    if (done === undefined) return null;
    return h(
        "span",
        { "class": "upload", "data-upload": message.ID },
        h("progress", { "max": 1, "value": done, "aria-label": t("chat.uploading") }),
        h("span", { class: "upload-percent" }, percent(done)),
        around.cancel &&
            h(
                "button",
                {
                    "class": "upload-cancel",
                    "type": "button",
                    "aria-label": t("chat.cancelUpload"),
                    "title": t("chat.cancelUpload"),
                    "onclick": () => around.cancel?.(message),
                },
                icon("close"),
            ),
    );
}

/** @param {number} done */
const percent = (done) => `${Math.floor(done * 100)} %`;

/** @param {Element} element the row @param {number} done */
export function showProgress(element, done) {
    const bar = element.querySelector("progress");
    const text = element.querySelector(".upload-percent");
    if (!bar || !text) return false;
    bar.value = done;
    text.textContent = percent(done);
    return true;
}

/** @param {App} app @param {Message} message @param {Around} around */
function textContent(app, message, around) {
    const text = String(message.payload.text ?? "");
    const quoted = quoteOf(message);
    const large = !quoted && onlyEmoji(text);
    return h("div", { class: large ? "text text-large" : "text", dir: "auto" }, linked(text, mentions(app, message)));
}

/** @param {App} app @param {Message} message */
function mentions(app, { atUserList }) {
    if (!Array.isArray(atUserList) || !atUserList.length) return [];
    return atUserList.slice(0, 40).flatMap((userID) =>
        userID === app.TYPES.MSG_AT_ALL
            ? [...new Set([t("chat.everybody"), "all", "All", "所有人", "everybody"])].map((name) => ({
                  name,
                  self: true,
              }))
            : [...new Set([app.people.name(userID), String(userID)])].map((name) => ({
                  name,
                  self: userID === app.user,
              })),
    );
}

/** @param {App} app @param {Message} message @param {Around} around */
function pictureContent(app, message, around) {
    const list = message.payload.imageInfoArray || [];
    const [whole = {}, small = whole] = list;
    const source = mediaURL(small.url || small.imageUrl || whole.url || whole.imageUrl);
    const picture = h("img", {
        class: "picture-image",
        src: source || null,
        alt: t("preview.image"),
        loading: "lazy",
        decoding: "async",
        draggable: "false",
        referrerpolicy: "no-referrer",
        onerror: () => button.replaceChildren(broken("image")),
    });
    const button = h(
        "button",
        {
            "class": "picture",
            "type": "button",
            "aria-label": t("viewer.open"),
            "style": frameStyle(whole.width || small.width, whole.height || small.height),
            "onclick": () => openViewer(app, message, around.pictures?.(message) || [message]),
        },
        source ? picture : broken("image"),
    );
    return h("div", { class: "picture-box" }, button, uploading(around, message));
}

/** @param {string} kind */
const broken = (kind) => h("span", { class: "broken" }, icon(kind), t("chat.noPicture"));

/** @param {App} app @param {Message} message @param {Around} around */
function videoContent(app, message, around) {
    const { payload } = message;
    const thumb = mediaURL(payload.thumbUrl || payload.snapshotUrl);
    const button = h(
        "button",
        {
            "class": "picture video",
            "type": "button",
            "aria-label": t("viewer.play", { length: duration(payload.videoSecond) }),
            "style": frameStyle(
                payload.thumbWidth || payload.snapshotWidth || 320,
                payload.thumbHeight || payload.snapshotHeight || 180,
            ),
            "onclick": () => openViewer(app, message, around.pictures?.(message) || [message]),
        },
        thumb &&
            h("img", {
                class: "picture-image",
                src: thumb,
                alt: "",
                loading: "lazy",
                decoding: "async",
                draggable: "false",
                referrerpolicy: "no-referrer",
                onerror: (/** @type {Event} */ event) => /** @type {Element} */ (event.target).remove(),
            }),
        h("span", { class: "video-play" }, icon("play")),
        payload.videoSecond ? h("span", { class: "video-length" }, duration(payload.videoSecond)) : null,
    );
    return h("div", { class: "picture-box" }, button, uploading(around, message));
}

/** @param {App} app @param {Message} message @param {Around} around */
function voiceContent(app, message, around) {
    const { url, second } = message.payload;
    const width = Math.round(VOICE_SHORT + (VOICE_LONG - VOICE_SHORT) * Math.min(1, (second || 1) / 60));
    return [
        player({ id: message.ID, url: mediaURL(url), seconds: second || 0, width, unheard: message.flow === "in" }),
        uploading(around, message),
    ];
}

/** @param {App} app @param {Message} message @param {Around} around */
function fileContent(app, message, around) {
    const { fileUrl, fileName, fileSize: size } = message.payload;
    const href = message.status === "unSend" ? "" : safeURL(fileUrl) || mediaURL(fileUrl);
    const name = String(fileName || t("chat.file"));
    const ending = /.\.([a-z0-9]{1,5})$/i.exec(name)?.[1];
    const inside = [
        h(
            "span",
            { "class": "file-icon", "aria-hidden": "true" },
            icon("file"),
            ending && h("span", { class: "file-ending" }, ending),
        ),
        h(
            "span",
            { class: "file-words" },
            h("bdi", { class: "file-name" }, name),
            h("span", { class: "file-size" }, fileSize(size)),
        ),
    ];
    return [
        href
            ? h(
                  "a",
                  {
                      class: "file",
                      href,
                      download: name,
                      target: "_blank",
                      rel: "noopener noreferrer",
                      title: t("chat.download"),
                  },
                  inside,
                  icon("download"),
              )
            : h("div", { class: "file" }, inside),
        uploading(around, message),
    ];
}

/** @param {App} app @param {Message} message @param {Around} around */
function mergerContent(app, message, around) {
    const { title, abstractList, messageList } = message.payload;
    return h(
        "button",
        { class: "merger", type: "button", onclick: () => around.openMerger?.(message) },
        h("span", { class: "merger-title" }, title || t("forward.history")),
        h(
            "span",
            { class: "merger-lines" },
            (abstractList || [])
                .slice(0, 4)
                .map((/** @type {unknown} */ line) => h("span", { dir: "auto" }, String(line))),
        ),
        h(
            "span",
            { class: "merger-foot" },
            icon("chats"),
            t("forward.count", { n: messageList?.length || abstractList?.length || 0 }),
        ),
    );
}

/** @param {App} app @param {Message} message */
function locationContent(app, { payload }) {
    const latitude = Number(payload.latitude);
    const longitude = Number(payload.longitude);
    const there = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
    return h(
        "div",
        { class: "location" },
        icon("globe"),
        h(
            "span",
            null,
            h(
                "span",
                { class: "location-name", dir: "auto" },
                payload.description || t("preview.location", { name: "" }),
            ),
            there &&
                link(
                    `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=15/${latitude}/${longitude}`,
                    `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`,
                ),
        ),
    );
}

/** @param {App} app @param {Message} message */
const otherContent = (app, message) =>
    h("div", { class: "text text-other", dir: "auto" }, linked(contentText(app, message)));

/** By type: what shows it, and whether that needs no padding around it. @param {App} app @returns {{[type: string]: [Function, string]}} */
const kinds = ({ TYPES }) => ({
    [TYPES.MSG_TEXT]: [textContent, "plain"],
    [TYPES.MSG_IMAGE]: [pictureContent, "bare"],
    [TYPES.MSG_VIDEO]: [videoContent, "bare"],
    [TYPES.MSG_AUDIO]: [voiceContent, "voice"],
    [TYPES.MSG_FILE]: [fileContent, "card"],
    [TYPES.MSG_MERGER]: [mergerContent, "card"],
    [TYPES.MSG_LOCATION]: [locationContent, "card"],
});

/**
 * What is in a message, without anything around it: for a live room, a merger, and the bubble.
 * @param {App} app @param {Message} message @param {Around} [around]
 */
export function messageContent(app, message, around = {}) {
    const table = kinds(app);
    const parts = [message, ...extraParts(message)];
    return parts.map((part) => {
        const known = table[part.type];
        return known ? known[0](app, part, around) : otherContent(app, part);
    });
}

/** A message may have several contents: the first is its own, the others are shown below it. @param {Message} message @returns {Message[]} */
function extraParts(message) {
    const list = message.elements || message.messageBody;
    return Array.isArray(list) && list.length > 1
        ? list.slice(1, 10).map((one) => Object.assign(Object.create(message), one))
        : [];
}

/** @param {App} app @param {Message} message @param {Around} around */
function quoteBox(app, message, around) {
    const quote = quoteOf(message);
    if (!quote) return null;
    return h(
        "button",
        { class: "quote", type: "button", onclick: () => around.jump?.(quote) },
        h("span", { class: "quote-sender" }, quote.messageSender),
        h("span", { class: "quote-text" }, quote.messageAbstract),
    );
}

/* What has become of it */

/** @param {App} app @param {Message} message @param {Around} around */
function statusMark(app, message, around) {
    if (message.flow !== "out") return null;
    const mark = (/** @type {string} */ name, /** @type {string} */ word, /** @type {string} */ kind) =>
        h(
            "span",
            { "class": `status status-${kind}`, "role": "img", "aria-label": t(word), "title": t(word) },
            icon(name),
        );
    if (message.status === "fail") return null; // a button beside the bubble
    if (message.status !== "success") return mark("clock", "chat.sending", "waiting");
    if (message.conversationType === app.TYPES.CONV_GROUP) {
        const text = around.readText?.(message);
        return text
            ? h(
                  "button",
                  { class: "status status-readers", type: "button", onclick: () => around.readers?.(message) },
                  text,
              )
            : mark("check", "chat.sent", "sent");
    }
    return message.isPeerRead ? mark("checks", "chat.read", "read") : mark("check", "chat.sent", "sent");
}

/** @param {App} app @param {Message} message @param {Around} around */
const meta = (app, message, around) =>
    h(
        "span",
        { class: "meta" },
        message.isModified && h("span", { class: "meta-edited" }, t("chat.edited")),
        message.time
            ? h(
                  "time",
                  {
                      class: "meta-time",
                      datetime: new Date(message.time * 1000).toISOString(),
                      title: fullTime(message.time),
                  },
                  clock(message.time),
              )
            : null,
        statusMark(app, message, around),
    );

/** Only this is another: the row stays, with what is selected in it. @param {Element} row @param {App} app @param {Message} message @param {Around} around */
export const showMeta = (row, app, message, around) =>
    row.querySelector(".meta")?.replaceWith(meta(app, message, around));

/* The row */

/** A tip, a notice, or what is left of a recalled message. @param {App} app @param {Message} message @param {Around} around */
function line(app, message, around) {
    const { TYPES } = app;
    const text = message.isRevoked
        ? revokedText(app, message)
        : message.type === TYPES.MSG_GRP_TIP
          ? tipText(app, message)
          : noticeText(app, message);
    const todo = message.type === TYPES.MSG_GRP_SYS_NOTICE && noticeAction(app, message);
    return h(
        "article",
        {
            "class": "line",
            "data-id": message.ID,
            "tabIndex": -1,
            "title": message.time ? fullTime(message.time) : null,
        },
        h(
            "span",
            { class: "line-text", dir: "auto" },
            text,
            message.isRevoked &&
                around.canAgain?.(message) &&
                h(
                    "button",
                    { class: "line-action", type: "button", onclick: () => around.again?.(message) },
                    t("chat.editAgain"),
                ),
            todo && h("button", { class: "line-action", type: "button", onclick: todo.run }, todo.label),
        ),
    );
}

/**
 * @param {App} app
 * @param {Message} message
 * @param {{first?: boolean, last?: boolean, group?: boolean, chosen?: boolean | undefined, menu?: (message: Message, at: Element) => void,
 *          person?: (userID: string) => void}} place `chosen` where messages are being chosen
 * @param {Around} around
 * @returns {HTMLElement}
 */
export function messageRow(app, message, { first = true, last = true, group, chosen, menu, person }, around) {
    if (isLine(app, message)) return line(app, message, around);
    const own = message.flow === "out";
    const kind = kinds(app)[message.type]?.[1] || "plain";
    const bare = kind === "bare" && !quoteOf(message) && !extraParts(message).length;
    const name = senderName(app, message);
    const large =
        message.type === app.TYPES.MSG_TEXT && !quoteOf(message) && onlyEmoji(String(message.payload.text ?? ""));
    const isChoice = chosen !== undefined;
    const classes = [
        "message",
        own ? "message-out" : "message-in",
        first && "message-first",
        last && "message-last",
        message.status === "fail" && "message-failed",
        isChoice && "message-choosing",
        chosen && "message-chosen",
    ];
    const showFace = group && !own;
    return h(
        isChoice ? "div" : "article",
        {
            "class": classes.filter(Boolean).join(" "),
            "data-id": message.ID,
            "tabIndex": -1,
            "aria-label": label(app, message, name),
            ...(isChoice ? { "role": "checkbox", "aria-checked": chosen } : {}),
        },
        isChoice && h("span", { "class": "choice-mark", "aria-hidden": "true" }, chosen && icon("check")),
        showFace &&
            (first
                ? h(
                      "button",
                      {
                          "class": "message-face",
                          "type": "button",
                          "tabIndex": -1,
                          "inert": isChoice,
                          "aria-label": name,
                          "onclick": () => person?.(message.from),
                      },
                      avatar({
                          id: `C2C${message.from}`,
                          name,
                          url: message.avatar || app.people.get(message.from).avatar,
                          size: 36,
                      }),
                  )
                : h("span", { class: "message-face" })),
        h(
            "div",
            { class: "message-main", inert: isChoice },
            showFace && first && h("bdi", { class: "message-name" }, name),
            h(
                "div",
                { class: "message-line" },
                h(
                    "div",
                    { class: `bubble bubble-${bare ? "bare" : kind}${large ? " bubble-large" : ""}` },
                    quoteBox(app, message, around),
                    messageContent(app, message, around),
                    meta(app, message, around),
                ),
                own &&
                    message.status === "fail" &&
                    h(
                        "button",
                        {
                            "class": "message-retry",
                            "type": "button",
                            "aria-label": t("chat.retry"),
                            "title": t("chat.retry"),
                            "onclick": () => around.retry?.(message),
                        },
                        icon("alert"),
                    ),
                menu &&
                    chosen === undefined &&
                    h(
                        "button",
                        {
                            "class": "message-more",
                            "type": "button",
                            "tabIndex": -1,
                            "aria-label": t("chat.actions"),
                            "aria-haspopup": "menu",
                            "onclick": (/** @type {Event} */ event) =>
                                menu(message, /** @type {Element} */ (event.currentTarget)),
                        },
                        icon("more"),
                    ),
            ),
        ),
    );
}

/** What a screen reader says of it. @param {App} app @param {Message} message @param {string} name */
function label(app, message, name) {
    const who = message.flow === "out" ? t("you") : name;
    const parts = [`${who}: ${contentText(app, message)}`];
    if (message.time) parts.push(clock(message.time));
    if (message.status === "fail") parts.push(t("chat.failed"));
    return parts.join(", ");
}
