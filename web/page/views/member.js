// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A member of a group: what they are called, and what may be done about them. And the banned, who are none any more.

import { avatar } from "../avatar.js";
import { confirmDialog, openDialog } from "../dialog.js";
import { fill, h, newID } from "../dom.js";
import { icon } from "../icons.js";
import { openMenu } from "../menu.js";
import { momentTime, span } from "../time.js";
import { t } from "../words.js";
import { askText, byteField } from "./fields.js";
import { rightsOf } from "./groupdata.js";
import { userView } from "./profile.js";
import { may, mayName } from "./rights.js";

export const FOR_EVER = 4294967295; // seconds: the most that the server takes
const MUTE_TIMES = [600, 3600, 12 * 3600, 86400, 7 * 86400, FOR_EVER];
const BAN_TIMES = [3600, 86400, 7 * 86400, 30 * 86400, FOR_EVER];
const REASON_BYTES = 256;
const CARD_BYTES = 50;

/** @typedef {import("../app.js").App} App */

/** @param {App} app @param {any} member */
export const memberName = (app, { userID, nameCard, nick }) => nameCard || nick || app.people.name(userID);

/** "1 hour", or for ever. @param {number} seconds */
export const spanOrEver = (seconds) => (seconds >= FOR_EVER ? t("group.forEver") : span(seconds));

/** Until when somebody may not write, in words. @param {number} until in seconds */
export const untilWords = (until) =>
    until > Date.now() / 1000 + 10 * 365 * 86400
        ? t("group.forEver")
        : t("group.until", { time: momentTime(until) });

/** @param {any} member */
export const isMuted = ({ muteUntil = 0 }) => muteUntil > Date.now() / 1000;

/**
 * What may be done with anybody.
 * @param {App} app @param {string} userID @returns {import("../menu.js").Entry[]}
 */
export const personItems = (app, userID) => [
    userID !== app.user && {
        label: t("profile.write"),
        icon: "chats",
        run: () => app.open(`${app.TYPES.CONV_C2C}${userID}`),
    },
    {
        label: t("group.profile"),
        icon: "user",
        run: () => app.openPanel(t("group.profile"), (signal) => userView(app, userID, signal)),
    },
    "-",
];

/**
 * What may be done about a member, as entries of a menu: only what this user may do.
 * @param {App} app @param {any} group @param {any} member @param {{at: Element, done: () => void}} options `at` is where further menus
 *   open, `done` is called after a change
 * @returns {import("../menu.js").Entry[]}
 */
