// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A conversation: who it is with, its messages, and where one writes. This file ties the others together.

import { confirmDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { onContextMenu, openMenu } from "../menu.js";
import { contentText } from "../preview.js";
import { toast } from "../toast.js";
import { t } from "../words.js";
import { isLine, messageRow, senderName, showMeta, showProgress } from "./bubble.js";
import { composer } from "./composer.js";
import { canForward, forwardMessages, openMerger } from "./forward.js";
import { rightsOf, roleIn, watchGroup } from "./groupdata.js";
import { historyView } from "./history.js";
import { untilWords } from "./member.js";
import { outgoing } from "./outgoing.js";
import { groupView } from "./places.js";
import { stopPlaying } from "./player.js";
import { userView } from "./profile.js";
import { may, silencedBy } from "./rights.js";
import { groupReceipts, openReaders } from "./receipts.js";
import { typingOf, typingShown } from "./typing.js";

const PAGE = 30; // messages: more than a screen
const RECALL_SECONDS = 120; // the server's recall_seconds and edit_seconds, unless config.json says others
const EDIT_SECONDS = 86400;
const LIST_WAITS = 500; // milliseconds that the first messages wait for the list
const SPOKEN = 150; // characters of a new message that a screen reader says

/**
 * @typedef {any} Message
 * @typedef {import("../app.js").App} App
 */

/** What was recalled here, to be written anew. @type {Map<string, string>} */
const recalled = new Map();

/** @param {App} app @param {string} id @param {AbortSignal} signal */
export function chatView(app, id, signal) {
    const { chat, EVENT, TYPES, state } = app;
    const out = outgoing(app);
    const isGroup = id.startsWith("GROUP");
    const isSystem = id === TYPES.CONV_SYSTEM;
    const groupID = isGroup ? id.slice(5) : "";
    const recallSeconds = app.config.recallSeconds ?? RECALL_SECONDS;
    const editSeconds = app.config.editSeconds ?? EDIT_SECONDS;
    /** @type {any} */
    let group = app.conversation(id).groupProfile;
    /** Messages that are being chosen. @type {Map<string, Message> | undefined} */
    let chosen;
    let typing = false;

    /* The bar */

    const title = h("span", { class: "chat-title" });
    const subtitle = h("span", { class: "chat-subtitle", role: "status" });
    const face = h("span", { class: "chat-face" });
    const who = h(
        isSystem ? "div" : "button",
        { class: "chat-who", type: isSystem ? null : "button", onclick: isSystem ? null : openDetails },
        face,
        h("span", { class: "chat-words" }, title, subtitle),
    );
    const header = h(
        "header",
        { class: "bar chat-bar" },
        h(
            "button",
            {
                "class": "icon-button chat-back",
                "type": "button",
                "aria-label": t("back"),
                "title": t("back"),
                "onclick": () => app.open(null),
            },
            icon("back"),
        ),
        who,
        !isSystem &&
            h(
                "button",
                {
                    "class": "icon-button",
                    "type": "button",
                    "aria-label": t(isGroup ? "chat.groupDetails" : "chat.personDetails"),
                    "title": t(isGroup ? "chat.groupDetails" : "chat.personDetails"),
                    "onclick": openDetails,
                },
                icon(isGroup ? "users" : "user"),
            ),
    );

    function openDetails() {
        if (isGroup) app.openPanel(t("chat.groupDetails"), (panelSignal) => groupView(app, groupID, panelSignal));
        else openPerson(id.slice(3));
    }

    /** @param {string} userID */
    function openPerson(userID) {
        app.openPanel(t("chat.personDetails"), (panelSignal) => userView(app, userID, panelSignal));
    }

    function showHeader() {
        const conversation = app.conversation(id);
        const name = app.nameOf(conversation);
        title.textContent = name;
        fill(face, app.faceOf(conversation, 40));
        const count = group?.memberCount;
        const online = !isGroup && !isSystem && app.isOnline(id.slice(3));
        subtitle.textContent = typing
            ? t("chat.typing")
            : count
              ? t("chat.members", { n: count })
              : online
                ? t("chat.online")
                : "";
        subtitle.hidden = !subtitle.textContent;
        subtitle.classList.toggle("chat-typing", typing);
    }

    const showTyping = typingShown((on) => {
        typing = on;
        showHeader();
    }, signal);

    /* The messages */

    const live = h("div", { "class": "unseen", "aria-live": "polite", "aria-atomic": "false" });
    let nextID = "";
    /** @type {ReturnType<typeof groupReceipts> | undefined} */
    let receipts;

    /** @type {import("./bubble.js").Around} */
    const around = {
        jump: (quote) => jump(quote),
        openMerger: (message) => openMerger(app, message),
        pictures: () =>
            history
                .all()
                .filter((one) => !one.isRevoked && (one.type === TYPES.MSG_IMAGE || one.type === TYPES.MSG_VIDEO)),
        retry: (message) => void out.retry(message),
        cancel: (message) => out.cancel(message),
        progress: (message) => out.progress(message),
        again: (message) => writer?.write(recalled.get(message.ID) || ""),
        canAgain: (message) => !!writer && recalled.has(message.ID),
        readers: (message) => openReaders(app, message),
        readText: (message) => receipts?.text(message) || "",
    };

    const history = historyView({
        label: t("chat.messages", { name: app.nameOf(app.conversation(id)) }),
        row: (message, { first, last }) =>
            messageRow(
                app,
                message,
                {
                    first,
                    last,
                    group: isGroup,
                    chosen: chosen && selectable(message) ? chosen.has(message.ID) : undefined,
                    menu: openActions,
                    person: openPerson,
                },
                around,
            ),
        stands: (message) => isLine(app, message),
        older,
        newer,
        around: loadAround,
        waiting: () => out.of(id),
        seen: markRead,
        failed: app.fail,
        start: h("p", { class: "history-start" }, t(isSystem ? "chat.noNotices" : "chat.start")),
    });

    /** @param {Message | undefined} oldest */
    async function older(oldest) {
        if (jumped && oldest) return hop(0);
        jumped = false;
        const { data } = await chat.getMessageList({
            conversationID: id,
            nextReqMessageID: oldest ? nextID || oldest.ID : "",
            count: PAGE,
        });
        nextID = data.nextReqMessageID;
        return { messages: data.messageList, complete: data.isCompleted };
    }

    /** After a jump the pages are no longer those that getMessageList goes on with. */
    let jumped = false;
    /** Where they go on: back (0) and forth (1). @type {{sequence: number, time: number}[]} */
    let ends = [];

    /** @param {0 | 1} direction */
    async function hop(direction) {
        const { data } = await chat.getMessageListHopping({
            conversationID: id,
            ...ends[direction],
            direction,
            count: PAGE,
        });
        ends[direction] = { sequence: data.nextMessageSeq, time: data.nextMessageTime };
        return { messages: data.messageList, complete: data.isCompleted };
    }

    function newer() {
        return hop(1);
    }

    /** @param {number} sequence @param {number} time */
    async function loadAround(sequence, time) {
        ends = [
            { sequence, time },
            { sequence, time },
        ];
        const [before, after] = await Promise.all([hop(0), hop(1)]);
        const known = new Set();
        const messages = [...before.messages, ...after.messages].filter(({ ID }) => !known.has(ID) && known.add(ID));
        jumped = true;
        return { messages, older: !before.complete, newer: !after.complete };
    }

    /** @param {import("./bubble.js").Quote} quote */
    async function jump(quote) {
        try {
            if (!(await history.jump(quote.messageID, quote.messageSequence, quote.messageTime))) toast(t("chat.gone"));
        } catch (error) {
            app.fail(error);
        }
    }

    /** Whoever opens the page with an address is here before the list is. */
    async function unread() {
        /** @type {Promise<void>} */
        const listed = new Promise((resolve) => {
            state.watch(["conversations"], ({ conversations }) => conversations && resolve(), signal);
            setTimeout(resolve, LIST_WAITS);
        });
        await listed;
        return app.conversation(id).unreadCount;
    }

    /** Does it count as unread? @param {Message} message */
    const counts = (message) => message.flow === "in" && !isLine(app, message);

    /* Reading */

    let marking = false;
    /** It was opened, and nobody has looked at it since. */
    let unseen = true;
    const looking = () => !document.hidden && document.hasFocus();

    function markRead() {
        const { unreadCount, groupAtInfoList } = app.conversation(id);
        if (signal.aborted || !looking()) return;
        unseen = false;
        if (marking || !(unreadCount || groupAtInfoList?.length)) return;
        marking = true;
        chat.setMessageRead({ conversationID: id })
            .catch(() => {})
            .finally(() => (marking = false));
    }

    const lookAgain = () => (unseen || history.isAtEnd()) && markRead();
    document.addEventListener("visibilitychange", lookAgain, { signal });
    addEventListener("focus", lookAgain, { signal });

    /* What comes */

    /** @param {Message[]} messages */
    function received(messages) {
        const mine = messages.filter((message) => message.conversationID === id);
        if (!mine.length) return;
        /** @type {Message[]} */
        const shown = [];
        for (const message of mine) {
            const on = typingOf(app, message);
            if (on === undefined) {
                shown.push(message);
                if (message.flow === "in") showTyping(false);
            } else if (message.flow === "in") showTyping(on);
        }
        if (!shown.length) return;
        history.add(shown);
        const spoken = shown.filter((message) => message.flow === "in").slice(-3);
        if (spoken.length)
            fill(
                live,
                spoken.map((message) =>
                    h(
                        "p",
                        null,
                        isLine(app, message)
                            ? contentText(app, message)
                            : `${senderName(app, message)}: ${contentText(app, message).slice(0, SPOKEN)}`,
                    ),
                ),
            );
        receipts?.soon(); // who writes has read
    }

    /** Some are not what they were. @param {Message[] | any} messages */
    function changed(messages) {
        for (const message of [messages].flat()) {
            if (message?.conversationID !== id || !history.has(message.ID)) continue;
            if (message.isRevoked) {
                writer?.gone(message.ID);
                chosen?.delete(message.ID);
                fill(live); // what was announced of it is gone, too
            }
            history.settle(message.ID, message);
        }
        if (chosen) showChosen();
    }

    /** Somebody has read some. @param {Message[]} messages */
    function read(messages) {
        for (const { ID } of messages) {
            const [message, row] = [history.get(ID), history.drawnRow(ID)];
            if (message && row) showMeta(row, app, message, around);
        }
    }

    app.on(EVENT.MESSAGE_RECEIVED, received, signal);
    app.on(EVENT.MESSAGE_REVOKED, changed, signal);
    app.on(EVENT.MESSAGE_MODIFIED, changed, signal);
    app.on(EVENT.MESSAGE_READ_BY_PEER, read, signal);
    app.on(EVENT.MESSAGE_READ_RECEIPT_RECEIVED, read, signal);
    out.listen(
        {
            added: (message) => message.conversationID === id && history.add([message]),
            changed: (message) => message.conversationID === id && changed(message),
            removed: (message) => message.conversationID === id && history.remove([message.ID]),
            progress(message, done) {
                const row = message.conversationID === id && history.drawnRow(message.ID);
                if (row && !showProgress(row, done)) history.redraw(message.ID);
            },
        },
        signal,
    );

    /* What can be done with a message */

    /** @param {string} action */
    const mayHere = (action) => isGroup && !!group?.selfInfo && may(rightsOf(app, group), action);
    /** @param {Message} message @param {number} seconds */
    const within = ({ time }, seconds) => time + seconds > chat.getServerTime() / 1000;
    /** @param {Message} message */
    const canRecall = (message) =>
        message.status === "success" &&
        !isLine(app, message) &&
        within(message, recallSeconds) &&
        (message.flow === "out" || mayHere("recallMessage:other"));
    /** @param {Message} message */
    const canEdit = (message) =>
        message.status === "success" &&
        message.flow === "out" &&
        message.type === TYPES.MSG_TEXT &&
        !message.elements &&
        !message.isRevoked &&
        within(message, editSeconds);
    /** @param {Message} message */
    const selectable = (message) => message.status === "success";
    const hasReceipts = () => !!receipts?.possible() && mayHere("getReadReceipts");

    /** @param {Message} message */
    function actions(message) {
        const failed = message.status === "fail";
        const sent = message.status === "success";
        const content = !isLine(app, message);
        return [
            failed && { label: t("chat.retry"), icon: "retry", run: () => void out.retry(message) },
            sent &&
                content &&
                !isSystem && { label: t("action.reply"), icon: "reply", run: () => writer?.reply(message) },
            content &&
                message.type === TYPES.MSG_TEXT && {
                    label: t("copy"),
                    icon: "copy",
                    run: () => copy(message.payload.text),
                },
            canForward(app, message) && {
                label: t("action.forward"),
                icon: "forward",
                run: () => void forwardMessages(app, [message]),
            },
            canEdit(message) && { label: t("action.edit"), icon: "edit", run: () => writer?.edit(message) },
            sent &&
                content &&
                message.flow === "out" &&
                hasReceipts() && { label: t("action.readers"), icon: "eye", run: () => openReaders(app, message) },
            sent && { label: t("action.select"), icon: "check", run: () => startChoosing(message) },
            "-",
            canRecall(message) && { label: t("action.recall"), icon: "undo", run: () => void recall(message) },
            (sent || failed) && {
                label: t("action.delete"),
                icon: "trash",
                danger: true,
                run: () => void remove([message]),
            },
        ];
    }

    /** @param {Message} message @param {Element | {x: number, y: number}} at */
    function openActions(message, at) {
        if (!chosen) openMenu({ items: /** @type {any[]} */ (actions(message)), at, label: t("chat.actions") });
    }

    /** @param {string} text */
    async function copy(text) {
        try {
            await navigator.clipboard.writeText(text);
        } catch {
            // Without HTTPS a page has no clipboard but this.
            const field = h("textarea", { value: text, class: "unseen" });
            document.body.append(field);
            field.select();
            document.execCommand("copy");
            field.remove();
        }
        toast(t("copied"), { kind: "done" });
    }

    /** @param {Message} message */
    async function recall(message) {
        const { text } = message.payload;
        const own = message.flow === "out";
        if (
            !own &&
            !(await confirmDialog({
                title: t("recall.title", { name: senderName(app, message) }),
                text: t("recall.text"),
                action: t("action.recall"),
                danger: true,
            }))
        )
            return;
        if (own && message.type === TYPES.MSG_TEXT) recalled.set(message.ID, text);
        if (await app.attempt(chat.revokeMessage(message))) changed(message);
        else recalled.delete(message.ID);
    }

    /** @param {Message[]} messages */
    async function remove(messages) {
        const failed = messages.filter((message) => message.status === "fail");
        const sent = messages.filter((message) => message.status === "success");
        if (
            sent.length &&
            !(await confirmDialog({
                title: t("delete.title", { n: sent.length }),
                text: t("delete.text"),
                action: t("action.delete"),
                danger: true,
            }))
        )
            return false;
        failed.forEach(out.drop);
        if (sent.length && !(await app.attempt(chat.deleteMessage(sent)))) return false;
        for (const { ID } of messages) writer?.gone(ID);
        history.remove(messages.map(({ ID }) => ID));
        return true;
    }

    /* Choosing several */

    const chosenCount = h("span", { class: "choosing-count", role: "status" });
    const choosingBar = h(
        "div",
        { "class": "choosing", "hidden": true, "role": "toolbar", "aria-label": t("select.label") },
        h(
            "button",
            {
                "class": "icon-button",
                "type": "button",
                "aria-label": t("cancel"),
                "title": t("cancel"),
                "onclick": () => stopChoosing(),
            },
            icon("close"),
        ),
        chosenCount,
        h(
            "button",
            {
                class: "button choosing-forward",
                type: "button",
                onclick: async () => {
                    if (await forwardMessages(app, chosenInOrder())) stopChoosing();
                },
            },
            icon("forward"),
            t("action.forward"),
        ),
        h(
            "button",
            {
                class: "button button-danger choosing-delete",
                type: "button",
                onclick: async () => {
                    if (await remove(chosenInOrder())) stopChoosing();
                },
            },
            icon("trash"),
            t("action.delete"),
        ),
    );

    const chosenInOrder = () => history.all().filter(({ ID }) => chosen?.has(ID));

    /** @param {Message} message */
    function startChoosing(message) {
        chosen = new Map([[message.ID, message]]);
        history.redrawAll();
        showChosen();
        history.rowOf(message.ID)?.focus({ preventScroll: true });
    }

    function stopChoosing() {
        chosen = undefined;
        history.redrawAll();
        showChosen();
        writer?.focus();
    }

    /** @param {Message} message */
    function toggle(message) {
        if (!chosen || !selectable(message)) return;
        if (!chosen.delete(message.ID)) chosen.set(message.ID, message);
        history.redraw(message.ID);
        showChosen();
    }

    function showChosen() {
        const count = chosen?.size || 0;
        choosingBar.hidden = !chosen;
        if (writer) writer.element.hidden = !!chosen;
        chosenCount.textContent = t("select.count", { n: count });
        for (const button of choosingBar.querySelectorAll(".button"))
            /** @type {HTMLButtonElement} */ (button).disabled = !count;
        section.classList.toggle("chat-choosing", !!chosen);
    }

    /* By mouse, finger and keyboard */

    /** @param {Element} target @returns {Message | undefined} */
    const messageAt = (target) => {
        const messageID = /** @type {HTMLElement | null} */ (target.closest("[data-id]"))?.dataset.id;
        return messageID === undefined ? undefined : history.get(messageID);
    };

    onContextMenu(
        history.scroller,
        (target, at) => {
            const message = messageAt(target);
            if (message) openActions(message, at);
        },
        { signal },
    );
    history.scroller.addEventListener(
        "click",
        (event) => {
            const message = chosen && messageAt(/** @type {Element} */ (event.target));
            if (!message) return;
            event.preventDefault();
            event.stopPropagation();
            toggle(message);
        },
        { capture: true },
    );
    history.scroller.addEventListener("dblclick", (event) => {
        const target = /** @type {Element} */ (event.target);
        const message = messageAt(target);
        // Beside the bubble: in it a double click selects a word.
        if (
            message &&
            !chosen &&
            message.status === "success" &&
            !isLine(app, message) &&
            !target.closest(".bubble, button, a")
        )
            writer?.reply(message);
    });
    history.scroller.addEventListener("keydown", (event) => {
        const target = /** @type {Element} */ (event.target);
        const here = messageAt(target);
        const onRow = target.matches("[data-id]");
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === "ArrowUp" || event.key === "ArrowDown") {
            const next = here ? history.neighbour(here.ID, event.key === "ArrowUp" ? -1 : 1) : history.lastMessage();
            if (next) focusRow(next.ID);
            else if (here && event.key === "ArrowDown") writer?.focus();
        } else if (event.key === "End") history.toEnd(true);
        else if (event.key === "Escape" && !chosen) writer?.focus();
        else if (here && onRow && chosen && (event.key === " " || event.key === "Enter")) toggle(here);
        else if (here && onRow && (event.key === "Enter" || event.key === " ")) {
            const { left, top, height } = (target.querySelector(".bubble") || target).getBoundingClientRect();
            openActions(here, { x: left + 16, y: top + Math.min(height, 60) });
        } else if (here && onRow && event.key === "Delete" && selectable(here)) remove([here]);
        else if (here && onRow && event.key === "r" && !isLine(app, here) && here.status === "success" && !chosen)
            writer?.reply(here);
        else return;
        event.preventDefault();
    });

    /** @param {string} messageID */
    function focusRow(messageID) {
        const row = history.rowOf(messageID);
        if (!row) return;
        for (const other of history.scroller.querySelectorAll("[data-id][tabindex='0']"))
            /** @type {HTMLElement} */ (other).tabIndex = -1;
        row.tabIndex = 0;
        row.focus({ preventScroll: true });
        row.scrollIntoView({ block: "nearest" });
    }

    /* Files that are dropped */

    const veil = h(
        "div",
        { "class": "chat-veil", "hidden": true, "aria-hidden": "true" },
        h("span", { class: "chat-veil-text" }, icon("image"), t("chat.drop")),
    );
    let inside = 0;
    /** @param {DragEvent} event */
    const hasFiles = (event) => !!writer && !chosen && [...(event.dataTransfer?.types || [])].includes("Files");

    /* Put together */

    const writer = isSystem
        ? undefined
        : composer(app, id, {
              signal,
              mayAll: () => mayHere("publish:@all"),
              lastOwn: () =>
                  history
                      .all()
                      .reverse()
                      .find((message) => message.flow === "out" && canEdit(message)),
          });
    const section = h(
        "section",
        { class: `chat${isGroup ? " chat-group" : ""}${isSystem ? " chat-system" : ""}` },
        header,
        history.element,
        choosingBar,
        writer?.element,
        veil,
        live,
    );

    section.addEventListener("dragenter", (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        inside++;
        veil.hidden = false;
    });
    section.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
    section.addEventListener("dragleave", (event) => {
        if (hasFiles(event) && --inside <= 0) veil.hidden = true;
    });
    section.addEventListener("drop", (event) => {
        inside = 0;
        veil.hidden = true;
        if (!hasFiles(event)) return;
        event.preventDefault();
        writer?.stage([...(event.dataTransfer?.files || [])]);
        writer?.focus();
    });
    section.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && chosen) {
            event.stopPropagation();
            stopChoosing();
        }
    });
    // What is typed while nothing is in focus is meant for the field.
    document.addEventListener(
        "keydown",
        (event) => {
            const on = document.activeElement;
            if (
                event.key.length === 1 &&
                event.key !== " " &&
                event.key !== "/" &&
                !event.ctrlKey &&
                !event.metaKey &&
                !event.altKey &&
                !chosen &&
                (!on || on === document.body || on === history.scroller) &&
                !document.querySelector("dialog[open]")
            )
                writer?.focus();
        },
        { signal },
    );

    /** @param {any} now */
    function groupChanged(now) {
        group = now;
        // It is known only now what it is: a live room has a look of its own.
        if (group.type === TYPES.GRP_AVCHATROOM) {
            app.enterLive(group);
            return app.redraw();
        }
        const until = group.selfInfo?.muteTime ?? 0;
        const why = silencedBy(rightsOf(app, group), until, Date.now() / 1000);
        if (why === "muted") silence(t("live.muted", { time: untilWords(until) }), until);
        else silence(why ? t("chat.allMuted") : roleIn(app, group) ? "" : t("group.gone"));
        return showHeader();
    }

    let muteTimer = 0;
    /** Nothing can be written here, and why; "" where one may. @param {string} why @param {number} [until] in seconds */
    function silence(why, until) {
        clearTimeout(muteTimer);
        if (until)
            muteTimer = window.setTimeout(
                () => groupChanged(group),
                Math.min(2 ** 31 - 1, until * 1000 - Date.now() + 500),
            );
        writer?.silence(why);
    }
    signal.addEventListener("abort", () => clearTimeout(muteTimer));

    if (isGroup) {
        receipts = groupReceipts(app, {
            signal,
            changed: (message) => read([message]),
            shown: () => /** @type {Message[]} */ (history.drawn().map(history.get).filter(Boolean)),
        });
        watchGroup(app, groupID, { changed: groupChanged, gone: () => silence(t("group.gone")) }, signal);
    }

    state.watch(["status"], showHeader, signal);
    state.watch(
        ["conversations"],
        () => {
            showHeader();
            // Another device of the user's may have deleted some.
            const gone = history.all().filter((message) => message.isDeleted);
            if (gone.length) history.remove(gone.map((message) => message.ID));
            lookAgain();
        },
        signal,
    );
    let people = state.people;
    state.watch(
        ["people"],
        () => {
            if (people === state.people) return;
            people = state.people;
            showHeader();
            history.redrawAll();
        },
        signal,
    );
    state.watch(["network"], () => state.network === "connected" && receipts?.refresh(), signal);

    signal.addEventListener("abort", () => {
        history.end();
        stopPlaying();
    });
    showChosen();
    history.open({ unread, counts }).then(() => {
        if (signal.aborted) return;
        markRead();
        receipts?.refresh();
    });
    // Not on a phone: there the keyboard would hide half of what one wants to read.
    if (!matchMedia("(hover: none) and (pointer: coarse)").matches)
        requestAnimationFrame(() => !document.querySelector("dialog[open]") && writer?.focus());
    return section;
}
