// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Gifts and likes of a live room. Both are custom messages, {"live":"gift","gift":"rose","count":1} with the priority High, and
// {"live":"like","count":7} with Low: who taps quickly sends one message a second with a count.

import { fill, h, svg } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../words.js";

const BANNERS = 3; // at a time
const BANNER_STAYS = 3200; // ms
const QUEUE = 40;
const HEARTS = 14; // at a time
const MOST = 9999; // of what one message may say

/** Each is drawn on 48 by 48: [path, colour]. @type {{[name: string]: [string, string][]}} */
const PICTURES = {
    rose: [
        ["M23 24h3v20h-3z", "#2f9e5b"],
        ["M24 37c-3-7-9-7-13-6 2 5 7 8 13 6z", "#37b86b"],
        ["M26 41c2-6 7-7 11-6-1 5-6 8-11 6z", "#2f9e5b"],
        ["M24 4c7 0 13 4 13 11S31 27 24.500 27 12 22 12 15 17 4 24 4z", "#e5294f"],
        ["M14 10c4-5 12-6 16-2 3 4 1 9-4 10-4 1-7-2-6-5 1-2 4-3 5-1", "#b81a3c"],
        ["M24 27c-7 0-12-5-12-12 4 6 9 8 15 7 4 0 8-3 10-7 0 7-6 12-13 12z", "#f7537a"],
    ],
    cake: [
        ["M22.500 8h3v9h-3z", "#f4c95d"],
        ["M24 2c2.500 2.500 2.500 5 0 6-2.500-1-2.500-3.500 0-6z", "#ff8a3d"],
        ["M8 24a6 6 0 0 1 6-7h20a6 6 0 0 1 6 7v18H8z", "#f9d7b5"],
        ["M8 33h32v9H8z", "#c86b4a"],
        [
            "M8 24a6 6 0 0 1 6-7h20a6 6 0 0 1 6 7c0 4-5 5-6 1-1 5-7 5-8 0-1 5-7 5-8 0-1 4-10 4-10-1z",
            "#ff6f91",
        ],
        ["M4 42h40v3H4z", "#9aa4b8"],
    ],
    star: [
        [
            "M24 3l6.400 13.500L45 18.500 34.300 28.800 37 43.500 24 36.300 11 43.500l2.700-14.700L3 18.500l14.600-2z",
            "#ffb829",
        ],
        ["M24 3v33.300L11 43.500l2.700-14.700L3 18.500l14.600-2z", "#ffd166"],
    ],
    crown: [
        ["M7 38L4 15l11 8 9-15 9 15 11-8-3 23z", "#ffc233"],
        ["M24 8v30H7L4 15l11 8z", "#ffdb70"],
        ["M7 38h34v5H7z", "#d98e04"],
        ["M24 27l4 4-4 4-4-4z", "#e5294f"],
        ["M13 29l3 3-3 3-3-3z", "#4d8dff"],
        ["M35 29l3 3-3 3-3-3z", "#4d8dff"],
    ],
    rocket: [
        ["M18 34c-5 1-8 5-9 11 6-1 10-4 11-9z", "#ff8a3d"],
        ["M18 36c-3 1-5 3-5.500 6 3-.500 5-2 6.500-5z", "#ffd166"],
        ["M14 22L5 25l5 6 6-1zM26 34l-3 9-6-5 1-6z", "#e5294f"],
        ["M44 4C31 3 20 10 14 25l9 9C38 28 45 17 44 4z", "#eef2fb"],
        ["M44 4C38 13 29 23 18.500 29.500L23 34C38 28 45 17 44 4z", "#c3cee6"],
        ["M44 4c-5-.400-9 .300-13 2 1.500 5 5.500 9 11 11 1.600-4 2.300-8.500 2-13z", "#e5294f"],
        ["M29 14.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9z", "#3b82f6"],
        ["M29 16.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z", "#93c5fd"],
    ],
    diamond: [
        ["M13 7h22l10 12-21 24L3 19z", "#5cc8ff"],
        ["M13 7h11L16 19H3z", "#a8e4ff"],
        ["M24 7h11l-3 12H16z", "#d6f3ff"],
        ["M16 19h16l-8 24z", "#38a9ec"],
        ["M3 19h13l8 24z", "#7bd4ff"],
    ],
};

export const GIFTS = Object.keys(PICTURES);

/** @param {string} name @param {number} size */
export function giftPicture(name, size) {
    return svg(
        "svg",
        {
            class: "gift-picture",
            viewBox: "0 0 48 48",
            width: size,
            height: size,
            "aria-hidden": "true",
            focusable: "false",
        },
        ...PICTURES[name].map(([d, fill]) => svg("path", { d, fill })),
    );
}