export function memberItems(app, group, member, { at, done }) {
    const { chat, TYPES } = app;
    const { groupID } = group;
    const { userID } = member;
    const isSelf = userID === app.user;
    const rights = rightsOf(app, group);
    const whom = { role: member.role, isSelf };
    const name = memberName(app, member);
    /** @param {Promise<any>} promise @param {string} said */
    const change = async (promise, said) => {
        if (await app.attempt(promise, said)) done();
    };
    const setRole = (/** @type {string} */ role, /** @type {string} */ said) =>
        change(chat.setGroupMemberRole({ groupID, userID, role }), t(said, { who: name }));
    const mute = (/** @type {number} */ muteTime) =>
        change(
            chat.setGroupMemberMuteTime({ groupID, userID, muteTime }),
            muteTime
                ? t("group.mutedDone", { who: name, time: spanOrEver(muteTime) })
                : t("group.unmutedDone", { who: name }),
        );
    return [
        mayName(rights, whom) && {
            label: isSelf ? t("group.ownCard") : t("group.card"),
            icon: "edit",
            run: () => askCard(app, group, member, done),
        },
        may(rights, "setGroupMemberRole", whom) &&
            (member.role === TYPES.GRP_MBR_ROLE_ADMIN
                ? {
                      label: t("group.unmakeAdmin"),
                      icon: "shield",
                      run: () => setRole(TYPES.GRP_MBR_ROLE_MEMBER, "group.unmadeAdmin"),
                  }
                : {
                      label: t("group.makeAdmin"),
                      icon: "shield",
                      run: () => setRole(TYPES.GRP_MBR_ROLE_ADMIN, "group.madeAdmin"),
                  }),
        may(rights, "transferGroupOwner", whom) && {
            label: t("group.makeOwner"),
            icon: "crown",
            run: async () => {
                if (
                    await confirmDialog({
                        title: t("group.makeOwnerTitle", { who: name }),
                        text: t("group.makeOwnerText"),
                        action: t("group.makeOwnerAction"),
                        danger: true,
                    })
                )
                    await change(
                        chat.changeGroupOwner({ groupID, newOwnerID: userID }),
                        t("group.madeOwner", { who: name }),
                    );
            },
        },
        "-",
        may(rights, "muteGroupMember", whom) &&
            (isMuted(member)
                ? {
                      label: t("group.unmute"),
                      icon: "mic",
                      hint: untilWords(member.muteUntil),
                      run: () => mute(0),
                  }
                : {
                      label: t("group.mute"),
                      icon: "micOff",
                      run: () =>
                          openMenu({
                              at,
                              label: t("group.muteTitle", { who: name }),
                              items: MUTE_TIMES.map((time) => ({
                                  label: spanOrEver(time),
                                  icon: "clock",
                                  run: () => mute(time),
                              })),
                          }),
                  }),
        may(rights, "deleteGroupMember", whom) && {
            label: t("group.kick"),
            icon: "leave",
            danger: true,
            run: () => askKick(app, group, member, done),
        },
        !may(rights, "deleteGroupMember", whom) &&
            may(rights, "banGroupMember", whom) && {
                label: t("group.ban"),
                icon: "ban",
                danger: true,
                run: () => askBan(app, group, member, done),
            },
    ];
}

/** @param {App} app @param {any} group @param {any} member @param {() => void} done */
async function askCard(app, group, member, done) {
    const { userID } = member;
    const nameCard = await askText({
        title: userID === app.user ? t("group.ownCard") : t("group.card"),
        label: t("group.cardLabel"),
        hint: t("group.cardHint"),
        value: member.nameCard || "",
        max: CARD_BYTES,
        action: t("save"),
    });
    if (
        nameCard &&
        (await app.attempt(app.chat.setGroupMemberNameCard({ groupID: group.groupID, userID, nameCard })))
    )
        done();
}

/**
 * Removing somebody, with a reason, and for how long they stay out where the type has bans.
 * @param {App} app @param {any} group @param {any} member @param {() => void} done
 */
function askKick(app, group, member, done) {
    const mayBan = may(rightsOf(app, group), "banGroupMember", { role: member.role });
    askWithReason(
        {
            title: t("group.kickTitle", { who: memberName(app, member) }),
            hint: t("group.reasonHint", { who: memberName(app, member) }),
            action: t("group.kickAction"),
            label: t("group.keepOut"),
            times: mayBan
                ? [
                      [0, t("group.mayReturn")],
                      ...BAN_TIMES.map((time) => [
                          time,
                          time === FOR_EVER ? t("group.never") : t("group.notFor", { time: span(time) }),
                      ]),
                  ]
                : [],
        },
        async (reason, seconds) => {
            const { groupID } = group;
            const { userID } = member;
            const promise = seconds
                ? app.chat.banGroupMember({ groupID, userID, seconds, reason })
                : app.chat.deleteGroupMember({ groupID, userIDList: [userID], reason });
            if (await app.attempt(promise, t("group.kicked", { who: memberName(app, member) }))) done();
        },
    );
}

