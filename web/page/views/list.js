// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The conversations: on the left, or all of a phone.

import { avatar } from "../avatar.js";
import { promptDialog, confirmDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { onContextMenu, openMenu } from "../menu.js";
import { previewText } from "../preview.js";
import { fullTime, listTime } from "../time.js";
import { toast } from "../toast.js";
import { emptyPlace, placeText } from "../place.js";
import { t } from "../words.js";
import { virtualList } from "../virtual.js";
import { meMenu } from "./me.js";
import { readNotices } from "./notices.js";
import { joinGroup, newGroup } from "./places.js";
import { folded, searchNames } from "./search.js";
import { countText } from "./title.js";

const ROW = 68;
/** A mark for whoever measures how soon the list is there. */
const FIRST = "chat:list";
const USER_ID = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,31}$/;

/** @typedef {import("../app.js").App} App */

/** @param {any} conversation @param {any} TYPES */
const isMuted = ({ messageRemindType }, TYPES) =>
    !!messageRemindType && messageRemindType !== TYPES.MSG_REMIND_ACPT_AND_NOTE;

/** Asks for a userID and opens the chat with them, if there is such a user. @param {App} app @param {string} [given] */
export async function newChat(app, given) {
    const userID =
        given ??
        (await promptDialog({
            title: t("new.chat"),
            label: t("new.userID"),
            action: t("new.open"),
            hint: t("new.chatHint"),
            max: 32,
        }));
    if (!userID) return;
    if (userID === app.user) return void toast(t("new.self"), { kind: "error" });
    if (!USER_ID.test(userID)) return void toast(t("error.7003"), { kind: "error" });
    // A profile is given for whoever is asked about; whether there is such a user only this says.
    const answer = await app.attempt(app.chat.getUserStatus({ userIDList: [userID] }));
    if (!answer) return;
    if (answer.data.failureUserList.length) return void toast(t("new.noUser", { userID }), { kind: "error" });
    app.people.get(userID);
    app.open(`C2C${userID}`);
}

/** The list with what no conversation lists, where it belongs: the server's notices, and groups by when the user came in. @param {App} app */
function withSilent({ state, conversation, TYPES }) {
    const all = [...(state.conversations || [])];
    const add = (/** @type {any} */ shown, /** @type {number} */ since) => {
        const behind = all.findIndex((one) => !one.isPinned && (one.lastMessage?.lastTime || 0) <= since);
        all.splice(behind < 0 ? all.length : behind, 0, shown);
    };
    for (const { groupID, createTime, selfInfo } of state.silent) {
        const shown = conversation(`GROUP${groupID}`);
        // Where it is not new somebody has said something meanwhile.
        if (shown.isNew) add(shown, Math.max(createTime, selfInfo.joinTime));
    }
    if (state.notices.last) add(conversation(TYPES.CONV_SYSTEM), state.notices.last.time);
    return all;
}

/** What can be done with a conversation, from the list. @param {App} app @param {any} conversation */
function actions(app, conversation) {
    const { chat, TYPES } = app;
    const { conversationID, isPinned, isNew, unreadCount } = conversation;
    if (conversation.room)
        return [
            {
                label: t("live.leave"),
                icon: "leave",
                danger: true,
                run: () => {
                    if (app.state.selected === conversationID) app.open(null);
                    app.leaveLive(conversation.room);
                    chat.quitGroup(conversation.room).catch(() => {});
                },
            },
        ];
    const muted = isMuted(conversation, TYPES);
    const isGroup = conversationID.startsWith("GROUP");
    return [
        !isNew && {
            label: t(isPinned ? "list.unpin" : "list.pin"),
            icon: isPinned ? "pinOff" : "pin",
            run: () => app.attempt(chat.pinConversation({ conversationID, isPinned: !isPinned })),
        },
        unreadCount > 0 && {
            label: t("list.markRead"),
            icon: "checks",
            run: () => (conversationID === TYPES.CONV_SYSTEM ? readNotices(app) : app.attempt(chat.setMessageRead({ conversationID }))),
        },
        isGroup && {
            label: t(muted ? "list.unmute" : "list.mute"),
            icon: muted ? "bell" : "bellOff",
            run: () =>
                app.attempt(
                    chat.setMessageRemindType({
                        groupID: conversationID.slice(5),
                        messageRemindType: muted ? TYPES.MSG_REMIND_ACPT_AND_NOTE : TYPES.MSG_REMIND_ACPT_NOT_NOTE,
                    }),
                ),
        },
        "-",
        !isNew && {
            label: t("list.delete"),
            icon: "trash",
            danger: true,
            run: async () => {
                if (
                    !(await confirmDialog({
                        title: t("list.deleteTitle", { name: app.nameOf(conversation) }),
                        text: t(isGroup ? "list.deleteGroupText" : "list.deleteText"),
                        action: t("list.deleteAction"),
                        danger: true,
                    }))
                )
                    return;
                if (
                    (await app.attempt(chat.deleteConversation(conversationID))) &&
                    app.state.selected === conversationID
                )
                    app.open(null);
            },
        },
    ];
}

