// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Whose private messages the user does not want.
import { avatar } from "../avatar.js";
import { openDialog, promptDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { emptyPlace } from "../place.js";
import { t } from "../words.js";
import { unblock } from "./profile.js";

/** @typedef {import("../app.js").App} App */

/** @param {App} app */
export function openBlacklist(app) {
    const list = h("ul", { "class": "rows", "aria-label": t("blacklist.title") });
    const place = emptyPlace("ban", t("blacklist.empty"));

    /** @param {string} userID */
    const row = (userID) => {
        const { nick, avatar: url } = app.people.get(userID);
        const name = nick || userID;
        return h(
            "li",
            { class: "row" },
            avatar({ id: `C2C${userID}`, name, url, size: 40 }),
            h(
                "span",
                { class: "row-text" },
                h("span", { class: "row-title" }, name),
                nick && h("span", { class: "row-note" }, userID),
            ),
            h(
                "button",
                {
                    "class": "button",
                    "type": "button",
                    "aria-label": t("blacklist.removeOf", { name }),
                    "onclick": () => unblock(app, userID),
                },
                t("blacklist.remove"),
            ),
        );
    };

    async function add() {
        const userID = await promptDialog({
            title: t("blacklist.addAction"),
            label: t("new.userID"),
            action: t("blacklist.add"),
            max: 32,
        });
        if (userID && (await app.attempt(app.chat.addToBlacklist({ userIDList: [userID] }))))
            app.state.set({ blacklist: [...app.state.blacklist.filter((one) => one !== userID), userID] });
    }

    return openDialog({
        title: t("blacklist.title"),
        body: ({ signal }) => {
            app.state.watch(
                ["blacklist", "people"],
                ({ blacklist }) => {
                    fill(list, blacklist.map(row));
                    list.hidden = !blacklist.length;
                    place.hidden = !!blacklist.length;
                },
                signal,
            );
            return [h("p", { class: "dialog-text" }, t("blacklist.text")), list, place];
        },
        footer: () =>
            h("button", { class: "button", type: "button", onclick: add }, icon("plus"), t("blacklist.addAction")),
    });
}
