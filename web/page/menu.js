// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Menus: of a button, or where somebody clicked with the right button or held a finger. A sheet at the bottom on a phone.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

/**
 * @typedef {{label: string, icon?: string, danger?: boolean, checked?: boolean, toggle?: boolean, hint?: string, run: () => void}} Item
 * @typedef {Item | {heading: string} | "-" | null | undefined | false} Entry "-" is a line between others
 */

const EDGE = 8;
const HOLD = 450;
const MOVED = 10;
/** @type {(() => void) | undefined} */
let closeOpen;

/**
 * `openMenu({items: [{label, icon, run}, "-", ...], at: button})`
 * @param {{items: Entry[], at: Element | {x: number, y: number}, label?: string, before?: Element}} options `before` is shown over the
 *   items, in the same frame: a row of emoji, for example
 */
export function openMenu({ items, at, label, before: above }) {
    closeOpen?.();
    const before = document.activeElement;
    const entries = items.filter(Boolean).filter((entry, index, all) => entry !== "-" || all[index - 1] !== "-");
    while (entries[0] === "-") entries.shift();
    while (entries.at(-1) === "-") entries.pop();
    if (!entries.length) return;
    const rows = entries.map((entry) => {
        if (typeof entry === "object" && entry && "heading" in entry)
            return h("div", { class: "menu-heading", role: "presentation" }, entry.heading);
        if (typeof entry === "string" || !entry) return h("div", { class: "menu-line", role: "separator" });
        const checkable = entry.checked !== undefined;
        return h(
            "button",
            {
                "class": `menu-item${entry.danger ? " menu-danger" : ""}`,
                "type": "button",
                "tabindex": "-1",
                "role": !checkable ? "menuitem" : entry.toggle ? "menuitemcheckbox" : "menuitemradio",
                "aria-checked": checkable ? entry.checked : null,
                "onclick": () => {
                    close();
                    entry.run();
                },
            },
            checkable
                ? h("span", { class: "menu-check" }, entry.checked && icon("check"))
                : entry.icon && icon(entry.icon),
            h("span", { class: "menu-label" }, entry.label),
            entry.hint && h("span", { class: "menu-hint" }, entry.hint),
        );
    });
    const menu = h(
        "div",
        { "class": "menu", "role": "menu", "aria-label": label || t("menu"), "tabindex": "-1" },
        above,
        rows,
    );
    const backdrop = h("div", { class: "menu-backdrop", popover: "manual" }, menu);
    // Inside a modal dialog: what is outside of it cannot be clicked.
    (document.activeElement?.closest("dialog[open]") || document.body).append(backdrop);
    backdrop.showPopover?.();
    place(menu, at);

    function close() {
        closeOpen = undefined;
        removeEventListener("popstate", close);
        removeEventListener("resize", close);
        backdrop.remove();
        if (at instanceof Element) at.removeAttribute("aria-expanded");
        if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    }
    closeOpen = close;
    if (at instanceof Element) at.setAttribute("aria-expanded", "true");
    addEventListener("popstate", close);
    addEventListener("resize", close);
    // The finger that opened it is still down: its end is no click beside the menu.
    let ready = false;
    setTimeout(() => (ready = true), 50);
    backdrop.addEventListener("pointerdown", (event) => {
        if (event.target === backdrop && ready) {
            event.preventDefault();
            close();
        }
    });
    backdrop.addEventListener("contextmenu", (event) => event.preventDefault());
    backdrop.addEventListener("keydown", (event) => {
        const buttons = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("button")]);
        const here = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
        const to = {
            ArrowDown: here + 1,
            ArrowUp: here < 0 ? buttons.length - 1 : here - 1,
            Home: 0,
            End: buttons.length - 1,
        }[event.key];
        if (to !== undefined) buttons[(to + buttons.length) % buttons.length].focus();
        else if (event.key === "Escape" || event.key === "Tab") close();
        else if (event.key.length === 1 && event.key !== " ") {
            const found = [...buttons.slice(here + 1), ...buttons].find((button) =>
                button.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()),
            );
            found?.focus();
        } else return;
        event.preventDefault();
        event.stopPropagation();
    });
    menu.focus({ preventScroll: true });
}

/** Beside what it belongs to, and never outside of the window. @param {HTMLElement} menu @param {Element | {x: number, y: number}} at */
function place(menu, at) {
    if (matchMedia("(max-width: 600px)").matches) return; // a sheet: style/base.css places it
    const box =
        at instanceof Element ? at.getBoundingClientRect() : { left: at.x, right: at.x, top: at.y, bottom: at.y };
    const { offsetWidth: width, offsetHeight: height } = menu;
    const left = at instanceof Element && box.left + width > innerWidth - EDGE ? box.right - width : box.left;
    const top = box.bottom + height > innerHeight - EDGE && box.top - height > EDGE ? box.top - height : box.bottom;
    menu.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
    menu.style.top = `${Math.max(EDGE, Math.min(top, innerHeight - height - EDGE))}px`;
}

/**
 * Opens a menu where somebody clicks with the right button, presses the menu key, or holds a finger for half a second.
 * @param {HTMLElement} element
 * @param {(target: Element, point: {x: number, y: number}) => void} open with what was pressed
 * @param {AddEventListenerOptions} [options]
 */
export function onContextMenu(element, open, options) {
    let timer = 0;
    let held = false;
    let start = { x: 0, y: 0 };
    const stop = () => clearTimeout(timer);
    element.addEventListener(
        "contextmenu",
        (event) => {
            const target = /** @type {Element} */ (event.target);
            // On selected text, links and fields the browser's own menu is more use.
            if (
                target.closest("input, textarea, a[href]") ||
                (!held && String(getSelection()).trim() && getSelection()?.containsNode(target, true))
            )
                return;
            event.preventDefault();
            stop();
            if (held) return; // Android's own, after ours
            const box = target.getBoundingClientRect();
            open(
                target,
                event.clientX || event.clientY
                    ? { x: event.clientX, y: event.clientY }
                    : { x: box.left + 24, y: box.top + box.height / 2 },
            );
        },
        options,
    );
    element.addEventListener(
        "pointerdown",
        (event) => {
            held = false;
            stop();
            if (event.pointerType === "mouse") return;
            start = { x: event.clientX, y: event.clientY };
            const target = /** @type {Element} */ (event.target);
            timer = window.setTimeout(() => {
                held = true;
                navigator.vibrate?.(8);
                open(target, start);
            }, HOLD);
        },
        options,
    );
    element.addEventListener(
        "pointermove",
        (event) => {
            if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > MOVED) stop();
        },
        options,
    );
    element.addEventListener("pointerup", stop, options);
    element.addEventListener("pointercancel", stop, options);
    // The click at the end of a held finger is not meant for what is below it.
    element.addEventListener(
        "click",
        (event) => {
            if (held) {
                held = false;
                event.preventDefault();
                event.stopPropagation();
            }
        },
        { ...options, capture: true },
    );
}
