// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A message in one line: in the list, in a quote, when it is forwarded, in a notification. Tips and notices are sentences.

import { duration, span } from "./time.js";
import { t } from "./words.js";

const NAMES_SHOWN = 3;
const DISMISS = 254; // of a tip: web/client has this number for what Tencent's SDK has none for
const FOR_EVER = 10 * 365 * 86400;

/** @typedef {import("./app.js").App} App */

/** "Ann, Bob and 3 others" @param {string[]} names @param {number} [count] of all, where not all are named */
export function nameList(names, count = names.length) {
    const shown = names.slice(0, NAMES_SHOWN);
    const others = count - shown.length;
    if (others > 0) return t("names.others", { names: shown.join(t("names.comma")), n: others });
    return shown.length < 2
        ? shown.join("")
        : t("names.and", { names: shown.slice(0, -1).join(t("names.comma")), last: shown[shown.length - 1] });
}

/** Of a tip in a group: "Ann invited Bob". @param {App} app @param {any} message */
export function tipText(app, { payload = {}, nick, from, fromAccount }) {
    const { operationType, operatorID = from ?? fromAccount, memberList, newGroupProfile = {} } = payload;
    const ids = /** @type {string[]} */ (
        payload.userIDList?.length ? payload.userIDList : (memberList || []).map((/** @type {any} */ one) => one.userID)
    );
    // "You left", but "Ann removed you".
    const { GRP_TIP_MBR_JOIN: JOIN, GRP_TIP_MBR_QUIT: QUIT } = app.TYPES;
    const isDoer = operationType === QUIT || (operationType === JOIN && (!ids.length || ids.includes(operatorID)));
    const name = (/** @type {string} */ id) =>
        id === app.user
            ? t(isDoer ? "you" : "you.object")
            : (memberList || []).find((/** @type {any} */ one) => one.userID === id)?.nick || app.people.name(id);
    const operator =
        operatorID === app.user
            ? t("you")
            : (operatorID === (from ?? fromAccount) && nick) || app.people.name(operatorID);
    const who = nameList(ids.map(name), payload.count ?? payload.memberCount ?? ids.length);
    const values = { operator, who };
    const {
        GRP_TIP_MBR_JOIN,
        GRP_TIP_MBR_QUIT,
        GRP_TIP_MBR_KICKED_OUT,
        GRP_TIP_MBR_SET_ADMIN,
        GRP_TIP_MBR_CANCELED_ADMIN,
        GRP_TIP_GRP_PROFILE_UPDATED,
        GRP_TIP_MBR_PROFILE_UPDATED,
    } = app.TYPES;
    switch (operationType) {
        case GRP_TIP_MBR_JOIN:
            return ids.length && !ids.includes(operatorID)
                ? t("tip.invite", values)
                : t("tip.join", { ...values, who: who || operator });
        case GRP_TIP_MBR_QUIT:
            return t("tip.quit", { ...values, who: who || operator });
        case GRP_TIP_MBR_KICKED_OUT:
            return withReason(t("tip.kick", values), payload.reason);
        case GRP_TIP_MBR_SET_ADMIN:
            return t("tip.setAdmin", values);
        case GRP_TIP_MBR_CANCELED_ADMIN:
            return t("tip.cancelAdmin", values);
        case GRP_TIP_GRP_PROFILE_UPDATED:
            return profileTip(operator, newGroupProfile, name);
        case GRP_TIP_MBR_PROFILE_UPDATED: {
            const muteTime = memberList?.[0]?.muteTime;
            if (!(muteTime > 0)) return t("tip.unmute", values);
            return muteTime > FOR_EVER ? t("tip.mute", values) : t("tip.muteFor", { ...values, time: span(muteTime) });
        }
        case DISMISS:
            return t("tip.dismiss", values);
        default:
            return payload.userDefinedField || payload.text || t("tip.other", values);
    }
}

/** @param {string} text @param {string | undefined} reason */
const withReason = (text, reason) => (reason ? t("notice.withReason", { text, reason }) : text);

