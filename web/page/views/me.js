// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What belongs to the user: the menu behind one's own face.

import { confirmDialog } from "../dialog.js";
import { getLanguage, setLanguage, t } from "../words.js";
import { canNotify, notifies, switchNotify } from "./notify.js";
import { openBlacklist, openDevices, openProfile } from "./places.js";

const THEME = "chat.theme";

/** @typedef {import("../app.js").App} App */

export const getTheme = () => localStorage.getItem(THEME) || "";

/** @param {string} theme "", "light" or "dark" */
export function setTheme(theme) {
    localStorage.setItem(THEME, theme);
    document.documentElement.dataset.theme = theme;
}

/** @param {App} app @returns {import("../menu.js").Entry[]} */
export function meMenu(app) {
    const theme = getTheme();
    return [
        { label: t("profile.own"), icon: "user", run: () => openProfile(app) },
        { label: t("devices.title"), icon: "devices", run: () => openDevices(app) },
        { label: t("blacklist.title"), icon: "ban", run: () => openBlacklist(app) },
        canNotify() && { label: t("notify.title"), checked: notifies(), toggle: true, run: switchNotify },
        "-",
        { heading: t("theme.title") },
        { label: t("theme.system"), checked: theme === "", run: () => setTheme("") },
        { label: t("theme.light"), checked: theme === "light", run: () => setTheme("light") },
        { label: t("theme.dark"), checked: theme === "dark", run: () => setTheme("dark") },
        { heading: "Language · 语言" },
        ...[
            ["en", "English"],
            ["zh", "中文"],
        ].map(([name, label]) => ({
            label,
            checked: getLanguage() === name,
            run: () => {
                setLanguage(name);
                app.redraw();
            },
        })),
        "-",
        {
            label: t("me.signOut"),
            icon: "leave",
            danger: true,
            run: async () => {
                if (
                    await confirmDialog({
                        title: t("me.signOutTitle"),
                        text: t("me.signOutText"),
                        action: t("me.signOut"),
                    })
                )
                    app.signOut();
            },
        },
    ];
}
