// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Fields of the dialogs about groups: texts whose length the server counts in bytes, and people to choose.

import { avatar } from "../avatar.js";
import { openDialog } from "../dialog.js";
import { fill, h, newID } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../words.js";

const SUGGESTED = 50;

/** @typedef {import("../app.js").App} App */

const encoder = new TextEncoder();
/** As the server counts: bytes of UTF-8. @param {string} text */
export const byteLength = (text) => encoder.encode(text).length;

/**
 * A field that says how much of its room is left when it gets scarce.
 * @param {{label: string, max: number, value?: string, lines?: number, placeholder?: string, hint?: string, autofocus?: boolean,
 *          changed?: () => void}} options
 */
export function byteField({ label, max, value = "", lines, placeholder, hint, autofocus, changed }) {
    const id = newID("field");
    const input = h(lines ? "textarea" : "input", {
        id,
        class: "input",
        value,
        placeholder,
        rows: lines,
        autofocus,
        autocomplete: "off",
        "aria-describedby": `${id}-note`,
        oninput: () => {
            draw();
            changed?.();
        },
    });
    const note = h("span", { class: "field-hint", id: `${id}-note` });
    const element = h(
        "label",
        { class: "field", for: id },
        h("span", { class: "field-label" }, label),
        input,
        note,
    );
    const used = () => byteLength(input.value.trim());
    function draw() {
        const left = max - used();
        input.setAttribute("aria-invalid", String(left < 0));
        note.className = left < 0 ? "field-error" : "field-hint";
        fill(
            note,
            left < 0
                ? t("group.tooLong", { n: -left })
                : left < max / 4
                  ? t("group.room", { n: left })
                  : hint,
        );
    }
    draw();
    return { element, input, value: () => input.value.trim(), fits: () => used() <= max };
}

/**
 * One text. Resolves with it, or with undefined.
 * @param {{title: string, label: string, max: number, value?: string, lines?: number, hint?: string, placeholder?: string, action: string,
 *          optional?: boolean, danger?: boolean}} question
 * @returns {Promise<string | undefined>}
 */
export function askText({ title, action, optional, danger, ...field }) {
    const id = newID("form");
    const button = h(
        "button",
        { class: `button ${danger ? "button-danger" : "button-primary"}`, type: "submit", form: id },
        action,
    );
    const may = () => text.fits() && Boolean(optional || text.value());
    const text = byteField({ ...field, autofocus: true, changed: () => (button.disabled = !may()) });
    button.disabled = !may();
    return openDialog({
        title,
        class: "dialog-small",
        body: (dialog) =>
            h(
                "form",
                {
                    id,
                    class: "form",
                    onsubmit: (/** @type {Event} */ event) => {
                        event.preventDefault();
                        if (may()) dialog.close(text.value());
                    },
                },
                text.element,
            ),
        footer: (dialog) => [
            h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("cancel")),
            button,
        ],
    }).closed;
}

/**
 * People to choose: those one has written with, and anybody by their userID.
 * @param {App} app
 * @param {{label: string, most?: number, isOut?: (userID: string) => boolean, changed?: () => void}} options
 */
export function peopleField(app, { label, most = 100, isOut = () => false, changed }) {
    /** @type {Set<string>} */
    const chosen = new Set();
    const id = newID("people");
    const chips = h("div", { class: "chips" });
    const input = h("input", {
        id,
        class: "chips-input",
        autocomplete: "off",
        placeholder: t("group.peopleHint"),
        role: "combobox",
        "aria-expanded": true,
        "aria-controls": `${id}-list`,
        spellcheck: "false",
        autocapitalize: "off",
        oninput: draw,
        onkeydown: onKey,
    });
    const note = h("span", { class: "field-hint", role: "status" });
    const list = h("div", {
        id: `${id}-list`,
        class: "people-list",
        role: "listbox",
        "aria-label": label,
        "aria-multiselectable": true,
    });
    const box = h("div", { class: "chips-box", onclick: () => input.focus() }, chips, input);
    const element = h(
        "div",
        { class: "field" },
        h("label", { class: "field-label", for: id }, label),
        box,
        note,
        list,
    );

    const known = () =>
        (app.state.conversations || [])
            .filter((one) => one.type === app.TYPES.CONV_C2C)
            .map((one) => one.conversationID.slice(3))
            .filter((userID) => userID !== app.user && !isOut(userID));

    /** @param {KeyboardEvent} event */
    function onKey(event) {
        if (event.key === "Enter") {
            event.preventDefault();
            add(input.value.trim());
        } else if (event.key === "Backspace" && !input.value && chosen.size) {
            toggle([...chosen].pop() || "");
        }
    }

    /** By a userID that was typed: is there such a user? @param {string} userID */
    async function add(userID) {
        if (!userID || chosen.has(userID)) return;
        if (userID === app.user || isOut(userID))
            return say(t(userID === app.user ? "group.thatIsYou" : "group.isMember", { who: userID }));
        const answer = await app.attempt(app.chat.getUserStatus({ userIDList: [userID] }));
        if (!answer) return;
        if (!answer.data.successUserList.length) return say(t("group.noUser", { who: userID }));
        input.value = "";
        toggle(userID);
    }

    /** @param {string} text */
    function say(text) {
        note.className = "field-error";
        fill(note, text);
    }

    /** @param {string} userID */
    function toggle(userID) {
        if (!chosen.delete(userID) && chosen.size < most) chosen.add(userID);
        draw();
        changed?.();
    }

    function draw() {
        note.className = "field-hint";
        fill(note, chosen.size >= most ? t("group.mostPeople", { n: most }) : null);
        fill(
            chips,
            [...chosen].map((userID) =>
                h(
                    "button",
                    {
                        class: "chip",
                        type: "button",
                        "aria-label": t("group.unchoose", { who: app.people.name(userID) }),
                        onclick: () => toggle(userID),
                    },
                    app.people.name(userID),
                    icon("close", "icon-small"),
                ),
            ),
        );
        const word = input.value.trim().toLowerCase();
        const fits = known().filter((userID) =>
            `${userID} ${app.people.name(userID)}`.toLowerCase().includes(word),
        );
        const isNew = word && !fits.some((userID) => userID.toLowerCase() === word);
        fill(
            list,
            fits
                .slice(0, SUGGESTED)
                .map((userID) =>
                    option(userID, app.people.name(userID), () => toggle(userID), chosen.has(userID)),
                ),
            isNew &&
                h(
                    "button",
                    {
                        class: "row people-add",
                        type: "button",
                        role: "option",
                        "aria-selected": false,
                        onclick: () => add(input.value.trim()),
                    },
                    h("span", { class: "people-plus" }, icon("plus")),
                    h("span", { class: "row-text" }, t("group.addByID", { id: input.value.trim() })),
                ),
        );
        list.hidden = !list.childElementCount;
    }

    /** @param {string} userID @param {string} name @param {() => void} run @param {boolean} is */
    const option = (userID, name, run, is) =>
        h(
            "button",
            { class: "row", type: "button", role: "option", "aria-selected": is, onclick: run },
            avatar({ id: `C2C${userID}`, name, url: app.people.get(userID).avatar, size: 36 }),
            h(
                "span",
                { class: "row-text" },
                h("span", { class: "row-title" }, name),
                name !== userID && h("span", { class: "row-note" }, userID),
            ),
            h("span", { class: "people-check" }, is && icon("check")),
        );

    draw();
    return {
        element,
        input,
        value: () => [...chosen],
        /** What was typed and not added yet counts, too. */ finish: () => add(input.value.trim()),
    };
}
