// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The contents of a message: as they are on the wire, and as Tencent's payloads. One table, read in both directions.
import { TYPES } from "./constants.js";

/**
 * @typedef {Record<string, any>} Fields
 * @typedef {{type: string, payload: Fields}} Element
 * @typedef {[payload: string, wire: string, kind: string][]} Rows what a field is called here, there, and its kind:
 *   s text, u URL, n number, w whole number, z whole number of which 0 says something, too, f any number, the same
 */

/** @type {Rows} */
const THUMB = [
    ["thumbUrl", "thumb.url", "u"],
    ["thumbWidth", "thumb.width", "w"],
    ["thumbHeight", "thumb.height", "w"],
    ["thumbSize", "thumb.size", "w"],
];

/**
 * By the name on the wire: Tencent's type, the line in a list of conversations (in the words of Tencent's SDK, which those
 * who show it translate), and the fields.
 * @type {Record<string, [type: string, show: string, rows: Rows]>}
 */
const KINDS = {
    text: [TYPES.MSG_TEXT, "", [["text", "", "s"]]],
    image: [
        TYPES.MSG_IMAGE,
        "[图片]",
        [["uuid", "uuid", "s"], ["format", "format", "s"], ["url", "url", "u"], ["width", "width", "w"],
            ["height", "height", "w"], ["size", "size", "w"], ...THUMB],
    ],
    sound: [
        TYPES.MSG_AUDIO,
        "[语音]",
        [["uuid", "uuid", "s"], ["url", "url", "u"], ["second", "seconds", "n"], ["size", "size", "w"]],
    ],
    video: [
        TYPES.MSG_VIDEO,
        "[视频]",
        [["videoUUID", "uuid", "s"], ["videoUrl", "url", "u"], ["videoFormat", "format", "s"],
            ["videoSecond", "seconds", "n"], ["videoSize", "size", "w"], ...THUMB],
    ],
    file: [
        TYPES.MSG_FILE,
        "[文件]",
        [["uuid", "uuid", "s"], ["fileUrl", "url", "u"], ["fileName", "name", "s"], ["fileSize", "size", "w"]],
    ],
    face: [TYPES.MSG_FACE, "[动画表情]", [["index", "index", "z"], ["data", "data", "s"]]],
    location: [
        TYPES.MSG_LOCATION,
        "[位置]",
        [["description", "desc", "s"], ["latitude", "latitude", "f"], ["longitude", "longitude", "f"]],
    ],
    custom: [
        TYPES.MSG_CUSTOM,
        "[自定义消息]",
        [["data", "data", "s"], ["description", "desc", "s"], ["extension", "ext", "s"]],
    ],
    merger: [
        TYPES.MSG_MERGER,
        "[聊天记录]",
        [["title", "title", "s"], ["compatibleText", "compatibleText", "s"], ["downloadKey", "url", "u"]],
    ],
};

/** What imageFormat counts; all else is 255. */
const FORMATS = ["", "jpg", "gif", "png", "bmp"];

/**
 * @param {any} value
 * @returns {Fields}
 */
const object = (value) => (value && typeof value === "object" ? value : {});

/**
 * @param {any} value
 * @returns {any[]}
 */
const list = (value) => (Array.isArray(value) ? value : []);

/** @param {string} type */
const kindOf = (type) => Object.keys(KINDS).find((kind) => KINDS[kind][0] === type);

/**
 * A URL as a reader can use it. What is relative (the server's own files) is looked for below `base`; what a browser
 * would run is nothing: strangers have written it.
 * @param {any} url
 * @param {string} base
 * @returns {string}
 */
export function absolute(url, base) {
    url = typeof url === "string" ? url : "";
    if (/^\/(?![/\\])/.test(url)) return base + url;
    return /^(https?:|blob:|data:(image|audio|video|application\/octet-stream)\b)/i.test(url) ? url : "";
}

/**
 * @param {string} kind
 * @param {any} value
 * @param {string} base
 */
function read(kind, value, base) {
    if (kind === "u") return absolute(value, base);
    if (kind === "s") return typeof value === "string" || typeof value === "number" ? "" + value : "";
    return Number.isFinite(value) ? value : 0;
}

/**
 * @param {string} kind
 * @param {any} value
 * @param {string} base
 * @returns {any} undefined: says nothing, and is left out
 */
function write(kind, value, base) {
    if (kind === "u" || kind === "s") {
        value = "" + (value ?? "");
        return (kind === "u" && base && value.startsWith(base + "/") ? value.slice(base.length) : value) || undefined;
    }
    value = kind === "w" || kind === "z" ? Math.max(0, Math.round(value)) : +value;
    return Number.isFinite(value) && (value || kind === "z" || kind === "f") ? value : undefined;
}

/**
 * @param {string} kind
 * @param {any} content
 * @param {string} base
 * @returns {Element}
 */
