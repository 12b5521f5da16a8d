// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Everything about a group, beside its chat: what it is, who is in it, what this user has set in it and may change. What somebody may not
// do (rights.js) is not there. It follows what others change.

import { avatar } from "../avatar.js";
import { confirmDialog } from "../dialog.js";
import { fill, h, oncePerFrame } from "../dom.js";
import { icon } from "../icons.js";
import { openMenu } from "../menu.js";
import { emptyPlace, placeText } from "../place.js";
import { t } from "../words.js";
import { openApplications, watchApplications } from "./applications.js";
import { faceButton } from "./face.js";
import { askText } from "./fields.js";
import { rightsOf, roleIn, shownOf, watchGroup } from "./groupdata.js";
import { memberName, openBans, openMember, roleTag } from "./member.js";
import { membersView, openInvite } from "./members.js";
import { typeIcon, typeName } from "./newgroup.js";
import { clearHistory } from "./profile.js";
import { may, mayName, oldName } from "./rights.js";

const FACES = 9;
const LIMITS = { name: 30, introduction: 240, notification: 300 }; // bytes
const JOIN_OPTIONS = ["FreeAccess", "NeedPermission", "DisableApply"];
const INVITE_OPTIONS = ["FreeAccess", "NeedPermission", "DisableInvite"];

/** @typedef {import("../app.js").App} App */