export const giftName = (/** @type {string} */ name) => t(`gift.${name}`);
/** In a sentence: "a rose". @param {string} name */
export const giftWords = (name) => t(`gift.one.${name}`);

export const giftData = (/** @type {string} */ gift) => JSON.stringify({ live: "gift", gift, count: 1 });
export const likeData = (/** @type {number} */ count) => JSON.stringify({ live: "like", count });

/**
 * What a custom message of a live room is: a stranger wrote it.
 * @param {unknown} data
 * @returns {{live: "gift", gift: string, count: number} | {live: "like", count: number} | undefined}
 */
export function readLive(data) {
    try {
        const { live, gift, count } = JSON.parse(String(data));
        const many = Math.min(MOST, Math.max(1, Math.floor(Number(count) || 1)));
        if (live === "like") return { live, count: many };
        if (live === "gift" && GIFTS.includes(gift)) return { live, gift, count: many };
    } catch {
        // somebody else's custom message
    }
    return undefined;
}

/** Banners for gifts and hearts for likes, over the picture. */
export function giftsLayer() {
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const banners = h("div", { class: "gift-banners", role: "status", "aria-live": "polite" });
    const hearts = h("div", { class: "hearts", "aria-hidden": "true" });
    /** @type {{key: string, name: string, gift: string, count: number}[]} */
    const waiting = [];
    /** @type {Map<string, {count: number, times: HTMLElement, element: HTMLElement, timer: number}>} */
    const shown = new Map();

    /** The same gift of the same person again counts up in the banner that is there. @param {{from: string, name: string, gift: string, count: number}} given */
    function give({ from, name, gift, count }) {
        const key = `${from} ${gift}`;
        const there = shown.get(key) ?? waiting.find((one) => one.key === key);
        if (there) there.count += count;
        const banner = shown.get(key);
        if (banner) countUp(key, banner);
        else if (!there && waiting.length < QUEUE) waiting.push({ key, name, gift, count });
        next();
    }

    function next() {
        while (waiting.length && shown.size < BANNERS) {
            const { key, name, gift, count } = /** @type {typeof waiting[0]} */ (waiting.shift());
            const times = h("span", { class: "gift-times" });
            const element = h(
                "div",
                { class: "gift-banner" },
                h(
                    "span",
                    { class: "gift-words" },
                    h("b", { class: "gift-from" }, name),
                    h("span", { class: "gift-what" }, t("live.gave", { gift: giftWords(gift) })),
                ),
                giftPicture(gift, 44),
                times,
            );
            const banner = { count, times, element, timer: 0 };
            shown.set(key, banner);
            banners.append(element);
            countUp(key, banner);
        }
    }

    /** @param {string} key @param {{count: number, times: HTMLElement, element: HTMLElement, timer: number}} banner */
    function countUp(key, banner) {
        fill(banner.times, banner.count > 1 && `×${banner.count}`);
        if (banner.count > 1 && !calm.matches)
            banner.times.animate?.([{ transform: "scale(1.7)" }, { transform: "scale(1)" }], {
                duration: 220,
                easing: "ease-out",
            });
        clearTimeout(banner.timer);
        banner.timer = window.setTimeout(() => {
            shown.delete(key);
            banner.element.remove();
            next();
        }, BANNER_STAYS);
    }

    /** @param {number} count */
    function like(count) {
        if (calm.matches || document.hidden) return;
        const room = HEARTS - hearts.childElementCount;
        for (let i = 0; i < Math.min(count, 5, room); i++) {
            const heart = h(
                "span",
                {
                    class: `heart heart-${(Math.random() * 4) | 0}`,
                    style: {
                        "--drift": `${(Math.random() * 60 - 30) | 0}px`,
                        "--late": `${i * 120}ms`,
                        "--tilt": `${(Math.random() * 50 - 25) | 0}deg`,
                    },
                },
                icon("heartFull"),
            );
            heart.addEventListener("animationend", () => heart.remove());
            hearts.append(heart);
        }
    }

    return { banners, hearts, give, like, end: () => shown.forEach((banner) => clearTimeout(banner.timer)) };
}

/**
 * Taps become one message a second.
 * @param {(count: number) => void} send
 */
export function tapCounter(send) {
    let count = 0;
    let timer = 0;
    const flush = () => {
        timer = 0;
        if (!count) return;
        send(Math.min(MOST, count));
        count = 0;
        timer = window.setTimeout(flush, 1000);
    };
    return {
        tap() {
            count++;
            if (!timer) timer = window.setTimeout(flush, 300);
        },
        end() {
            clearTimeout(timer);
        },
    };
}