function fromContent(kind, content, base) {
    const [type, , rows] = KINDS[kind];
    const value = object(content);
    /** @type {Fields} */
    const payload = {};
    for (const [name, path, sort] of rows) {
        const [outer, inner] = path.split(".");
        payload[name] = read(sort, inner ? object(value[outer])[inner] : path ? value[path] : content, base);
        if (path === "url" && !payload[name] && value.data)
            payload[name] = `data:${kind === "image" ? "image/png" : "application/octet-stream"};base64,${value.data}`;
    }
    if (kind === "image") {
        const { uuid, format, url, width, height, size, thumbUrl, thumbWidth, thumbHeight, thumbSize } = payload;
        const whole = { url, imageUrl: url, width, height, size };
        const small = thumbUrl
            ? { url: thumbUrl, imageUrl: thumbUrl, width: thumbWidth, height: thumbHeight, size: thumbSize }
            : whole;
        const number = FORMATS.indexOf(format === "jpeg" ? "jpg" : format);
        const imageInfoArray = [whole, small, whole].map((info, i) => ({ type: i, ...info }));
        return { type, payload: { uuid, format, imageFormat: number > 0 ? number : 255, imageInfoArray } };
    }
    if (kind === "video") {
        payload.remoteVideoUrl = payload.videoUrl;
        for (const name of ["Url", "Width", "Height", "Size"]) payload["snapshot" + name] = payload["thumb" + name];
    }
    if (kind === "custom" && value.sound) payload.sound = read("s", value.sound, "");
    if (kind === "merger") {
        payload.abstractList = list(value.abstracts).map((text) => read("s", text, ""));
        payload.messageList = list(value.messages).map((wire) => forwarded(object(wire), base));
        payload.layersOverLimit = false;
    }
    return { type, payload };
}

/**
 * A message within a merger: Tencent's SimplifiedMessage, and `type` and `payload` as a message has them.
 * @param {Fields} wire
 * @param {string} base
 */
function forwarded(wire, base) {
    const messageBody = elementsFromWire(wire, base);
    const from = read("s", wire.sender, "");
    return {
        ID: read("s", wire.ID, "") || `${from}-${read("n", wire.time, "")}`,
        from,
        nick: read("s", wire.nick, ""),
        avatar: absolute(wire.avatar, base),
        time: Math.floor(read("n", wire.time, "") / 1000),
        cloudCustomData: read("s", wire.cloudCustomData, ""),
        messageBody,
        ...messageBody[0],
    };
}

/**
 * @param {Fields} wire a message, or what stands in its place
 * @param {string} base what relative URLs are below
 * @returns {Element[]} none: there is no content
 */
export function elementsFromWire(wire, base) {
    const parts = wire.elements === undefined ? [wire] : list(wire.elements).map(object);
    return parts.flatMap((part) => {
        const kind = Object.keys(KINDS).find((name) => part[name] !== undefined);
        return kind ? [fromContent(kind, part[kind], base)] : [];
    });
}

/**
 * @param {Element} element
 * @param {string} base
 * @returns {Fields} the content as the only member of an object; an empty one: this is no content (a tip)
 */
function elementToWire({ type, payload }, base) {
    const kind = kindOf(type);
    if (!kind) return {};
    if (kind === "text") return { text: "" + (payload.text ?? "") };
    if (kind === "image") {
        const [whole = {}, small = {}] = list(payload.imageInfoArray);
        const { url, width, height, size } = whole;
        payload = { ...payload, url, width, height, size };
        if (small.url !== url)
            Object.assign(payload, {
                thumbUrl: small.url,
                thumbWidth: small.width,
                thumbHeight: small.height,
                thumbSize: small.size,
            });
    }
    /** @type {Fields} */
    const content = {};
    for (const [name, path, sort] of KINDS[kind][2]) {
        const value = write(sort, payload[name], base);
        const [outer, inner] = path.split(".");
        if (value === undefined) continue;
        if (!inner) content[outer] = value;
        else if (inner === "url" || content[outer]) content[outer] = { ...content[outer], [inner]: value };
    }
    if (kind === "custom") content.sound = write("s", payload.sound, "");
    if (kind === "merger") {
        content.abstracts = list(payload.abstractList).map((text) => "" + text);
        // Those of a long one are a file.
        content.messages = list(content.url ? [] : payload.messageList).flatMap((message) => {
            const body = elementsToWire(message.messageBody ?? message.elements ?? [message], base);
            const { ID, from: sender, time, nick, avatar, cloudCustomData } = message;
            return Object.keys(body).length
                ? [{
                    ID,
                    sender,
                    nick: nick || undefined,
                    avatar: write("u", avatar, base),
                    time: time * 1000,
                    cloudCustomData: cloudCustomData || undefined,
                    ...body,
                }]
                : [];
        });
    }
    return { [kind]: content };
}

/**
 * @param {Element[]} elements
 * @param {string} base
 * @returns {Fields}
 */
export function elementsToWire(elements, base) {
    const parts = elements.map((element) => elementToWire(element, base));
    return parts.length > 1 ? { elements: parts } : parts[0] ?? {};
}

/**
 * Is it a type that can be sent?
 * @param {string} type
 */
export const isContent = (type) => !!kindOf(type);

/**
 * The kind on the wire, of a type that can be sent.
 * @param {string} type
 * @returns {string}
 */
export const wireKind = (type) => /** @type {string} */ (kindOf(type));

/**
 * The line in a list of conversations.
 * @param {Element} element
 * @returns {string}
 */
export function messageForShow({ type, payload }) {
    const kind = kindOf(type);
    if (kind === "text") return payload.text;
    return kind ? KINDS[kind][1] : type === TYPES.MSG_GRP_TIP ? "[群提示消息]" : "[群系统通知]";
}
