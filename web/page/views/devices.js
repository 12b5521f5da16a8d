// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Where the user is signed in, and "sign that one out".
import { confirmDialog, openDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { momentTime } from "../time.js";
import { toast } from "../toast.js";
import { hasWord, t } from "../words.js";

const ICONS = /** @type {Record<string, string>} */ ({
    ios: "phone",
    android: "phone",
    mini: "phone",
    web: "globe",
    iot: "live",
});

/** @typedef {import("../app.js").App} App */
/** @typedef {{clientID: string, platform: string, online: boolean, lastUsed: number, isThis?: boolean}} Device */

/** @param {string} platform */
const platformName = (platform) => t(hasWord(`platform.${platform}`) ? `platform.${platform}` : "platform.other");

/** @param {App} app */
export function openDevices(app) {
    const list = h("ul", { "class": "rows", "aria-label": t("devices.title") });
    const place = h("div", { class: "place", role: "status" }, h("div", { class: "spinner" }), t("loading"));

    /** @param {Device} device */
    const row = ({ clientID, platform, online, lastUsed, isThis }) =>
        h(
            "li",
            { class: "row" },
            h("span", { class: `device-icon${online ? " device-online" : ""}` }, icon(ICONS[platform] || "devices")),
            h(
                "span",
                { class: "row-text" },
                h("span", { class: "row-title" }, platformName(platform)),
                h(
                    "span",
                    { class: "row-note" },
                    isThis
                        ? t("devices.this")
                        : online
                          ? t("status.online")
                          : t("devices.lastUsed", { when: momentTime(lastUsed / 1000) }),
                ),
                h(
                    "span",
                    { class: "row-note device-id", title: clientID },
                    clientID.split(":").slice(2).join(":") || clientID,
                ),
            ),
            !isThis &&
                h(
                    "button",
                    {
                        "class": "button",
                        "type": "button",
                        "aria-label": t("devices.signOutOf", { platform: platformName(platform), id: clientID }),
                        "onclick": () => kick(clientID, platform),
                    },
                    t("devices.signOut"),
                ),
        );

    const load = async () => {
        try {
            const { data } = await app.chat.getDevices();
            const devices = /** @type {Device[]} */ (data.devices);
            devices.sort(
                (one, other) =>
                    Number(!!other.isThis) - Number(!!one.isThis) || Number(other.online) - Number(one.online),
            );
            fill(list, devices.map(row));
            place.hidden = true;
        } catch (error) {
            fill(
                place,
                icon("alert"),
                h("p", null, app.errorText(error)),
                h("button", { class: "button", type: "button", onclick: load }, t("retry")),
            );
        }
    };

    /** @param {string} clientID @param {string} platform */
    async function kick(clientID, platform) {
        const sure = await confirmDialog({
            title: t("devices.kickTitle", { platform: platformName(platform) }),
            text: t("devices.kickText"),
            action: t("devices.signOut"),
            danger: true,
        });
        if (!sure || !(await app.attempt(app.chat.kickDevice(clientID)))) return;
        toast(t("devices.kicked"), { kind: "done" });
        load();
    }

    load();
    return openDialog({
        title: t("devices.title"),
        body: () => [h("p", { class: "dialog-text" }, t("devices.text")), list, place],
    });
}
