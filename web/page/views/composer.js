// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Where one writes: text, emoji, mentions, files that wait to be sent, an answer or an edit, a voice.

import { avatar } from "../avatar.js";
import { fill, h, newID } from "../dom.js";
import { icon } from "../icons.js";
import { openMenu } from "../menu.js";
import { contentText } from "../preview.js";
import { fileSize } from "../time.js";
import { toast } from "../toast.js";
import { t } from "../words.js";
import { senderName } from "./bubble.js";
import { emojiPicker } from "./emoji.js";
import { addressOf } from "./forward.js";
import { outgoing } from "./outgoing.js";
import { canRecord, voiceRecorder } from "./recorder.js";
import { folded, searchNames } from "./search.js";
import { typingSender } from "./typing.js";

const MESSAGE_BYTES = 12288; // the server's max_message_bytes, unless config.json says another
const AROUND_TEXT = 200; // of these: the server's stamp, random, the names of the members
const MEDIA_BYTES = 104857600;
const TOLD_FROM = 0.8; // of the longest: from here on it says how much is left
const FILES_MOST = 9;
const HIGHEST = 180; // pixels, of the field
const DRAFT_AFTER = 600;
const SHOWN = 8; // people to choose from
const MENTIONS_MOST = 30;
const PICTURES = /^image\/(jpeg|png|gif|webp|bmp|avif)$/;
const VIDEOS = /^video\/(mp4|webm|quicktime)$/;
const REPLY_VERSION = 1;

/**
 * @typedef {any} Message
 * @typedef {import("../app.js").App} App
 * @typedef {{kind: "Image" | "Video" | "File", file: File, url: string, width?: number, height?: number}} Staged
 */

/** @param {File} file @returns {Staged["kind"]} */
const kindOf = ({ type }) => (PICTURES.test(type) ? "Image" : VIDEOS.test(type) ? "Video" : "File");

/** Where the focus brings a keyboard on the screen. */
const byTouch = () => matchMedia("(hover: none) and (pointer: coarse)").matches;

const bytes = new TextEncoder();

/** What is not sent yet, by conversation: here at once, in the list a moment later. @type {WeakMap<object, Map<string, string>>} */
const allDrafts = new WeakMap();

/**
 * @param {App} app
 * @param {string} id of the conversation
 * @param {{lastOwn: () => Message | undefined, mayAll: () => boolean, signal: AbortSignal}} around
 */