/** @param {App} app @param {AbortSignal} signal */
export function listView(app, signal) {
    const { state, TYPES } = app;
    /** Folded names, kept: ten thousand are searched at each key. @type {WeakMap<object, {of: string, names: string[]}>} */
    const names = new WeakMap();
    /** @param {any} conversation */
    const namesOf = (conversation) => {
        const name = app.nameOf(conversation);
        let kept = names.get(conversation);
        if (!kept || kept.of !== name)
            names.set(
                conversation,
                (kept = {
                    of: name,
                    names: [folded(name), folded(conversation.conversationID.replace(/^(C2C|GROUP)/, ""))],
                }),
            );
        return kept.names;
    };

    /** @param {any} conversation */
    const isOnline = ({ conversationID }) => conversationID.startsWith("C2C") && app.isOnline(conversationID.slice(3));

    /** @param {any} conversation */
    const row = (conversation) => {
        const { conversationID, unreadCount, isPinned, groupAtInfoList, lastMessage, room } = conversation;
        const selected = conversationID === state.selected;
        const muted = isMuted(conversation, TYPES);
        const at = !!groupAtInfoList?.length;
        const seconds = lastMessage?.lastTime;
        return h(
            "button",
            {
                "class": `conversation${selected ? " conversation-selected" : ""}${isPinned ? " conversation-pinned" : ""}`,
                "type": "button",
                "aria-current": selected ? "true" : null,
                "onclick": () => app.open(conversationID),
            },
            app.faceOf(conversation, 48, isOnline(conversation)),
            h(
                "span",
                { class: "conversation-text" },
                h(
                    "span",
                    { class: "conversation-line" },
                    h("span", { class: "conversation-name" }, app.nameOf(conversation)),
                    muted &&
                        h(
                            "span",
                            { class: "conversation-mark" },
                            icon("bellOff", "icon-small"),
                            h("span", { class: "unseen" }, t("list.isMuted")),
                        ),
                    room || isLive(conversation)
                        ? h("span", { class: "tag tag-live" }, icon("live", "icon-small"), t("live.tag"))
                        : seconds &&
                              h("time", { class: "conversation-time", title: fullTime(seconds) }, listTime(seconds)),
                ),
                h(
                    "span",
                    { class: "conversation-line" },
                    h(
                        "span",
                        { class: "conversation-last" },
                        at && h("span", { class: "conversation-at" }, t("list.atMe"), " "),
                        room ? t("live.open") : preview(conversation),
                    ),
                    isPinned &&
                        !unreadCount &&
                        h(
                            "span",
                            { class: "conversation-mark" },
                            icon("pin", "icon-small"),
                            h("span", { class: "unseen" }, t("list.isPinned")),
                        ),
                    unreadCount > 0 &&
                        h(
                            "span",
                            { class: muted ? "count count-quiet" : "count" },
                            h("span", { "aria-hidden": "true" }, countText(unreadCount)),
                            h("span", { class: "unseen" }, t("list.unread", { n: unreadCount })),
                        ),
                ),
            ),
        );
    };

    /** @param {any} conversation */
    const isLive = ({ groupProfile }) => groupProfile?.type === TYPES.GRP_AVCHATROOM;
    /** @param {any} conversation */
    const preview = (conversation) =>
        conversation.draftText && conversation.conversationID !== state.selected
            ? [h("span", { class: "conversation-draft" }, t("list.draft")), " ", conversation.draftText]
            : isLive(conversation)
              ? t("live.yours")
              : previewText(app, conversation) || (conversation.isNew ? t("list.silent") : "");

    const list = virtualList({
        rowHeight: ROW,
        label: t("list.label"),
        class: "list-rows",
        row,
        key: (/** @type {any} */ conversation) => conversation.conversationID,
        stamp: (conversation) =>
            [
                app.nameOf(conversation),
                conversation.unreadCount,
                conversation.isPinned,
                conversation.messageRemindType,
                conversation.groupAtInfoList?.length,
                conversation.lastMessage && [
                    previewText(app, conversation),
                    listTime(conversation.lastMessage.lastTime),
                ],
                conversation.draftText,
                isOnline(conversation),
                conversation.userProfile?.avatar,
                conversation.groupProfile?.avatar,
                conversation.room,
                conversation.conversationID === state.selected,
            ].join("\n"),
    });
    onContextMenu(
        list.element,
        (target, at) => {
            const conversation = list.itemAt(target);
            if (conversation) openMenu({ items: actions(app, conversation), at, label: app.nameOf(conversation) });
        },
        { signal },
    );
    list.element.addEventListener("keydown", (event) => {
        const conversation = event.key === "Delete" && list.itemAt(/** @type {Element} */ (event.target));
        if (conversation) {
            const { bottom, left } = /** @type {Element} */ (event.target).getBoundingClientRect();
            openMenu({
                items: actions(app, conversation),
                at: { x: left + 24, y: bottom },
                label: app.nameOf(conversation),
            });
        }
    });

    const field = h("input", {
        "class": "search-input",
        "type": "search",
        "placeholder": t("list.search"),
        "aria-label": t("list.search"),
        "autocomplete": "off",
        "spellcheck": "false",
        "enterkeyhint": "search",
    });
    const found = h("p", { class: "unseen", role: "status" });
    const place = h("div", { class: "list-place" });

    const draw = () => {
        const query = field.value.trim();
        const { conversations } = state;
        if (!conversations) {
            list.element.hidden = true;
            place.hidden = false;
            fill(
                place,
                h(
                    "div",
                    { "class": "list-ghosts", "role": "status", "aria-label": t("list.loading") },
                    Array.from({ length: 9 }, () =>
                        h(
                            "div",
                            { class: "list-ghost" },
                            h("span", { class: "ghost ghost-face" }),
                            h(
                                "span",
                                { class: "ghost-lines" },
                                h("span", { class: "ghost ghost-name" }),
                                h("span", { class: "ghost ghost-last" }),
                            ),
                        ),
                    ),
                ),
            );
            return;
        }
        if (!performance.getEntriesByName(FIRST).length) performance.mark(FIRST);
        const rooms = state.live.map(({ groupID }) => ({ ...app.conversation(`GROUP${groupID}`), room: groupID }));
        const isRoom = (/** @type {any} */ one) => rooms.some((room) => room.conversationID === one.conversationID);
        const all = [...rooms, ...withSilent(app).filter((one) => !isRoom(one))];
        const shown = searchNames(all, query, namesOf);
        list.element.hidden = !shown.length;
        place.hidden = !!shown.length;
        list.setItems(shown);
        found.textContent = query ? t("list.found", { n: shown.length }) : "";
        if (!shown.length && query)
            fill(
                place,
                emptyPlace(
                    "search",
                    t("list.nothing"),
                    placeText(t("list.nothingText", { query })),
                    USER_ID.test(query) &&
                        query !== app.user &&
                        h(
                            "button",
                            { class: "button", type: "button", onclick: () => newChat(app, query) },
                            t("list.writeTo", { userID: query }),
                        ),
                ),
            );
        else if (!shown.length)
            fill(
                place,
                emptyPlace(
                    "chats",
                    t("list.empty"),
                    placeText(t("list.emptyText")),
                    h(
                        "button",
                        { class: "button button-primary", type: "button", onclick: () => newChat(app) },
                        icon("plus"),
                        t("new.chat"),
                    ),
                ),
            );
    };
    field.addEventListener("input", () => {
        list.element.scrollTop = 0;
        draw();
    });
    field.addEventListener("keydown", (event) => {
        if (event.key === "ArrowDown") {
            event.preventDefault();
            list.focusFirst();
        } else if (event.key === "Escape" && field.value) {
            field.value = "";
            draw();
        } else if (event.key === "Enter" && field.value.trim())
            /** @type {HTMLElement | null} */ (list.element.querySelector("li button"))?.click();
    });
    // "/" goes to the search, as in many a program.
    document.addEventListener(
        "keydown",
        (event) => {
            const target = /** @type {HTMLElement} */ (event.target);
            if (
                (event.key === "/" &&
                    !target.closest("input, textarea, [contenteditable]") &&
                    !event.ctrlKey &&
                    !event.metaKey &&
                    !event.altKey) ||
                (event.key.toLowerCase() === "k" &&
                    (event.ctrlKey || event.metaKey) &&
                    !document.querySelector("dialog[open]"))
            ) {
                event.preventDefault();
                field.focus();
                field.select();
            }
        },
        { signal },
    );

    const me = h("button", {
        "class": "list-me",
        "type": "button",
        "aria-haspopup": "menu",
    });
    me.addEventListener("click", () => openMenu({ items: meMenu(app), at: me, label: t("me.menu") }));
    const plus = h(
        "button",
        { "class": "icon-button", "type": "button", "aria-haspopup": "menu", "aria-label": t("new.title") },
        icon("plus"),
    );
    plus.addEventListener("click", () =>
        openMenu({
            at: plus,
            label: t("new.title"),
            items: [
                { label: t("new.chat"), icon: "user", run: () => newChat(app) },
                { label: t("new.group"), icon: "users", run: () => newGroup(app) },
                { label: t("new.join"), icon: "invite", run: () => joinGroup(app) },
            ],
        }),
    );

    state.watch(
        ["me"],
        ({ me: { nick, avatar: url } }) => {
            fill(
                me,
                avatar({ id: `C2C${app.user}`, name: nick || app.user, url, size: 36 }),
                h("span", { class: "list-me-name cut" }, nick || app.user),
                icon("chevronDown", "icon-small"),
                h("span", { class: "unseen" }, t("me.menu")),
            );
        },
        signal,
    );
    state.watch(["conversations", "live", "silent", "notices", "people", "status", "selected"], draw, signal);
    // Yesterday's messages are no longer today's.
    const clock = setInterval(list.draw, 60000);
    signal.addEventListener("abort", () => clearInterval(clock));

    return h(
        "nav",
        { "class": "list", "aria-label": t("list.label") },
        h("header", { class: "list-header" }, me, plus),
        h("div", { class: "search" }, icon("search"), field, found),
        list.element,
        place,
    );
}
