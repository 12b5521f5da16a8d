// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Who has read what I have written in a group. The server tells nobody by itself, so what is in the window is asked about now and then.

import { avatar } from "../avatar.js";
import { openDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { t } from "../words.js";

const AT_ONCE = 30;
const AGAIN = 15000;
const SOON = 700;
const PAGE = 100;
const NO_RECEIPTS = 10060; // this group has none: it is too large, or of another type

/** @typedef {any} Message @typedef {import("../app.js").App} App */

/**
 * @param {App} app
 * @param {{shown: () => Message[], changed: (message: Message) => void, signal: AbortSignal}} view what is drawn now
 */
export function groupReceipts(app, { shown, changed, signal }) {
    /** @type {Map<string, string>} by message: what was shown of it last */
    const known = new Map();
    let none = false;
    let asking = false;

    /** Has everybody read it, as far as we know? @param {Message} message */
    const finished = ({ readReceiptInfo: info }) => info?.readCount > 0 && info?.unreadCount === 0;
    /** @param {Message} message */
    const stamp = ({ readReceiptInfo: info }) => `${info?.readCount ?? ""}/${info?.unreadCount ?? ""}`;

    async function refresh() {
        if (none || asking || document.hidden || app.state.network !== "connected") return;
        const wanted = shown()
            .filter(
                (message) =>
                    message.flow === "out" &&
                    message.status === "success" &&
                    !message.isRevoked &&
                    message.sequence &&
                    !finished(message) &&
                    message.type !== app.TYPES.MSG_GRP_TIP,
            )
            .slice(-AT_ONCE);
        if (!wanted.length) return;
        asking = true;
        try {
            const { data } = await app.chat.getMessageReadReceiptList(wanted);
            const answers = Array.isArray(data) ? data : data?.messageList || data?.readReceiptList || [];
            for (const message of wanted) {
                const answer = answers.find((/** @type {any} */ one) => (one.ID ?? one.messageID) === message.ID);
                if (answer && answer !== message) message.readReceiptInfo = answer.readReceiptInfo || answer;
                if (known.get(message.ID) === stamp(message)) continue;
                known.set(message.ID, stamp(message));
                if (!signal.aborted) changed(message);
            }
        } catch (error) {
            none = /** @type {any} */ (error).code === NO_RECEIPTS;
        } finally {
            asking = false;
        }
    }

    const timer = setInterval(refresh, AGAIN);
    let soon = 0;
    signal.addEventListener("abort", () => {
        clearInterval(timer);
        clearTimeout(soon);
    });
    return {
        refresh,
        /** Something has come. */
        soon() {
            clearTimeout(soon);
            soon = window.setTimeout(refresh, SOON);
        },
        possible: () => !none,
        /** @param {Message} message */
        text({ readReceiptInfo: info }) {
            if (none || !info?.readCount) return "";
            return info.unreadCount === 0 ? t("receipts.byAll") : t("receipts.by", { n: info.readCount });
        },
    };
}

/** Who has read it, and who has not. @param {App} app @param {Message} message */
export function openReaders(app, message) {
    openDialog({
        title: t("receipts.title"),
        class: "readers",
        body: (dialog) => [list("receipts.read", 0), list("receipts.unread", 1)].map((part) => part(dialog.signal)),
    });

    /** @param {string} word @param {number} filter */
    function list(word, filter) {
        return (/** @type {AbortSignal} */ signal) => {
            const count = h("span", { class: "readers-count" });
            const people = h("ul", { class: "readers-list" });
            const more = h(
                "button",
                { class: "button", type: "button", hidden: true, onclick: () => load() },
                t("more"),
            );
            /** @type {string | number} */
            let cursor = "";
            /** @type {string[]} */
            let ids = [];
            async function load() {
                more.hidden = true;
                const answer = await app.attempt(
                    app.chat.getGroupMessageReadMemberList({ message, filter, cursor, count: PAGE }),
                );
                if (!answer || signal.aborted) return;
                const { data } = /** @type {any} */ (answer);
                ids = [...ids, ...((filter ? data.unreadUserIDList : data.readUserIDList) || [])];
                cursor = data.cursor;
                more.hidden = data.isCompleted !== false;
                show();
            }
            function show() {
                count.textContent = `${ids.length}${more.hidden ? "" : "+"}`;
                fill(
                    people,
                    ids.length
                        ? ids.map((userID) =>
                              h(
                                  "li",
                                  { class: "readers-one" },
                                  avatar({
                                      id: `C2C${userID}`,
                                      name: app.people.name(userID),
                                      url: app.people.get(userID).avatar,
                                      size: 32,
                                  }),
                                  h("bdi", null, app.people.name(userID)),
                              ),
                          )
                        : h("li", { class: "readers-none" }, t(filter ? "receipts.noneLeft" : "receipts.none")),
                );
            }
            load();
            app.state.watch(["people"], () => ids.length && show(), signal);
            return h(
                "section",
                { class: "readers-part" },
                h("h3", { class: "readers-title" }, t(word), count),
                people,
                more,
            );
        };
    }
}
