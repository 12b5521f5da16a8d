// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A group as it is now and after each change, whoever made it: what the panel, the lists of members and a live room stand on.

const SOON = 250; // ms: several changes at once are looked at once
const QUIET_EVERY = 15000; // ms: in some types nobody is told who comes and goes, or who is muted
const GONE = [10007, 10010];

/** @typedef {import("../app.js").App} App */

/** Outside of the group it is undefined. @param {App} app @param {any} group @returns {string | undefined} */
export const roleIn = (app, group) =>
    group.selfInfo?.role || (group.ownerID === app.user ? "Owner" : undefined);

/** What rights.js asks for. @param {App} app @param {any} group */
export const rightsOf = (app, group) => ({
    type: group.type,
    role: roleIn(app, group),
    joinOption: group.joinOption,
    inviteOption: group.inviteOption,
    muteAllMembers: group.muteAllMembers,
});

/** What of a group can be seen. @param {any} group */
export const shownOf = (group) => [
    group.name,
    group.avatar,
    group.introduction,
    group.notification,
    group.ownerID,
    group.joinOption,
    group.inviteOption,
    group.muteAllMembers,
    group.memberCount,
    group.selfInfo,
];

/**
 * `changed` is called with the group once it is known and after each change, and when somebody has come or gone; `gone` when it is not there
 * (any more) for this user, with the error or undefined. With `quiet`, changes that nobody is told of are looked for, too.
 * @param {App} app
 * @param {string} groupID
 * @param {{changed(group: any): void, gone(error?: any): void, quiet?: boolean}} handlers
 * @param {AbortSignal} signal
 * @returns {() => Promise<void>} looks again
 */
export function watchGroup(app, groupID, { changed, gone, quiet }, signal) {
    const { chat, EVENT, TYPES } = app;
    const conversationID = `${TYPES.CONV_GROUP}${groupID}`;
    let timer = 0;
    let wasIn = false;
    let seen = "";

    /** @param {any} group @param {boolean} [always] */
    const take = (group, always) => {
        const now = JSON.stringify(shownOf(group));
        if (now !== seen || always) changed({ ...group });
        seen = now;
    };
    /** @param {boolean} [always] */
    const look = async (always = true) => {
        clearTimeout(timer);
        timer = 0;
        try {
            const { data } = await chat.getGroupProfile({ groupID });
            if (signal.aborted) return;
            // A live room is in the list once it has been joined, whatever the role.
            wasIn ||= data.group.type !== TYPES.GRP_AVCHATROOM && Boolean(data.group.selfInfo?.role);
            take(data.group, always);
        } catch (error) {
            // Without network nothing has gone: the next look tells.
            if (!signal.aborted && GONE.includes(/** @type {any} */ (error)?.code)) gone(error);
        }
    };

    app.on(
        EVENT.GROUP_LIST_UPDATED,
        (/** @type {any[]} */ list) => {
            const found = list.find((group) => group.groupID === groupID);
            if (found) take(found);
            else if (wasIn) gone();
            wasIn = Boolean(found);
        },
        signal,
    );
    app.on(
        EVENT.MESSAGE_RECEIVED,
        (/** @type {any[]} */ messages) => {
            if (
                messages.some(
                    (message) =>
                        message.type === TYPES.MSG_GRP_TIP && message.conversationID === conversationID,
                )
            )
                timer ||= window.setTimeout(look, SOON);
        },
        signal,
    );
    const quietTimer = quiet ? setInterval(() => document.hidden || look(), QUIET_EVERY) : 0;
    signal.addEventListener("abort", () => {
        clearTimeout(timer);
        clearInterval(quietTimer);
    });
    look();
    return look;
}
