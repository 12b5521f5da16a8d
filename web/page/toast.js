// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A line at the bottom that says what has just happened, and goes by itself. Screen readers say it too.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const STAYS = 4500;
const MOST = 3;
/** @type {HTMLElement | undefined} */
let region;

/** Above everything, dialogs too: in the browser's top layer, where it has one. */
function raise() {
    region ??= document.body.appendChild(
        h("div", { "class": "toasts", "role": "status", "aria-live": "polite", "popover": "manual" }),
    );
    if (region.showPopover) {
        if (region.matches(":popover-open")) region.hidePopover();
        region.showPopover();
    }
    return region;
}

/**
 * @param {string} text
 * @param {{kind?: "info" | "error" | "done", action?: {label: string, run: () => void}, stays?: number}} [options]
 * @returns {() => void} takes it away
 */
export function toast(text, { kind = "info", action, stays = STAYS } = {}) {
    const on = raise();
    const close = () => {
        clearTimeout(timer);
        element.remove();
        if (!on.childElementCount && on.hidePopover && on.matches(":popover-open")) on.hidePopover();
    };
    const element = h(
        "div",
        { class: `toast toast-${kind}`, role: kind === "error" ? "alert" : null },
        icon(kind === "error" ? "alert" : kind === "done" ? "check" : "info"),
        h("span", { class: "toast-text" }, text),
        action &&
            h(
                "button",
                {
                    class: "toast-action",
                    type: "button",
                    onclick: () => {
                        close();
                        action.run();
                    },
                },
                action.label,
            ),
    );
    let timer = setTimeout(close, stays);
    element.addEventListener("pointerenter", () => clearTimeout(timer));
    element.addEventListener("pointerleave", () => (timer = setTimeout(close, stays)));
    on.append(element);
    while (on.childElementCount > MOST) on.firstElementChild?.remove();
    return close;
}
