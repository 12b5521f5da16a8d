// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Making a group of each type, and coming into one by its ID.

import { avatar } from "../avatar.js";
import { openDialog } from "../dialog.js";
import { fill, h, newID } from "../dom.js";
import { icon } from "../icons.js";
import { toast } from "../toast.js";
import { t } from "../words.js";
import { faceButton } from "./face.js";
import { byteField, peopleField } from "./fields.js";
import { rightsOf, roleIn } from "./groupdata.js";
import { may, oldName } from "./rights.js";

const NAME_BYTES = 30;
const INTRODUCTION_BYTES = 240;
const MESSAGE_BYTES = 256;
const ID_SHAPE = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,47}$/;
const ICONS = { Private: "lock", Public: "users", ChatRoom: "chats", AVChatRoom: "live" };
const JOIN_OPTIONS = ["FreeAccess", "NeedPermission", "DisableApply"];

/** @typedef {import("../app.js").App} App */

/** What a type is called, and its picture. @param {string} type */
export const typeName = (type) => t(`group.type.${oldName(type)}`);
/** @param {string} type */
export const typeIcon = (type) => ICONS[/** @type {keyof typeof ICONS} */ (oldName(type))] || "users";

/** @param {App} app */
export function openNewGroup(app) {
    const { chat, TYPES } = app;
    const id = newID("new");
    let type = TYPES.GRP_WORK;
    const submit = h(
        "button",
        { class: "button button-primary", type: "submit", form: id },
        t("group.create"),
    );
    const name = byteField({ label: t("group.name"), max: NAME_BYTES, autofocus: true, changed: check });
    const introduction = byteField({
        label: t("group.introductionOptional"),
        max: INTRODUCTION_BYTES,
        lines: 2,
        changed: check,
    });
    const people = peopleField(app, { label: t("group.members") });
    const groupID = h("input", {
        id: `${id}-id`,
        class: "input",
        autocomplete: "off",
        spellcheck: "false",
        autocapitalize: "off",
        maxlength: 48,
        "aria-describedby": `${id}-hint`,
        oninput: check,
    });
    const joinOption = h("select", { id: `${id}-join`, class: "input" });
    const joinField = h(
        "label",
        { class: "field", for: joinOption.id },
        h("span", { class: "field-label" }, t("group.whoMayJoin")),
        joinOption,
    );
    const more = h(
        "details",
        { class: "group-more" },
        h("summary", null, t("group.moreOptions")),
        h(
            "div",
            { class: "form" },
            introduction.element,
            joinField,
            h(
                "label",
                { class: "field", for: groupID.id },
                h("span", { class: "field-label" }, t("group.idOptional")),
                groupID,
                h("span", { class: "field-hint", id: `${id}-hint` }, t("group.idHint")),
            ),
        ),
    );

    let face = "";
    const holder = h("div", { class: "face-holder face-square" });
    const changeFace = faceButton(app, {
        label: t("group.chooseFace"),
        now: () => face,
        changed: (url) => {
            face = url;
            drawFace();
        },
    });

    function drawFace() {
        const kind = type === TYPES.GRP_AVCHATROOM ? "live" : "group";
        fill(holder, avatar({ id, name: name.value() || "?", url: face, size: 64, kind }), changeFace);
    }

    function check() {
        const isGoodID = !groupID.value || ID_SHAPE.test(groupID.value);
        groupID.setAttribute("aria-invalid", String(!isGoodID));
        drawFace();
        submit.disabled = !name.value() || !name.fits() || !introduction.fits() || !isGoodID;
    }

    function choose(/** @type {string} */ chosen) {
        type = chosen;
        // Private and live groups have one way to come in, and nobody is brought into a live room.
        const hasOption = type === TYPES.GRP_PUBLIC || type === TYPES.GRP_MEETING;
        joinField.hidden = !hasOption;
        people.element.hidden = !may({ type }, "createGroup:members");
        fill(
            joinOption,
            JOIN_OPTIONS.map((option) => h("option", { value: option }, t(`group.join.${option}`))),
        );
        joinOption.value = type === TYPES.GRP_PUBLIC ? "NeedPermission" : "FreeAccess";
    }

    /** @param {string} value */
    const card = (value) =>
        h(
            "label",
            { class: "type-card" },
            h("input", {
                type: "radio",
                name: `${id}-type`,
                value,
                checked: value === type,
                onchange: () => choose(value),
            }),
            h("span", { class: "type-icon" }, icon(typeIcon(value))),
            h("span", { class: "type-name" }, typeName(value)),
            h("span", { class: "type-note" }, t(`group.about.${value}`)),
        );

    /** @param {SubmitEvent} event @param {import("../dialog.js").Opened} dialog */
    async function create(event, dialog) {
        event.preventDefault();
        if (submit.disabled) return;
        if (!people.element.hidden && people.input.value.trim()) {
            await people.finish();
            if (people.input.value) return;
        }
        submit.disabled = true;
        const answer = await app.attempt(
            chat.createGroup({
                type,
                name: name.value(),
                ...(face && { avatar: face }),
                ...(groupID.value && { groupID: groupID.value }),
                ...(introduction.value() && { introduction: introduction.value() }),
                ...(!joinField.hidden && { joinOption: joinOption.value }),
                ...(!people.element.hidden &&
                    people.value().length && { memberList: people.value().map((userID) => ({ userID })) }),
            }),
        );
        submit.disabled = false;
        if (!answer) return;
        dialog.close();
        enter(app, answer.data.group);
        const { failureUserIDList: failed = [] } = answer.data;
        if (failed.length)
            toast(
                t("group.notBrought", {
                    who: failed.map(app.people.name, app.people).join(t("names.comma")),
                    n: failed.length,
                }),
                { kind: "error" },
            );
    }

    openDialog({
        title: t("group.newTitle"),
        wide: true,
        body: (dialog) =>
            h(
                "form",
                { id, class: "form", onsubmit: (/** @type {SubmitEvent} */ event) => create(event, dialog) },
                h(
                    "fieldset",
                    { class: "type-cards" },
                    h("legend", { class: "unseen" }, t("group.kind")),
                    [TYPES.GRP_WORK, TYPES.GRP_PUBLIC, TYPES.GRP_MEETING, TYPES.GRP_AVCHATROOM].map(card),
                ),
                h("div", { class: "new-name" }, holder, name.element),
                people.element,
                more,
            ),
        footer: (dialog) => [
            h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("cancel")),
            submit,
        ],
    });
    choose(type);
    check();
}

