// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The members of a group: the list, and adding people to it.

import { avatar } from "../avatar.js";
import { openDialog } from "../dialog.js";
import { fill, h, newID } from "../dom.js";
import { icon } from "../icons.js";
import { toast } from "../toast.js";
import { emptyPlace } from "../place.js";
import { t } from "../words.js";
import { peopleField } from "./fields.js";
import { rightsOf, watchGroup } from "./groupdata.js";
import { isMuted, memberItems, memberName, openMember, personItems, roleTag, untilWords } from "./member.js";
import { may } from "./rights.js";

const PAGE = 100;
const MANY = 500; // with more on the screen they are not asked for again to see who is muted
const RANKS = ["Member", "Admin", "Owner"];

/** @typedef {import("../app.js").App} App */

/**
 * The list, a page at a time, with a field to look for somebody. A layer of the panel.
 * @param {App} app @param {string} groupID @param {{hint?: string}} options what is to be done there
 * @param {AbortSignal} signal
 */
export function membersView(app, groupID, { hint }, signal) {
    const { chat } = app;
    /** @type {any} */
    let group;
    /** @type {any[]} */
    let members = [];
    /** @type {any[]} */
    let found = []; // on the server, by their userID
    let isAll = false;
    let asked = 0;
    const list = h("ul", { class: "rows members", "aria-label": t("group.members") });
    const field = h("input", {
        class: "input",
        type: "search",
        "aria-label": t("group.findMember"),
        placeholder: t("group.findMember"),
        autocomplete: "off",
        oninput: find,
    });
    const more = h(
        "button",
        {
            class: "button button-quiet button-wide",
            type: "button",
            hidden: true,
            onclick: () => load(members.length + PAGE),
        },
        t("group.moreMembers"),
    );
    const add = h(
        "button",
        {
            class: "button",
            type: "button",
            hidden: true,
            onclick: () => openInvite(app, groupID, members, () => load()),
        },
        icon("plus"),
        t("group.add"),
    );
    const element = h(
        "div",
        { class: "members-view" },
        hint && h("p", { class: "group-hint" }, hint),
        h("div", { class: "members-find" }, field, add),
        list,
        more,
    );
    watchGroup(
        app,
        groupID,
        {
            changed(now) {
                const isOther = now.memberCount !== group?.memberCount;
                group = now;
                add.hidden = !may(rightsOf(app, group), "inviteGroupMember");
                if (isOther || members.length <= MANY) load();
            },
            gone: () =>
                fill(
                    element,
                    emptyPlace("users", t("group.gone")),
                ),
            quiet: true,
        },
        signal,
    );

    async function load(/** @type {number} */ upTo = Math.max(PAGE, members.length)) {
        const turn = ++asked;
        /** @type {any[]} */
        const fresh = [];
        let offset = 0;
        do {
            const answer = await app.attempt(chat.getGroupMemberList({ groupID, count: PAGE, offset }));
            if (!answer || signal.aborted || turn !== asked) return;
            fresh.push(...answer.data.memberList);
            offset = answer.data.offset || 0;
            isAll = !offset || !answer.data.memberList.length;
        } while (!isAll && fresh.length < upTo);
        members = fresh;
        app.people.put(members);
        draw();
    }

    async function find() {
        const userID = field.value.trim();
        found = [];
        draw();
        if (!userID || isAll) return;
        const answer = await chat
            .getGroupMemberProfile({ groupID, userIDList: [userID] })
            .catch(() => undefined);
        if (field.value.trim() === userID && !signal.aborted) {
            found = answer?.data.memberList || [];
            draw();
        }
    }

    function draw() {
        const word = field.value.trim().toLowerCase();
        const fits = members.filter((member) =>
            [member.userID, member.nick, member.nameCard].some((text) => text?.toLowerCase().includes(word)),
        );
        const others = found.filter((one) => !fits.some((member) => member.userID === one.userID));
        const shown = [...fits, ...others].sort(
            (one, other) => RANKS.indexOf(other.role) - RANKS.indexOf(one.role),
        );
        const focused = document.activeElement?.closest("li")?.dataset.user;
        fill(list, shown.length ? shown.map(row) : h("li", { class: "members-none" }, t("group.noMember")));
        if (focused)
            /** @type {HTMLElement | null} */ (
                list.querySelector(`li[data-user="${CSS.escape(focused)}"] button`)
            )?.focus();
        more.hidden = isAll || Boolean(word);
        field.hidden = isAll && members.length < 8;
    }

    /** @param {any} member */
    function row(member) {
        const { userID } = member;
        const name = memberName(app, member);
        const open = (/** @type {Event} */ event) =>
            openMember(app, group, member, {
                at: /** @type {Element} */ (event.currentTarget),
                done: () => load(),
            });
        const has = [
            ...personItems(app, userID),
            ...memberItems(app, group, member, { at: list, done() {} }),
        ].some((item) => item && item !== "-");
        const note = [
            isMuted(member) && t("group.mutedShort", { time: untilWords(member.muteUntil) }),
            name !== userID && userID,
        ]
            .filter(Boolean)
            .join(" · ");
        return h(
            "li",
            { class: "member", "data-user": userID },
            h(
                "button",
                { class: "row", type: "button", disabled: !has, "aria-haspopup": "menu", onclick: open },
                avatar({
                    id: `C2C${userID}`,
                    name,
                    url: member.avatar || app.people.get(userID).avatar,
                    size: 40,
                }),
                h(
                    "span",
                    { class: "row-text" },
                    h(
                        "span",
                        { class: "member-title" },
                        h("span", { class: "row-title" }, name),
                        userID === app.user && h("span", { class: "member-you" }, t("group.you")),
                        roleTag(app, member),
                    ),
                    note &&
                        h(
                            "span",
                            { class: "row-note" },
                            isMuted(member) && icon("micOff", "icon-small"),
                            note,
                        ),
                ),
                has && icon("more"),
            ),
        );
    }

    return element;
}