export function composer(app, id, { lastOwn, mayAll, signal }) {
    const { chat, TYPES } = app;
    const address = addressOf(app, id);
    const isGroup = address.conversationType === TYPES.CONV_GROUP;
    const out = outgoing(app);
    const typing = typingSender(app, id, signal);
    const limit = (app.config.maxMessageBytes || MESSAGE_BYTES) - AROUND_TEXT;
    const largest = app.config.maxMediaBytes || MEDIA_BYTES;

    /** @type {Message | undefined} */
    let replyTo;
    /** @type {Message | undefined} */
    let editing;
    let beforeEdit = "";
    /** @type {Staged[]} */
    let staged = [];
    /** @type {Map<string, string>} the names that were chosen: whom they mean */
    const mentioned = new Map();
    let draftTimer = 0;
    const drafts = allDrafts.get(chat) || new Map();
    allDrafts.set(chat, drafts);

    const listID = newID("mention");
    const field = h("textarea", {
        "class": "composer-field",
        "rows": 1,
        "placeholder": t("composer.placeholder"),
        "aria-label": t("composer.label", { name: app.nameOf(app.conversation(id)) }),
        "autocomplete": "off",
        "enterkeyhint": "send",
        "dir": "auto",
        "aria-controls": listID,
    });
    const counter = h("div", { class: "composer-counter", role: "status", hidden: true });
    const bar = h("div", { class: "composer-bar", hidden: true });
    const tray = h("ul", { "class": "composer-tray", "hidden": true, "aria-label": t("composer.files") });
    const people = h("ul", {
        "class": "mentions",
        "id": listID,
        "role": "listbox",
        "aria-label": t("composer.mention"),
        "hidden": true,
    });
    const pictures = h("input", {
        "type": "file",
        "accept": "image/*,video/*",
        "multiple": true,
        "hidden": true,
        "tabIndex": -1,
        "aria-hidden": "true",
        "onchange": picked,
    });
    const anything = h("input", {
        "type": "file",
        "multiple": true,
        "hidden": true,
        "tabIndex": -1,
        "aria-hidden": "true",
        "onchange": picked,
    });
    const attach = h(
        "button",
        {
            "class": "icon-button composer-attach",
            "type": "button",
            "aria-label": t("composer.attach"),
            "title": t("composer.attach"),
            "aria-haspopup": "menu",
        },
        icon("plus"),
    );
    const smile = h(
        "button",
        {
            "class": "icon-button composer-smile",
            "type": "button",
            "aria-label": t("composer.emoji"),
            "title": t("composer.emoji"),
            "aria-expanded": "false",
        },
        icon("smile"),
    );
    const send = h(
        "button",
        {
            "class": "icon-button composer-send",
            "type": "button",
            "aria-label": t("composer.send"),
            "title": t("composer.send"),
            "onclick": () => submit(),
        },
        icon("send"),
    );
    const voice = voiceRecorder({
        signal,
        recorded: (file, seconds) => {
            out.sendFile("Audio", {
                ...address,
                payload: { file, second: seconds, duration: seconds * 1000 },
                ...cloud(),
            });
            leaveMode();
        },
    });
    const picker = h("div", { class: "composer-picker", hidden: true });
    const row = h("div", { class: "composer-row" }, attach, field, voice.bar, smile, voice.button, send);
    const note = h("p", { class: "composer-note", role: "status", hidden: true });
    const element = h("div", { class: "composer" }, note, people, picker, bar, tray, counter, row, pictures, anything);

    /* Its size, and how much may be written */

    function grow() {
        field.style.height = "auto";
        field.style.height = `${Math.min(HIGHEST, field.scrollHeight)}px`;
        field.classList.toggle("composer-scrolls", field.scrollHeight > HIGHEST);
    }

    /** @param {string} text */
    const size = (text) => bytes.encode(JSON.stringify({ text, ...cloud(), at: [...mentioned.values()] })).length;

    function count() {
        const text = field.value;
        // The quick look first: no text of so few signs can be too long.
        const used = text.length * 6 < limit * TOLD_FROM ? 0 : size(text);
        const over = used > limit;
        counter.hidden = used < limit * TOLD_FROM;
        element.classList.toggle("composer-over", over);
        if (!counter.hidden) {
            const each = used / Math.max(1, text.length);
            const signs = Math.ceil(Math.abs(limit - used) / each);
            fill(
                counter,
                h("span", null, t(over ? "composer.over" : "composer.left", { n: signs })),
                over &&
                    !editing &&
                    h("button", { class: "link-button", type: "button", onclick: asFile }, t("composer.asFile")),
            );
        }
        const empty = !text.trim() && !staged.length;
        const speak = empty && !editing && canRecord();
        voice.button.hidden = !speak;
        send.hidden = speak;
        send.disabled = over || (empty && !voice.recording());
        return !over;
    }

    /** A text that is too long for a message becomes a file. */
    function asFile() {
        const file = new File([field.value], `${t("composer.textFile")}.txt`, { type: "text/plain" });
        field.value = "";
        stage([file]);
        changed();
    }

    function changed() {
        grow();
        count();
        suggest();
        clearTimeout(draftTimer);
        if (!editing) draftTimer = window.setTimeout(keepDraft, DRAFT_AFTER);
    }

    /** What is not sent yet waits in its conversation. */
    function keepDraft() {
        clearTimeout(draftTimer);
        const text = (editing ? beforeEdit : field.value).trim();
        if ((drafts.get(id) ?? "") === text) return;
        drafts.set(id, text);
        chat.setConversationDraft({ conversationID: id, draftText: text }).catch(() => {});
    }

    /* Answering and editing */

    /** What the message carries beside its content. */
    function cloud() {
        if (!replyTo) return {};
        return {
            cloudCustomData: JSON.stringify({
                messageReply: {
                    messageID: replyTo.ID,
                    messageAbstract: abstract(replyTo),
                    messageSender: senderName(app, replyTo),
                    messageType: typeNumber(replyTo.type),
                    messageTime: replyTo.time,
                    messageSequence: replyTo.sequence,
                    version: REPLY_VERSION,
                },
            }),
        };
    }

    /** @param {Message} message */
    function abstract(message) {
        const signs = [...contentText(app, message).replace(/\s+/g, " ")];
        return signs.length > 100 ? `${signs.slice(0, 100).join("")}…` : signs.join("");
    }

    /** The numbers that Tencent's UI kits have for what is quoted. @param {string} type */
    const typeNumber = (type) =>
        ({
            [TYPES.MSG_TEXT]: 1,
            [TYPES.MSG_CUSTOM]: 2,
            [TYPES.MSG_IMAGE]: 3,
            [TYPES.MSG_AUDIO]: 4,
            [TYPES.MSG_VIDEO]: 5,
            [TYPES.MSG_FILE]: 6,
            [TYPES.MSG_LOCATION]: 7,
            [TYPES.MSG_FACE]: 8,
            [TYPES.MSG_MERGER]: 10,
        })[type] || 1;

    function showBar() {
        const about = editing || replyTo;
        bar.hidden = !about;
        if (about)
            fill(
                bar,
                icon(editing ? "edit" : "reply"),
                h(
                    "span",
                    { class: "composer-about" },
                    h(
                        "bdi",
                        { class: "composer-about-title" },
                        editing ? t("composer.editing") : senderName(app, replyTo),
                    ),
                    h("span", { class: "composer-about-text", dir: "auto" }, contentText(app, about)),
                ),
                h(
                    "button",
                    {
                        "class": "icon-button",
                        "type": "button",
                        "aria-label": t("cancel"),
                        "title": t("cancel"),
                        "onclick": () => {
                            leaveMode(true);
                            field.focus();
                        },
                    },
                    icon("close"),
                ),
            );
        send.setAttribute("aria-label", t(editing ? "save" : "composer.send"));
        fill(send, icon(editing ? "check" : "send"));
        attach.disabled = !!editing;
    }

    /** @param {boolean} [undo] what was written before an edit comes back */
    function leaveMode(undo) {
        if (editing && undo) field.value = beforeEdit;
        replyTo = editing = undefined;
        showBar();
        changed();
    }

    /** @param {Message} message */
    function reply(message) {
        if (editing) leaveMode(true);
        replyTo = message;
        showBar();
        count();
        field.focus();
    }

    /** @param {Message} message */
    function edit(message) {
        if (!editing) beforeEdit = field.value;
        replyTo = undefined;
        editing = message;
        field.value = message.payload.text;
        mentioned.clear();
        for (const userID of message.atUserList || [])
            mentioned.set(userID === TYPES.MSG_AT_ALL ? t("chat.everybody") : app.people.name(userID), userID);
        showBar();
        changed();
        field.focus();
        field.setSelectionRange(field.value.length, field.value.length);
    }

    /* Files */

    /** @param {Event} event */
    function picked(event) {
        const input = /** @type {HTMLInputElement} */ (event.target);
        stage([...(input.files || [])]);
        input.value = "";
        field.focus();
    }

    /** They wait above the field: sent with the button, or taken away again. @param {File[]} files */
    function stage(files) {
        if (editing) leaveMode(true);
        for (const file of files) {
            if (staged.length >= FILES_MOST) {
                toast(t("composer.most", { n: FILES_MOST }), { kind: "error" });
                break;
            }
            if (!file.size) toast(t("composer.emptyFile", { name: file.name }), { kind: "error" });
            else if (file.size > largest)
                toast(t("composer.tooLarge", { name: file.name, size: fileSize(largest) }), { kind: "error" });
            else {
                const kind = kindOf(file);
                staged.push({ kind, file, url: kind === "File" ? "" : URL.createObjectURL(file) });
            }
        }
        showTray();
        count();
    }

    function showTray() {
        tray.hidden = !staged.length;
        fill(
            tray,
            staged.map((one) =>
                h(
                    "li",
                    { class: "staged" },
                    one.kind === "Image"
                        ? h("img", {
                              class: "staged-picture",
                              src: one.url,
                              alt: "",
                              onload: (/** @type {Event} */ event) => {
                                  const { naturalWidth, naturalHeight } = /** @type {HTMLImageElement} */ (
                                      event.target
                                  );
                                  Object.assign(one, { width: naturalWidth, height: naturalHeight });
                              },
                          })
                        : one.kind === "Video"
                          ? h("video", { class: "staged-picture", src: one.url, muted: true, preload: "metadata" })
                          : h("span", { class: "staged-picture" }, icon("file")),
                    h(
                        "span",
                        { class: "staged-words" },
                        h("bdi", { class: "staged-name" }, one.file.name),
                        h("span", { class: "staged-size" }, fileSize(one.file.size)),
                    ),
                    h(
                        "button",
                        {
                            "class": "icon-button staged-remove",
                            "type": "button",
                            "aria-label": t("composer.remove", { name: one.file.name }),
                            "onclick": () => {
                                unstage(one);
                                field.focus();
                            },
                        },
                        icon("close"),
                    ),
                ),
            ),
        );
    }

    /** @param {Staged} one */
    function unstage(one) {
        staged = staged.filter((other) => other !== one);
        if (one.url) URL.revokeObjectURL(one.url);
        showTray();
        count();
    }

    /* Sending */

    async function submit() {
        if (voice.recording() || !count()) return;
        const text = field.value.trim();
        if (editing) return void saveEdit(text);
        const files = staged;
        if (!text && !files.length) return;
        const extra = cloud();
        field.value = "";
        staged = [];
        showTray();
        typing.end();
        closePicker();
        for (const { kind, file, url, width, height } of files) {
            out.sendFile(kind, { ...address, payload: { file } }, { width, height });
            if (url) URL.revokeObjectURL(url);
        }
        if (text) {
            const atUserList = atList(text);
            const options = { ...address, ...extra, payload: atUserList.length ? { text, atUserList } : { text } };
            out.send(atUserList.length ? chat.createTextAtMessage(options) : chat.createTextMessage(options));
        }
        mentioned.clear();
        leaveMode();
        keepDraft();
        field.focus();
    }

    /** Those whose name is still in the text. @param {string} text */
    const atList = (text) =>
        isGroup
            ? [
                  ...new Set([...mentioned].filter(([name]) => text.includes(`@${name}`)).map(([, userID]) => userID)),
              ].slice(0, MENTIONS_MOST)
            : [];

    /** @param {string} text */
    async function saveEdit(text) {
        const message = editing;
        if (!message || !text) return;
        const old = { payload: message.payload, atUserList: message.atUserList };
        const atUserList = atList(text);
        field.value = beforeEdit;
        mentioned.clear();
        leaveMode();
        field.focus();
        if (text === old.payload.text) return;
        try {
            message.payload = { ...old.payload, text };
            message.atUserList = atUserList;
            await chat.modifyMessage(message);
        } catch (error) {
            Object.assign(message, old);
            app.fail(error);
            edit(message);
            field.value = text;
            changed();
        }
        app.state.set({ people: app.state.people + 1 });
    }

    /* Mentions */

    /** @type {any[] | undefined} */
    let members;
    /** @type {{from: number, found: {userID: string, name: string}[], at: number} | undefined} */
    let choice;

    async function loadMembers() {
        members = [];
        try {
            const { data } = await chat.getGroupMemberList({ groupID: address.to, count: 100, offset: 0 });
            members = data.memberList;
            app.people.put(data.memberList);
            suggest();
        } catch {
            members = undefined; // asked again at the next @
        }
    }

    /** @param {any} member */
    const nameOf = ({ userID, nameCard, nick }) => nameCard || nick || userID;

    function suggest() {
        const before = field.value.slice(0, field.selectionStart ?? 0);
        const found =
            isGroup && document.activeElement === field ? /(?:^|[^\p{L}\p{N}_])@([^\s@]{0,32})$/u.exec(before) : null;
        if (!found) return closeChoice();
        if (!members) loadMembers();
        const all = (members || [])
            .filter((member) => member.userID !== app.user)
            .map((member) => ({ userID: member.userID, name: nameOf(member) }));
        const fitting = searchNames(all, found[1], ({ userID, name }) => [folded(name), folded(userID)]);
        // Nobody should call all by mistake.
        const everybody = { userID: TYPES.MSG_AT_ALL, name: t("chat.everybody") };
        if (mayAll() && folded(everybody.name).startsWith(folded(found[1]))) fitting.unshift(everybody);
        if (!fitting.length) return closeChoice();
        choice = { from: before.length - found[1].length - 1, found: fitting.slice(0, SHOWN), at: 0 };
        return showChoice();
    }

    function showChoice() {
        if (!choice) return;
        const { found, at } = choice;
        people.hidden = false;
        fill(
            people,
            found.map(({ userID, name }, n) =>
                h(
                    "li",
                    {
                        "class": `mentions-one${n === at ? " mentions-at" : ""}`,
                        "id": `${listID}-${n}`,
                        "role": "option",
                        "aria-selected": n === at,
                        // Before the field loses the focus.
                        "onpointerdown": (/** @type {Event} */ event) => {
                            event.preventDefault();
                            if (choice) choice.at = n;
                            choose();
                        },
                    },
                    userID === TYPES.MSG_AT_ALL
                        ? h("span", { class: "mentions-all" }, icon("users"))
                        : avatar({ id: `C2C${userID}`, name, url: app.people.get(userID).avatar, size: 28 }),
                    h("bdi", { class: "mentions-name" }, name),
                    userID !== TYPES.MSG_AT_ALL && name !== userID && h("span", { class: "mentions-id" }, userID),
                ),
            ),
        );
        field.setAttribute("aria-activedescendant", `${listID}-${at}`);
        people.children[at]?.scrollIntoView({ block: "nearest" });
    }

    function closeChoice() {
        choice = undefined;
        people.hidden = true;
        field.removeAttribute("aria-activedescendant");
    }

    function choose() {
        if (!choice) return;
        const { userID, name } = choice.found[choice.at];
        const from = choice.from;
        field.setRangeText(`@${name} `, from, field.selectionStart ?? from, "end");
        mentioned.set(name, userID);
        closeChoice();
        changed();
    }

    /** Somebody is mentioned from outside: their face was held. @param {string} userID @param {string} name */
    function mention(userID, name) {
        mentioned.set(name, userID);
        insert(`@${name} `);
    }

    /* The field */

    /** @param {string} text */
    function insert(text) {
        const start = field.selectionStart ?? field.value.length;
        field.setRangeText(text, start, field.selectionEnd ?? start, "end");
        changed();
        if (!byTouch() || picker.hidden) field.focus();
    }

    field.addEventListener("input", () => {
        changed();
        if (!editing) typing.typed(field.value);
    });
    field.addEventListener("click", suggest);
    field.addEventListener("blur", closeChoice);
    field.addEventListener("keydown", (event) => {
        // While Chinese or Japanese is being composed the keys are the input method's: Enter takes what it offers (229 in Safari).
        if (event.isComposing || event.keyCode === 229) return;
        if (choice && choiceKey(event)) return;
        if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
            event.preventDefault();
            submit();
        } else if (event.key === "Escape" && (editing || replyTo)) {
            event.preventDefault();
            event.stopPropagation();
            leaveMode(true);
        } else if (event.key === "ArrowUp" && !field.value && !replyTo && !staged.length) {
            const message = lastOwn();
            if (message) {
                event.preventDefault();
                edit(message);
            }
        }
    });

    /** @param {KeyboardEvent} event */
    function choiceKey(event) {
        if (!choice) return false;
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) {
            choice.at = (choice.at + step + choice.found.length) % choice.found.length;
            showChoice();
        } else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") choose();
        else if (event.key === "Escape") closeChoice();
        else return false;
        event.preventDefault();
        event.stopPropagation();
        return true;
    }

    field.addEventListener("paste", (event) => {
        const data = event.clipboardData;
        const files = [...(data?.files || [])];
        // A spreadsheet gives its cells as text and as a picture: the text is meant.
        if (!files.length || data?.getData("text/plain")) return;
        event.preventDefault();
        stage(files.map(named));
    });

    /** What is pasted is always called image.png: the time tells them apart. @param {File} file */
    function named(file) {
        if (file.name && !/^image\.\w+$/.test(file.name)) return file;
        const now = new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-");
        return new File([file], `${now}.${file.type.split("/")[1]?.replace("jpeg", "jpg") || "bin"}`, {
            type: file.type,
        });
    }

    attach.addEventListener("click", () =>
        openMenu({
            at: attach,
            label: t("composer.attach"),
            items: [
                { label: t("composer.pictures"), icon: "image", run: () => pictures.click() },
                { label: t("composer.anything"), icon: "file", run: () => anything.click() },
            ],
        }),
    );

    /* Emoji */

    function closePicker() {
        if (picker.hidden) return;
        picker.hidden = true;
        smile.setAttribute("aria-expanded", "false");
        fill(picker);
    }
    smile.addEventListener("click", () => {
        if (!picker.hidden) return closePicker();
        picker.hidden = false;
        smile.setAttribute("aria-expanded", "true");
        fill(
            picker,
            emojiPicker((emoji) => {
                const inPicker = picker.contains(document.activeElement)
                    ? /** @type {HTMLElement} */ (document.activeElement)
                    : undefined;
                insert(emoji);
                inPicker?.focus();
            }),
        );
        return /** @type {HTMLElement | null} */ (picker.querySelector(".emoji"))?.focus();
    });
    picker.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        closePicker();
        field.focus();
    });
    document.addEventListener(
        "pointerdown",
        (event) => {
            if (
                !picker.hidden &&
                event.target instanceof Node &&
                !picker.contains(event.target) &&
                !smile.contains(event.target) &&
                !field.contains(event.target)
            )
                closePicker();
        },
        { signal },
    );

    element.addEventListener("recording", () => {
        const on = voice.recording();
        row.classList.toggle("composer-recording", on);
        field.hidden = attach.hidden = smile.hidden = on;
        if (!on) count();
    });

    if (!drafts.has(id)) drafts.set(id, app.conversation(id).draftText || "");
    field.value = drafts.get(id) || "";
    requestAnimationFrame(() => {
        grow();
        count();
    });
    count();
    showBar();
    // Toasts stand above it, however high it is.
    const root = document.documentElement.style;
    const height = new ResizeObserver(() => root.setProperty("--composer", `${element.offsetHeight}px`));
    height.observe(element);
    signal.addEventListener("abort", () => {
        height.disconnect();
        root.removeProperty("--composer");
        keepDraft();
        typing.end();
        for (const { url } of staged) if (url) URL.revokeObjectURL(url);
    });

    return {
        element,
        reply,
        edit,
        stage,
        insert,
        mention,
        focus: () => field.focus({ preventScroll: true }),
        /** Nothing can be written now, and why. What was begun stays. @param {string} why */
        silence(why) {
            note.hidden = !why;
            fill(note, icon("micOff"), why);
            row.hidden = !!why;
            if (why) {
                voice.cancel();
                closePicker();
                closeChoice();
            }
        },
        /** A message that it is about was recalled or deleted. @param {string} messageID */
        gone(messageID) {
            if (replyTo?.ID === messageID || editing?.ID === messageID) leaveMode(true);
        },
        /** Text that was recalled comes back. @param {string} text */
        write(text) {
            if (editing) leaveMode(true);
            field.value = field.value ? `${field.value}\n${text}` : text;
            changed();
            field.focus();
        },
    };
}
