// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A live room: where the picture would be, and over it or beside it the chat that flows, gifts, likes, who is there. What hundreds do in
// a second is gathered before it reaches the page: lines (flow.js), likes, who came and who left.

import { avatar, colourOf } from "../avatar.js";
import { confirmDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { openMenu } from "../menu.js";
import { contentText, nameList } from "../preview.js";
import { emptyPlace, placeText } from "../place.js";
import { locale, t } from "../words.js";
import { flowView } from "./flow.js";
import {
    GIFTS,
    giftData,
    giftName,
    giftWords,
    giftPicture,
    giftsLayer,
    likeData,
    readLive,
    tapCounter,
} from "./gifts.js";
import { copy, groupView } from "./group.js";
import { rightsOf, watchGroup } from "./groupdata.js";
import { memberItems, personItems, untilWords } from "./member.js";
import { may, silencedBy } from "./rights.js";

const COUNT_EVERY = 10000; // ms: how many are there
const SETTLED = 2500;
const GATHER = 1000; // ms: likes, comings and goings
const COMERS_STAY = 4000;
const LONGEST = 500; // signs in a line
const NAMES = 2; // of those who came; of the others their number
const MUTED = 10017;
const NO_GROUP = 10010;
const GONE = [10007, NO_GROUP];

/** @typedef {{from: string, name: string, text: string, gift?: string, own?: boolean}} Line */

/** 1234 is 1.2K, as the language has it. @param {number} n */
const short = (n) =>
    new Intl.NumberFormat(locale(), { notation: "compact", maximumFractionDigits: 1 }).format(n);

/** @typedef {import("../app.js").App} App */

/** @param {App} app @param {string} groupID @param {AbortSignal} signal */
export function liveView(app, groupID, signal) {
    const { chat, EVENT, TYPES } = app;
    const conversationID = `${TYPES.CONV_GROUP}${groupID}`;
    /** @type {any} */
    let group = { groupID, type: TYPES.GRP_AVCHATROOM, name: groupID };
    let mutedUntil = 0; // seconds
    let online = 0;
    /** When the server said so. */
    let countedAt = 0;
    let likes = 0;
    let freshLikes = 0;
    let isOver = false;
    /** @type {{came: string[], cameCount: number, left: string[], leftCount: number}} */
    let moved = { came: [], cameCount: 0, left: [], leftCount: 0 };
    /** @type {Record<string, number>} */
    const timers = {};

    const flow = flowView(drawLine, { label: t("live.chat"), more: (n) => t("live.more", { n }) });
    const gifts = giftsLayer();
    const taps = tapCounter((count) =>
        send(TYPES.MSG_PRIORITY_LOW, "createCustomMessage", {
            data: likeData(count),
            description: "",
            extension: "",
        }),
    );
    const host = h("div", { class: "live-host" });
    const scene = h("div", { class: "live-scene", "aria-hidden": "true" });
    const onlineCount = h("span", { class: "live-chip", title: t("live.online") });
    const likeCount = h("span", { class: "live-chip live-chip-likes", title: t("live.likes") });
    const comers = h("div", { class: "live-comers" });
    const notice = h("div", { class: "live-notice", hidden: true });
    const composer = h("div", { class: "live-composer" });
    const side = h(
        "div",
        { class: "live-side" },
        h("h2", { class: "live-title" }, t("live.chat")),
        notice,
        flow.element,
        comers,
        composer,
    );
    const element = h(
        "section",
        { class: "live", "aria-label": t("live.room") },
        h(
            "div",
            { class: "live-frame" },
            h(
                "div",
                { class: "live-stage" },
                scene,
                h(
                    "header",
                    { class: "live-bar" },
                    h(
                        "button",
                        {
                            class: "live-button live-back",
                            type: "button",
                            "aria-label": t("back"),
                            onclick: () => app.open(null),
                        },
                        icon("back"),
                    ),
                    host,
                    h("div", { class: "live-chips" }, onlineCount, likeCount),
                    h(
                        "button",
                        {
                            class: "live-button",
                            type: "button",
                            "aria-label": t("live.options"),
                            "aria-haspopup": "menu",
                            onclick: openOptions,
                        },
                        icon("more"),
                    ),
                ),
                gifts.banners,
                gifts.hearts,
            ),
            side,
        ),
    );

    // ---- coming and going

    app.on(EVENT.MESSAGE_RECEIVED, onMessages, signal);
    app.state.watch(["people"], drawGroup, signal);
    watchGroup(
        app,
        groupID,
        {
            changed(/** @type {any} */ now) {
                takeGroup(now);
                drawGroup();
            },
            gone: lookWhy,
        },
        signal,
    );
    signal.addEventListener("abort", stop);
    join();

    async function join() {
        fill(composer, h("p", { class: "live-silence" }, t("live.joining")));
        try {
            const { data } = await chat.joinGroup({ groupID });
            takeGroup(data.group);
            // Who comes in is given the last lines; who is in already asks for them.
            if (data.status === TYPES.JOIN_STATUS_ALREADY_IN_GROUP)
                chat.getMessageList({ conversationID }).then(
                    (/** @type {any} */ answer) => onMessages(answer.data.messageList),
                    () => {},
                );
        } catch (error) {
            return drawEnd(error);
        }
        if (signal.aborted) return;
        app.enterLive(group);
        drawGroup();
        drawComposer();
        count();
        timers.count = window.setInterval(() => document.hidden || count(), COUNT_EVERY);
        timers.gather = window.setInterval(gather, GATHER);
    }

    /** @param {any} now */
    function takeGroup(now) {
        group = { ...group, ...now };
        mutedUntil = group.selfInfo?.muteTime ?? mutedUntil;
    }

    function stop() {
        isOver = true;
        flow.end();
        gifts.end();
        taps.end();
        for (const timer of Object.values(timers)) clearTimeout(timer);
    }

    async function count() {
        const answer = await chat.getGroupOnlineMemberCount(groupID).catch(() => undefined);
        if (!answer || isOver) return;
        online = answer.data.memberCount;
        countedAt = Date.now();
        drawCounts();
    }

    // ---- what comes

    /** @param {any[]} messages */
    function onMessages(messages) {
        if (isOver) return;
        /** @type {Line[]} */
        const lines = [];
        for (const message of messages)
            if (message.conversationID === conversationID) {
                const line = read(message);
                if (line) lines.push(line);
            }
        flow.push(lines);
    }

    /** @param {any} message @returns {Line | undefined} */
    function read(message) {
        const line = {
            from: message.from,
            name: message.nameCard || message.nick || app.people.name(message.from),
            own: message.flow === "out",
        };
        if (message.type === TYPES.MSG_TEXT) return { ...line, text: message.payload.text };
        if (message.type === TYPES.MSG_GRP_TIP) return readTip(message.payload);
        const live = message.type === TYPES.MSG_CUSTOM && readLive(message.payload.data);
        if (!live) return { ...line, text: contentText(app, message) };
        if (live.live === "like") {
            freshLikes += live.count;
            return undefined;
        }
        gifts.give({ ...line, gift: live.gift, count: live.count });
        return { ...line, gift: live.gift, text: t("live.gave", { gift: giftWords(live.gift) }) };
    }

    /** @param {any} tip @returns {Line | undefined} */
    function readTip(tip) {
        if (tip.operation === "dismiss") {
            drawEnd("dismissed");
            return undefined;
        }
        if (tip.userDefinedField) return { from: "", name: "", text: tip.userDefinedField };
        const many = tip.memberCount || tip.userIDList?.length || 1;
        const names = tip.userIDList?.map((/** @type {string} */ userID) => nameIn(tip, userID)) || [];
        if (tip.operationType === TYPES.GRP_TIP_MBR_JOIN) {
            moved.came.push(...names.slice(0, NAMES));
            moved.cameCount += many;
        } else if (
            tip.operationType === TYPES.GRP_TIP_MBR_QUIT ||
            tip.operationType === TYPES.GRP_TIP_MBR_KICKED_OUT
        ) {
            moved.left.push(...names.slice(0, NAMES));
            moved.leftCount += many;
        }
        return undefined;
    }

    /** @param {any} tip @param {string} userID */
    const nameIn = (tip, userID) =>
        tip.memberList?.find((/** @type {any} */ one) => one.userID === userID)?.nick ||
        app.people.name(userID);

    /** Once a second: what was gathered. */
    function gather() {
        if (freshLikes) {
            likes += freshLikes;
            gifts.like(freshLikes);
            freshLikes = 0;
            drawCounts();
        }
        const { came, cameCount, left, leftCount } = moved;
        if (!cameCount && !leftCount) return;
        moved = { came: [], cameCount: 0, left: [], leftCount: 0 };
        // Who is told of so soon was counted already: comings and goings are gathered for a second.
        if (Date.now() - countedAt > SETTLED) online = Math.max(1, online + cameCount - leftCount);
        drawCounts();
        fill(comers, cameCount ? people("live.came", came, cameCount) : people("live.left", left, leftCount));
        clearTimeout(timers.comers);
        timers.comers = window.setTimeout(() => fill(comers), COMERS_STAY);
    }

    /** @param {string} key @param {string[]} names @param {number} n */
    function people(key, names, n) {
        return t(key, { who: nameList([...new Set(names)].slice(0, NAMES), n) });
    }

    // ---- what is sent

    /** @param {string} priority @param {string} create @param {any} payload */
    async function send(priority, create, payload) {
        const message = chat[create]({ to: groupID, conversationType: TYPES.CONV_GROUP, priority, payload });
        try {
            await chat.sendMessage(message);
            return true;
        } catch (error) {
            const { code } = /** @type {any} */ (error);
            if (code === MUTED)
                await chat.getGroupProfile({ groupID }).then(
                    (/** @type {any} */ answer) => takeGroup(answer.data.group),
                    () => {},
                );
            drawComposer();
            app.fail(error);
            return false;
        }
    }

    async function say(/** @type {HTMLInputElement} */ input) {
        const text = input.value.trim();
        if (!text) return;
        input.value = "";
        flow.push([{ from: app.user, name: app.people.name(app.user), text, own: true }]);
        if (!(await send(TYPES.MSG_PRIORITY_NORMAL, "createTextMessage", { text })) && !input.value)
            input.value = text;
    }

    /** @param {string} gift */
    function give(gift) {
        const line = { from: app.user, name: app.people.name(app.user), own: true, gift };
        gifts.give({ ...line, count: 1 });
        flow.push([{ ...line, text: t("live.gave", { gift: giftWords(gift) }) }]);
        send(TYPES.MSG_PRIORITY_HIGH, "createCustomMessage", {
            data: giftData(gift),
            description: `[${giftName(gift)}]`,
            extension: "",
        });
    }

    function like() {
        likes++;
        gifts.like(1);
        drawCounts();
        taps.tap();
    }

    // ---- drawing

    /** @param {Line} line */
    function drawLine({ from, name, text, gift, own }) {
        if (!from) return h("p", { class: "flow-line is-notice" }, text);
        const isHost = from === group.ownerID;
        return h(
            "p",
            { class: `flow-line${gift ? " is-gift" : ""}${own ? " is-own" : ""}` },
            isHost && [h("span", { class: "flow-badge" }, t("live.host")), " "],
            h(
                "button",
                {
                    class: `flow-name flow-colour-${colourOf(from)}`,
                    type: "button",
                    "data-user": from,
                    "data-name": name,
                },
                name,
            ),
            " ",
            h("span", { class: "flow-text" }, text),
            gift && giftPicture(gift, 20),
        );
    }

    // One listener for all names.
    flow.element.addEventListener("click", (event) => {
        const button = /** @type {HTMLElement} */ (event.target).closest("[data-user]");
        if (button instanceof HTMLElement)
            openPerson(button.dataset.user || "", button.dataset.name || "", button);
    });

    function drawGroup() {
        const owner = group.ownerID || "";
        const name = group.name || groupID;
        const face = (/** @type {number} */ size) =>
            avatar({ id: conversationID, name, url: group.avatar, size, kind: "live" });
        fill(
            host,
            face(36),
            h(
                "span",
                { class: "live-words" },
                h("b", { class: "live-name cut" }, name),
                h("span", { class: "live-owner cut" }, owner && app.people.name(owner)),
            ),
        );
        if (scene.dataset.face !== `${group.avatar} ${name}`) {
            scene.dataset.face = `${group.avatar} ${name}`;
            fill(
                scene,
                h("span", { class: "live-glow live-glow-1" }),
                h("span", { class: "live-glow live-glow-2" }),
                h("span", { class: "live-rings" }, face(112)),
                h("span", { class: "live-caption" }, t("live.placeholder")),
            );
        }
        notice.hidden = !group.notification;
        fill(notice, icon("speaker"), h("span", null, group.notification));
        drawCounts();
        if (composer.dataset.state && composer.dataset.state !== silence()) drawComposer();
    }

    function drawCounts() {
        fill(onlineCount, icon("users"), h("span", null, short(Math.max(online, 1))));
        fill(likeCount, icon("heartFull"), h("span", null, short(likes)));
        likeCount.hidden = !likes;
    }

    const silence = () => silencedBy(rightsOf(app, group), mutedUntil, Date.now() / 1000) || "may";

    function drawComposer() {
        const state = silence();
        composer.dataset.state = state;
        clearTimeout(timers.muted);
        if (state !== "may") {
            if (state === "muted")
                timers.muted = window.setTimeout(
                    drawComposer,
                    Math.min(2 ** 31 - 1, mutedUntil * 1000 - Date.now() + 500),
                );
            fill(
                composer,
                h(
                    "p",
                    { class: "live-silence", role: "status" },
                    icon("micOff"),
                    state === "allMuted"
                        ? t("live.allMuted")
                        : t("live.muted", { time: untilWords(mutedUntil) }),
                ),
                likeButton(),
            );
            return;
        }
        const input = h("input", {
            class: "live-input",
            "aria-label": t("live.say"),
            placeholder: t("live.say"),
            maxlength: LONGEST,
            autocomplete: "off",
            enterkeyhint: "send",
        });
        const tray = h(
            "div",
            { class: "gift-tray", role: "group", "aria-label": t("live.gifts"), hidden: true },
            GIFTS.map((name) =>
                h(
                    "button",
                    { class: "gift-button", type: "button", onclick: () => give(name) },
                    giftPicture(name, 40),
                    h("span", null, giftName(name)),
                ),
            ),
        );
        const opener = h(
            "button",
            {
                class: "live-button live-gift",
                type: "button",
                "aria-label": t("live.gifts"),
                "aria-expanded": false,
                onclick: () => {
                    tray.hidden = !tray.hidden;
                    opener.setAttribute("aria-expanded", String(!tray.hidden));
                },
            },
            icon("gift"),
        );
        const form = h(
            "form",
            {
                class: "live-form",
                onsubmit: (/** @type {Event} */ event) => {
                    event.preventDefault();
                    say(input);
                },
            },
            input,
            h("button", { class: "live-send", type: "submit", "aria-label": t("live.send") }, icon("send")),
        );
        fill(composer, tray, form, opener, likeButton());
    }

    const likeButton = () =>
        h(
            "button",
            { class: "live-button live-like", type: "button", "aria-label": t("live.like"), onclick: like },
            icon("heartFull"),
        );

    /** Sent out, or is the room no more? @param {any} [error] */
    async function lookWhy(error) {
        const reason =
            error ||
            (await chat.getGroupProfile({ groupID }).then(
                () => undefined,
                (/** @type {any} */ why) => why,
            ));
        drawEnd(reason?.code === NO_GROUP ? "dismissed" : "banned");
    }

    /** It is over, or was never there. @param {any} [reason] an error, or a word: dismissed, banned */
    function drawEnd(reason) {
        if (isOver) return;
        stop();
        app.leaveLive(groupID);
        const key =
            typeof reason === "string"
                ? `live.${reason}`
                : GONE.includes(reason?.code)
                  ? `live.gone${reason.code}`
                  : "";
        fill(
            side,
            emptyPlace(
                "live",
                key ? t(key) : t("live.over"),
                !key && reason && placeText(app.errorText(reason)),
                h("button", { class: "button", type: "button", onclick: () => app.open(null) }, t("back")),
            ),
        );
    }

    // ---- menus

    /** @param {string} userID @param {string} name @param {Element} at */
    async function openPerson(userID, name, at) {
        let member = { userID, nick: name, role: userID === group.ownerID ? "Owner" : "Member" };
        // Whether they are muted is known to who may list the members.
        if (may(rightsOf(app, group), "getGroupMembers"))
            await chat.getGroupMemberProfile({ groupID, userIDList: [userID] }).then(
                (/** @type {any} */ { data }) => (member = data.memberList[0] || member),
                () => {},
            );
        openMenu({
            at,
            label: name,
            items: [
                userID !== app.user &&
                    composer.dataset.state === "may" && {
                        label: t("live.mention"),
                        icon: "at",
                        run: () => mention(name),
                    },
                ...personItems(app, userID),
                ...memberItems(app, group, member, { at, done: () => {} }),
            ],
        });
    }

    /** @param {string} name */
    function mention(name) {
        const input = composer.querySelector("input");
        if (!input) return;
        input.value = `${input.value.trimEnd()} @${name} `.trimStart();
        input.focus();
    }

    /** @param {Event} event */
    function openOptions(event) {
        const rights = rightsOf(app, group);
        openMenu({
            at: /** @type {Element} */ (event.currentTarget),
            label: t("live.options"),
            items: [
                {
                    label: t("live.info"),
                    icon: "info",
                    run: () => app.openPanel(t("live.info"), (beside) => groupView(app, groupID, beside)),
                },
                { label: t("group.copyID"), icon: "copy", hint: groupID, run: () => copy(app, groupID) },
                may(rights, "setGroupInfo:allMuted") && {
                    label: t("group.muteAll"),
                    checked: Boolean(group.muteAllMembers),
                    run: () =>
                        app.attempt(
                            chat.updateGroupProfile({ groupID, muteAllMembers: !group.muteAllMembers }),
                        ),
                },
                "-",
                may(rights, "quitGroup") && { label: t("live.leave"), icon: "leave", run: leave },
                may(rights, "dismissGroup") && {
                    label: t("live.dismiss"),
                    icon: "stop",
                    danger: true,
                    run: dismiss,
                },
            ],
        });
    }

    async function leave() {
        stop();
        app.leaveLive(groupID);
        await app.attempt(chat.quitGroup(groupID));
        app.open(null);
    }

    async function dismiss() {
        if (
            (await confirmDialog({
                title: t("live.dismissTitle"),
                text: t("live.dismissText"),
                action: t("live.dismissAction"),
                danger: true,
            })) &&
            (await app.attempt(chat.dismissGroup(groupID)))
        )
            drawEnd("dismissed");
    }

    return element;
}
