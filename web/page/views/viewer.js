// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Pictures and videos over the whole window: the small one at once, the large one when it is there. Arrow keys go through them.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { momentTime } from "../time.js";
import { t } from "../words.js";
import { mediaURL } from "./links.js";
import { stopPlaying } from "./player.js";

const ZOOM_MOST = 8;
const ZOOM_STEP = 1.5;
const SWIPE = 60;

/**
 * @param {import("../app.js").App} app
 * @param {any} message the first to be shown
 * @param {any[]} all those that the arrows go to
 */
export function openViewer(app, message, all) {
    const { TYPES } = app;
    const before = document.activeElement;
    let at = Math.max(
        0,
        all.findIndex((one) => one.ID === message.ID && one.type === message.type),
    );
    let zoom = 1;
    let shift = { x: 0, y: 0 };
    /** @type {HTMLImageElement | undefined} */
    let picture;

    stopPlaying();
    const stage = h("div", { class: "viewer-stage" });
    const title = h("span", { class: "viewer-title" });
    const save = h(
        "a",
        {
            "class": "icon-button",
            "target": "_blank",
            "rel": "noopener noreferrer",
            "aria-label": t("chat.download"),
            "title": t("chat.download"),
        },
        icon("download"),
    );
    const button = (
        /** @type {string} */ name,
        /** @type {string} */ word,
        /** @type {() => void} */ f,
        /** @type {string} */ className,
    ) =>
        h(
            "button",
            {
                "class": `icon-button ${className}`,
                "type": "button",
                "aria-label": t(word),
                "title": t(word),
                "onclick": f,
            },
            icon(name),
        );
    const previous = button("back", "viewer.previous", () => go(-1), "viewer-previous");
    const next = button("chevronRight", "viewer.next", () => go(1), "viewer-next");
    const dialog = h(
        "dialog",
        { "class": "viewer", "aria-label": t("viewer.title"), "tabIndex": -1, "autofocus": true },
        h(
            "header",
            { class: "viewer-bar" },
            title,
            save,
            button("close", "close", () => dialog.close(), ""),
        ),
        stage,
        previous,
        next,
    );

    function place() {
        if (!picture) return;
        picture.style.transform = `translate(${shift.x}px, ${shift.y}px) scale(${zoom})`;
        stage.classList.toggle("viewer-zoomed", zoom > 1);
    }

    /** @param {number} to */
    function setZoom(to) {
        zoom = Math.min(ZOOM_MOST, Math.max(1, to));
        if (zoom === 1) shift = { x: 0, y: 0 };
        place();
    }

    function show() {
        const { type, payload, nick, from, time } = all[at];
        zoom = 1;
        shift = { x: 0, y: 0 };
        picture = undefined;
        if (type === TYPES.MSG_VIDEO) {
            const source = mediaURL(payload.videoUrl || payload.remoteVideoUrl);
            fill(
                stage,
                h("video", {
                    class: "viewer-video",
                    src: source || null,
                    poster: mediaURL(payload.thumbUrl || payload.snapshotUrl) || null,
                    controls: true,
                    autoplay: true,
                    playsinline: true,
                    onerror: () => fill(stage, lost()),
                }),
            );
            setSave(source, payload.videoFormat || "mp4");
        } else {
            const [whole = {}, small = whole] = payload.imageInfoArray || [];
            const source = mediaURL(whole.url || whole.imageUrl);
            const thumb = mediaURL(small.url || small.imageUrl) || source;
            const shown = (picture = h("img", {
                class: "viewer-picture",
                src: thumb || null,
                alt: t("preview.image"),
                draggable: "false",
                referrerpolicy: "no-referrer",
                ...(whole.width && whole.height
                    ? { style: { "--ratio": `${whole.width} / ${whole.height}`, "--width": `${whole.width}px` } }
                    : {}),
            }));
            fill(stage, shown);
            if (source && source !== thumb) {
                const large = new Image();
                large.referrerPolicy = "no-referrer";
                large.src = source;
                shown.classList.add("viewer-loading");
                large
                    .decode()
                    .then(
                        () => (shown.src = source),
                        () => {},
                    )
                    .finally(() => shown.classList.remove("viewer-loading"));
            }
            shown.onerror = () => shown.replaceWith(lost());
            setSave(source, "");
        }
        const count = all.length > 1 ? ` · ${at + 1} / ${all.length}` : "";
        title.textContent = `${nick || app.people.name(from)}${time ? ` · ${momentTime(time)}` : ""}${count}`;
        previous.hidden = at === 0;
        next.hidden = at === all.length - 1;
    }

    /** @param {string} source @param {string} ending */
    function setSave(source, ending) {
        save.hidden = !source;
        save.href = source;
        save.download =
            source.startsWith("blob:") || source.startsWith("data:")
                ? `file.${ending || "png"}`
                : source.split(/[?#]/)[0].split("/").pop() || "file";
    }

    const lost = () => h("p", { class: "viewer-lost" }, icon("image"), t("chat.noPicture"));

    /** @param {number} step */
    function go(step) {
        if (!all[at + step]) return;
        at += step;
        show();
    }

    dialog.addEventListener("keydown", (event) => {
        const inVideo = event.target instanceof HTMLVideoElement;
        const act = {
            "ArrowLeft": () => go(-1),
            "ArrowRight": () => go(1),
            "+": () => setZoom(zoom * ZOOM_STEP),
            "=": () => setZoom(zoom * ZOOM_STEP),
            "-": () => setZoom(zoom / ZOOM_STEP),
            "0": () => setZoom(1),
        }[event.key];
        if (!act || inVideo || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        act();
    });
    stage.addEventListener(
        "wheel",
        (event) => {
            event.preventDefault();
            setZoom(zoom * (event.deltaY < 0 ? 1.2 : 1 / 1.2));
        },
        { passive: false },
    );

    // One finger or the mouse moves a large picture, and goes on to the next from one that is not enlarged; two fingers enlarge it.
    /** @type {Map<number, {x: number, y: number}>} */
    const fingers = new Map();
    let start = { x: 0, y: 0, shiftX: 0, shiftY: 0, distance: 0, zoom: 1 };
    let moved = false;
    function begin() {
        const [one, other] = [...fingers.values()];
        start = {
            x: one.x,
            y: one.y,
            shiftX: shift.x,
            shiftY: shift.y,
            zoom,
            distance: other ? Math.hypot(one.x - other.x, one.y - other.y) : 0,
        };
    }
    stage.addEventListener("pointerdown", (event) => {
        if (event.target instanceof HTMLVideoElement) return;
        fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
        moved = fingers.size > 1;
        stage.setPointerCapture(event.pointerId);
        begin();
    });
    stage.addEventListener("pointermove", (event) => {
        if (!fingers.has(event.pointerId)) return;
        fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
        const [one, other] = [...fingers.values()];
        const dx = one.x - start.x;
        const dy = one.y - start.y;
        moved ||= Math.hypot(dx, dy) > 6;
        if (other && start.distance)
            setZoom((start.zoom * Math.hypot(one.x - other.x, one.y - other.y)) / start.distance);
        else if (zoom > 1) {
            shift = { x: start.shiftX + dx, y: start.shiftY + dy };
            place();
        }
    });
    const finish = (/** @type {PointerEvent} */ event) => {
        const one = fingers.get(event.pointerId);
        if (!one) return;
        const swiped = fingers.size === 1 && zoom === 1 && event.pointerType !== "mouse" ? one.x - start.x : 0;
        fingers.delete(event.pointerId);
        if (fingers.size) begin();
        else if (Math.abs(swiped) > SWIPE) go(swiped < 0 ? 1 : -1);
        else if (!moved && event.type === "pointerup") pressed(event);
    };
    stage.addEventListener("pointerup", finish);
    stage.addEventListener("pointercancel", finish);

    /** On the picture: large or small again. Beside it: closed. @param {PointerEvent} event */
    function pressed(event) {
        const box = picture?.getBoundingClientRect();
        const inside =
            box &&
            event.clientX >= box.left &&
            event.clientX <= box.right &&
            event.clientY >= box.top &&
            event.clientY <= box.bottom;
        if (!inside) return dialog.close();
        return setZoom(zoom > 1 ? 1 : 2.5);
    }

    dialog.addEventListener("close", () => {
        fill(stage);
        dialog.remove();
        if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    });
    show();
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
}