/** Shows it; a live room is entered. @param {App} app @param {any} group */
export function enter(app, group) {
    if (oldName(group.type) === app.TYPES.GRP_AVCHATROOM) app.enterLive(group);
    app.open(`${app.TYPES.CONV_GROUP}${group.groupID}`);
}

/**
 * Into a group or a live room by its ID.
 * @param {App} app
 * @param {string} [known] the groupID, where it is known already
 */
export function openJoinGroup(app, known = "") {
    const { chat, TYPES } = app;
    const id = newID("join");
    const field = h("input", {
        id: `${id}-id`,
        class: "input",
        value: known,
        autofocus: true,
        autocomplete: "off",
        spellcheck: "false",
        autocapitalize: "off",
        maxlength: 48,
        enterkeyhint: "search",
    });
    const found = h("div", { class: "join-found", "aria-live": "polite" });

    async function look() {
        const groupID = field.value.trim();
        if (!groupID) return;
        fill(found, h("div", { class: "spinner", role: "status", "aria-label": t("loading") }));
        try {
            const { data } = await chat.getGroupProfile({ groupID });
            show(data.group);
        } catch (error) {
            fill(
                found,
                h(
                    "p",
                    { class: "field-error", role: "alert" },
                    [10010, 10015].includes(/** @type {any} */ (error).code)
                        ? t("group.noGroup", { id: groupID })
                        : /** @type {any} */ (error).code === 10007
                          ? t("group.closedGroup")
                          : app.errorText(error),
                ),
            );
        }
    }

    /** @param {any} group */
    function show(group) {
        const isLive = oldName(group.type) === TYPES.GRP_AVCHATROOM;
        const isIn = Boolean(roleIn(app, group)) && !isLive;
        const asks = group.joinOption === TYPES.JOIN_OPTIONS_NEED_PERMISSION && !isLive;
        const message = byteField({
            label: t("group.joinMessage"),
            max: MESSAGE_BYTES,
            lines: 2,
            placeholder: t("optional"),
        });
        const mayJoin = may(rightsOf(app, group), "joinGroup");
        const action = isIn
            ? t("group.open")
            : isLive
              ? t("live.enter")
              : asks
                ? t("group.askToJoin")
                : t("group.join");
        fill(
            found,
            h(
                "div",
                { class: "join-card" },
                avatar({
                    id: `${TYPES.CONV_GROUP}${group.groupID}`,
                    name: group.name,
                    url: group.avatar,
                    size: 56,
                    kind: isLive ? "live" : "group",
                }),
                h(
                    "div",
                    { class: "join-words" },
                    h("strong", { class: "join-name" }, group.name || group.groupID),
                    h(
                        "span",
                        { class: "row-note" },
                        [typeName(group.type), t("group.memberCount", { n: group.memberCount ?? 0 })].join(
                            " · ",
                        ),
                    ),
                    group.introduction && h("p", { class: "join-introduction" }, group.introduction),
                ),
            ),
            asks && !isIn && mayJoin && message.element,
            mayJoin || isIn || isLive
                ? h(
                      "button",
                      {
                          class: "button button-primary button-wide",
                          type: "button",
                          onclick: () => join(group, message, isIn || isLive),
                      },
                      action,
                  )
                : h("p", { class: "field-hint" }, t("group.nobodyJoins")),
        );
    }

    /** @param {any} group @param {ReturnType<typeof byteField>} message @param {boolean} isOpen */
    async function join(group, message, isOpen) {
        if (!message.fits()) return;
        if (!isOpen) {
            const answer = await app.attempt(
                chat.joinGroup({ groupID: group.groupID, applyMessage: message.value() }),
            );
            if (!answer) return;
            if (answer.data.status === TYPES.JOIN_STATUS_WAIT_APPROVAL) {
                dialog.close();
                toast(t("group.asked"), { kind: "done" });
                return;
            }
        }
        dialog.close();
        enter(app, group);
    }

    const dialog = openDialog({
        title: t("group.joinTitle"),
        class: "dialog-small",
        body: () => [
            h(
                "form",
                {
                    class: "join-form",
                    onsubmit: (/** @type {Event} */ event) => {
                        event.preventDefault();
                        look();
                    },
                },
                h(
                    "label",
                    { class: "field", for: field.id },
                    h("span", { class: "field-label" }, t("group.id")),
                    field,
                ),
                h("button", { class: "button", type: "submit" }, icon("search"), t("group.look")),
            ),
            found,
        ],
    });
    if (known) look();
}
