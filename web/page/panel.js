// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What is shown beside a conversation, or over it on a phone. What is opened from within the panel lies on top: the way back leads
// to what was there before. The browser's history knows how many lie there (`history.state.panel`).
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { backTo, depth, goBeside, level } from "./way.js";
import { t } from "./words.js";

/** @typedef {{element: HTMLElement, title: string, end: AbortController, before: Element | null}} Layer */

/** @param {(isOpen: boolean) => void} changed */
export function makePanel(changed) {
    const element = h("aside", { class: "panel", hidden: true });
    /** @type {Layer[]} */
    let layers = [];
    const ended = new AbortController();
    /** Was the last thing that was pressed in the panel? Menus and dialogs belong to what they were opened from. */
    let inside = false;
    document.addEventListener(
        "pointerdown",
        ({ target }) => {
            if (target instanceof Element && !target.closest(".menu-backdrop, dialog, .toasts"))
                inside = element.contains(target);
        },
        { capture: true, signal: ended.signal },
    );
    element.addEventListener("focusin", () => (inside = true));

    /** @param {number} left */
    function cut(left) {
        const gone = layers.slice(left);
        layers = layers.slice(0, left);
        for (const layer of gone) {
            layer.end.abort();
            layer.element.remove();
        }
        layers.forEach((layer, index) => (layer.element.hidden = index < left - 1));
        const top = layers.at(-1);
        if (top) element.setAttribute("aria-label", top.title);
        else if (gone.length) {
            element.hidden = true;
            changed(false);
        }
        const before = gone[0]?.before;
        if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    }

    const close = () => {
        backTo(level() - depth());
        cut(0);
    };
    const back = () => {
        backTo(level() - 1);
        cut(layers.length - 1);
    };

    return {
        element,
        /** @param {string} title @param {(signal: AbortSignal) => Node} make */
        open(title, make) {
            const before = document.activeElement;
            const isOver = layers.length > 0 && inside;
            if (!isOver) cut(0);
            goBeside(layers.length + 1);
            const end = new AbortController();
            const backButton = h(
                "button",
                {
                    "class": `icon-button${isOver ? "" : " panel-back"}`,
                    "type": "button",
                    "aria-label": t("back"),
                    "onclick": back,
                },
                icon("back"),
            );
            const layer = h(
                "section",
                { class: "panel-layer" },
                h(
                    "header",
                    { class: "bar" },
                    backButton,
                    h("h2", { class: "bar-title", tabIndex: -1 }, title),
                    h(
                        "button",
                        {
                            "class": "icon-button panel-close",
                            "type": "button",
                            "aria-label": t("close"),
                            "onclick": close,
                        },
                        icon("close"),
                    ),
                ),
                h("div", { class: "panel-body" }, make(end.signal)),
            );
            for (const { element: below } of layers) below.hidden = true;
            layers.push({ element: layer, title, end, before });
            element.append(layer);
            element.setAttribute("aria-label", title);
            if (element.hidden) {
                element.hidden = false;
                changed(true);
            }
            /** @type {HTMLElement} */ (layer.querySelector("h2")).focus({ preventScroll: true });
        },
        close,
        /** As many as the browser's history says are there; those that were there once do not come back. @param {number} left */
        keep: (left) => cut(Math.min(left, layers.length)),
        end() {
            cut(0);
            ended.abort();
        },
    };
}