/** @param {App} app @param {string} groupID @param {AbortSignal} signal */
export function groupView(app, groupID, signal) {
    const { chat, TYPES } = app;
    const conversationID = `${TYPES.CONV_GROUP}${groupID}`;
    /** @type {any} */
    let group;
    /** @type {any[]} */
    let members = []; // the first of them
    /** @type {any[]} */
    let applications = [];
    let watchesApplications = false;
    const element = h(
        "div",
        { class: "group-panel" },
        h(
            "div",
            { class: "place" },
            h("div", { class: "spinner", role: "status", "aria-label": t("loading") }),
        ),
    );
    const reload = watchGroup(app, groupID, { changed, gone, quiet: true }, signal);

    const rights = () => rightsOf(app, group);
    /** @param {Promise<any>} promise @param {string} [said] */
    const change = async (promise, said) => {
        if (await app.attempt(promise, said)) reload();
    };

    const changeFace = faceButton(app, {
        label: t("group.changeFace"),
        now: () => group.avatar || "",
        changed: (avatar) => change(chat.updateGroupProfile({ groupID, avatar })),
    });

    /** @param {any} now */
    async function changed(now) {
        group = now;
        if (may(rights(), "getGroupMembers")) {
            const answer = await chat
                .getGroupMemberList({ groupID, count: 30, offset: 0 })
                .catch(() => undefined);
            members = answer?.data.memberList || members;
            app.people.put(members);
        }
        if (!watchesApplications && may(rights(), "getGroupApplications")) {
            watchesApplications = true;
            watchApplications(app, groupID, takeApplications, signal);
        }
        if (signal.aborted) return;
        draw();
    }

    /** @param {any[]} list */
    function takeApplications(list) {
        applications = list;
        draw();
    }

    /** @param {any} [error] */
    function gone(error) {
        group = undefined;
        seen = "";
        fill(
            element,
            emptyPlace("users", t("group.gone"), error && placeText(app.errorText(error))),
        );
    }

    // ---- what is seen

    /** Everything that is seen: the list of conversations changes with each message, and what is pressed must not be made anew. */
    function stamp() {
        const { isPinned, messageRemindType, isNew } = app.conversation(conversationID);
        const people = members.map((member) => [
            member.userID,
            member.role,
            memberName(app, member),
            member.avatar,
        ]);
        const names = [app.people.name(app.user), group.ownerID && app.people.get(group.ownerID)];
        return JSON.stringify([
            shownOf(group),
            people,
            names,
            applications.length,
            isPinned,
            messageRemindType,
            isNew,
        ]);
    }

    let seen = "";
    const draw = oncePerFrame(() => {
        if (!group || signal.aborted) return;
        const now = stamp();
        if (now === seen) return;
        seen = now;
        // What has the focus is made anew: the focus goes to what is in its place.
        const focused = element.contains(document.activeElement)
            ? document.activeElement?.getAttribute("data-what")
            : null;
        fill(element, drawHead(), drawTexts(), drawMembers(), drawOwn(), drawManagement(), drawEnds());
        if (focused)
            /** @type {HTMLElement | null} */ (
                element.querySelector(`[data-what="${CSS.escape(focused)}"]`)
            )?.focus({ preventScroll: true });
    });

    /** @param {string} what @param {string} label @param {string} name @param {() => void} run */
    const pencil = (what, label, name, run) =>
        may(rights(), `setGroupInfo:${name}`) &&
        h(
            "button",
            { class: "icon-button", type: "button", "data-what": what, "aria-label": label, onclick: run },
            icon("edit"),
        );

    function drawHead() {
        const face = avatar({
            id: conversationID,
            name: group.name || groupID,
            url: group.avatar,
            size: 88,
            kind: oldName(group.type) === TYPES.GRP_AVCHATROOM ? "live" : "group",
        });
        return h(
            "div",
            { class: "group-head" },
            h(
                "div",
                { class: "face-holder face-square" },
                face,
                may(rights(), "setGroupInfo:faceURL") && changeFace,
            ),
            h(
                "div",
                { class: "group-name" },
                h("h2", null, group.name || groupID),
                pencil("name", t("group.changeName"), "groupName", () => edit("name")),
            ),
            h(
                "div",
                { class: "group-tags" },
                h("span", { class: "tag" }, icon(typeIcon(group.type), "icon-small"), typeName(group.type)),
                h(
                    "span",
                    { class: "group-count" },
                    t("group.memberCount", { n: group.memberCount ?? group.memberNum ?? 0 }),
                ),
                roleTag(app, { role: roleIn(app, group) }),
            ),
            h(
                "button",
                {
                    class: "group-id",
                    type: "button",
                    "data-what": "id",
                    title: t("group.copyID"),
                    onclick: () => copy(app, groupID),
                },
                groupID,
                icon("copy", "icon-small"),
            ),
        );
    }

    function drawTexts() {
        return ["notification", "introduction"].map((name) => {
            const text = group[name];
            const button = pencil(name, t(`group.change.${name}`), name, () =>
                edit(/** @type {"notification"} */ (name)),
            );
            return (
                (text || button) &&
                h(
                    "section",
                    { class: "group-card" },
                    h("header", { class: "group-card-head" }, h("h3", null, t(`group.${name}`)), button),
                    h(
                        "p",
                        { class: text ? "group-text" : "group-text group-none" },
                        text || t(`group.no.${name}`),
                    ),
                )
            );
        });
    }

    /** Where only the owner may know who is there. */
    function drawOwner() {
        const { ownerID } = group;
        const { nick, avatar: url } = app.people.get(ownerID || "");
        return (
            ownerID &&
            h(
                "section",
                { class: "group-card" },
                h(
                    "button",
                    {
                        class: "row",
                        type: "button",
                        "data-what": "owner",
                        "aria-haspopup": "menu",
                        onclick: (/** @type {Event} */ event) =>
                            openMember(
                                app,
                                group,
                                { userID: ownerID, nick, role: TYPES.GRP_MBR_ROLE_OWNER },
                                {
                                    at: /** @type {Element} */ (event.currentTarget),
                                    done: reload,
                                },
                            ),
                    },
                    avatar({ id: `C2C${ownerID}`, name: nick || ownerID, url, size: 40 }),
                    h("span", { class: "row-text" }, h("span", { class: "row-title" }, nick || ownerID)),
                    roleTag(app, { role: TYPES.GRP_MBR_ROLE_OWNER }),
                ),
            )
        );
    }

    function drawMembers() {
        if (!may(rights(), "getGroupMembers")) return drawOwner();
        const mayInvite = may(rights(), "inviteGroupMember");
        const total = group.memberCount ?? group.memberNum ?? members.length;
        return h(
            "section",
            { class: "group-card" },
            h("header", { class: "group-card-head" }, h("h3", null, t("group.members"))),
            h(
                "ul",
                { class: "faces" },
                members.slice(0, mayInvite ? FACES : FACES + 1).map((member) =>
                    h(
                        "li",
                        null,
                        h(
                            "button",
                            {
                                class: "face",
                                type: "button",
                                "data-what": `face ${member.userID}`,
                                "aria-haspopup": "menu",
                                onclick: (/** @type {Event} */ event) =>
                                    openMember(app, group, member, {
                                        at: /** @type {Element} */ (event.currentTarget),
                                        done: reload,
                                    }),
                            },
                            avatar({
                                id: `C2C${member.userID}`,
                                name: memberName(app, member),
                                url: member.avatar || app.people.get(member.userID).avatar,
                                size: 46,
                            }),
                            member.role !== TYPES.GRP_MBR_ROLE_MEMBER &&
                                h(
                                    "span",
                                    {
                                        class: `face-role face-${member.role}`,
                                        title: t(`group.${member.role.toLowerCase()}`),
                                    },
                                    icon(
                                        member.role === TYPES.GRP_MBR_ROLE_OWNER ? "crown" : "shield",
                                        "icon-small",
                                    ),
                                    h("span", { class: "unseen" }, t(`group.${member.role.toLowerCase()}`)),
                                ),
                            h("span", { class: "face-name cut" }, memberName(app, member)),
                        ),
                    ),
                ),
                mayInvite &&
                    h(
                        "li",
                        null,
                        h(
                            "button",
                            { class: "face", type: "button", "data-what": "invite", onclick: invite },
                            h("span", { class: "face-add" }, icon("plus")),
                            h("span", { class: "face-name cut" }, t("group.add")),
                        ),
                    ),
            ),
            line({
                what: "members",
                label: t("group.allMembers"),
                value: String(total),
                run: () => showMembers(),
            }),
        );
    }

    /** A row that opens something. @param {{what: string, label: string, icon?: string, value?: any, count?: number, danger?: boolean, run: (event: Event) => void}} row */
    const line = ({ what, label, icon: picture, value, count, danger, run }) =>
        h(
            "button",
            {
                class: `group-line${danger ? " is-danger" : ""}`,
                type: "button",
                "data-what": what,
                onclick: run,
            },
            picture && icon(picture),
            h("span", { class: "group-line-label" }, label),
            value && h("span", { class: "group-line-value cut" }, value),
            count ? h("span", { class: "count" }, count) : null,
            !danger && icon("chevronRight", "icon-small"),
        );

    /** @param {string} what @param {string} label @param {boolean} is @param {(is: boolean) => Promise<any>} run @param {string} [note] */
    const toggle = (what, label, is, run, note) =>
        h(
            "label",
            { class: "switch group-switch" },
            h("input", {
                type: "checkbox",
                role: "switch",
                "data-what": what,
                checked: is,
                onchange: async (/** @type {Event} */ event) => {
                    const input = /** @type {HTMLInputElement} */ (event.currentTarget);
                    await run(input.checked);
                    seen = ""; // where it was refused it stands as it stood
                    reload();
                },
            }),
            h(
                "span",
                { class: "row-text" },
                h("span", null, label),
                note && h("span", { class: "row-note" }, note),
            ),
        );

    function drawOwn() {
        const role = roleIn(app, group);
        if (!role) return null;
        const isLive = oldName(group.type) === TYPES.GRP_AVCHATROOM;
        const conversation = app.conversation(conversationID);
        const remind = conversation.messageRemindType || group.selfInfo?.messageRemindType;
        const isQuiet = Boolean(remind) && remind !== TYPES.MSG_REMIND_ACPT_AND_NOTE;
        const rows = [
            !isLive &&
                toggle("quiet", t("group.quiet"), isQuiet, (is) =>
                    app.attempt(
                        chat.setMessageRemindType({
                            groupID,
                            messageRemindType: is
                                ? TYPES.MSG_REMIND_ACPT_NOT_NOTE
                                : TYPES.MSG_REMIND_ACPT_AND_NOTE,
                        }),
                    ),
                ),
            !isLive &&
                !conversation.isNew &&
                toggle("pin", t("group.pin"), conversation.isPinned, (is) =>
                    app.attempt(chat.pinConversation({ conversationID, isPinned: is })),
                ),
            mayName(rights(), { role, isSelf: true }) &&
                line({
                    what: "card",
                    label: t("group.ownCard"),
                    value: group.selfInfo?.nameCard || app.people.name(app.user),
                    run: editCard,
                }),
        ].filter(Boolean);
        return rows.length > 0 && h("section", { class: "group-card group-lines" }, rows);
    }

    function drawManagement() {
        const has = rights();
        const isOwner = roleIn(app, group) === TYPES.GRP_MBR_ROLE_OWNER;
        const hasAdmins = may({ type: group.type, role: TYPES.GRP_MBR_ROLE_OWNER }, "setGroupMemberRole");
        const rows = [
            may(has, "getGroupApplications") &&
                line({
                    what: "applications",
                    label: t("group.applications"),
                    count: applications.length,
                    run: () => openApplications(app, group, takeApplications),
                }),
            may(has, "setGroupInfo:addOpt") &&
                line({
                    what: "join",
                    label: t("group.whoMayJoin"),
                    value: t(`group.join.${group.joinOption}`),
                    run: (event) =>
                        choose(
                            event,
                            t("group.whoMayJoin"),
                            JOIN_OPTIONS,
                            "join",
                            group.joinOption,
                            (joinOption) => ({ joinOption }),
                        ),
                }),
            may(has, "setGroupInfo:inviteOpt") &&
                line({
                    what: "inviteOption",
                    label: t("group.whoMayInvite"),
                    value: t(`group.invite.${group.inviteOption}`),
                    run: (event) =>
                        choose(
                            event,
                            t("group.whoMayInvite"),
                            INVITE_OPTIONS,
                            "invite",
                            group.inviteOption,
                            (inviteOption) => ({ inviteOption }),
                        ),
                }),
            may(has, "setGroupInfo:allMuted") &&
                toggle(
                    "muteAll",
                    t("group.muteAll"),
                    Boolean(group.muteAllMembers),
                    (is) =>
                        app.attempt(
                            chat.updateGroupProfile({ groupID, muteAllMembers: is }),
                            t(is ? "group.allMutedDone" : "group.allUnmutedDone"),
                        ),
                    t(hasAdmins ? "group.muteAllNote" : "group.muteAllNoteOwner"),
                ),
            may(has, "getGroupBans") &&
                line({ what: "bans", label: t("group.bans"), run: () => openBans(app, group) }),
            isOwner &&
                may(has, "transferGroupOwner") &&
                line({
                    what: "transfer",
                    label: t("group.transfer"),
                    run: () => showMembers(t("group.transferHint")),
                }),
        ].filter(Boolean);
        return (
            rows.length > 0 &&
            h(
                "section",
                { class: "group-card group-lines" },
                h("h3", { class: "group-lines-title" }, t("group.management")),
                rows,
            )
        );
    }

    function drawEnds() {
        const has = rights();
        const isLive = oldName(group.type) === TYPES.GRP_AVCHATROOM;
        const rows = [
            !isLive &&
                roleIn(app, group) &&
                line({
                    what: "clear",
                    label: t("history.clear"),
                    icon: "trash",
                    danger: true,
                    run: () => clearHistory(app, conversationID),
                }),
            may(has, "quitGroup") &&
                line({
                    what: "quit",
                    label: t(isLive ? "live.leave" : "group.quit"),
                    icon: "leave",
                    danger: true,
                    run: quit,
                }),
            may(has, "dismissGroup") &&
                line({
                    what: "dismiss",
                    label: t(isLive ? "live.dismiss" : "group.dismiss"),
                    icon: "close",
                    danger: true,
                    run: dismiss,
                }),
        ].filter(Boolean);
        return rows.length > 0 && h("section", { class: "group-card group-lines" }, rows);
    }

    /** @param {string} [hint] what is to be done there */
    const showMembers = (hint) =>
        app.openPanel(t("group.members"), (beside) => membersView(app, groupID, { hint }, beside));
    const invite = () => openInvite(app, groupID, members, reload);

    // ---- changes

    /** @param {"name" | "notification" | "introduction"} name */
    async function edit(name) {
        const text = await askText({
            title: t(`group.change.${name}`),
            label: t(`group.${name}`),
            value: group[name] || "",
            max: LIMITS[name],
            lines: name === "name" ? 0 : 5,
            action: t("save"),
        });
        if (text !== undefined && text !== group[name])
            change(chat.updateGroupProfile({ groupID, [name]: text }));
    }

    async function editCard() {
        const nameCard = await askText({
            title: t("group.ownCard"),
            label: t("group.cardLabel"),
            hint: t("group.cardHint"),
            value: group.selfInfo?.nameCard || "",
            max: 50,
            action: t("save"),
        });
        if (nameCard) change(chat.setGroupMemberNameCard({ groupID, nameCard }));
    }

    /** @param {Event} event @param {string} label @param {string[]} options @param {string} word @param {string} now @param {(option: string) => any} fields */
    function choose(event, label, options, word, now, fields) {
        openMenu({
            at: /** @type {Element} */ (event.currentTarget),
            label,
            items: options.map((option) => ({
                label: t(`group.${word}.${option}`),
                checked: option === now,
                run: () => change(chat.updateGroupProfile({ groupID, ...fields(option) })),
            })),
        });
    }

    async function quit() {
        if (
            !(await confirmDialog({
                title: t("group.quitTitle", { group: group.name || groupID }),
                text: t("group.quitText"),
                action: t("group.quit"),
                danger: true,
            }))
        )
            return;
        if (await app.attempt(chat.quitGroup(groupID))) leaveView();
    }

    async function dismiss() {
        if (
            !(await confirmDialog({
                title: t("group.dismissTitle", { group: group.name || groupID }),
                text: t("group.dismissText"),
                action: t("group.dismiss"),
                danger: true,
            }))
        )
            return;
        if (await app.attempt(chat.dismissGroup(groupID), t("group.dismissed"))) leaveView();
    }

    function leaveView() {
        app.leaveLive(groupID);
        app.closePanel();
        if (app.state.selected === conversationID) app.open(null);
    }

    app.state.watch(["conversations", "people"], () => draw(), signal);
    return element;
}

/** @param {App} app @param {string} text */
export async function copy(app, text) {
    await app.attempt(navigator.clipboard.writeText(text), t("copied"));
}
