// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Signing in by hand: userID and userSig. Whoever comes with a link sees it only when something is wrong with that.

import { h, newID } from "../dom.js";
import { icon } from "../icons.js";
import { getLanguage, setLanguage, t } from "../words.js";

/**
 * @param {object} options
 * @param {string} [options.userID]
 * @param {string} [options.problem] what went wrong, in words
 * @param {string} [options.server] where this page signs in
 * @param {(userID: string, userSig: string) => Promise<string | undefined>} options.signIn resolves with what went wrong
 * @param {(() => void) | undefined} [options.again] with what was tried last
 * @param {() => void} options.redraw
 */
export function signinView({ userID = "", problem, server, signIn, again, redraw }) {
    const user = newID("user");
    const sig = newID("sig");
    const why = newID("why");
    const error = h(
        "p",
        { id: why, class: "signin-problem", role: "alert", hidden: !problem },
        icon("alert"),
        h("span", null, problem),
    );
    const name = h("input", {
        "id": user,
        "class": "input",
        "name": "userID",
        "value": userID,
        "autocomplete": "username",
        "autocapitalize": "none",
        "spellcheck": "false",
        "required": true,
        "maxlength": 32,
        "aria-describedby": why,
    });
    const secret = h("input", {
        "id": sig,
        "class": "input",
        "name": "userSig",
        "type": "password",
        "autocomplete": "current-password",
        "required": true,
        "spellcheck": "false",
        "aria-describedby": why,
    });
    const submit = h("button", { class: "button button-primary button-wide", type: "submit" }, t("signin.action"));
    /** @param {string} text */
    const say = (text) => {
        error.hidden = !text;
        if (error.lastChild) error.lastChild.textContent = text;
        retry.hidden = true;
    };
    const retry = h(
        "button",
        { class: "button button-wide", type: "button", hidden: !again, onclick: () => again?.() },
        icon("retry"),
        t("signin.again", { userID }),
    );
    const form = h(
        "form",
        {
            "class": "form",
            "aria-labelledby": "signin-title",
            "onsubmit": async (/** @type {Event} */ event) => {
                event.preventDefault();
                submit.disabled = true;
                submit.textContent = t("signin.doing");
                const wrong = await signIn(name.value.trim(), secret.value.trim());
                submit.disabled = false;
                submit.textContent = t("signin.action");
                say(wrong || "");
                if (wrong) secret.select();
            },
        },
        h("div", { class: "field" }, h("label", { class: "field-label", for: user }, t("signin.userID")), name),
        h("div", { class: "field" }, h("label", { class: "field-label", for: sig }, t("signin.userSig")), secret),
        submit,
        retry,
    );
    const other = getLanguage() === "zh" ? "en" : "zh";
    return h(
        "main",
        { class: "signin" },
        h(
            "div",
            { class: "signin-card" },
            h("div", { "class": "signin-mark", "aria-hidden": "true" }, icon("chats")),
            h("h1", { id: "signin-title", class: "signin-title" }, t("signin.title")),
            error,
            form,
            h(
                "details",
                { class: "signin-help" },
                h("summary", null, t("signin.how")),
                h("p", null, t("signin.howText")),
                h("pre", { class: "signin-code", tabIndex: 0 }, "chatctl usersig alice --config mosquitto.conf"),
                server && h("p", { class: "signin-server" }, t("signin.server", { server })),
            ),
        ),
        h(
            "button",
            {
                class: "button button-quiet signin-language",
                type: "button",
                lang: other === "zh" ? "zh-CN" : "en",
                onclick: () => {
                    setLanguage(other);
                    redraw();
                },
            },
            icon("globe"),
            other === "zh" ? "中文" : "English",
        ),
    );
}
