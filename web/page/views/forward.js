// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Forwarding: to whom, one by one or as one record; and what a record looks like when it is opened.

import { avatar } from "../avatar.js";
import { openDialog } from "../dialog.js";
import { fill, h, newID } from "../dom.js";
import { icon } from "../icons.js";
import { contentText } from "../preview.js";
import { momentTime } from "../time.js";
import { toast } from "../toast.js";
import { t } from "../words.js";
import { isLine, messageContent, senderName } from "./bubble.js";
import { outgoing } from "./outgoing.js";

const MOST = 9; // conversations at a time
const ABSTRACTS = 4;
const ABSTRACT_LONGEST = 80;

/** @typedef {any} Message @typedef {import("../app.js").App} App */

/** Can it be sent to somebody else? @param {App} app @param {Message} message */
export const canForward = (app, message) => message.status === "success" && !isLine(app, message);

/**
 * Asks to whom, and sends.
 * @param {App} app @param {Message[]} messages
 * @returns {Promise<boolean>} whether anything was sent
 */
export async function forwardMessages(app, messages) {
    const these = messages.filter((message) => canForward(app, message));
    if (!these.length) return false;
    /** @type {{ids: string[], merged: boolean} | undefined} */
    const chosen = await choose(app, these.length);
    if (!chosen) return false;
    const out = outgoing(app);
    for (const id of chosen.ids) {
        const address = addressOf(app, id);
        if (chosen.merged) out.send(app.chat.createMergerMessage({ ...address, payload: record(app, these) }));
        else for (const message of these) out.send(app.chat.createForwardMessage({ ...address, payload: message }));
    }
    toast(t("forward.done", { n: chosen.ids.length }), { kind: "done" });
    return true;
}

/** @param {App} app @param {string} id */
export const addressOf = ({ TYPES }, id) =>
    id.startsWith("GROUP")
        ? { to: id.slice(5), conversationType: TYPES.CONV_GROUP }
        : { to: id.slice(3), conversationType: TYPES.CONV_C2C };

/** What a record says of itself. @param {App} app @param {Message[]} messages */
function record(app, messages) {
    const names = [...new Set(messages.map((message) => senderName(app, message)))];
    const conversation = app.conversation(messages[0].conversationID);
    const title =
        conversation.type === app.TYPES.CONV_GROUP
            ? t("forward.recordOf", { name: app.nameOf(conversation) })
            : names.length > 1
              ? t("forward.recordOfTwo", { name: names[0], other: names[1] })
              : t("forward.recordOf", { name: names[0] });
    const lines = messages.slice(0, ABSTRACTS).map((message) => {
        const text = contentText(app, message).replace(/\s+/g, " ");
        return `${senderName(app, message)}: ${text.length > ABSTRACT_LONGEST ? `${text.slice(0, ABSTRACT_LONGEST)}…` : text}`;
    });
    return { messageList: messages, title, abstractList: lines, compatibleText: t("forward.history") };
}

