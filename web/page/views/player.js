// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Voice messages: one plays at a time, and goes on when its row is drawn anew. Those that were not listened to yet have a dot.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { duration } from "../time.js";
import { toast } from "../toast.js";
import { t } from "../words.js";

const HEARD = "chat.heard";
const HEARD_MOST = 500;
const BARS = 24;

/** @type {HTMLAudioElement | undefined} */
let audio;
let playing = ""; // the message
/** @type {Map<string, Set<() => void>>} what shows a message's sound */
const shown = new Map();

/** @type {Set<string>} */
let heard = new Set();
try {
    heard = new Set(JSON.parse(localStorage.getItem(HEARD) || "[]"));
} catch {
    // Where nothing can be kept all are new.
}

/** @param {string} id */
function setHeard(id) {
    heard.add(id);
    heard = new Set([...heard].slice(-HEARD_MOST));
    try {
        localStorage.setItem(HEARD, JSON.stringify([...heard]));
    } catch {
        // As above.
    }
}

/** @param {string} id */
const tell = (id) => shown.get(id)?.forEach((f) => f());

function stop() {
    const old = playing;
    playing = "";
    audio?.pause();
    tell(old);
}

/** @param {string} id @param {string} url */
async function play(id, url) {
    stop();
    audio ??= made();
    playing = id;
    setHeard(id);
    audio.src = url;
    tell(id);
    try {
        await audio.play();
    } catch (error) {
        // Another one was begun before this one was there: no failure.
        if (playing === id && /** @type {Error} */ (error).name !== "AbortError") {
            stop();
            toast(t("chat.noSound"), { kind: "error" });
        }
    }
}

function made() {
    const element = new Audio();
    element.preload = "auto";
    element.addEventListener("timeupdate", () => tell(playing));
    element.addEventListener("ended", stop);
    return element;
}

/** Heights of bars, the same for the same message: a picture of a voice, not of this one. @param {string} id */
function bars(id) {
    let seed = 9;
    for (const sign of id) seed = (seed * 31 + sign.charCodeAt(0)) >>> 0;
    return Array.from({ length: BARS }, (_, n) => {
        seed = (seed * 1664525 + 1013904223) >>> 0;
        return 0.25 + 0.75 * Math.abs(Math.sin(n * 0.7 + (seed % 100) / 30));
    });
}

/** @param {{id: string, url: string, seconds: number, width: number, unheard: boolean}} sound */
export function player({ id, url, seconds, width, unheard }) {
    const length = h("span", { class: "voice-length" });
    const wave = h(
        "span",
        { "class": "voice-wave", "aria-hidden": "true" },
        bars(id).map((height) => h("span", { style: { "--height": `${Math.round(height * 100)}%` } })),
    );
    const sign = h("span", { class: "voice-sign" });
    const dot = h("span", { "class": "voice-dot", "role": "img", "aria-label": t("chat.unheard") });
    const button = h(
        "button",
        {
            class: "voice",
            type: "button",
            disabled: !url,
            style: { "--width": `${width}px` },
            onclick: () => (playing === id && audio && !audio.paused ? stop() : play(id, url)),
        },
        sign,
        wave,
        length,
    );
    let was = "";
    function show() {
        if (was && !button.isConnected) {
            shown.get(id)?.delete(show);
            return;
        }
        const on = playing === id;
        const at = on && audio ? audio.currentTime : 0;
        // What MediaRecorder makes says nothing of its length: then the message has to.
        const whole = seconds || (on && audio && Number.isFinite(audio.duration) ? audio.duration : 0);
        button.style.setProperty("--played", String(on && whole ? Math.min(1, at / whole) : 0));
        length.textContent = duration(on ? Math.max(0, whole - at) : whole);
        dot.hidden = !unheard || heard.has(id);
        if (was !== String(on)) {
            was = String(on);
            sign.replaceChildren(icon(on ? "pause" : "play"));
            button.classList.toggle("voice-on", on);
            button.setAttribute("aria-label", t(on ? "chat.stopVoice" : "chat.playVoice", { length: duration(whole) }));
        }
    }
    show();
    const all = shown.get(id) || new Set();
    for (const other of all) other(); // those that are gone leave
    shown.set(id, all.add(show));
    return h("span", { class: "voice-box" }, button, dot);
}

/** Nothing plays any more: its conversation is closed. */
export const stopPlaying = stop;
