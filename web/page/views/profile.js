// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// People: what the user says of themselves, and what others say of themselves.
import { avatar, pictureURL } from "../avatar.js";
import { confirmDialog, openDialog } from "../dialog.js";
import { fill, h, newID } from "../dom.js";
import { icon } from "../icons.js";
import { toast } from "../toast.js";
import { t } from "../words.js";
import { faceButton } from "./face.js";

/** In bytes of UTF-8: docs/protocol.md, "Limits". */
const MOST = { nick: 64, avatar: 100, selfSignature: 500 };

/** @typedef {import("../app.js").App} App */

/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text).length;

/** @param {string} text */
export async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
        toast(t("copied"), { kind: "done" });
    } catch {
        toast(text); // a page that is not on https may not; so it is there to be selected
    }
}

/** A userID or groupID, to be copied. @param {string} id */
export function idView(id) {
    return h(
        "button",
        { class: "id-chip", type: "button", title: t("copy"), onclick: () => copyText(id) },
        h("span", { class: "cut" }, id),
        icon("copy", "icon-small"),
    );
}

/** One's own. @param {App} app */
export function openProfile(app) {
    const { me } = app.state;
    const form = newID("form");
    const face = h("div", { class: "profile-face" });
    /** @param {"nick" | "avatar" | "selfSignature"} name @param {string} label @param {Record<string, any>} more @param {string} [hint] */
    const field = (name, label, more, hint) => {
        const id = newID(name);
        const wrong = h("p", { class: "field-error", id: `${id}-wrong`, role: "alert", hidden: true });
        const input = h(more.rows ? "textarea" : "input", {
            id,
            "class": "input",
            name,
            "value": me[name] || "",
            "autocomplete": "off",
            "aria-describedby": `${id}-wrong${hint ? ` ${id}-hint` : ""}`,
            ...more,
        });
        const check = () => {
            const value = input.value.trim();
            const long = bytes(value) > MOST[name];
            const bad = name === "avatar" && value && !pictureURL(value);
            // The server takes an empty text for none given: what is there can be replaced, not taken back.
            const emptied = !value && !!me[name];
            wrong.textContent = long
                ? t("profile.long")
                : bad
                  ? t("profile.badURL")
                  : emptied
                    ? t("profile.emptied")
                    : "";
            wrong.hidden = !wrong.textContent;
            if (!wrong.hidden) wrong.closest("details")?.setAttribute("open", "");
            input.setAttribute("aria-invalid", String(!wrong.hidden));
            return wrong.hidden;
        };
        input.addEventListener("input", () => {
            check();
            draw();
        });
        return {
            name,
            check,
            value: () => input.value.trim(),
            put(/** @type {string} */ text) {
                input.value = text;
                check();
            },
            element: h(
                "div",
                { class: "field" },
                h("label", { class: "field-label", for: id }, label),
                input,
                hint && h("p", { class: "field-hint", id: `${id}-hint` }, hint),
                wrong,
            ),
        };
    };
    const fields = [
        field("nick", t("profile.nick"), { autofocus: true }),
        field("avatar", t("profile.avatar"), { inputmode: "url", placeholder: "https://" }, t("profile.avatarHint")),
        field("selfSignature", t("profile.signature"), { rows: 3 }),
    ];
    const changeFace = faceButton(app, {
        label: t("face.change"),
        now: () => fields[1].value(),
        changed: (url) => {
            fields[1].put(url);
            draw();
        },
    });
    const draw = () =>
        fill(
            face,
            h(
                "div",
                { class: "face-holder" },
                avatar({ id: `C2C${app.user}`, name: fields[0].value() || app.user, url: fields[1].value(), size: 88 }),
                changeFace,
            ),
            idView(app.user),
        );
    draw();
    return openDialog({
        title: t("profile.own"),
        body: (dialog) =>
            h(
                "form",
                {
                    id: form,
                    class: "form",
                    onsubmit: async (/** @type {Event} */ event) => {
                        event.preventDefault();
                        if (!fields.map((one) => one.check()).every(Boolean)) return;
                        const changed = fields.filter((one) => one.value() !== (me[one.name] || ""));
                        if (!changed.length) return dialog.close();
                        const changes = Object.fromEntries(changed.map((one) => [one.name, one.value()]));
                        if (await app.attempt(app.chat.updateMyProfile(changes), t("saved"))) {
                            app.people.put([{ ...app.state.me, ...changes }]);
                            app.state.set({ me: { ...app.state.me, ...changes } });
                            dialog.close();
                        }
                    },
                },
                face,
                fields[0].element,
                fields[2].element,
                // For who keeps faces elsewhere.
                h("details", { class: "profile-more" }, h("summary", null, t("profile.avatarURL")), fields[1].element),
            ),
        footer: (dialog) => [
            h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("cancel")),
            h("button", { class: "button button-primary", type: "submit", form }, t("save")),
        ],
    });
}