/** @param {App} app @param {number} count */
function choose(app, count) {
    const { TYPES } = app;
    const all = (app.state.conversations || []).filter(
        (one) =>
            one.type === TYPES.CONV_C2C ||
            (one.type === TYPES.CONV_GROUP && one.groupProfile?.type !== TYPES.GRP_AVCHATROOM),
    );
    /** @type {Set<string>} */
    const ids = new Set();
    const name = newID("forward");
    return openDialog({
        title: t("forward.title", { n: count }),
        class: "forward",
        body: (dialog) => {
            const list = h("div", { "class": "forward-list", "role": "group", "aria-label": t("forward.to") });
            const search = h("input", {
                "class": "input",
                "type": "search",
                "placeholder": t("search"),
                "aria-label": t("search"),
                "autocomplete": "off",
                "autofocus": true,
                "oninput": show,
            });
            function show() {
                const wanted = search.value.trim().toLowerCase();
                const found = all.filter((one) =>
                    `${app.nameOf(one)} ${one.conversationID}`.toLowerCase().includes(wanted),
                );
                fill(
                    list,
                    found.length
                        ? found.slice(0, 200).map((one) => {
                              const id = one.conversationID;
                              return h(
                                  "label",
                                  { class: "forward-one" },
                                  h("input", {
                                      type: "checkbox",
                                      class: "checkbox",
                                      checked: ids.has(id),
                                      onchange: (/** @type {Event} */ event) => {
                                          const box = /** @type {HTMLInputElement} */ (event.target);
                                          if (box.checked && ids.size >= MOST) {
                                              box.checked = false;
                                              toast(t("forward.most", { n: MOST }));
                                          }
                                          box.checked ? ids.add(id) : ids.delete(id);
                                          setReady();
                                      },
                                  }),
                                  app.faceOf(one, 36),
                                  h("bdi", { class: "forward-name" }, app.nameOf(one)),
                              );
                          })
                        : h("p", { class: "forward-none" }, t("forward.none")),
                );
            }
            const setReady = () => {
                const send = /** @type {HTMLButtonElement | null} */ (dialog.footer.querySelector(".button-primary"));
                if (send) send.disabled = !ids.size;
            };
            show();
            return [
                search,
                list,
                count > 1 &&
                    h(
                        "div",
                        { "class": "forward-how", "role": "radiogroup", "aria-label": t("forward.how") },
                        [
                            ["single", "forward.single"],
                            ["merged", "forward.merged"],
                        ].map(([value, word], n) =>
                            h(
                                "label",
                                { class: "forward-way" },
                                h("input", { type: "radio", name, value, checked: n === 1 }),
                                t(word),
                            ),
                        ),
                    ),
            ];
        },
        footer: (dialog) => [
            h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("cancel")),
            h(
                "button",
                {
                    class: "button button-primary",
                    type: "button",
                    disabled: true,
                    onclick: () =>
                        dialog.close({
                            ids: [...ids],
                            merged: !!dialog.body.querySelector("input[value=merged]:checked"),
                        }),
                },
                icon("forward"),
                t("forward.send"),
            ),
        ],
    }).closed;
}

/** A record of messages, opened. One may be in another. @param {App} app @param {Message} message */
export function openMerger(app, message) {
    openDialog({
        title: message.payload.title || t("forward.history"),
        wide: true,
        class: "record",
        body: (dialog) => {
            const list = h(
                "div",
                { class: "record-list" },
                h("span", { "class": "spinner", "role": "status", "aria-label": t("loading") }),
            );
            messagesOf(app, message).then(
                (messages) => {
                    if (dialog.signal.aborted) return;
                    const media = messages.filter(
                        (one) => one.type === app.TYPES.MSG_IMAGE || one.type === app.TYPES.MSG_VIDEO,
                    );
                    fill(
                        list,
                        messages.map((one, n) =>
                            recordRow(
                                app,
                                { ...one, flow: "in", status: "success", ID: `${message.ID}/${n}/${one.ID}` },
                                media,
                            ),
                        ),
                    );
                },
                (error) => {
                    app.fail(error);
                    fill(list, h("p", { class: "forward-none" }, t("forward.lost")));
                },
            );
            return list;
        },
    });
}

/** @param {App} app @param {Message} message @returns {Promise<Message[]>} */
async function messagesOf(app, message) {
    const { payload } = message;
    if (payload.messageList?.length || !payload.downloadKey) return payload.messageList || [];
    return (await app.chat.downloadMergerMessage(message)).payload.messageList;
}

/** @param {App} app @param {Message} message @param {Message[]} media */
const recordRow = (app, message, media) =>
    h(
        "article",
        { class: "record-row" },
        avatar({ id: `C2C${message.from}`, name: senderName(app, message), url: message.avatar, size: 36 }),
        h(
            "div",
            { class: "record-main" },
            h(
                "div",
                { class: "record-head" },
                h("bdi", { class: "record-name" }, senderName(app, message)),
                h("time", { class: "record-time" }, message.time ? momentTime(message.time) : ""),
            ),
            messageContent(app, message, { pictures: () => media, openMerger: (inner) => openMerger(app, inner) }),
        ),
    );