/**
 * @param {App} app @param {string} groupID @param {any[]} members known ones, who need no invitation
 * @param {() => void} done called after a change
 */
export function openInvite(app, groupID, members, done) {
    const id = newID("invite");
    const people = peopleField(app, {
        label: t("group.whoToAdd"),
        isOut: (userID) => members.some((member) => member.userID === userID),
    });
    const dialog = openDialog({
        title: t("group.addTitle"),
        body: () =>
            h(
                "form",
                {
                    id,
                    class: "form",
                    onsubmit: async (/** @type {Event} */ event) => {
                        event.preventDefault();
                        await people.finish();
                        if (people.input.value || !people.value().length) return;
                        dialog.close();
                        const answer = await app.attempt(
                            app.chat.addGroupMember({ groupID, userIDList: people.value() }),
                        );
                        if (answer) tellInvited(app, answer.data);
                        done();
                    },
                },
                people.element,
            ),
        footer: () => [
            h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("cancel")),
            h("button", { class: "button button-primary", type: "submit", form: id }, t("group.add")),
        ],
    });
    people.input.focus();
}

/** @param {App} app @param {any} data */
function tellInvited(
    app,
    { successUserIDList = [], failureUserIDList = [], overLimitUserIDList = [], pendingUserIDList = [] },
) {
    const names = (/** @type {string[]} */ ids) =>
        ids.map(app.people.name, app.people).join(t("names.comma"));
    for (const [ids, key, kind] of /** @type {[string[], string, "done" | "info" | "error"][]} */ ([
        [successUserIDList, "group.brought", "done"],
        [pendingUserIDList, "group.broughtWaits", "info"],
        [overLimitUserIDList, "group.notBroughtLimit", "error"],
        [failureUserIDList, "group.notBrought", "error"],
    ]))
        if (ids.length) toast(t(key, { who: names(ids), n: ids.length }), { kind });
}
