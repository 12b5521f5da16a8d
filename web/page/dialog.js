// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Dialogs on <dialog>: the browser keeps the focus in it, Escape closes it, and the focus goes back to where it was.

import { fill, h, newID } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

/**
 * @typedef {object} Opened
 * @property {HTMLDialogElement} element
 * @property {(result?: any) => void} close
 * @property {Promise<any>} closed with what close() was given; undefined by Escape, the cross, or a click beside it
 * @property {AbortSignal} signal aborted when it is closed: for listeners and app.state.watch
 * @property {HTMLElement} body
 * @property {HTMLElement} footer
 */

/**
 * `openDialog({title: t("devices.title"), body: (dialog) => [...], footer: (dialog) => [...]})`
 * @param {{title: string, body?: (dialog: Opened) => any, footer?: (dialog: Opened) => any, wide?: boolean, class?: string,
 *          role?: "dialog" | "alertdialog", describe?: string}} options
 * @returns {Opened}
 */
export function openDialog({ title, body, footer, wide, class: className, role = "dialog", describe }) {
    const ended = new AbortController();
    const label = newID("dialog");
    const before = document.activeElement;
    /** @type {(result?: any) => void} */
    let settle = () => {};
    const closed = new Promise((resolve) => (settle = resolve));
    const content = h("div", { class: "dialog-body" });
    const bottom = h("div", { class: "dialog-footer" });
    /** @type {any} */
    let result;
    const element = h(
        "dialog",
        {
            "class": `dialog${wide ? " dialog-wide" : ""}${className ? ` ${className}` : ""}`,
            "aria-labelledby": label,
            "aria-describedby": describe,
            role,
        },
        h(
            "div",
            { class: "dialog-frame" },
            h(
                "header",
                { class: "dialog-header" },
                h("h2", { id: label, class: "dialog-title", tabIndex: -1 }, title),
                h(
                    "button",
                    { "class": "icon-button", "type": "button", "aria-label": t("close"), "onclick": () => close() },
                    icon("close"),
                ),
            ),
            content,
            bottom,
        ),
    );
    /** @param {any} [value] */
    function close(value) {
        result = value;
        element.close();
    }
    element.addEventListener("close", () => {
        ended.abort();
        element.remove();
        if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
        settle(result);
    });
    // A click that began and ended on the backdrop: not one that drags a selection out of a field.
    let pressed = false;
    element.addEventListener("pointerdown", (event) => (pressed = event.target === element));
    element.addEventListener("click", (event) => {
        if (event.target === element && pressed) close();
    });
    /** @type {Opened} */
    const opened = { element, close, closed, signal: ended.signal, body: content, footer: bottom };
    fill(content, body?.(opened));
    fill(bottom, footer?.(opened));
    bottom.hidden = !bottom.childElementCount;
    document.body.append(element);
    element.showModal();
    // Without a field of its own it begins at its title: the cross is not what anybody came for.
    const first = /** @type {HTMLElement | null} */ (
        element.querySelector("[autofocus]") || element.querySelector("h2")
    );
    first?.focus();
    return opened;
}

/**
 * "Are you sure?" The button says what it does.
 * @param {{title: string, text?: string, action: string, danger?: boolean}} question
 * @returns {Promise<boolean>}
 */
export async function confirmDialog({ title, text, action, danger }) {
    const describe = newID("text");
    return (
        (await openDialog({
            title,
            role: "alertdialog",
            describe: text ? describe : undefined,
            class: "dialog-small",
            body: () => text && h("p", { id: describe, class: "dialog-text" }, text),
            footer: (dialog) => [
                h(
                    "button",
                    { class: "button", type: "button", autofocus: danger, onclick: () => dialog.close() },
                    t("cancel"),
                ),
                h(
                    "button",
                    {
                        class: `button ${danger ? "button-danger" : "button-primary"}`,
                        type: "button",
                        autofocus: !danger,
                        onclick: () => dialog.close(true),
                    },
                    action,
                ),
            ],
        }).closed) === true
    );
}

/**
 * Asks for one line, or for several. Resolves with the text, trimmed, or undefined.
 * @param {{title: string, label: string, action: string, value?: string, placeholder?: string, hint?: string, max?: number,
 *          lines?: boolean, optional?: boolean, danger?: boolean}} question
 * @returns {Promise<string | undefined>}
 */
export function promptDialog({ title, label, action, value = "", placeholder, hint, max, lines, optional, danger }) {
    const id = newID("field");
    const input = h(lines ? "textarea" : "input", {
        id,
        "class": "input",
        value,
        placeholder,
        "maxlength": max,
        "rows": lines ? 4 : null,
        "autofocus": true,
        "autocomplete": "off",
        "aria-describedby": hint ? `${id}-hint` : null,
    });
    return openDialog({
        title,
        class: "dialog-small",
        body: (dialog) =>
            h(
                "form",
                {
                    id: `${id}-form`,
                    class: "form",
                    onsubmit: (/** @type {Event} */ event) => {
                        event.preventDefault();
                        if (optional || input.value.trim()) dialog.close(input.value.trim());
                    },
                },
                h("label", { class: "field", for: id }, h("span", { class: "field-label" }, label), input),
                hint && h("p", { class: "field-hint", id: `${id}-hint` }, hint),
            ),
        footer: (dialog) => [
            h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("cancel")),
            h(
                "button",
                { class: `button ${danger ? "button-danger" : "button-primary"}`, type: "submit", form: `${id}-form` },
                action,
            ),
        ],
    }).closed;
}
