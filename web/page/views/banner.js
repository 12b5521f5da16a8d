// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A line over everything while there is no connection, and when this page has been signed out.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { hasWord, t } from "../words.js";

const PATIENCE = 1200; // a connection that is back by then was never away, for a reader

/** @typedef {import("../app.js").App} App */

/** @param {App} app @param {AbortSignal} signal @param {{again: () => void}} actions */
export function bannerView(app, signal, { again }) {
    const element = h("div", { class: "banner", role: "status", hidden: true });
    let timer = 0;
    /** @param {string} name @param {string} kind @param {string} text @param {HTMLElement} [button] */
    const show = (name, kind, text, button) => {
        element.className = `banner banner-${kind}`;
        fill(element, icon(name), h("span", { class: "banner-text" }, text), button);
        element.hidden = false;
    };
    app.state.watch(
        ["network", "out"],
        ({ network, out }) => {
            clearTimeout(timer);
            if (out) {
                show(
                    "leave",
                    "out",
                    t(hasWord(`out.${out.reason}`) ? `out.${out.reason}` : `out.${out.type}`),
                    h(
                        "button",
                        { class: "button banner-button", type: "button", onclick: again },
                        t("signin.signInAgain"),
                    ),
                );
                // Everything else has lost its use, and the focus.
                if (!document.querySelector("dialog[open]")) element.querySelector("button")?.focus();
            } else if (network === "connected") element.hidden = true;
            else {
                const say = () =>
                    show("offline", "network", t(navigator.onLine ? "network.connecting" : "network.offline"));
                if (element.hidden) timer = window.setTimeout(say, PATIENCE);
                else say();
            }
        },
        signal,
    );
    signal.addEventListener("abort", () => clearTimeout(timer));
    return element;
}
