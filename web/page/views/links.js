// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What becomes a link, and what an address may be. Nothing else in a text means anything: it is shown as it was written.

import { h } from "../dom.js";

// After the host there may be anything but blanks, brackets, quotes and what ends a Chinese sentence. The host itself is plain ASCII, so
// that a link ends where Chinese goes on without a blank, and what is before an @ is never taken for it.
const LINK =
    /https?:\/\/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?(?:[/?#][^\s<>"“”‘’«»「」『』《》（）【】，。；！？、]*)?/giu;
const ENDS = /[.,:;!?'*_~\]}|]$/;
const SCHEMES = new Set(["http:", "https:"]);

/** Where a link ends: the full stop behind it is the sentence's, and so is a bracket that was opened before it. @param {string} link */
function trimmed(link) {
    for (;;) {
        const unopened = link.endsWith(")") && link.split(")").length > link.split("(").length;
        if (!unopened && !ENDS.test(link)) return link;
        link = link.slice(0, -1);
    }
}

/**
 * An address that may be opened or loaded, else "": http and https, and what this page itself has made of a file (blob:).
 * @param {unknown} url may be relative to the page: /media/..
 */
export function safeURL(url) {
    if (typeof url !== "string" || !url) return "";
    try {
        const { protocol, href } = new URL(url, document.baseURI);
        return SCHEMES.has(protocol) || (protocol === "blob:" && href.startsWith(`blob:${location.origin}/`))
            ? href
            : "";
    } catch {
        return "";
    }
}

/** A link to elsewhere. The other page learns nothing of this one. @param {string} href @param {import("../dom.js").Child} content */
export const link = (href, content) =>
    h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow", dir: "ltr" }, content);

/**
 * The parts of a text: links, who is mentioned, and between them what it says.
 * @param {string} text
 * @param {{name: string, self?: boolean}[]} [mentions] the names that are meant where "@name" stands
 * @returns {(string | HTMLElement)[]}
 */
export function linked(text, mentions = []) {
    /** @type {(string | HTMLElement)[]} */
    const parts = [];
    let done = 0;
    for (const { 0: found, index } of text.matchAll(LINK)) {
        const url = trimmed(found);
        const href = safeURL(url);
        // "xhttp://" is no link.
        if (!href || (index > 0 && /[a-z0-9]/i.test(text[index - 1]))) continue;
        parts.push(...mentioned(text.slice(done, index), mentions), link(href, url));
        done = index + url.length;
    }
    return [...parts, ...mentioned(text.slice(done), mentions)];
}

/** @param {string} text @param {{name: string, self?: boolean}[]} mentions */
function mentioned(text, mentions) {
    /** @type {(string | HTMLElement)[]} */
    const parts = [];
    for (let done = 0; done < text.length;) {
        /** @type {{at: number, mark: string, self?: boolean} | undefined} */
        let first;
        for (const { name, self } of mentions) {
            const at = text.indexOf(`@${name}`, done);
            // Of two that begin in the same place the longer: "@bob" is in "@bobby".
            if (at >= 0 && (!first || at < first.at || (at === first.at && name.length >= first.mark.length)))
                first = { at, mark: `@${name}`, self };
        }
        if (!first) return [...parts, text.slice(done)];
        if (first.at > done) parts.push(text.slice(done, first.at));
        parts.push(h("span", { class: first.self ? "mention mention-self" : "mention" }, first.mark));
        done = first.at + first.mark.length;
    }
    return parts;
}

/** An address that a picture, sound or video may be loaded from: beside those above, bytes in the message itself (data:). @param {unknown} url */
export const mediaURL = (url) =>
    typeof url === "string" && /^data:(?:(?:image|audio|video)\/|application\/octet-stream[;,])/i.test(url)
        ? url
        : safeURL(url);
