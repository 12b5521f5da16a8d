// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Notices from the server, about groups: a row of the list as if they were a conversation, and what can be done about one. The server
// counts none of them as unread, so this browser keeps which one was seen last.

import { t } from "../words.js";

const SEEN = "chat.notices.";
const SEEN_ANYWAY = "invited"; // the group itself is in the list, with who has added whom
const FRESH = 86400; // seconds: in a browser that has seen none yet, these are new

/** @typedef {import("../app.js").App} App */

/** Keeps `app.state.notices` as it is. @param {App} app @param {AbortSignal} signal */
export function watchNotices(app, signal) {
    const { chat, state, EVENT, TYPES } = app;
    const key = SEEN + app.user;
    const isFresh = (/** @type {any} */ { id, time }) => {
        const seen = localStorage.getItem(key);
        return seen === null ? time > Date.now() / 1000 - FRESH : id > Number(seen);
    };

    /** @param {any[]} messages */
    function take(messages) {
        const { last, unread } = state.notices;
        const fresh = messages.filter(
            ({ conversationID, id, payload }) =>
                conversationID === TYPES.CONV_SYSTEM &&
                id > (last?.id ?? 0) &&
                payload.operation !== SEEN_ANYWAY,
        );
        if (fresh.length)
            state.set({ notices: { last: fresh.at(-1), unread: unread + fresh.filter(isFresh).length } });
    }

    app.on(EVENT.MESSAGE_RECEIVED, take, signal);
    chat.getMessageList({ conversationID: TYPES.CONV_SYSTEM }).then(
        (/** @type {any} */ { data }) => signal.aborted || take(data.messageList),
        () => {},
    );
    state.watch(
        ["selected", "notices"],
        () => state.selected === TYPES.CONV_SYSTEM && readNotices(app),
        signal,
    );
}

/** They have been looked at. @param {App} app */
export function readNotices({ state, user }) {
    const { last, unread } = state.notices;
    if (!last) return;
    localStorage.setItem(SEEN + user, String(last.id));
    if (unread) state.set({ notices: { last, unread: 0 } });
}

/** What there is to do about a notice, if anything. @param {App} app @param {any} message @returns {{label: string, run: () => void} | undefined} */
export function noticeAction(app, { payload }) {
    const { operation, groupProfile } = payload;
    if (operation === "joinRequest")
        return {
            label: t("group.applications"),
            run: async () =>
                (await import("./applications.js")).openApplications(app, groupProfile, () => {}),
        };
    if (["joinAccepted", "invited", "adminGranted", "ownerGranted"].includes(operation))
        return {
            label: t("group.open"),
            run: () => app.open(`${app.TYPES.CONV_GROUP}${groupProfile.groupID}`),
        };
    return undefined;
}
