// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Who asks to be let into groups, and the answers. There is one list for all groups of which this user is owner or admin.

import { avatar } from "../avatar.js";
import { openDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { listTime } from "../time.js";
import { toast } from "../toast.js";
import { t } from "../words.js";
import { askText } from "./fields.js";

const REASON_BYTES = 256;
const HANDLED = 10024;
const SOON = 300;

/** @typedef {import("../app.js").App} App */

/**
 * How many wait in this group, now and after each change: `changed(applications)`.
 * @param {App} app @param {string} groupID @param {(applications: any[]) => void} changed @param {AbortSignal} signal
 */
export function watchApplications(app, groupID, changed, signal) {
    const { chat, EVENT, TYPES } = app;
    let timer = 0;
    const load = async () => {
        timer = 0;
        const answer = await chat.getGroupApplicationList().catch(() => undefined);
        if (answer && !signal.aborted)
            changed(answer.data.applicationList.filter((/** @type {any} */ one) => one.groupID === groupID));
    };
    app.on(
        EVENT.MESSAGE_RECEIVED,
        (/** @type {any[]} */ messages) => {
            // A request comes as a notice; that another has decided is seen by who has come in.
            if (
                messages.some(
                    ({ type, conversationID }) =>
                        type === TYPES.MSG_GRP_SYS_NOTICE ||
                        (type === TYPES.MSG_GRP_TIP && conversationID === `${TYPES.CONV_GROUP}${groupID}`),
                )
            )
                timer ||= window.setTimeout(load, SOON);
        },
        signal,
    );
    signal.addEventListener("abort", () => clearTimeout(timer));
    load();
    return load;
}

/** @param {App} app @param {any} group @param {(applications: any[]) => void} changed called with what is still waiting */
export function openApplications(app, group, changed) {
    const { chat } = app;
    const list = h("ul", { class: "rows", "aria-label": t("group.applications") });
    const dialog = openDialog({
        title: t("group.applicationsOf", { group: group.name || group.groupID }),
        body: () => list,
    });
    const load = watchApplications(app, group.groupID, draw, dialog.signal);

    /** @param {any[]} applications */
    function draw(applications) {
        changed(applications);
        fill(
            list,
            applications.length
                ? applications.map(row)
                : h(
                      "li",
                      { class: "place" },
                      icon("check"),
                      h("p", { class: "place-title" }, t("group.noApplications")),
                  ),
        );
    }

    /** @param {any} application */
    function row(application) {
        const { applicant, applicantNick, userID, note, time } = application;
        const name = app.people.name(userID); // who is to come in: the applicant, or whom the applicant has invited
        const inviter = applicant !== userID && (applicantNick || applicant);
        const buttons = h(
            "span",
            { class: "application-buttons" },
            h(
                "button",
                {
                    class: "button",
                    type: "button",
                    "aria-label": t("group.refuseWho", { who: name }),
                    onclick: () => refuse(application, name),
                },
                t("group.refuse"),
            ),
            h(
                "button",
                {
                    class: "button button-primary",
                    type: "button",
                    "aria-label": t("group.agreeWho", { who: name }),
                    onclick: () => decide(application, "Agree", "", t("group.agreed", { who: name })),
                },
                t("group.agree"),
            ),
        );
        return h(
            "li",
            { class: "application" },
            avatar({ id: `C2C${userID}`, name, url: app.people.get(userID).avatar, size: 44 }),
            h(
                "span",
                { class: "row-text" },
                h("span", { class: "row-title" }, name),
                h(
                    "span",
                    { class: "row-note" },
                    [
                        inviter ? t("group.invitedBy", { who: inviter }) : t("group.wantsIn"),
                        time && listTime(time),
                    ]
                        .filter(Boolean)
                        .join(" · "),
                ),
                note && h("q", { class: "application-note" }, note),
            ),
            buttons,
        );
    }

    /** @param {any} application @param {string} name */
    async function refuse(application, name) {
        const reason = await askText({
            title: t("group.refuseTitle", { who: name }),
            label: t("group.reason"),
            placeholder: t("optional"),
            max: REASON_BYTES,
            action: t("group.refuse"),
            optional: true,
            danger: true,
        });
        if (reason !== undefined) decide(application, "Reject", reason, t("group.refused", { who: name }));
    }

    /** @param {any} application @param {string} handleAction @param {string} handleMessage @param {string} said */
    async function decide(application, handleAction, handleMessage, said) {
        try {
            await chat.handleGroupApplication({ handleAction, handleMessage, application });
            toast(said, { kind: "done" });
        } catch (error) {
            if (/** @type {any} */ (error).code === HANDLED) toast(t("group.handled"));
            else app.fail(error);
        }
        load();
    }
}
