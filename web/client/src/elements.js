// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The contents of a message: as they are on the wire, and as Tencent's payloads. One table, read in both directions.
import { TYPES } from "./constants.js";

/**
 * @typedef {Record<string, any>} Fields
 * @typedef {{type: string, payload: Fields}} Element
 */

const THUMB = " thumbUrl=thumb.url:u thumbWidth=thumb.width:n thumbHeight=thumb.height:n thumbSize=thumb.size:n";

/**
 * By the name on the wire: Tencent's type; the line in a list of conversations, in the words of Tencent's SDK, which those who
 * show it translate; and the fields: the name in the payload, =the name on the wire if that is another one, and what it is.
 * u URL, n number, f number of which 0 says something, nothing a text.
 * @type {Record<string, [type: string, show: string, fields: string]>}
 */
const TABLE = {
    text: [TYPES.MSG_TEXT, "", "text"],
    image: [TYPES.MSG_IMAGE, "[图片]", "uuid format url:u width:n height:n size:n" + THUMB],
    sound: [TYPES.MSG_AUDIO, "[语音]", "uuid url:u second=seconds:n size:n"],
    video: [
        TYPES.MSG_VIDEO,
        "[视频]",
        "videoUUID=uuid videoUrl=url:u videoFormat=format videoSecond=seconds:n videoSize=size:n" + THUMB,
    ],
    file: [TYPES.MSG_FILE, "[文件]", "uuid fileUrl=url:u fileName=name fileSize=size:n"],
    face: [TYPES.MSG_FACE, "[动画表情]", "index:f data"],
    location: [TYPES.MSG_LOCATION, "[位置]", "description=desc latitude:f longitude:f"],
    custom: [TYPES.MSG_CUSTOM, "[自定义消息]", "data description=desc extension=ext sound"],
    merger: [TYPES.MSG_MERGER, "[聊天记录]", "title compatibleText downloadKey=url:u"],
};

const KINDS = Object.keys(TABLE);
/** @type {Record<string, string[][]>} */
const ROWS = {};
for (const kind of KINDS) {
    ROWS[kind] = TABLE[kind][2].split(" ").map((field) => {
        const [, name, path = name, sort = ""] = /** @type {string[]} */ (/^(\w+)(?:=([\w.]+))?(?::(\w))?$/.exec(field));
        return [name, path, sort];
    });
}

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

/**
 * The kind on the wire.
 * @param {string} type
 * @returns {string | undefined} undefined: nothing that can be sent
 */
export const kindOf = (type) => KINDS.find((kind) => TABLE[kind][0] === type);

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
 * @param {any} value
 * @param {string} [sort]
 * @param {string} [base]
 */
function read(value, sort, base = "") {
    if (sort === "u") return absolute(value, base);
    if (sort) return Number.isFinite(value) ? value : 0;
    return typeof value === "string" || typeof value === "number" ? "" + value : "";
}

/**
 * @param {any} value
 * @param {string} sort
 * @param {string} base
 * @returns {any} undefined: says nothing, and is left out
 */
function write(value, sort, base) {
    if (sort === "f") return +value || 0;
    if (sort === "n") return +value || undefined;
    value = "" + (value ?? "");
    return (sort && base && value.startsWith(base + "/") ? value.slice(base.length) : value) || undefined;
}

/**
 * @param {string} kind
 * @param {any} content
 * @param {string} base
 * @returns {Element}
 */
function fromContent(kind, content, base) {
    const type = TABLE[kind][0];
    if (kind === "text") return { type, payload: { text: read(content) } };
    const value = object(content);
    /** @type {Fields} */
    const payload = {};
    for (const [name, path, sort] of ROWS[kind]) {
        const [outer, inner] = path.split(".");
        payload[name] = read(inner ? object(value[outer])[inner] : value[path], sort, base);
        if (path === "url" && !payload[name] && value.data)
            payload[name] = `data:${kind === "image" ? "image/png" : "application/octet-stream"};base64,${value.data}`;
    }
    if (kind === "image") {
        const { uuid, format, url, width, height, size, thumbUrl, thumbWidth, thumbHeight, thumbSize } = payload;
        const whole = { url, imageUrl: url, width, height, size };
        const small = { url: thumbUrl, imageUrl: thumbUrl, width: thumbWidth, height: thumbHeight, size: thumbSize };
        const number = FORMATS.indexOf(format === "jpeg" ? "jpg" : format);
        const imageInfoArray = [whole, thumbUrl ? small : whole, whole].map((info, i) => ({ type: i, ...info }));
        return { type, payload: { uuid, format, imageFormat: number > 0 ? number : 255, imageInfoArray } };
    }
    if (kind === "video") {
        payload.remoteVideoUrl = payload.videoUrl;
        for (const name of ["Url", "Width", "Height", "Size"]) payload["snapshot" + name] = payload["thumb" + name];
    }
    if (kind === "merger") {
        payload.abstractList = list(value.abstracts).map((text) => read(text));
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
function forwarded({ sender, time, ID, nick, avatar, cloudCustomData, ...wire }, base) {
    const messageBody = elementsFromWire(wire, base);
    return {
        ID: read(ID) || `${read(sender)}-${read(time)}`,
        from: read(sender),
        nick: read(nick),
        avatar: absolute(avatar, base),
        time: Math.floor(read(time, "n") / 1000),
        cloudCustomData: read(cloudCustomData),
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
        const kind = KINDS.find((name) => part[name] !== undefined);
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
        const { url: thumbUrl, width: thumbWidth, height: thumbHeight, size: thumbSize } = small;
        payload = { ...payload, ...whole, ...(thumbUrl !== whole.url && { thumbUrl, thumbWidth, thumbHeight, thumbSize }) };
    }
    /** @type {Fields} */
    const content = {};
    for (const [name, path, sort] of ROWS[kind]) {
        const value = write(payload[name], sort, base);
        const [outer, inner] = path.split(".");
        if (value === undefined) continue;
        if (!inner) content[outer] = value;
        else if (inner === "url" || content[outer]) content[outer] = { ...content[outer], [inner]: value };
    }
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
                    avatar: write(avatar, "u", base),
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
 * The line in a list of conversations.
 * @param {Element} element
 * @returns {string}
 */
export function messageForShow({ type, payload }) {
    const kind = kindOf(type);
    if (kind === "text") return payload.text;
    return kind ? TABLE[kind][1] : type === TYPES.MSG_GRP_TIP ? "[群提示消息]" : "[群系统通知]";
}