/** @param {App} app @param {any} group @param {any} member @param {() => void} done */
function askBan(app, group, member, done) {
    askWithReason(
        {
            title: t("group.banTitle", { who: memberName(app, member) }),
            hint: t("group.reasonKept"),
            action: t("group.banAction"),
            label: t("group.banFor"),
            times: BAN_TIMES.map((time) => [time, spanOrEver(time)]),
        },
        async (reason, seconds) => {
            const promise = app.chat.banGroupMember({
                groupID: group.groupID,
                userID: member.userID,
                seconds,
                reason,
            });
            if (
                await app.attempt(
                    promise,
                    t("group.banned", { who: memberName(app, member), time: spanOrEver(seconds) }),
                )
            )
                done();
        },
    );
}

/**
 * @param {{title: string, hint: string, action: string, label: string, times: any[][]}} question with seconds and their words to choose
 * @param {(reason: string, seconds: number) => void} answer
 */
function askWithReason({ title, hint, action, label, times }, answer) {
    const id = newID("reason");
    const reason = byteField({
        label: t("group.reason"),
        max: REASON_BYTES,
        placeholder: t("optional"),
        hint,
        autofocus: true,
    });
    const time = h(
        "select",
        { id: `${id}-time`, class: "input" },
        times.map(([seconds, word]) => h("option", { value: seconds }, word)),
    );
    openDialog({
        title,
        class: "dialog-small",
        role: "alertdialog",
        body: (dialog) =>
            h(
                "form",
                {
                    id,
                    class: "form",
                    onsubmit: (/** @type {Event} */ event) => {
                        event.preventDefault();
                        if (!reason.fits()) return;
                        dialog.close();
                        answer(reason.value(), Number(time.value));
                    },
                },
                reason.element,
                times.length > 0 &&
                    h(
                        "label",
                        { class: "field", for: time.id },
                        h("span", { class: "field-label" }, label),
                        time,
                    ),
            ),
        footer: (dialog) => [
            h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("cancel")),
            h("button", { class: "button button-danger", type: "submit", form: id }, action),
        ],
    });
}

/** @param {App} app @param {any} member */
export function roleTag(app, { role }) {
    const { GRP_MBR_ROLE_OWNER, GRP_MBR_ROLE_ADMIN } = app.TYPES;
    return role === GRP_MBR_ROLE_OWNER
        ? h("span", { class: "tag tag-owner" }, icon("crown", "icon-small"), t("group.owner"))
        : role === GRP_MBR_ROLE_ADMIN
          ? h("span", { class: "tag" }, t("group.admin"))
          : null;
}

/** @param {App} app @param {any} group @param {any} member @param {{at: Element, done: () => void}} options as of memberItems */
export const openMember = (app, group, member, options) =>
    openMenu({
        at: options.at,
        label: memberName(app, member),
        items: [...personItems(app, member.userID), ...memberItems(app, group, member, options)],
    });

/** Who may not come in, or not yet. @param {App} app @param {any} group */
export async function openBans(app, group) {
    const { groupID } = group;
    const list = h("ul", { class: "rows" });
    const load = async () => {
        const answer = await app.attempt(app.chat.getGroupBans({ groupID }));
        const bans = answer?.data.banList || [];
        fill(list, bans.length ? bans.map(row) : h("li", { class: "members-none" }, t("group.noBans")));
    };
    /** @param {any} ban */
    const row = ({ userID, until, reason }) =>
        h(
            "li",
            { class: "row" },
            avatar({
                id: `C2C${userID}`,
                name: app.people.name(userID),
                url: app.people.get(userID).avatar,
                size: 40,
            }),
            h(
                "span",
                { class: "row-text" },
                h("span", { class: "row-title" }, app.people.name(userID)),
                h("span", { class: "row-note" }, [untilWords(until), reason].filter(Boolean).join(" · ")),
            ),
            h(
                "button",
                {
                    class: "button",
                    type: "button",
                    onclick: async () => {
                        if (
                            await app.attempt(
                                app.chat.banGroupMember({ groupID, userID, seconds: 0 }),
                                t("group.unbanned", { who: app.people.name(userID) }),
                            )
                        )
                            load();
                    },
                },
                t("group.unban"),
            ),
        );
    await load();
    openDialog({ title: t("group.bans"), body: () => list });
}
