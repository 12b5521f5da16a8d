// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Voice: hold the button and speak, let go to send, slide away to cancel. A short press, or Enter, goes on recording without holding.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { duration } from "../time.js";
import { toast } from "../toast.js";
import { t } from "../words.js";

const LONGEST = 60; // seconds
const SHORTEST = 0.8;
const TAP = 350; // milliseconds: a shorter press is no holding
const AWAY = 70; // pixels
const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus", "audio/webm"];

export const canRecord = () => typeof MediaRecorder === "function" && !!navigator.mediaDevices?.getUserMedia;

/**
 * @param {{recorded: (file: File, seconds: number) => void, signal: AbortSignal, enabled?: () => boolean}} options
 * @returns {{button: HTMLButtonElement, bar: HTMLElement, recording: () => boolean, cancel: () => void}} the bar takes the place of the field while it records
 */
export function voiceRecorder({ recorded, signal, enabled = () => true }) {
    /** @type {MediaRecorder | undefined} */
    let recorder;
    /** @type {MediaStream | undefined} */
    let stream;
    /** @type {Blob[]} */
    let chunks = [];
    let state = "idle"; // "asking", "held", "free"
    let began = 0;
    let pressed = 0;
    let from = { x: 0, y: 0 };
    let away = false;
    let released = false;
    let send = false;
    let attempts = 0;
    let timer = 0;

    const length = h("span", { class: "recorder-length", role: "timer" }, "0:00");
    const level = h("span", { "class": "recorder-dot", "aria-hidden": "true" });
    const hint = h("span", { class: "recorder-hint", role: "status" });
    const drop = h(
        "button",
        {
            "class": "icon-button",
            "type": "button",
            "aria-label": t("record.cancel"),
            "title": t("record.cancel"),
            "onclick": () => finish(false),
        },
        icon("trash"),
    );
    const done = h(
        "button",
        {
            "class": "icon-button composer-send",
            "type": "button",
            "aria-label": t("record.send"),
            "title": t("record.send"),
            "onclick": () => finish(true),
        },
        icon("send"),
    );
    const bar = h("div", { class: "recorder", hidden: true }, level, length, hint, drop, done);
    const button = h(
        "button",
        {
            "class": "icon-button composer-mic",
            "type": "button",
            "aria-label": t("record.start"),
            "title": t("record.start"),
        },
        icon("mic"),
    );

    const seconds = () => (performance.now() - began) / 1000;

    function show() {
        const on = state !== "idle";
        bar.hidden = !on;
        bar.classList.toggle("recorder-away", away);
        button.classList.toggle("composer-mic-on", on);
        drop.hidden = done.hidden = state !== "free";
        button.hidden = state === "free";
        fill(
            hint,
            t(
                state === "asking"
                    ? "record.asking"
                    : state === "free"
                      ? "record.free"
                      : away
                        ? "record.letGoToCancel"
                        : "record.hold",
            ),
        );
        if (state === "held" || state === "free") length.textContent = duration(Math.floor(seconds()));
        bar.dispatchEvent(new CustomEvent("recording", { bubbles: true, detail: on }));
    }

    async function start() {
        if (state !== "idle" || !enabled()) return;
        state = "asking";
        released = away = false;
        length.textContent = duration(0);
        show();
        const attempt = ++attempts;
        /** @type {MediaStream} */
        let got;
        try {
            got = await navigator.mediaDevices.getUserMedia({
                audio: { echoCancellation: true, noiseSuppression: true },
            });
        } catch (error) {
            if (attempt === attempts) end();
            const { name } = /** @type {Error} */ (error);
            toast(t(name === "NotAllowedError" ? "record.forbidden" : "record.none"), { kind: "error" });
            return;
        }
        if (attempt !== attempts || state !== "asking" || signal.aborted)
            return got.getTracks().forEach((track) => track.stop());
        stream = got;
        const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
        chunks = [];
        recorder = new MediaRecorder(stream, { ...(mimeType && { mimeType }), audioBitsPerSecond: 32000 });
        recorder.addEventListener("dataavailable", ({ data }) => data.size && chunks.push(data));
        recorder.addEventListener("stop", stopped);
        recorder.start();
        began = performance.now();
        // The permission was asked for meanwhile, and the button let go: nobody holds it any more.
        state = released ? "free" : "held";
        timer = window.setInterval(() => {
            show();
            if (seconds() >= LONGEST) finish(true);
        }, 200);
        show();
        if (state === "free") done.focus();
    }

    let lasted = 0;
    /** @param {boolean} wanted */
    function finish(wanted) {
        if (state === "idle") return;
        if (state === "asking" || !recorder || recorder.state === "inactive") {
            end();
            return;
        }
        send = wanted;
        lasted = seconds();
        recorder.stop();
    }

    function stopped() {
        const type = (recorder?.mimeType || "audio/webm").split(";")[0];
        const blob = new Blob(chunks, { type });
        const wanted = send && !signal.aborted;
        end();
        if (!wanted) return;
        if (lasted < SHORTEST || !blob.size) toast(t("record.short"));
        else
            recorded(
                new File([blob], `voice.${type === "audio/mp4" ? "m4a" : type === "audio/ogg" ? "ogg" : "webm"}`, {
                    type,
                }),
                Math.max(1, Math.round(lasted)),
            );
    }

    function end() {
        clearInterval(timer);
        stream?.getTracks().forEach((track) => track.stop());
        stream = recorder = undefined;
        chunks = [];
        const focused = bar.contains(document.activeElement);
        state = "idle";
        away = false;
        show();
        if (focused) button.focus();
    }

    button.addEventListener("pointerdown", (event) => {
        if (event.button || state !== "idle") return;
        pressed = event.timeStamp;
        from = { x: event.clientX, y: event.clientY };
        button.setPointerCapture(event.pointerId);
        start();
    });
    button.addEventListener("pointermove", (event) => {
        if (state !== "held" && state !== "asking") return;
        const was = away;
        away = Math.hypot(event.clientX - from.x, event.clientY - from.y) > AWAY;
        if (was !== away) show();
    });
    button.addEventListener("pointerup", (event) => {
        released = true;
        if (state === "asking" && away) return finish(false);
        if (state !== "held") return undefined;
        if (away) return finish(false);
        if (event.timeStamp - pressed < TAP) {
            state = "free";
            show();
            return done.focus();
        }
        return finish(true);
    });
    button.addEventListener("pointercancel", () => finish(false));
    // The browser asks something, or another window comes: nobody can let go any more. The buttons decide.
    button.addEventListener("lostpointercapture", () => {
        released = true;
        if (state !== "held" || recorder?.state !== "recording") return;
        state = "free";
        away = false;
        show();
    });
    // By keyboard, and by what clicks for people who cannot hold.
    button.addEventListener("click", (event) => {
        if (event.detail !== 0 || state !== "idle") return;
        start();
        released = true;
    });
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    bar.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        finish(false);
    });
    signal.addEventListener("abort", () => finish(false));
    show();
    return { button, bar, recording: () => state !== "idle", cancel: () => finish(false) };
}