/** @param {string} operator @param {any} changed @param {(id: string) => string} name */
function profileTip(operator, changed, name) {
    const owner = changed.newOwnerID || changed.ownerID;
    if (owner) return t("tip.owner", { operator, who: name(owner) });
    if (changed.muteAllMembers !== undefined || changed.muteAllMember !== undefined)
        return t((changed.muteAllMembers ?? changed.muteAllMember) ? "tip.muteAll" : "tip.unmuteAll", { operator });
    const name_ = changed.groupName ?? changed.name;
    if (name_) return t("tip.name", { operator, name: name_ });
    if (changed.notification !== undefined) return t("tip.notice", { operator, text: changed.notification });
    if (changed.avatar || changed.faceURL) return t("tip.face", { operator });
    if (changed.introduction !== undefined) return t("tip.introduction", { operator });
    return t("tip.info", { operator });
}

/** Of a notice from the server: "Ann wants to join Hikers". @param {App} app @param {any} message */
export function noticeText(app, { payload = {} }) {
    const { groupID = "", name } = payload.groupProfile || {};
    // Who has just come into a group is told before its name is known.
    const group = name || (groupID && app.nameOf(app.conversation(`GROUP${groupID}`)));
    const operator = payload.operatorID ? app.people.name(payload.operatorID) : "";
    const reason = payload.handleMessage || payload.text || payload.userDefinedField || "";
    const key = `notice.${payload.operationType}`;
    const text = t(key, { group, operator });
    if (text === key) return reason || t("notice.other", { group });
    return withReason(text, reason);
}

/** What is in it, without who has said it. @param {App} app @param {any} message */
export function contentText(app, message) {
    const { TYPES } = app;
    const { type, payload = {} } = message;
    if (message.isRevoked) return revokedText(app, message);
    switch (type) {
        case TYPES.MSG_TEXT:
            return payload.text || "";
        case TYPES.MSG_IMAGE:
            return t("preview.image");
        case TYPES.MSG_AUDIO:
            return payload.second ? t("preview.voiceLong", { length: duration(payload.second) }) : t("preview.voice");
        case TYPES.MSG_VIDEO:
            return t("preview.video");
        case TYPES.MSG_FILE:
            return t("preview.file", { name: payload.fileName || "" });
        case TYPES.MSG_FACE:
            return payload.data || t("preview.face");
        case TYPES.MSG_LOCATION:
            return t("preview.location", { name: payload.description || "" });
        case TYPES.MSG_MERGER:
            return t("preview.merger", { title: payload.title || "" });
        case TYPES.MSG_GRP_TIP:
            return tipText(app, message);
        case TYPES.MSG_GRP_SYS_NOTICE:
            return noticeText(app, message);
        case TYPES.MSG_CUSTOM:
            return payload.description || t("preview.custom");
        default:
            return message.messageForShow || t("preview.unknown");
    }
}

/** @param {App} app @param {any} message */
export function revokedText(app, { revoker, revokerInfo, from, fromAccount, flow, nick }) {
    const sender = from ?? fromAccount;
    if (flow === "out" || sender === app.user)
        return !revoker || revoker === app.user
            ? t("recalled.own")
            : t("recalled.yoursBy", { who: revokerInfo?.nick || app.people.name(revoker) });
    const name = nick || app.people.name(sender);
    return !revoker || revoker === sender
        ? t("recalled.by", { who: name })
        : t("recalled.othersBy", {
              who: revoker === app.user ? t("you") : revokerInfo?.nick || app.people.name(revoker),
              sender: name,
          });
}

/** In the list: with who has said it, in a group. @param {App} app @param {any} conversation */
export function previewText(app, { type, lastMessage }) {
    if (!lastMessage) return "";
    const { TYPES } = app;
    const text = contentText(app, lastMessage).replace(/\s+/g, " ");
    const sender = lastMessage.fromAccount ?? lastMessage.from;
    if (
        lastMessage.isRevoked ||
        lastMessage.type === TYPES.MSG_GRP_TIP ||
        lastMessage.type === TYPES.MSG_GRP_SYS_NOTICE ||
        type !== TYPES.CONV_GROUP ||
        !sender
    )
        return text;
    return t("preview.by", {
        who: sender === app.user ? t("you") : lastMessage.nameCard || lastMessage.nick || app.people.name(sender),
        text,
    });
}
