// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Faces. Who has no picture, or one that does not load, gets their initials on a colour of their own.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const COLOURS = 8;

let base = document.baseURI;
/** What relative addresses, of the server's own files, are below. @param {string} [url] */
export const setPictureBase = (url) => {
    base = new URL(url || "", document.baseURI).href;
};

/** An address that a picture may be loaded from, or "". @param {string | undefined} url */
export function pictureURL(url) {
    if (!url) return "";
    try {
        const { protocol, href } = new URL(url, base);
        return protocol === "http:" || protocol === "https:" || protocol === "blob:" || /^data:image\//.test(url)
            ? href
            : "";
    } catch {
        return "";
    }
}

/** The first letter of a name, or of its first two words; a Chinese name's last two. @param {string} name */
export function initials(name) {
    const words = name
        .trim()
        .split(/[\s._@-]+/u)
        .filter(Boolean);
    const first = words.length ? [...words[0]] : ["?"];
    if (/\p{Script=Han}/u.test(first[0])) return first.slice(-2).join("");
    return (first[0] + (words.length > 1 ? [...words[1]][0] : "")).toUpperCase();
}

/** @param {string} id */
export function colourOf(id) {
    let hash = 7;
    for (const sign of id) hash = (hash * 31 + (sign.codePointAt(0) || 0)) >>> 0;
    return hash % COLOURS;
}

/**
 * Beside it there is always the name, so it says nothing to a screen reader.
 * @param {{id: string, name?: string, url?: string, size?: number, kind?: "user" | "group" | "live" | "system", online?: boolean}} who
 */
export function avatar({ id, name, url, size = 44, kind = "user", online }) {
    const colour = colourOf(id);
    const letters = () =>
        kind === "system" ? icon("bell") : h("span", { class: "avatar-letters" }, initials(name || id));
    const element = h("span", {
        "class": `avatar avatar-${kind} avatar-colour-${colour}`,
        "style": { "--avatar": `${size}px` },
        "aria-hidden": "true",
    });
    const source = pictureURL(url);
    if (source) {
        const picture = h("img", {
            src: source,
            alt: "",
            loading: "lazy",
            decoding: "async",
            referrerpolicy: "no-referrer",
            draggable: "false",
            onerror: () => picture.replaceWith(letters()),
        });
        element.append(picture);
    } else element.append(letters());
    if (online) element.append(h("span", { class: "avatar-online" }));
    return element;
}