/** Somebody else's, in the panel. @param {App} app @param {string} userID @param {AbortSignal} signal */
export function userView(app, userID, signal) {
    const { chat, state } = app;
    const element = h("div", { class: "profile" });
    const conversationID = `C2C${userID}`;
    let drawn = "";
    const draw = () => {
        const person = app.people.get(userID);
        const blocked = state.blacklist.includes(userID);
        const online = app.isOnline(userID);
        const { isNew, isPinned } = app.conversation(conversationID);
        const now = JSON.stringify([person, blocked, online, isNew, isPinned, state.selected]);
        if (now === drawn) return; // the list changes with each message
        drawn = now;
        fill(
            element,
            h(
                "div",
                { class: "profile-face" },
                avatar({ id: conversationID, name: person.nick || userID, url: person.avatar, size: 96, online }),
                h("h3", { class: "profile-name" }, person.nick || userID),
                h(
                    "p",
                    { class: "profile-status" },
                    userID === app.user ? t("profile.isYou") : t(online ? "status.online" : "status.offline"),
                ),
                idView(userID),
            ),
            person.selfSignature && h("p", { class: "profile-signature" }, person.selfSignature),
            userID !== app.user &&
                h(
                    "div",
                    { class: "profile-actions" },
                    state.selected !== conversationID &&
                        h(
                            "button",
                            { class: "row profile-action", type: "button", onclick: () => app.open(conversationID) },
                            icon("chats"),
                            t("profile.write"),
                        ),
                    !isNew &&
                        h(
                            "button",
                            {
                                class: "row profile-action",
                                type: "button",
                                onclick: () => app.attempt(chat.pinConversation({ conversationID, isPinned: !isPinned })),
                            },
                            icon(isPinned ? "pinOff" : "pin"),
                            t(isPinned ? "list.unpin" : "list.pin"),
                        ),
                    !isNew &&
                        h(
                            "button",
                            {
                                class: "row profile-action profile-danger",
                                type: "button",
                                onclick: () => clearHistory(app, conversationID),
                            },
                            icon("trash"),
                            t("history.clear"),
                        ),
                    h(
                        "button",
                        {
                            class: `row profile-action${blocked ? "" : " profile-danger"}`,
                            type: "button",
                            onclick: () => (blocked ? unblock(app, userID) : block(app, userID)),
                        },
                        icon("ban"),
                        t(blocked ? "blacklist.remove" : "blacklist.add"),
                    ),
                ),
            blocked && h("p", { class: "profile-note" }, t("blacklist.isOn")),
        );
    };
    state.watch(["people", "blacklist", "status", "selected", "conversations"], draw, signal);
    chat.getUserProfile({ userIDList: [userID] }).then(
        (/** @type {any} */ { data }) => app.people.put(data),
        () => {},
    );
    return element;
}

/** All messages of a conversation go, for the user alone. @param {App} app @param {string} conversationID */
export async function clearHistory(app, conversationID) {
    const sure = await confirmDialog({
        title: t("history.clearTitle"),
        text: t("history.clearText"),
        action: t("history.clearAction"),
        danger: true,
    });
    if (sure) await app.attempt(app.chat.clearHistoryMessage(conversationID), t("history.cleared"));
}

/** @param {App} app @param {string} userID */
export async function block(app, userID) {
    const sure = await confirmDialog({
        title: t("blacklist.addTitle", { name: app.people.name(userID) }),
        text: t("blacklist.addText"),
        action: t("blacklist.add"),
        danger: true,
    });
    if (sure && (await app.attempt(app.chat.addToBlacklist({ userIDList: [userID] }))))
        app.state.set({ blacklist: [...app.state.blacklist.filter((one) => one !== userID), userID] });
}

/** @param {App} app @param {string} userID */
export async function unblock(app, userID) {
    if (await app.attempt(app.chat.removeFromBlacklist({ userIDList: [userID] })))
        app.state.set({ blacklist: app.state.blacklist.filter((one) => one !== userID) });
}
