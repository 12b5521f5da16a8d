// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The system's notifications while nobody looks at the page. Off until the user switches them on.
import { pictureURL } from "../avatar.js";
import { contentText } from "../preview.js";
import { toast } from "../toast.js";
import { t } from "../words.js";

const KEPT = "chat.notify";
const FRESH = 60; // seconds: what waited while the user was away is no news

/** @typedef {import("../app.js").App} App */

/** A page that is on neither https nor localhost has none, and neither have some phones. */
export const canNotify = () => "Notification" in window && isSecureContext;

export const notifies = () =>
    canNotify() && Notification.permission === "granted" && localStorage.getItem(KEPT) === "on";

export async function switchNotify() {
    if (notifies()) return localStorage.setItem(KEPT, "off");
    if ((await Notification.requestPermission()) !== "granted")
        return void toast(t("notify.denied"), { kind: "error" });
    localStorage.setItem(KEPT, "on");
    toast(t("notify.on"), { kind: "done" });
}

/** @param {App} app @param {AbortSignal} signal */
export function notifyView(app, signal) {
    const { TYPES, EVENT } = app;
    /** By conversation: a new one takes the place of the last. @type {Map<string, Notification>} */
    const shown = new Map();
    app.on(
        EVENT.MESSAGE_RECEIVED,
        (/** @type {any[]} */ messages) => {
            if (document.hasFocus() || !notifies()) return;
            /** @type {Map<string, any>} */
            const last = new Map();
            for (const message of messages) {
                const { conversationID, flow, type, time } = message;
                const { messageRemindType: remind, groupProfile } = app.conversation(conversationID);
                const isNews = flow === "in" && type !== TYPES.MSG_GRP_TIP && time > Date.now() / 1000 - FRESH;
                const isWanted =
                    !remind || remind === TYPES.MSG_REMIND_ACPT_AND_NOTE || message.atUserList?.includes(app.user);
                if (isNews && isWanted && groupProfile?.type !== TYPES.GRP_AVCHATROOM)
                    last.set(conversationID, message);
            }
            for (const [id, message] of last) show(id, message);
        },
        signal,
    );

    /** @param {string} id @param {any} message */
    function show(id, message) {
        const conversation = app.conversation(id);
        const text = contentText(app, message);
        const who = message.nameCard || message.nick || app.people.name(message.from);
        try {
            const notification = new Notification(app.nameOf(conversation), {
                body: id.startsWith("GROUP") ? t("preview.by", { who, text }) : text,
                tag: id,
                icon: pictureURL(conversation.userProfile?.avatar || conversation.groupProfile?.avatar) || undefined,
            });
            notification.onclick = () => {
                window.focus();
                app.open(id);
                notification.close();
            };
            shown.set(id, notification);
        } catch {
            // Android's browsers let only service workers show one.
        }
    }
    const clear = () => {
        for (const notification of shown.values()) notification.close();
        shown.clear();
    };
    addEventListener("focus", clear, { signal });
    signal.addEventListener("abort", clear);
}
